"""What the units of systemd forbid: the score that systemd gives them and, where the tests run under their
restrictions (`make test-sandbox`), that it is forbidden indeed."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import sandbox
from stack import CHECKOUT, children

UNITS = CHECKOUT / "deploy/systemd"
LIMITS = {"atelier-qa": 1.5, "atelier-qa-migrate": 1.5, "atelier-qa-nginx": 2.0, "atelier-qa-certificate": 1.5}

# Tries what it should not be able to do, and prints what became of each.
TRIES = r"""
import ctypes, json, mmap, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def outcome(action):
    try:
        return action()
    except OSError as error:
        return os.strerror(error.errno)
def call(name, *arguments):
    return "done" if getattr(libc, name)(*arguments) >= 0 else os.strerror(ctypes.get_errno())
print(json.dumps({
    "write to /etc": outcome(lambda: open("/etc/atelier-qa-test", "w") and "done"),
    "write to its own folder": outcome(lambda: open("own", "w") and "done"),
    "see /root": outcome(lambda: os.listdir("/root")),
    "see /dev": sorted(os.listdir("/dev")),
    "see other processes": [name for name in os.listdir("/proc") if name.isdigit() and name != str(os.getpid())],
    "see the system": os.path.exists("/proc/meminfo") or os.path.exists("/proc/sys"),
    "see other temporary files": os.path.exists(os.environ["FOREIGN"]),
    "write code": outcome(lambda: mmap.mmap(-1, 4096, prot=7) and "done"),
    "share memory": outcome(lambda: os.memfd_create("x") > 0 and "done"),
    "open a raw socket": outcome(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW) and "done"),
    "ask the kernel": outcome(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) and "done"),
    "open a Unix socket": outcome(lambda: socket.socket(socket.AF_UNIX) and "done"),
    "make a namespace": call("unshare", 0x10000000),
    "run as realtime": outcome(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)) or "done"),
    "trace": call("ptrace", 0, 0, 0, 0),
    "mount": call("mount", b"none", b"/tmp", b"tmpfs", 0, None),
    "change its user": outcome(lambda: os.setuid(1) or "done"),
}))
"""


restricted = pytest.mark.skipif(not sandbox.IS_ASKED, reason="make test-sandbox runs it")


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    foreign = tmp_path_factory.mktemp("foreign")
    os.chown(folder, 65534, 65534)
    os.chmod(folder.parent, 0o755)
    program = folder / "tries.py"
    program.write_text(TRIES)
    result = subprocess.run(
        [*sandbox.launcher("65534:65534", writable=[folder], is_service=False), "/usr/bin/python3", str(program)],
        cwd=folder, env={**os.environ, "FOREIGN": str(foreign)}, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(result.stdout)


DENIED = "Operation not permitted"


@restricted
@pytest.mark.parametrize("what, outcome", [
    ("write to /etc", "Read-only file system"), ("write to its own folder", "done"), ("see /root", "Permission denied"),
    ("see /dev", ["full", "null", "random", "urandom", "zero"]), ("see other processes", []),
    ("see the system", False), ("see other temporary files", False), ("write code", DENIED),
    ("share memory", "done"), ("open a raw socket", "Address family not supported by protocol"),
    ("ask the kernel", "Address family not supported by protocol"), ("open a Unix socket", "done"),
    ("make a namespace", DENIED), ("run as realtime", DENIED), ("trace", DENIED), ("mount", DENIED),
    ("change its user", DENIED)])
def test_what_the_unit_forbids_fails(outcomes, what, outcome):
    assert outcomes[what] == outcome


@restricted
def test_the_stacks_service_and_its_workers_are_restricted(stack):
    supervisor = stack.supervisor_pid()
    for pid in (supervisor, *children(supervisor)):
        status = dict(re.findall(r"^(\w+):\t(.*)$", Path(f"/proc/{pid}/status").read_text(), re.M))
        assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")
        assert {int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
        assert os.sched_getscheduler(pid) == os.SCHED_BATCH


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("unit", LIMITS)
def test_systemd_finds_little_exposed(tmp_path, unit):
    text = (UNITS / f"{unit}.service").read_text()
    filled = tmp_path / f"{unit}.service"
    filled.write_text(re.sub("@(bindir|libdir|sysconfdir)@", "/usr/bin", text))
    told = subprocess.run(["systemd-analyze", "security", "--no-pager", "--offline=true", filled],
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", told)[1])
    assert exposure <= LIMITS[unit]


def test_the_unit_of_migrations_forbids_what_that_of_the_service_does():
    def restrictions(unit):
        return (UNITS / unit).read_text().split("# What it may not do.")[1].split("\n\n")[0]
    assert restrictions("atelier-qa.service").strip() == restrictions("atelier-qa-migrate.service").strip()
