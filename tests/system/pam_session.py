#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A daemon that opens and closes PAM sessions in its own process, as told, one word a step:

pam_session.py SERVICE open:USER close:USER where fork ...
Prints a line for each step: its result, or for `where` the group of the memory controller, of this
process; `fork` the same of a child. `open:USER` may be repeated: the first is closed first.
"""
import ctypes
import os
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)
libpam = ctypes.CDLL("libpam.so.0")
libc.calloc.restype = ctypes.c_void_p
CONVERSE = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p
)


class Conversation(ctypes.Structure):
    _fields_ = [("converse", CONVERSE), ("data", ctypes.c_void_p)]


def silent(_count, _messages, _answers, _data):
    return 19  # PAM_CONV_ERR


conversation = Conversation(CONVERSE(silent), None)
handles = {}


def opened(user):
    handle = ctypes.c_void_p()
    libpam.pam_start(
        sys.argv[1].encode(), user.encode(), ctypes.byref(conversation), ctypes.byref(handle)
    )
    code = libpam.pam_open_session(handle, 0)
    handles.setdefault(user, []).append(handle)
    return code


def closed(user):
    handle = handles[user].pop(0)
    code = libpam.pam_close_session(handle, 0)
    libpam.pam_end(handle, code)
    return code


def memory_group(lines):
    for line in lines:
        _, controllers, path = line.strip().split(":", 2)
        if "memory" in controllers.split(","):
            return path
    return "-"


def where():
    with open("/proc/self/cgroup") as text:
        return memory_group(text)


def forked():
    text = subprocess.run(["cat", "/proc/self/cgroup"], capture_output=True, text=True).stdout
    return memory_group(text.splitlines())


for step in sys.argv[2:]:
    word, _, user = step.partition(":")
    result = {"open": opened, "close": closed}[word](user) if user else {"where": where, "fork": forked}[word]()
    print(step, result, flush=True)
