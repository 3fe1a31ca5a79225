"""Processes by where they work: each part of the cluster has a folder of its own for that, so no list of ids is kept
that could be out of date, and no process of anybody else is ever ended."""

import contextlib
import os
import signal
import time

from parts import processes

PROGRAMS = ("atelier-qa", "etcd", "haproxy", "nginx", "postgres", "python", "sleep")  # a user's shell may be in such a folder, too


def processes_in(folder, below=False):
    """The ids of the processes that work in this folder, `below`: or below it; those of our programs."""
    folder = os.path.realpath(folder)
    found = []
    for pid in processes():
        with contextlib.suppress(OSError):
            where = os.readlink(f"/proc/{pid}/cwd")
            if (where == folder or (below and where.startswith(f"{folder}/"))) and \
                    os.path.basename(os.readlink(f"/proc/{pid}/exe")).startswith(PROGRAMS):
                found.append(pid)
    return found


def end(pids, endings=((signal.SIGTERM, 5), (signal.SIGKILL, 5))):
    """By one signal after the other, each with the seconds that it is waited for; whether all are gone."""
    left = list(pids)
    for number, seconds in endings:
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, number)
                os.kill(pid, signal.SIGCONT)
        deadline = time.monotonic() + seconds
        while left and time.monotonic() < deadline:
            left = [pid for pid in left if os.path.exists(f"/proc/{pid}/cwd")]
            time.sleep(0.05 if left else 0)
    return not left
