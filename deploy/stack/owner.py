"""How root becomes the owner of the state directory, which is the system user postgres unless the directory
exists and says otherwise.

It promises that root trusts nothing that the owner can change: root reads and writes no file of the state
directory and executes none, and ends no process by a number that is written there. The owner gets a copy of
what it needs of the checkout, which it may be unable to reach."""

import contextlib
import hashlib
import os
import pwd
import resource
import shutil
import subprocess
import sys
from pathlib import Path

from common import Failure, check_stop_signals, locked
from nginx import MODULE
from parts import NGINX, processes
from state import refuse_foreign_folder

FILES = 65536  # thousands of connections need more than the usual limit of 1024
CAPABILITIES = ["--inh-caps=+net_bind_service", "--ambient-caps=+net_bind_service"]


def more_files():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if os.geteuid() == 0:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, hard), max(FILES, hard)))
            hard = max(FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, hard), hard))


def _succeeds(*command):
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def _as_user(uid, gid, *more):
    return ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", *more, "--"]


def _link_state(state, user):
    """Below /root, say, where the user may not go, the state directory is a link to one under /var/lib."""
    target = "/var/lib/atelier-qa/" + hashlib.sha256(f"{state}\n".encode()).hexdigest()[:12]
    if not os.path.islink(state):
        with contextlib.suppress(OSError):
            os.rmdir(state)
        if os.path.exists(state):
            raise Failure(f"{user} cannot reach {state}; remove it or set QA_STATE_DIR")
    os.makedirs(target, exist_ok=True)
    if os.path.islink(state):
        os.unlink(state)
    os.symlink(target, state)


def _make_state(state, user):
    uid, gid = user.pw_uid, user.pw_gid
    parent = os.path.dirname(state)
    os.makedirs(parent, exist_ok=True)
    if not _succeeds(*_as_user(uid, gid), "test", "-x", parent):
        _link_state(state, user.pw_name)
    # Whoever may change the parent must not choose what root gives away.
    if os.path.islink(state) and os.lstat(state).st_uid != 0:
        raise Failure(f"{state} is somebody's link to a folder of root's")
    os.makedirs(state, exist_ok=True)
    state = os.path.realpath(state)
    refuse_foreign_folder(state)
    os.chown(state, uid, gid, follow_symlinks=False)
    subprocess.run([*_as_user(uid, gid), "chmod", "755", state], check=True)


def _end_nginx_of_root(state):
    """An NGINX of ours whose master runs as root; a number of a pid file does not tell it."""
    nginx = shutil.which("nginx")
    for pid in processes() if nginx else ():
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{pid}").st_uid == 0 and os.path.samefile(f"/proc/{pid}/exe", nginx) and \
                    os.readlink(f"/proc/{pid}/cwd") == f"{state}/nginx":
                NGINX.end(pid)


def _copy(checkout, files, folder, as_user):
    with locked(checkout / "Makefile"), \
            subprocess.Popen(["tar", "--create", f"--directory={checkout}", *files],
                             stdout=subprocess.PIPE) as pack:
        unpack = subprocess.run([*as_user, "tar", "--extract", "--no-same-permissions", f"--directory={folder}"],
                                stdin=pack.stdout, check=False)
    if unpack.returncode != 0 or pack.returncode != 0:
        raise Failure(f"could not copy to {folder}")


def become_owner(state, command, checkout, program):
    """Goes on as the owner; returns where nothing was ever started. NGINX may need the capability for a low
    port, and only those who have it too can look at its process."""
    starts = command in ("run", "start")
    found = os.stat(state) if os.path.isdir(state) else None
    if found and found.st_uid != 0:
        uid, gid = found.st_uid, found.st_gid
    elif starts:
        user = pwd.getpwnam("postgres")
        uid, gid = user.pw_uid, user.pw_gid
        _make_state(state, user)
    else:
        return
    state = os.path.realpath(state)
    _end_nginx_of_root(state)
    files = ["deploy", "Makefile"]
    if os.access(program, os.X_OK):
        files += [str(path.relative_to(checkout)) for path in (Path(program), Path(program).with_name(MODULE))
                  if path.exists()]
    if starts:
        files += ["web", "build/reference", "build/photos"]
    copy = subprocess.run([*_as_user(uid, gid), "mktemp", "--directory", f"{state}/handed.XXXXXX"],
                          stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    _copy(checkout, files, copy, _as_user(uid, gid))
    more_files()
    can_bind = _succeeds(*_as_user(uid, gid, *CAPABILITIES), "true")
    as_user = _as_user(uid, gid, *CAPABILITIES * can_bind)
    check_stop_signals()
    os.chdir("/")
    sys.stdout.flush()
    os.execvp(as_user[0], [*as_user, sys.executable, "-EsB", f"{copy}/deploy/stack", "as-owner", state,
                           command])
