#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where to kill a program, so that each state that it leaves the host in is met once.

Reads the log of `strace -y -e trace=openat,CALLS` on stdin and prints words CALL:signal=KILL:when=N
for `-e inject=`, which counts each call for itself. CALLS (the argument) are where to kill; openat
is not among them, since how often it is called depends on what else runs. A call is killed before
it happens; two calls between which nothing changed would show the same.
"""
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


numbers = dict.fromkeys(counted, 0)
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
    is_new |= changes(call, arguments, result)
