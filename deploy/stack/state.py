"""The state directory, which is the working directory once it is entered."""

import contextlib
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

from common import Failure

OUR_FOLDERS = re.compile(r"bin|log|nginx|postgres|postgres\.new|run|sample|secrets|handed\..*")
OLD_COPY_S = 3600
LONGEST_PATH = 80  # a path of a socket has at most 107 bytes
PRIVATE_FOLDER = "atelier-qa."


def is_mine(path):
    return os.stat(path).st_uid == os.geteuid()


def refuse_foreign_folder(state):
    for entry in os.scandir(state):
        if entry.is_dir(follow_symlinks=False) and not OUR_FOLDERS.fullmatch(entry.name):
            raise Failure(f"QA_STATE_DIR must be a folder of our own, but {entry.path} is there")


def prepare(state):
    os.makedirs(state, exist_ok=True)
    if not is_mine(state):
        raise Failure(f"{state} belongs to {Path(state).owner()}; set QA_STATE_DIR")
    refuse_foreign_folder(state)
    enter(state)
    for folder in ("bin", "nginx", "log"):
        os.makedirs(folder, exist_ok=True)
        if not is_mine(folder):
            raise Failure(f"{state}/{folder} belongs to {Path(folder).owner()}; remove it")
    os.makedirs("secrets", mode=0o700, exist_ok=True)
    for copy in Path().glob("handed.*"):  # by root (owner.py), and cut short
        if copy.is_dir() and not copy.is_symlink() and copy.stat().st_mtime < time.time() - OLD_COPY_S:
            shutil.rmtree(copy, ignore_errors=True)


def enter(state):
    os.chdir(state)
    if not os.access(".", os.W_OK):
        raise Failure(f"{state} belongs to {Path().owner()}; you may not change it")


def prepare_sockets():
    """Their folder: run/, or, where that path is too long for a socket or has characters that a configuration
    file would misread, a private folder that run/ is a link to."""
    state = os.getcwd()
    if len(os.fsencode(state)) <= LONGEST_PATH and re.fullmatch("[A-Za-z0-9/._+@-]+", state):
        if os.path.islink("run"):
            remove_sockets()
        os.makedirs("run", mode=0o700, exist_ok=True)
    elif not os.path.islink("run") or not os.path.exists("run") or not is_mine("run"):
        with contextlib.suppress(FileNotFoundError):
            (os.unlink if os.path.islink("run") else shutil.rmtree)("run")
        # Not in XDG_RUNTIME_DIR, which ends with the session of the user who starts the stack.
        os.symlink(tempfile.mkdtemp(prefix=PRIVATE_FOLDER, dir="/tmp"), "run")
    return os.path.realpath("run")


def remove_sockets():
    if os.path.islink("run") and os.path.basename(os.readlink("run")).startswith(PRIVATE_FOLDER):
        shutil.rmtree(os.readlink("run"), ignore_errors=True)
        os.unlink("run")
