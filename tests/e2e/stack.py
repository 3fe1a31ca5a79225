"""A stack of the tests' own: NGINX, workers and PostgreSQL, started and stopped by deploy/stack.sh
in a folder of its own. All that the tests know about the inside of a stack is in this file."""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path

import psycopg2

import sandbox
import sessions
from api import PATIENCE_S, ask
from exposition import scrape

CHECKOUT = Path(__file__).resolve().parents[2]
STACK_SH = CHECKOUT / "deploy/stack.sh"
WORKERS = 2
MIGRATED = "migrated"  # a database
PORTS = 1_000  # from which the stacks of one process of pytest have theirs
CONNECTIONS = 6  # of a worker to the database: two for reads, four for writes


def wait_until(condition, seconds=PATIENCE_S):
    """Until `condition()` is true; fails when that takes longer. Whoever gives fewer seconds than
    PATIENCE_S makes a promise that a busy machine may not keep. Who waits for long looks less often."""
    began = time.monotonic()
    while not condition():
        waited = time.monotonic() - began
        assert waited < seconds, f"not within {seconds} s"
        time.sleep(min(0.01 + waited / 20, 0.05))


def sanitizer_of_nginx():
    """What NGINX needs in its environment to load a module with AddressSanitizer."""
    if not os.environ.get("SANITIZE"):
        return {}
    library = subprocess.check_output(["gcc", "-print-file-name=libasan.so"], text=True).strip()
    return {"LD_PRELOAD": library, "ASAN_OPTIONS": "detect_leaks=0"}


def postgresql_tool(name):
    """The path of a program of the newest PostgreSQL, which need not be in PATH."""
    return max(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"),
               key=lambda path: int(path.parts[-3]))


def free_port():
    """Below the ports that clients get, so that none takes it while a stack is down; nor do other tests that run
    beside these, of the other build or of this one. Even: the next one is for the admin process of the same stack."""
    lowest = 26_000 if os.environ.get("SANITIZE") else 20_000
    lowest += PORTS * int(os.environ.get("E2E_PROCESS", 0))
    while True:
        port = random.randrange(lowest, lowest + PORTS, 2)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def children(parent):
    """The process ids of a process's living children, oldest first."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as stat:
            state, parent_id, *more = stat.read().rsplit(")", 1)[1].split()
            if int(parent_id) == parent and state != "Z":
                started = int(more[17])
                found.append((started, int(pid)))
    return [pid for _, pid in sorted(found)]


def runs(pid, command):
    """Whether a process is the program with this command."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1:2] == [command.encode()]
    except OSError:
        return False


def workers(supervisor):
    """The process ids of its workers, oldest first."""
    return [pid for pid in children(supervisor) if runs(pid, "worker")]


# What LeakSanitizer, which looks for leaks when a process ends, says of one that is killed meanwhile.
KILLED_IN_LEAK_CHECK = re.compile(r"==\d+==Unable to get registers from thread \d+\.")


@contextlib.contextmanager
def paused(pids):
    """Processes that stand still within it."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def assert_no_sanitizer_report(log):
    text = log.read_text(errors="replace")
    for word in ("AddressSanitizer", "LeakSanitizer", "runtime error"):
        assert word not in text, text[max(0, text.index(word) - 500):][:5000]


class Log:
    """Lines of JSON in a file that grows, and of which each is read once: a test that waits looks again and again."""

    def __init__(self, path):
        self._path = path
        self._file, self._size, self._lines = None, 0, []

    def lines(self):
        with self._path.open("rb") as file:
            now = os.stat(file.fileno())
            if (now.st_dev, now.st_ino) != self._file or now.st_size < self._size:
                self._file, self._size, self._lines = (now.st_dev, now.st_ino), 0, []
            file.seek(self._size)
            new = file.read()
        whole, end, rest = new.rpartition(b"\n")
        self._lines += self._parsed(whole)
        self._size += len(whole + end)
        return self._lines + self._parsed(rest)

    @staticmethod
    def _parsed(text):
        lines = [json.loads(line) for line in text.decode().split("\n")
                 if not KILLED_IN_LEAK_CHECK.fullmatch(line)] if text else []
        assert all(isinstance(line, dict) for line in lines)
        return lines


class UnixConnection(HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE_S)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Stack:
    """`with Stack(folder, **settings) as stack:` starts one and stops it in every case; `settings`
    are environment variables of deploy/stack.sh."""

    def __init__(self, folder, **settings):
        self.folder = Path(folder)
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.program = self.folder / "bin/atelier-qa"
        self._env_file = self.folder / "settings.env"
        self._has_migrated = False
        self._log = Log(self.folder / "log/service.log")
        outer = {name: value for name, value in os.environ.items()
                 if not name.startswith(("QA_", "PG", "DATABASE_URL"))}
        self._environment = {
            **outer, "PORT": str(self.port), "QA_STATE_DIR": str(self.folder),
            "QA_WORKERS": str(WORKERS), "QA_LOG_LEVEL": "debug",
            "QA_ENV_FILE": str(self._env_file), **settings}

    # Starting and stopping

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self._env_file.touch()
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Starts the parts that are not running."""
        result = self.stack_sh("start")
        assert result.returncode == 0, result.stdout
        if sandbox.IS_ASKED:
            sandbox.take_over(self)
        self.wait_until_ready()

    def stop(self):
        result = self.stack_sh("stop")
        assert result.returncode == 0, result.stdout

    def stack_sh(self, command, **settings):
        # Out of reach of Ctrl-C, which is for the tests: they then stop the stack.
        return subprocess.run([STACK_SH, command], env={**self._environment, **settings}, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, start_new_session=True)

    @contextlib.contextmanager
    def in_foreground(self, **settings):
        """`stack.sh run` in a terminal of its own: the process."""
        environment = {**self._environment, **settings}
        with subprocess.Popen([STACK_SH, "run"], env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              start_new_session=True) as process:
            try:
                yield process
            finally:
                process.terminate()

    def wait_until_ready(self):
        wait_until(lambda: all(self.readiness()))

    def wait_until_whole(self):
        """Ready, with all connections to the database, and without workers that still drain."""
        self.wait_until_ready()
        wait_until(lambda: len(self.backends()) == WORKERS * CONNECTIONS
                   and len(self.worker_pids()) == WORKERS)

    def readiness(self):
        """Whether each worker is ready."""
        def is_ready(connection):
            try:
                return ask(connection, "GET", "/readyz").status_code == 200
            except OSError:
                return False
            finally:
                connection.close()
        return [is_ready(connection) for connection in self.worker_connections()]

    # The service

    def supervisor_pid(self):
        """None when there is none."""
        return self._pid(self.folder / "service.pid", self.folder / "bin")

    def worker_pids(self):
        """Oldest first."""
        supervisor = self.supervisor_pid()
        return workers(supervisor) if supervisor else []

    def admin_pids(self):
        """Oldest first; one, unless a reload has just replaced it."""
        supervisor = self.supervisor_pid()
        return [pid for pid in children(supervisor) if runs(pid, "admin")] if supervisor else []

    def admin(self):
        """A connection to the admin process, by its Unix socket."""
        return UnixConnection(self.sockets / "admin.sock")

    def metrics(self):
        return scrape(self.admin())

    def worker_connections(self):
        """A connection to each worker's own socket, past NGINX."""
        return [UnixConnection(self.sockets / f"worker{number}.sock") for number in range(WORKERS)]

    def reload(self):
        os.kill(self.supervisor_pid(), signal.SIGHUP)

    @contextlib.contextmanager
    def env_file(self, text):
        """The file of settings that a reload reads; empty again afterwards."""
        self._env_file.write_text(text)
        try:
            yield
        finally:
            self._env_file.write_text("")

    def log(self):
        """The service's log; fails when a line of it is no JSON object."""
        return self._log.lines()

    def access_log(self):
        """Without what NGINX keeps back, for a second at the longest."""
        return (self.folder / "log/access.log").read_text()

    def access_log_at_once(self):
        """The same; NGINX keeps nothing back from who asks again and again."""
        os.kill(self.nginx_pid(), signal.SIGUSR1)
        return self.access_log()

    def log_files(self):
        return list((self.folder / "log").iterdir())

    # NGINX

    def nginx_pid(self):
        return self._pid(self.folder / "nginx/nginx.pid", self.folder / "nginx")

    def nginx_workers(self):
        return children(self.nginx_pid())

    def access_log_of(self, port):
        return self.folder / f"log/access-{port}.log"

    @contextlib.contextmanager
    def another_nginx(self, module=None, into=None, **settings):
        """The port of a second NGINX in front of the same workers: without a module it passes all requests on. Its
        log is in the stack's folder, complete when it has ended. `into`: the folder of its configuration."""
        port = free_port()
        own = {"QA_SHARED_FILE": str(max(self.sockets.glob("versions.*[0-9]")))} if module else {}
        user = "root root" if os.geteuid() == 0 else ""
        with contextlib.nullcontext(into) if into else tempfile.TemporaryDirectory(prefix="atelier-nginx-") as folder:
            if module:
                shutil.copy(module, folder)
            subprocess.run([CHECKOUT / "deploy/configure-nginx.sh", folder], check=True,
                           env={"PATH": os.environ["PATH"], "PORT": str(port), "QA_NGINX_USER": user,
                                "QA_WORKERS": str(WORKERS), "QA_LISTEN": f"unix:{self.sockets}/worker",
                                "QA_ACCESS_LOG": str(self.access_log_of(port)), **own, **settings})
            assert bool(module) == bool(Path(folder, "module.conf").read_text()), "NGINX does not take the module"
            with subprocess.Popen(["nginx", "-p", ".", "-c", "nginx.conf", "-e", "stderr", "-g", "daemon off;"],
                                  cwd=folder, env={"PATH": os.environ["PATH"] + ":/usr/sbin"}) as process:
                try:
                    wait_until(lambda: listens(port))
                    yield port
                finally:
                    process.terminate()

    # PostgreSQL

    @property
    def serving_url(self):
        return (self.folder / "secrets/service-url").read_text().strip()

    @property
    def owner_url(self):
        return (self.folder / "secrets/owner-url").read_text().strip()

    def superuser_url(self, database="atelier_qa"):
        return f"postgresql://postgres@/{database}?host={self.sockets}"

    @contextlib.contextmanager
    def database(self, url):
        """A cursor on a connection of its own, whose transaction is undone in the end."""
        with contextlib.closing(psycopg2.connect(url)) as connection:
            yield connection.cursor()

    def sql(self, statement, *parameters):
        """Executes it as superuser, commits, and returns the rows."""
        return sessions.execute(self.superuser_url(), statement, parameters)

    @contextlib.contextmanager
    def empty_database(self, name, template="template1"):
        """The connection string of a new database, which is dropped afterwards."""
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.superuser_url(name)
        finally:
            self.sql(f"DROP DATABASE {name} WITH (FORCE)")

    def migrated_database(self, name):
        """The same, as `atelier-qa migrate` leaves an empty one. Only the first is migrated: the others are copies."""
        if not self._has_migrated:
            self.sql(f"CREATE DATABASE {MIGRATED}")
            url = self.superuser_url(MIGRATED)
            subprocess.run([self.program, "migrate"], check=True, stdin=subprocess.DEVNULL, capture_output=True,
                           env={**os.environ, "DATABASE_URL": url, "QA_OWNER_DATABASE_URL": url})
            self._has_migrated = True
        return self.empty_database(name, template=MIGRATED)

    @contextlib.contextmanager
    def locked(self, statement, *parameters):
        """Somebody else's transaction that holds the locks of this statement."""
        with self.database(self.superuser_url()) as cursor:
            cursor.execute(statement, parameters)
            yield

    def postmaster_pid(self):
        return self._pid(self.folder / "postgres/postmaster.pid", self.folder / "postgres")

    def stop_database(self, stop=signal.SIGINT):
        """SIGINT breaks all connections; SIGQUIT is a crash."""
        os.kill(self.postmaster_pid(), stop)
        wait_until(lambda: not self.postmaster_pid())

    def start_database(self):
        """As `start` does, which looks after all else, too."""
        self._pg_ctl("start")
        self.wait_until_ready()

    def restart_database(self):
        """As an operator does it; when it returns, the database is there again."""
        self._pg_ctl("restart", "--mode=fast")

    def _pg_ctl(self, *arguments):
        owner = self.folder.stat()
        is_root = os.geteuid() == 0
        subprocess.run([*(["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]
                          if is_root else []),
                        postgresql_tool("pg_ctl"), *arguments, "--pgdata=postgres", "--log=log/postgres.log", "--wait",
                        f"--timeout={PATIENCE_S}", "--silent"],
                       cwd=self.folder, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       start_new_session=True)

    def backends(self, condition="true"):
        """The process ids of the service's sessions, or of some of them."""
        return [pid for pid, in self.sql("SELECT pid FROM pg_stat_activity"
                                         " WHERE usename = 'atelier_qa_service'"
                                         f" AND {condition}")]

    def busy_backends(self):
        return self.backends("state <> 'idle'")

    def refused_logins(self):
        """How many of them the server has told of."""
        return (self.folder / "log/postgres.log").read_text().count("is not permitted to log in")

    def waiting_backends(self):
        return self.backends("wait_event_type = 'Lock'")

    def terminate_backends(self):
        for pid in self.backends():
            self.sql("SELECT pg_terminate_backend(%s)", pid)

    def frozen_backends(self):
        return paused(self.backends())

    @property
    def sockets(self):
        return (self.folder / "run").resolve()

    def _pid(self, pid_file, working_directory):
        """The process of a pid file, if it is alive and not a stranger."""
        try:
            pid = int(pid_file.read_text().split()[0])
            return pid if os.path.samefile(f"/proc/{pid}/cwd", working_directory) else None
        except (OSError, IndexError):
            return None
