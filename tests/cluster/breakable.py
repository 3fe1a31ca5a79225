"""What can be broken of the cluster, and made whole again."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import daemons
from example import Example
from hosts import Host
from stack import WORKERS, wait_until

SECONDS_TO_HEAL = 120
SECONDS_TO_BE_SEEN = 3  # by HAProxy, which asks every second


class Breakable(Example):
    def __init__(self, environment, deploy):
        super().__init__({**environment, "QA_WORKERS": str(WORKERS)}, deploy)
        self._is_broken = True  # until it was looked after

    # ---- Looking ----

    def standby(self):
        """The host of the one that commits wait for."""
        return next(member["name"] for member in self.members() if member["role"] == "sync_standby")

    @property
    def folder(self):
        """Of the first API host, whose workers' sockets the checker looks for."""
        return Path(self.state, daemons.APIS[0])

    def other_sockets(self):
        """Of the second one. A client asks a worker by its socket even where nobody else reaches the host."""
        return [f"{self.state}/{daemons.APIS[1]}/run/worker{number}.sock" for number in range(WORKERS)]

    def hits(self):
        """Of each API host, since it was started."""
        return [Host(f"{self.state}/{host}", None).hits() for host in daemons.APIS]

    def sql(self, statement, *parameters):
        """Rows of the primary, of numbers and texts; `parameters` are numbers."""
        command, environment = self.psql_command("--no-psqlrc", "--no-align", "--tuples-only", "--quiet",
                                                 f"--command={statement % parameters}", "atelier_qa")
        output = subprocess.check_output(command, env=environment, text=True, stdin=subprocess.DEVNULL)
        return [tuple(int(field) if field.isdigit() else field for field in line.split("|"))
                for line in output.splitlines()]

    # ---- Breaking ----

    def switch_over(self):
        self._is_broken = True  # until the old primary follows
        super().switch_over()

    def kill(self, *names):
        """All at once and without a warning."""
        self._is_broken = True
        for name in names:
            _send(signal.SIGKILL, self.daemon(name).processes())

    def kill_main(self, name):
        """Only the one that watches over the others."""
        self._is_broken = True
        _send(signal.SIGKILL, [self.daemon(name).main()])

    def kill_api(self, host):
        """Supervisor, workers and NGINX."""
        self._is_broken = True
        _send(signal.SIGKILL, self.api_processes(host))

    @contextlib.contextmanager
    def frozen(self, name):
        """PostgreSQL and Patroni of a server stand still, also what they have started in the last moment."""
        self._is_broken = True
        pids = set()
        while new := set(self.daemon(name).processes()) - pids:
            _send(signal.SIGSTOP, new)
            pids |= new
        try:
            yield
        finally:
            _send(signal.SIGCONT, pids)

    @contextlib.contextmanager
    def cut_off(self, host):
        self._is_broken = True
        self.network.cut(host)
        try:
            yield
        finally:
            self.network.join(host)

    # ---- Healing ----

    def launch(self, *names):
        for name in names:
            self.daemon(name).launch()

    def make_whole(self):
        """Starts what is missing, until all hosts are ready."""
        if not self._is_broken:
            return
        self.start_missing()
        wait_until(lambda: all(self.is_host_ready(host) for host in daemons.APIS), SECONDS_TO_HEAL)
        time.sleep(SECONDS_TO_BE_SEEN)
        self._is_broken = False


def _send(number, pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
