#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The code blocks of a page: run, and compared with what the page shows.

    pages.py list PAGE        # for each block its line, its kind and the rest of its first line
    pages.py run PAGE LINE    # runs the block that begins there; exit status 1 with what differs

A block that begins with ```console shows commands and what they print: behind "# " root's, behind "$ " those of
dockerstudent, each in a login of its own. "…" stands for anything, alone on a line for any lines; a number behind
"~", or one with a fraction, was measured and may differ by a quarter. In a block of ```sh, or of nothing, each line is a command of root that must succeed.
Other blocks are not run, nor is one behind a line <!-- not run: REASON -->.
"""
import re
import subprocess
import sys

SECONDS = 600
NUMBER = r"\d+(?:\.\d+)?"
MEASURED = rf"~{NUMBER}|\b\d+\.\d+(?![.\d])"


def blocks(page):
    """Yields (line, info, reason not to run it, lines)."""
    with open(page) as file:
        lines = file.read().splitlines()
    start = None
    for number, line in enumerate(lines, 1):
        if not line.startswith("```"):
            continue
        if start is None:
            start = number
            continue
        before = re.fullmatch(r"<!-- not run: (.*) -->", lines[start - 2]) if start > 1 else None
        yield start, lines[start - 1][3:].strip(), before and before[1], lines[start:number - 1]
        start = None


def joined(lines):
    """Lines with those that end in a backslash made one."""
    whole = ""
    for line in lines:
        whole += line + "\n"
        if not line.endswith("\\"):
            yield whole[:-1]
            whole = ""


def commands(lines):
    """Yields (prompt, command, what it shall print)."""
    found = []
    for line in joined(lines):
        if line[:2] in ("# ", "$ "):
            found.append((line[0], line[2:], []))
        elif found:
            found[-1][2].append(line)
    return found


def pattern(line):
    """Of one shown line: a pattern, and the numbers that are meant roughly."""
    parts, numbers = "", []
    for part in re.split(f"(…|{MEASURED})", line.rstrip()):
        if part == "…":
            parts += ".*"
        elif re.fullmatch(MEASURED, part):
            numbers.append(float(part.lstrip("~")))
            parts += f"({NUMBER})"
        else:
            parts += re.escape(part)
    return parts, numbers


def line_agrees(shown, seen):
    parts, numbers = pattern(shown)
    match = re.fullmatch(parts, seen.rstrip())
    return match and all(abs(float(got) - want) <= want / 4 for got, want in zip(match.groups(), numbers))


def agree(shown, seen):
    if not shown:
        return not seen
    if shown[0].strip() == "…":
        return any(agree(shown[1:], seen[skipped:]) for skipped in range(len(seen) + 1))
    return bool(seen) and bool(line_agrees(shown[0], seen[0])) and agree(shown[1:], seen[1:])


def execute(prompt, command):
    words = ["bash", "-c", command] if prompt == "#" else ["su", "-", "dockerstudent", "-c", command]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=SECONDS, check=False)
    return done.returncode, done.stdout.decode(errors="replace").splitlines()


def show(title, lines):
    print(title)
    for line in lines:
        print("    " + line)


def run_console(lines):
    found = commands(lines)
    for prompt, command, shown in found:
        code, seen = execute(prompt, command)
        if not agree(shown, seen) or (not shown and code != 0):
            show(f"{prompt} {command} (exit status {code}) printed", seen)
            show("and the page shows", shown)
            return 1
    return 0 if found else 1


def run_shell(lines):
    for command in joined(lines):
        code, seen = execute("#", command)
        if code != 0:
            show(f"{command} (exit status {code}) printed", seen)
            return 1
    return 0


def kind_of(info, lines):
    first = info.split()[0] if info else "sh"
    return "console" if not info and any(line.startswith("$ ") for line in lines) else first


def main(verb, page, *rest):
    for line, info, reason, lines in blocks(page):
        kind = kind_of(info, lines)
        if verb == "list":
            print(line, "not" if reason else kind, reason or " ".join(info.split()[1:]))
        elif str(line) == rest[0]:
            return run_console(lines) if kind == "console" else run_shell(lines)
    return 0


sys.exit(main(*sys.argv[1:]))
