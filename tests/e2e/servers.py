"""PostgreSQL servers of the tests' own, beside those of stacks: a primary, and standbys of it or of a stack's
cluster. They are reached over Unix sockets only, each in a folder of its own."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg2
from psycopg2.extensions import make_dsn, parse_dsn

import first_start
from api import PATIENCE_S
from stack import children, postgresql_tool, wait_until

PORT = "5432"
# What a copied cluster has from its origin, and what makes it small and quick to stop. One that is killed leaves its
# memory in its folder.
OWN = {"port": PORT, "listen_addresses": "", "shared_buffers": "32MB", "shared_preload_libraries": "",
       "dynamic_shared_memory_type": "mmap",
       "hot_standby": "on", "wal_receiver_status_interval": "1s", "wal_retrieve_retry_interval": "200ms"}


class Server:
    """A server on the data in `folder`/postgres; `sockets` is where it is reached."""

    def __init__(self, folder, sockets, **settings):
        self.folder, self.sockets = Path(folder), str(sockets)
        self._settings = {**OWN, "unix_socket_directories": self.sockets, **settings}
        self.is_started = False

    def start(self):
        options = " ".join(f"-c {name}='{value}'" for name, value in self._settings.items())
        self._pg_ctl("start", f"--options={options}", f"--log={self.folder}/log", "--wait")
        self.is_started = True

    def restart(self):
        self._pg_ctl("restart", "--mode=fast", "--wait", f"--log={self.folder}/log")

    def promote(self):
        self._pg_ctl("promote", "--wait")

    def kill(self):
        """As when the machine loses its power: nobody says goodbye."""
        pids = self._signal(signal.SIGKILL)
        wait_until(lambda: not any(os.path.exists(f"/proc/{pid}/cwd") for pid in pids))
        self.is_started = False

    @contextlib.contextmanager
    def frozen(self):
        """All its processes stand still within it."""
        pids = self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _signal(self, number):
        """To the first one first, so that no others come."""
        pids = self.pids()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                os.kill(pid, number)
        return pids

    def stop(self):
        if self.is_started:
            self._pg_ctl("stop", "--mode=immediate", "--wait")
            self.is_started = False

    def pids(self):
        """Of all its processes, the first one first."""
        first = int((self.folder / "postgres/postmaster.pid").read_text().split()[0])
        return [first, *children(first)]

    def url(self, role="service"):
        """The connection string of a role, or of the superuser."""
        if role == "superuser":
            return make_dsn(host=self.sockets, port=PORT, user="postgres", dbname="atelier_qa")
        return moved((self.folder / f"secrets/{role}-url").read_text().strip(), self.sockets)

    def sql(self, statement, *parameters):
        """Executes it as superuser, commits, and returns the rows."""
        with contextlib.closing(psycopg2.connect(self.url("superuser"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []

    def sessions(self, condition="true"):
        """How many the service has."""
        return self.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'atelier_qa_service'"
                        f" AND {condition}")[0][0]

    def standby(self, name="standby"):
        """`with server.standby() as standby:`"""
        return standby_of(self.folder, self.url("superuser"), name)

    def has_replayed(self, primary):
        """Whether this standby has all that `primary` has."""
        [(position,)] = primary.sql("SELECT pg_current_wal_flush_lsn()")
        return self.sql("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", position)[0][0]

    def _pg_ctl(self, command, *arguments):
        _as_owner(self.folder / "postgres", postgresql_tool("pg_ctl"), command, f"--pgdata={self.folder}/postgres",
                  f"--timeout={PATIENCE_S}", "--silent", *arguments)


def _as_owner(data, *command):
    owner = data.stat()
    bare = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]
    subprocess.run([*(bare if os.geteuid() == 0 else []), *map(str, command)], check=True, cwd=data,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)


def moved(url, *sockets):
    """The same connection string for other hosts."""
    return make_dsn(**{**parse_dsn(url), "host": ",".join(sockets), "port": ",".join([PORT] * len(sockets))})


@contextlib.contextmanager
def _folder(owner_of):
    """One that belongs to the owner of another, as does the folder of sockets in it."""
    with first_start.folder_of_a_stack() as folder, tempfile.TemporaryDirectory(prefix="atelier-pg-") as sockets:
        owner = owner_of.stat()
        for path in (folder, sockets):
            os.chmod(path, 0o755)
            if os.geteuid() == 0:
                os.chown(path, owner.st_uid, owner.st_gid)
        yield folder, sockets


@contextlib.contextmanager
def _running(folder, sockets, **settings):
    server = Server(folder, sockets, **settings)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _let_standbys_in(data):
    rule = "local replication postgres peer map=operator\n"
    access = data / "pg_hba.conf"
    if rule not in access.read_text():
        with access.open("a") as file:
            file.write(rule)


@contextlib.contextmanager
def primary(**settings):
    """A server with the database and the roles of a stack, which holds no rows."""
    with first_start.folder_of_a_stack() as origin:
        first_start.copy_to(origin)
        with _folder(origin / "postgres") as (folder, sockets):
            for name in first_start.MADE:
                shutil.move(origin / name, folder / name)
            _let_standbys_in(folder / "postgres")
            with _running(folder, sockets, **settings) as server:
                yield server


@contextlib.contextmanager
def standby_of(folder, superuser_url, name="standby"):
    """A standby of the server whose data are in `folder`/postgres, a stack's for example."""
    _let_standbys_in(folder / "postgres")
    with contextlib.closing(psycopg2.connect(superuser_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_reload_conf()")
    origin = parse_dsn(superuser_url)
    source = make_dsn(**{key: value for key, value in origin.items() if key != "dbname"}, application_name=name)
    with _folder(folder / "postgres") as (own, sockets):
        shutil.copytree(folder / "secrets", own / "secrets")
        _as_owner(own, postgresql_tool("pg_basebackup"), f"--pgdata={own}/postgres", f"--dbname={source}",
                  "--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--wal-method=stream")
        with _running(own, sockets, cluster_name=name) as server:
            yield server


@contextlib.contextmanager
def silent_server():
    """A folder of sockets where connections are accepted and never get a reply."""
    with tempfile.TemporaryDirectory(prefix="atelier-silent-") as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/.s.PGSQL.{PORT}")
        listener.listen(256)
        yield folder
