"""What the first start of a stack makes of an empty folder, made once in a run and copied for most stacks: initdb
and the migrations take longer than the rest of a start. And where stacks lie: in memory, where a commit does not
wait for a disk, if there is room."""

import contextlib
import functools
import os
import subprocess
import tempfile
from pathlib import Path

from stack import Stack

MEMORY = "/dev/shm"
ROOM_BYTES = 4 << 30
MADE = ("postgres", "secrets")

_open_folders = contextlib.ExitStack()


@functools.cache
def place():
    """The folder in which stacks get theirs; None: the usual one for temporary files."""
    with contextlib.suppress(OSError):
        there = os.statvfs(MEMORY)
        if there.f_bavail * there.f_frsize >= ROOM_BYTES and not there.f_flag & os.ST_NOEXEC \
                and os.access(MEMORY, os.W_OK):
            return MEMORY
    return None


@contextlib.contextmanager
def folder_of_a_stack():
    """One that is removed afterwards. Not pytest's own folder, which is closed to other users: PostgreSQL does not
    run as root."""
    with tempfile.TemporaryDirectory(prefix="atelier-", dir=place()) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@functools.cache
def _first_start():
    """The folder of a stack that was started once, and stopped."""
    folder = _open_folders.enter_context(folder_of_a_stack()) / "state"
    with Stack(folder, QA_SAMPLE_PRODUCTS="0"):
        pass
    return folder


def copy_to(folder):
    """Into the folder of a stack that was never started. Its server takes less memory than a quarter of the machine's,
    which it would initialise at each start, and look through for each table that is dropped or truncated."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "--archive", *(_first_start() / name for name in MADE), folder], check=True)
    with (folder / "postgres/postgresql.conf").open("a") as settings:
        settings.write("shared_buffers = 128MB\n")


def forget():
    _first_start.cache_clear()
    _open_folders.close()
