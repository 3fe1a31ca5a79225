#!/usr/bin/python3
"""Becomes a program under the restrictions of a systemd unit, on a machine where systemd itself does not run:

    launch.py [--user UID:GID] [--writable DIR]... [--calls DIR] UNIT PROGRAM [ARGUMENT...]

For root. A directory that is writable stands for the unit's own, or for what is elsewhere on a real machine, but here
under /tmp or /dev/shm. What a directive means is told by systemd.exec(5); one that is not known here ends the launch,
so that none is forgotten. With --calls, strace writes to a file in that directory which system calls the program and
its children have made; calls.py reads it."""

import argparse
import contextlib
import ctypes
import errno
import os
import resource
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import seccomp

# Not restrictions, or met by what is done anyway.
IGNORED = set("""Type NotifyAccess ExecStart ExecReload ExecStartPre Environment EnvironmentFile User Group
    RuntimeDirectory RuntimeDirectoryMode RuntimeDirectoryPreserve LogsDirectory LogsDirectoryMode KillMode
    KillSignal PIDFile TimeoutStartSec TimeoutStopSec WatchdogSec Restart RestartSec RestartPreventExitStatus
    OOMPolicy""".split())
# By a system call that the filter leaves out, or a capability that is dropped, or a file that is not there.
IMPLIED = set("""ProtectClock ProtectHostname ProtectKernelLogs ProtectKernelModules ProtectControlGroups
    ProtectKernelTunables KeyringMode RemoveIPC PrivateMounts SystemCallArchitectures""".split())

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
NAMESPACES = [0x80, CLONE_NEWNS, 0x2000000, 0x4000000, 0x8000000, CLONE_NEWUSER, 0x20000000, 0x40000000]
MS_BIND, MS_MOVE, MS_REC, MS_PRIVATE, MS_RDONLY = 0x1000, 0x2000, 0x4000, 0x40000, 0x1
AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY, NR_MOUNT_SETATTR = -100, 0x8000, 0x1, 442
MNT_DETACH = 2
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
DEVICES = ("null", "zero", "full", "random", "urandom")


def check(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def read_unit(path):
    """What it says of its service: for each name all values, in order."""
    values, section = {}, None
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and line and not line.startswith("#"):
            name, _, value = line.partition("=")
            values.setdefault(name, []).append(value)
    return values


# ---- What it sees of the file system ----


def mount(source, target, kind="none", flags=0, data=""):
    check(libc.mount(str(source).encode(), str(target).encode(), kind.encode(), flags, data.encode()))


class MountAttributes(ctypes.Structure):
    _fields_ = [("set", ctypes.c_uint64), ("clear", ctypes.c_uint64), ("propagation", ctypes.c_uint64),
                ("user_namespace", ctypes.c_uint64)]


def set_read_only(path, is_read_only, flags=0):
    attributes = MountAttributes(set=MOUNT_ATTR_RDONLY if is_read_only else 0,
                                 clear=0 if is_read_only else MOUNT_ATTR_RDONLY)
    check(libc.syscall(NR_MOUNT_SETATTR, AT_FDCWD, str(path).encode(), flags, ctypes.byref(attributes),
                       ctypes.sizeof(attributes)))


@contextlib.contextmanager
def kept(folders):
    """Within it things may be mounted above these folders, which are seen as before in the end."""
    aside = tempfile.mkdtemp(dir="/run")
    mount("tmpfs", aside, "tmpfs")
    places = {folder: Path(aside, str(number)) for number, folder in enumerate(folders)}
    for folder, place in places.items():
        place.mkdir()
        mount(folder, place, flags=MS_BIND | MS_REC)
    yield
    for folder, place in places.items():
        Path(folder).mkdir(parents=True, exist_ok=True)
        mount(place, folder, flags=MS_MOVE)
    check(libc.umount2(aside.encode(), MNT_DETACH))
    os.rmdir(aside)


def own_devices():
    nodes = {name: os.stat(f"/dev/{name}").st_rdev for name in DEVICES}
    mount("tmpfs", "/dev", "tmpfs", data="mode=755")
    for name, number in nodes.items():
        os.mknod(f"/dev/{name}", 0o666 | stat.S_IFCHR, number)
        os.chmod(f"/dev/{name}", 0o666)


def restrict_files(take, writable):
    check(libc.unshare(CLONE_NEWNS))
    mount("none", "/", flags=MS_REC | MS_PRIVATE)
    with kept(writable):
        if take("PrivateTmp") == "yes":
            mount("tmpfs", "/tmp", "tmpfs", data="mode=1777")
        if take("ProtectHome") == "yes":
            for folder in ("/home", "/root", "/run/user"):
                if os.path.isdir(folder):
                    mount("tmpfs", folder, "tmpfs", MS_RDONLY, "mode=000")
        if take("PrivateDevices") == "yes":
            own_devices()
    options = {"ProtectProc": f"hidepid={take('ProtectProc')}", "ProcSubset": f"subset={take('ProcSubset')}"}
    mount("proc", "/proc", "proc", data=",".join(options.values()))
    if take("ProtectSystem") == "strict":
        set_read_only("/", True, AT_RECURSIVE)
        for folder in ("/tmp", "/dev", "/proc", *writable):
            set_read_only(folder, False)


# ---- What it may do ----


def restrict_resources(take):
    os.sched_setscheduler(0, {"batch": os.SCHED_BATCH}[take("CPUSchedulingPolicy", "batch")],
                          os.sched_param(0))
    os.umask(int(take("UMask"), 8))
    limit = int(take("LimitNOFILE", "65536"))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, hard), min(limit, hard)))


def become_user(uid, gid, has_own_users):
    """`has_own_users`: the user and root are the only ones that it sees."""
    if uid != 0:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
    ask, told = os.pipe()
    done, tell = os.pipe()
    parent = os.getpid()
    helper = os.fork()  # who writes the map keeps its capabilities
    if helper == 0:
        os.read(ask, 1)
        for name, number in (("uid_map", uid), ("gid_map", gid)):
            lines = "".join(f"{one} {one} 1\n" for one in sorted({0, number}))
            Path(f"/proc/{parent}/{name}").write_text(lines, encoding="ascii")
        os.write(tell, b"x")
        os._exit(0)
    if uid != 0:
        os.setresuid(uid, uid, uid)
    if has_own_users:
        check(libc.unshare(CLONE_NEWUSER))
        os.write(told, b"x")
        os.read(done, 1)
    else:
        os.kill(helper, 9)
    os.waitpid(helper, 0)
    for descriptor in (ask, told, done, tell):
        os.close(descriptor)


def drop_capabilities():
    for number in range(64):
        if libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0:
            break


def names_of(group):
    """The system calls of a group of systemd's, such as @system-service."""
    if not group.startswith("@"):
        return {group}
    text = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", group], check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    words = (line.split() for line in text.splitlines() if line.startswith("    "))
    return {name for word in words if word and word[0] != "#" for name in names_of(word[0])}


def allowed_calls(lines):
    allowed = set()
    for line in lines:
        groups = set().union(*(names_of(group) for group in line.lstrip("~").split()))
        allowed = allowed - groups if line.startswith("~") else allowed | groups
    return allowed | names_of("@default")


def add_rule(rules, action, name, *arguments):
    try:
        rules.add_rule(action, name, *arguments)
    except (OSError, RuntimeError):  # a call that this processor does not have
        pass


def call_filter(lines):
    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for name in sorted(allowed_calls(lines)):
        add_rule(rules, seccomp.ALLOW, name)
    return rules


def argument_filter(take):
    """What further directives say of arguments."""
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    refuse, argument = seccomp.ERRNO(errno.EPERM), seccomp.Arg
    if take("MemoryDenyWriteExecute") == "yes":
        add_rule(rules, refuse, "mmap", argument(2, seccomp.MASKED_EQ, 0x6, 0x6))
        for name in ("mprotect", "pkey_mprotect"):
            add_rule(rules, refuse, name, argument(2, seccomp.MASKED_EQ, 0x4, 0x4))
    families = sorted(FAMILIES[name] for name in take("RestrictAddressFamilies").split())
    for family in set(range(64)) - set(families):
        add_rule(rules, seccomp.ERRNO(errno.EAFNOSUPPORT), "socket", argument(0, seccomp.EQ, family))
    if take("RestrictNamespaces") == "yes":
        for name in ("unshare", "setns"):
            add_rule(rules, refuse, name)
        add_rule(rules, seccomp.ERRNO(errno.ENOSYS), "clone3")
        for flag in NAMESPACES:
            add_rule(rules, refuse, "clone", argument(0, seccomp.MASKED_EQ, flag, flag))
    if take("RestrictRealtime") == "yes":
        for policy in (os.SCHED_FIFO, os.SCHED_RR, 6):
            add_rule(rules, refuse, "sched_setscheduler", argument(1, seccomp.EQ, policy))
    if take("RestrictSUIDSGID") == "yes":
        for bit in (stat.S_ISUID, stat.S_ISGID):
            for name, position in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("mkdir", 1), ("mkdirat", 2)):
                add_rule(rules, refuse, name, argument(position, seccomp.MASKED_EQ, bit, bit))
    if take("LockPersonality") == "yes":
        add_rule(rules, refuse, "personality", argument(0, seccomp.NE, 0xFFFFFFFF))
    return rules


# ---- What it does ----


class Tracer:
    """strace, outside of the restrictions and no child of the program; it ends with what it traces."""

    def __init__(self, folder):
        wait, self._go = os.pipe()
        traced = os.getpid()
        child = os.fork()
        if child != 0:
            os.waitpid(child, 0)
            os.close(wait)
            return
        os.setsid()
        if os.fork() == 0:
            os.dup2(os.open("/dev/null", os.O_RDWR), 1)
            os.closerange(3, wait)  # inherited sockets among them, which end with the program
            os.closerange(wait + 1, 65536)
            os.read(wait, 1)
            os.execvp("strace", ["strace", "--follow-forks", "--summary-only", "--summary-columns=calls,errors,name",
                                 "--quiet=all", f"--output={folder}/{traced}.calls", f"--attach={traced}"])
        os._exit(0)

    def attach(self):
        os.write(self._go, b"x")
        os.close(self._go)
        while not self._is_attached():
            time.sleep(0.01)

    @staticmethod
    def _is_attached():
        status = os.open("/proc/self/status", os.O_RDONLY)  # without the calls of a Python file
        lines = os.read(status, 8192).split(b"\n")
        os.close(status)
        return b"TracerPid:\t0" not in lines


def launch(options):
    tracer = Tracer(options.calls) if options.calls else None
    unit = read_unit(options.unit)

    def take(name, *otherwise):
        """The last value of a directive, which is then known to be heeded."""
        return (unit.pop(name, None) or [*otherwise])[-1]

    uid, gid = (int(number) for number in options.user.split(":"))
    # The second one does not allow to load another.
    filters = [argument_filter(take), call_filter(unit.pop("SystemCallFilter"))]
    folder = os.getcwd()
    restrict_files(take, options.writable)
    os.chdir(folder)
    restrict_resources(take)
    become_user(uid, gid, take("PrivateUsers") == "yes")
    assert not take("CapabilityBoundingSet", "") and not take("AmbientCapabilities", "")
    drop_capabilities()
    assert take("NoNewPrivileges") == "yes" and take("SystemCallErrorNumber") == "EPERM"
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    unknown = unit.keys() - IGNORED - IMPLIED
    if unknown:
        sys.exit(f"launch.py does not know what these mean: {' '.join(sorted(unknown))}")
    for rules in filters:
        rules.load()
    if tracer:
        tracer.attach()
    os.execv(options.program, [options.program, *options.arguments])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--user", default="0:0")
    parser.add_argument("--writable", action="append", default=[])
    parser.add_argument("--calls")
    parser.add_argument("unit")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    launch(parser.parse_args())
