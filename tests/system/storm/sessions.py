#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sessions.py SERVICE COUNT USER...: opens and closes COUNT sessions of each USER, in this process.

Afterwards it has the descriptors, the children and the control groups that it had before.
"""
import ctypes
import os
import sys

libpam = ctypes.CDLL("libpam.so.0")
CONVERSE = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p
)


class Conversation(ctypes.Structure):
    _fields_ = [("converse", CONVERSE), ("data", ctypes.c_void_p)]


conversation = Conversation(CONVERSE(lambda *_: 19), None)  # PAM_CONV_ERR


def groups():
    with open("/proc/self/cgroup") as text:
        return text.read()


def session(service, user):
    handle = ctypes.c_void_p()
    libpam.pam_start(
        service.encode(), user.encode(), ctypes.byref(conversation), ctypes.byref(handle)
    )
    code = libpam.pam_open_session(handle, 0)
    inside = groups()
    libpam.pam_close_session(handle, 0)
    libpam.pam_end(handle, 0)
    return code, inside


def state():
    return sorted(os.listdir("/proc/self/fd")), groups()


service, count, users = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
first = {user: session(service, user) for user in users}
before = state()
for _ in range(count):
    for user in users:
        seen = session(service, user)
        if seen != first[user]:
            sys.exit(f"{user}: {seen}, and at first {first[user]}")
after = state()
if before != after:
    sys.exit(f"before: {before}\nafter: {after}")
try:
    sys.exit(f"a child is left: {os.waitpid(-1, os.WNOHANG)}")
except ChildProcessError:
    pass
if first[users[0]][1] == before[1] or first[users[-1]][1] != before[1]:
    sys.exit(f"{users[0]} is not inside, or {users[-1]} is")
