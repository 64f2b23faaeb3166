#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a program on a terminal of its own: answers its password prompt, types lines at its prompts.

terminal.py [--password TEXT] [--line TEXT] [--interrupt SECONDS] PROGRAM ARGUMENT...
Prints what the terminal showed; exits as the program did (128 + the signal that ended it).
"""
import argparse
import errno
import os
import pty
import select
import sys
import time

LONGEST = 60


def show(fd):
    """What the terminal has shown; b'' when its last user has closed it."""
    try:
        return os.read(fd, 65536)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return b""


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--password", default="")
    options.add_argument("--line", action="append", default=[])
    options.add_argument("--interrupt", type=float, action="append", default=[])
    options.add_argument("program", nargs=argparse.REMAINDER)
    given = options.parse_args()

    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "dumb"
        os.execvp(given.program[0], given.program)

    begun = time.monotonic()
    presses = sorted(given.interrupt)
    lines, asked, seen, status = list(given.line), False, b"", None
    while status is None and time.monotonic() < begun + LONGEST:
        ready, _, _ = select.select([terminal], [], [], 0.02)
        # login hangs its terminal up and opens it again: nobody there is no end yet.
        if ready and not (part := show(terminal)):
            time.sleep(0.01)
        elif ready:
            seen += part
            sys.stdout.buffer.write(part)
            tail = seen.rsplit(b"\n", 1)[-1]
            if given.password and not asked and tail.endswith(b"assword: "):
                os.write(terminal, given.password.encode() + b"\n")
                asked = True
            elif lines and tail.endswith((b"$ ", b"# ")):
                os.write(terminal, lines.pop(0).encode() + b"\n")
        while presses and time.monotonic() - begun >= presses[0]:
            presses.pop(0)
            os.write(terminal, b"\3")
        ended, code = os.waitpid(pid, os.WNOHANG)
        status = code if ended else None
    if status is None:
        os.kill(pid, 9)
        sys.exit("terminal.py: %s did not end" % given.program[0])
    while (select.select([terminal], [], [], 0)[0]) and (part := show(terminal)):
        sys.stdout.buffer.write(part)
    code = os.waitstatus_to_exitcode(status)
    sys.stdout.flush()
    sys.exit(code if code >= 0 else 128 - code)


main()
