#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a run has changed on a host whose folders are overlays.

    snapshot.py settle LAB            # what stands now is what is compared with from here on
    snapshot.py compare LAB IGNORED   # prints what differs; then its exit status is 3

LAB/lower/FOLDER is how FOLDER was, LAB/up/FOLDER holds what has been written since. Only what is in
the upper layer, or was when it settled, can differ at all: looking there is looking at everything.
Compared are type, mode, owner and content or target; IGNORED has a pattern a line, with its reason
behind a blank.
"""
import fnmatch
import hashlib
import json
import os
import stat
import sys

FOLDERS = ["etc", "var", "home", "usr"]


def look(path):
    try:
        st = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    what = ""
    if stat.S_ISREG(st.st_mode):
        with open(path, "rb") as file:
            what = hashlib.sha256(file.read()).hexdigest()
    elif stat.S_ISLNK(st.st_mode):
        what = os.readlink(path)
    return {
        "type": stat.S_IFMT(st.st_mode),
        "mode": oct(stat.S_IMODE(st.st_mode)),
        "owner": f"{st.st_uid}:{st.st_gid}",
        "content": what,
    }


def touched(layer):
    for top, folders, files in os.walk(layer):
        for name in folders + files:
            yield os.path.relpath(os.path.join(top, name), layer)


def difference(before, after):
    if before is None:
        return "is new"
    if after is None:
        return "is gone"
    changed = [key for key in before if before[key] != after[key]]
    return "changed: " + ", ".join(f"{key} {before[key]!s:.12} -> {after[key]!s:.12}" for key in changed)


def paths(lab):
    for folder in FOLDERS:
        for name in sorted(touched(f"{lab}/up/{folder}")):
            yield f"/{folder}/{name}"


def settle(lab):
    with open(f"{lab}/settled", "w") as file:
        json.dump({path: look(path) for path in paths(lab)}, file)


def compare(lab, ignored_file):
    with open(ignored_file) as file:
        ignored = [line.split()[0] for line in file if line.strip() and not line.startswith("#")]
    settled = {}
    if os.path.exists(f"{lab}/settled"):
        with open(f"{lab}/settled") as file:
            settled = json.load(file)
    found = False
    # What stood in the upper layer alone and is gone has left no trace there.
    for path in sorted({*paths(lab), *settled}):
        if any(fnmatch.fnmatch(path, pattern) for pattern in ignored):
            continue
        before = settled[path] if path in settled else look(f"{lab}/lower{path}")
        after = look(path)
        if before != after:
            found = True
            print(path, difference(before, after))
    return 3 if found else 0


sys.exit({"settle": settle, "compare": compare}[sys.argv[1]](*sys.argv[2:]))
