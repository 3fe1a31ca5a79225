"""The hosts of the cluster, as far as a network goes: where root starts it, a network namespace for each, all of them
on one bridge in a namespace of its own; else an address of the loopback for each. Nothing of either is seen from
outside, and nothing remains: a namespace ends with the last process in it."""

import os
import subprocess
import time

from common import Failure, start
from places import end, processes_in

HOSTS = ("pg1", "pg2", "pg3", "api1", "api2", "front")
HUB = "hub"


def make(state, port):
    """What is possible here."""
    can_isolate = os.geteuid() == 0 and subprocess.run(["unshare", "--net", "true"], stderr=subprocess.DEVNULL,
                                                       check=False).returncode == 0
    return (Namespaces if can_isolate else Loopback)(state, port)


class Loopback:
    """Each host is an address of 127.0.0.0/8, which is of this PORT's alone."""

    can_cut = False

    def __init__(self, _, port):
        self._prefix = f"127.{port >> 8}.{port & 255}"

    def address(self, host):
        return f"{self._prefix}.{11 + HOSTS.index(host)}"

    def own_address(self, host):
        """By which a host reaches itself alone."""
        return self.address(host)

    @staticmethod
    def seen_as(_):
        """The address that its connections come from."""
        return "127.0.0.1"

    def inside(self, host):
        """What a command is put behind to run there."""
        return []

    def open(self):
        pass

    def close(self):
        pass


class Namespaces:
    """A process that does nothing holds each of them."""

    can_cut = True

    def __init__(self, state, _):
        self._state = state

    def address(self, host):
        return f"198.18.0.{11 + HOSTS.index(host)}"  # nobody's on the Internet (RFC 2544)

    @staticmethod
    def own_address(_):
        return "127.0.0.1"

    def seen_as(self, host):
        return self.address(host)

    def inside(self, host):
        holder = self._holder(host)
        if not holder:
            raise Failure("the cluster does not run")
        return ["nsenter", f"--net=/proc/{holder}/ns/net", "--"]

    def open(self):
        os.makedirs(f"{self._state}/net", exist_ok=True)
        if not self._holder(HUB):
            self._hold(HUB)
            self._ip(HUB, "link", "add", "bridge", "type", "bridge")
            self._ip(HUB, "link", "set", "bridge", "up")
        for host in HOSTS:
            if not self._holder(host):
                self._hold(host)
                self._ip(HUB, "link", "add", host, "type", "veth", "peer", "name", "eth0", "netns",
                         str(self._holder(host)))
                self._ip(HUB, "link", "set", host, "master", "bridge", "up")
                self._ip(host, "address", "add", f"{self.address(host)}/24", "dev", "eth0")
                self._ip(host, "link", "set", "lo", "up")
                self._ip(host, "link", "set", "eth0", "up")

    def close(self):
        for host in (*HOSTS, HUB):
            end(processes_in(f"{self._state}/net/{host}"))

    def cut(self, host):
        """Nobody reaches it any more, and it reaches nobody."""
        self._ip(HUB, "link", "set", host, "down")

    def join(self, host):
        self._ip(HUB, "link", "set", host, "up")

    def _holder(self, host):
        return next(iter(processes_in(f"{self._state}/net/{host}")), None)

    def _hold(self, host):
        folder = f"{self._state}/net/{host}"
        os.makedirs(folder, exist_ok=True)
        start("unshare", "--net", "setsid", "--fork", "sleep", "infinity", cwd=folder, stderr=subprocess.DEVNULL)
        for _ in range(100):
            holder = self._holder(host)
            if holder and os.readlink(f"/proc/{holder}/ns/net") != os.readlink("/proc/self/ns/net"):
                return
            time.sleep(0.05)
        raise Failure("no network namespace can be made here")

    def _ip(self, host, *arguments):
        result = subprocess.run([*self.inside(host), "ip", *arguments], stderr=subprocess.PIPE, text=True,
                                stdin=subprocess.DEVNULL, check=False)
        if result.returncode != 0:
            raise Failure(f"ip {' '.join(arguments)}: {result.stderr.strip()}")
