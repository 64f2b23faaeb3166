#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where to kill a program, so that each state that it leaves the host in is met once.

Reads the log of `strace -y -e trace=openat,CALLS` on stdin and prints words CALL:signal=KILL:when=N
for `-e inject=`, which counts each call for itself. CALLS (the argument) are where to kill. openat is
one where it creates a file; how often it is called depends on what else runs, so it is counted for
that name alone, which is printed behind an @ (for `-P`). A call is killed before it happens; two
calls between which nothing changed would show the same.
"""
import collections
import re
import sys

counted = set(sys.argv[1].split(","))
# Written to by nobody but their maker until they are renamed: only their creation is a state.
temporary = re.compile(r"(\.groupies-new|\+|-|\.pam-new|\.new|\.(passwd|\w+)\.\d+|/debconf/[^>]*)>?$")


def changes(call, arguments, result):
    if result.startswith("-1") or "/run/groupies/debconf" in arguments:
        return False
    if call == "openat":
        return "O_CREAT" in arguments or "O_TRUNC" in arguments
    if call in ("write", "fchmod", "fchown", "fsync", "utimensat", "ftruncate"):
        file = re.match(r"\d+<(/[^>]*)>", arguments)
        return bool(file) and call == "write" and not temporary.search(file.group(1)) \
            and not file.group(1).startswith("/dev/")
    return True


def name_of(arguments):
    """The name that openat was given, where it is the same in each run."""
    name = re.match(r'[^"]*"([^"\s]+)"', arguments)
    return name.group(1) if name and not re.search(r"[0-9]{3}", name.group(1)) else None


numbers = dict.fromkeys(counted, 0)
opened = collections.Counter()
is_new = True
for line in sys.stdin:
    match = re.match(r"(?:\d+ +)?(\w+)\((.*)\) += (\S+)", line)
    if not match:
        continue
    call, arguments, result = match.groups()
    if call in counted:
        numbers[call] += 1
        if is_new:
            print(f"{call}:signal=KILL:when={numbers[call]}")
            is_new = False
    name = name_of(arguments) if call == "openat" else None
    opened[name] += 1
    if name and "O_CREAT" in arguments:
        print(f"openat:signal=KILL:when={opened[name]}@{name}")
    is_new |= changes(call, arguments, result)
