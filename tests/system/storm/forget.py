#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""forget.py PLAYGROUND STOP: removes every stamp of PLAYGROUND as soon as it is there, until STOP is."""
import glob
import os
import sys
import time

name, stop = sys.argv[1:]
while not os.path.exists(stop):
    for stamp in [f"/run/groupies/{name}", *glob.glob(f"/run/groupies/{name}.*")]:
        try:
            os.unlink(stamp)
        except FileNotFoundError:
            pass
    time.sleep(0.002)
