"""The cluster as a whole: its state directory, what starts after what, and when it is whole.

As root everything runs as the system user postgres, since PostgreSQL refuses root. Root reads and executes nothing
that this user can change: `etc`, `secrets` and `log` of the state directory are root's."""

import contextlib
import glob
import json
import os
import pwd
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import daemons
import network
from common import Failure, locked, output, pause, run, say
from owner import more_files
from places import end, processes_in

USER = "postgres"
SECONDS_TO_READY = 180
DEFAULT_STATE = ".local-cluster"
FILES = ("cluster/patroni.yml", "cluster/etcd.env", "cluster/database.cfg", "cluster/front.cfg",
         "cluster/lost-write.http", "cluster/roles.sh", "postgresql.conf", "private-cluster.sql",
         "containers/schema.sh")
SCOPE = "atelier-qa"  # of patroni.yml
# Of each API host, where the environment does not say otherwise.
API_SETTINGS = {"QA_LEASE_MS": "20", "QA_PAUSE_TIMEOUT_S": "20", "QA_QUEUE_LIMIT": "4096"}


class Example:
    def __init__(self, environment, deploy):
        self.deploy, self.checkout = deploy, deploy.parent
        self.is_root = os.geteuid() == 0
        self.user = pwd.getpwnam(USER) if self.is_root else pwd.getpwuid(os.geteuid())
        self.as_user = ["setpriv", f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--clear-groups",
                        "--inh-caps=-all", "--"] if self.is_root else []
        self.port = self._port(environment.get("PORT") or "8080")
        self.state = self._find_state(environment.get("QA_STATE_DIR"))
        self.sample_products = environment.get("QA_SAMPLE_PRODUCTS") or "1000"
        self.environment = {name: value for name, value in environment.items()
                            if not name.startswith(("QA_", "PG", "DATABASE_URL", "PATRONI", "ETCD"))}
        self.environment["PATH"] += ":/usr/sbin:/sbin"
        self._api_environment = {**self.environment, **API_SETTINGS,
                                 **{name: value for name, value in environment.items()
                                    if name.startswith("QA_") and value}}
        self.network = network.make(self.state, self.port)

    # ---- What the parts ask for ----

    @property
    def postgresql(self):
        """The folder of PostgreSQL's programs, of the newest one."""
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda path: int(path.split("/")[4]))
        if not found:
            raise Failure("PostgreSQL is not installed")
        return os.path.dirname(found[-1])

    def password(self, name):
        return Path(self.state, "secrets", f"{name}-password").read_text().strip()

    def settings_of(self, file):
        """Of lines NAME=value."""
        lines = Path(self.state, "etc", file).read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if re.match("[A-Z]", line))

    def give_away(self, path):
        if self.is_root:
            os.chown(path, self.user.pw_uid, self.user.pw_gid, follow_symlinks=False)

    def port_of(self, host):
        """Where NGINX of an API host listens."""
        return self.port + 2 * (1 + daemons.APIS.index(host))

    def daemons(self):
        """In the order in which they start."""
        return [*(daemons.etcd(self, host) for host in daemons.DATABASES),
                *(daemons.patroni(self, host) for host in daemons.DATABASES),
                *(daemons.database_proxy(self, host) for host in daemons.APIS),
                daemons.front(self)]

    def daemon(self, name):
        return next(daemon for daemon in self.daemons() if daemon.name == name)

    # ---- Starting ----

    def start(self):
        self._prepare()
        self.start_missing()

    def start_missing(self):
        with locked(self.state, busy="Another start or stop is under way: waiting for it", seconds=300):
            more_files()
            self.network.open()
            *inner, outer = self.daemons()
            for daemon in inner:
                if not daemon.main():
                    daemon.launch()
            say("Waiting for the database servers")
            self._wait_until(self.is_database_whole, "the database servers")
            for host in daemons.APIS:
                self._wait_until(lambda host=host: self._reaches_primary(host), f"the way from {host} to the database")
            missing = [host for host in daemons.APIS if not self.is_host_ready(host)]
            if missing:
                self._load()
            for host in missing:
                self.start_api(host)
            if not outer.main():
                self._launch_front(outer)
                pause(1)
            self._wait_until(lambda: self._lives(outer) and self.is_ready(), "the API")

    def start_api(self, host):
        """One stack of deploy/stack.sh."""
        say(f"Starting {host}")
        if self._stack(host, "start") != 0:
            raise Failure(f"{host} does not start, see {self.state}/{host}/log")

    def _prepare(self):
        os.makedirs(self.state, exist_ok=True)
        if os.stat(self.state).st_uid != os.geteuid():
            raise Failure(f"{self.state} belongs to {Path(self.state).owner()}; set QA_STATE_DIR")
        if run("make", "--silent", "-C", self.checkout, "-j", str(os.cpu_count()), "build",
               env={**os.environ, "MAKEFLAGS": ""}) != 0:
            raise Failure("the build failed")
        for folder in ("etc", "log"):
            os.makedirs(f"{self.state}/{folder}", exist_ok=True)
        for file in FILES:
            shutil.copy(self.deploy / file, f"{self.state}/etc")
        shutil.copy(self.checkout / "build/release/atelier-qa", f"{self.state}/etc/atelier-qa.new")
        os.replace(f"{self.state}/etc/atelier-qa.new", f"{self.state}/etc/atelier-qa")
        self._make_secrets()

    def _make_secrets(self):
        folder = f"{self.state}/secrets"
        os.makedirs(folder, mode=0o750, exist_ok=True)
        os.chown(folder, -1, self.user.pw_gid)
        for name in daemons.PASSWORDS:
            if not os.path.exists(f"{folder}/{name}-password"):
                self._write_secret(f"{name}-password", secrets.token_hex(24))
        for host in daemons.APIS:
            for name, role, port in (("owner", "owner", 5000), ("service", "service", 5000), ("read", "service", 5001)):
                self._write_secret(f"{host}-{name}-url", f"postgresql://atelier_qa_{role}:{self.password(role)}"
                                   f"@{self.network.own_address(host)}:{port}/atelier_qa")

    def _write_secret(self, name, text):
        path = f"{self.state}/secrets/{name}"
        with open(os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "w") as file:
            os.fchown(file.fileno(), -1, self.user.pw_gid)
            file.write(f"{text}\n")
        os.replace(f"{path}.new", path)

    def _load(self):
        """Schema and sample data, from the first API host."""
        result = subprocess.run(
            [*self.network.inside(daemons.APIS[0]), *self.as_user, "../etc/schema.sh"], cwd=f"{self.state}/haproxy1",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            env={**self.environment, "PATH": f"{self.state}/etc:{self.environment['PATH']}",
                 "QA_OWNER_DATABASE_URL_FILE": f"{self.state}/secrets/api1-owner-url",
                 "QA_SAMPLE_PRODUCTS": self.sample_products, "QA_CACHE_MB": "0"})
        if result.returncode != 0:
            raise Failure(f"could not make the schema: {result.stdout.strip()}")

    def _launch_front(self, daemon):
        """With sockets of this network, whatever its own is."""
        with contextlib.ExitStack() as stack:
            listeners = [stack.enter_context(_listener(port)) for port in (self.port, self.port + 1)]
            clients, state = (listener.fileno() for listener in listeners)
            daemon.launch(pass_fds=(clients, state),
                          more={"QA_FRONT_BIND": f"fd@{clients}", "QA_STATE_BIND": f"fd@{state}"})

    # ---- Looking ----

    def is_database_whole(self):
        """One primary, and two standbys that follow it, of which commits wait for one."""
        members = self.members()
        return sorted(member.get("role") for member in members) == ["leader", "replica", "sync_standby"] and \
            all(member.get("state") in ("running", "streaming") for member in members)

    def members(self):
        """What Patroni knows of the database servers: the answer of the first one that knows."""
        for host in daemons.DATABASES:
            answer = self._get(self.network.inside(host),
                               f"http://{self.network.address(host)}:{daemons.PATRONI_PORT}/cluster")
            with contextlib.suppress(ValueError, KeyError, TypeError):
                members = json.loads(answer)["members"]
                if any(member.get("role") == "leader" for member in members):
                    return members
        return []

    def primary(self):
        """Its host; None while there is none."""
        return next((member["name"] for member in self.members() if member["role"] == "leader"), None)

    def is_ready(self):
        """Through the front."""
        return self._get([], f"http://127.0.0.1:{self.port}/readyz") is not None

    def is_host_ready(self, host):
        return self._get(self.network.inside(host), f"http://127.0.0.1:{self.port_of(host)}/readyz") is not None

    @staticmethod
    def _get(inside, url):
        """What is there; None where nothing is."""
        return output(*inside, "curl", "--silent", "--fail", "--max-time", "2", url)

    @staticmethod
    def _lives(daemon):
        if not daemon.main():
            raise Failure(f"{daemon.name} has ended, see {daemon.log}")
        return True

    def _wait_until(self, condition, what, every_s=0.5):
        deadline = time.monotonic() + SECONDS_TO_READY
        while not condition():
            if time.monotonic() > deadline:
                raise Failure(f"not ready after {SECONDS_TO_READY} s: {what}; see {self.state}/log")
            pause(every_s)

    # ---- Ending ----

    def api_processes(self, host):
        """Of a stack of deploy/stack.sh."""
        return processes_in(f"{self.state}/{host}", below=True)

    def stop(self):
        """All of it, also what a start that failed has left."""
        if not os.path.isdir(f"{self.state}/secrets"):  # nothing was ever started
            return
        with locked(self.state, busy="Another start or stop is under way: waiting for it", seconds=300):
            *inner, outer = self.daemons()
            outer.end()
            for host in daemons.APIS:
                if os.path.isdir(f"{self.state}/{host}") and self._stack(host, "stop", outside=True) != 0:
                    say(f"{host} does not end")
            primary = None
            servers = [daemon for daemon in inner if daemon.host in daemons.DATABASES]
            with contextlib.suppress(Failure):
                primary = self.primary()
            for daemon in inner:
                if daemon.host in daemons.APIS:
                    daemon.end()
            patronis = [daemon for daemon in servers if daemon.name in daemons.DATABASES]
            # The primary last, or another one would take its place.
            for daemon in sorted(patronis, key=lambda daemon: daemon.name == primary):
                self.end_database(daemon)
            for daemon in servers:
                daemon.end()
            self.network.close()

    @staticmethod
    def end_database(daemon):
        """Patroni ends its PostgreSQL; one that has no Patroni any more ends by itself."""
        main = daemon.main()
        if main:
            end([main], ((signal.SIGTERM, 30), (signal.SIGKILL, 5)))
        end(processes_in(f"{daemon.folder}/data"), ((signal.SIGQUIT, 5), (signal.SIGKILL, 5)))

    # ---- Commands ----

    def _stack(self, host, command, outside=False):
        """`outside`: its network may be gone."""
        return run(*([] if outside else self.network.inside(host)), self.deploy / "stack.sh", command,
                   env={**self._api_environment, **self._settings_of_api(host)}, start_new_session=True,
                   stdout=subprocess.DEVNULL)

    def _settings_of_api(self, host):
        settings = {"PORT": str(self.port_of(host)), "QA_STATE_DIR": f"{self.state}/{host}",
                    "DATABASE_URL_FILE": f"{self.state}/secrets/{host}-service-url",
                    "QA_OWNER_DATABASE_URL_FILE": f"{self.state}/secrets/{host}-owner-url",
                    "QA_TRUSTED_PROXIES": self.network.seen_as(daemons.FRONT)}
        has_cache = self._api_environment.get("QA_CACHE_MB") != "0"
        if has_cache and self._api_environment["QA_LEASE_MS"] != "0":  # standbys serve what it lacks
            settings["QA_READ_DATABASE_URL_FILE"] = f"{self.state}/secrets/{host}-read-url"
        return settings

    def run_inside(self, host, command):
        if host not in (*daemons.DATABASES, *daemons.APIS, daemons.FRONT):
            raise Failure(f"there is no host {host}")
        return run(*self.network.inside(host), *command, stdin=None)

    def patronictl(self, arguments, **options):
        """On a server that Patroni runs on."""
        host = next((daemon.host for daemon in self.daemons() if daemon.name in daemons.DATABASES and daemon.main()),
                    daemons.DATABASES[0])
        own = daemons.patroni(self, host).environment
        return run(*self.network.inside(host), *self.as_user, "patronictl", "--config-file", "../etc/patroni.yml",
                   *arguments, cwd=f"{self.state}/{host}", env={**self.environment, **own}, **options)

    def psql_command(self, *arguments):
        """As the superuser, on the primary; and its environment."""
        host = self.primary()
        if not host:
            raise Failure("there is no primary")
        return ([*self.network.inside(host), *self.as_user, f"{self.postgresql}/psql",
                 f"--host={self.network.address(host)}", "--username=postgres", *arguments],
                {**self.environment, "PGPASSWORD": self.password("superuser")})

    def psql(self, arguments):
        command, environment = self.psql_command(*(arguments or ["atelier_qa"]))
        return run(*command, env=environment, stdin=None)

    def atelier_qa(self, host, arguments, **options):
        """The program of an API host, with its settings."""
        return run(*self.network.inside(host), *self.as_user, f"{self.state}/{host}/bin/atelier-qa", *arguments,
                   env={**self._api_environment, **self._settings_of_api(host)}, **options)

    def switch_over(self):
        """To the standby that commits wait for, while both API hosts pause: requests wait, and none fails."""
        members = {member["role"]: member["name"] for member in self.members()}
        if "sync_standby" not in members:
            raise Failure("no standby is synchronous")
        before, after = members["leader"], members["sync_standby"]
        self.psql_do("CHECKPOINT")  # so that the primary stops in a moment
        paused = []
        try:
            for host in daemons.APIS:
                if self.atelier_qa(host, ["pause"]) != 0:
                    raise Failure(f"{host} does not pause")
                paused.append(host)
            if self.patronictl(["switchover", "--force", "--leader", before, "--candidate", after, SCOPE]) != 0:
                raise Failure("Patroni does not switch over")
            for host in daemons.APIS:
                self._wait_until(lambda host=host: self._reaches_primary_only(host),
                                 f"the way from {host} to the database", 0.1)
        finally:
            for host in paused:
                self.atelier_qa(host, ["resume"])

    def psql_do(self, statement):
        command, environment = self.psql_command("--no-psqlrc", "--quiet", f"--command={statement}", "postgres")
        if run(*command, env=environment) != 0:
            raise Failure(f"{statement} failed")

    def _reaches_primary(self, host):
        """Whether HAProxy of an API host leads to a server that takes writes."""
        url = urlsplit(Path(self.state, "secrets", f"{host}-service-url").read_text().strip())
        return output(*self.network.inside(host), *self.as_user, f"{self.postgresql}/psql", "--no-psqlrc",
                      "--tuples-only", "--no-align", "--command=SELECT NOT pg_is_in_recovery()",
                      f"--host={url.hostname}", f"--port={url.port}", f"--username={url.username}", url.path[1:],
                      env={**self.environment, "PGCONNECT_TIMEOUT": "2", "PGPASSWORD": url.password},
                      stderr=subprocess.DEVNULL) == "t\n"

    def _reaches_primary_only(self, host):
        """For a second or two HAProxy takes turns between the new primary and the old one, whose checks have not failed
        often enough yet."""
        return all(self._reaches_primary(host) for _ in daemons.DATABASES)

    def stop_command(self):
        is_default = self.state == str(self.checkout / DEFAULT_STATE)
        where = "" if is_default else f"QA_STATE_DIR={shlex.quote(self.state)} "
        return f"{where}make cluster-stop"

    # ---- Settings ----

    @staticmethod
    def _port(text):
        if not re.fullmatch("[1-9][0-9]{3,4}", text) or int(text) > 65535 - 6:
            raise Failure(f"PORT must be a number from 1000 to 65529, not '{text}'")
        return int(text)

    def _find_state(self, given):
        """One that the processes can reach."""
        state = os.path.abspath(given or self.checkout / DEFAULT_STATE)
        parent = os.path.dirname(state)
        if self.is_root and run(*self.as_user, "test", "-x", parent) != 0:
            raise Failure(f"user {USER} cannot reach {state}; set QA_STATE_DIR, to /var/tmp/atelier-qa-cluster, say")
        return state


def _listener(port):
    """For clients from anywhere."""
    try:
        if os.path.exists("/proc/self/net/if_inet6"):
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=4096)
        return socket.create_server(("", port), backlog=4096)
    except OSError as error:
        raise Failure(f"port {port}: {error.strerror}; set PORT to another one") from error
