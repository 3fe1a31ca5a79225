"""The private PostgreSQL cluster, in postgres/ of the state directory. Nobody reaches it but over a Unix socket:
the owner of the state directory and root as the superuser postgres (psql -h "$PWD/.local/run" -U postgres
atelier_qa), the program with passwords, made here.

It promises that a cluster is whole: initdb works in postgres.new, an import brings the sample data whole or not
at all, and all else is looked after at each start."""

import contextlib
import glob
import os
import pwd
import re
import secrets
import shutil
import subprocess
import time
from pathlib import Path

from common import Failure, output, run, say, start, write_anew
from parts import POSTGRES

OLDEST_VERSION = 14
HEADER = "# Written by deploy/stack/ at each start.\n"


def _read(path, otherwise=""):
    try:
        return Path(path).read_text()
    except OSError:
        return otherwise


def _memory_mib():
    """What the machine has, or what its container is allowed."""
    bytes_ = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = _read("/sys/fs/cgroup/memory.max").strip()
    return min(bytes_, int(limit) if limit.isdigit() else bytes_) >> 20


class Cluster:
    def __init__(self, deploy, sockets, bare):
        self.deploy, self.sockets, self.bare = deploy, sockets, bare
        self.tools = self._find_tools()

    def launch(self, connections):
        """`connections` that workers hold at the most. To be called where it is not running."""
        if not os.path.exists("postgres/PG_VERSION"):
            self._create()
        self._configure(connections)
        self._remove_stale_locks()
        for attempt in range(5):  # the last children of a killed server may need a moment to end
            time.sleep(1 if attempt else 0)
            # Relative paths: pg_ctl hands them to a shell between double quotes.
            if start(*self.bare, f"{self.tools}/pg_ctl", "start", "--pgdata=postgres", f"--log={POSTGRES.log}",
                     "--wait", "--timeout=300", "--silent", stderr=subprocess.DEVNULL) == 0:
                return
        raise Failure(f"PostgreSQL does not start, see {os.getcwd()}/{POSTGRES.log}", POSTGRES)

    def sql(self, database, *arguments, **options):
        """What psql prints; None where it failed."""
        return output(*self.bare, f"{self.tools}/psql", "--no-psqlrc", "--quiet", "--no-align",
                      "--tuples-only", "--set=ON_ERROR_STOP=1", f"--host={self.sockets}",
                      "--username=postgres", f"--dbname={database}", *arguments, start_new_session=True, **options)

    def prepare(self):
        """Roles, passwords and the database, where they are missing, and where the program finds them."""
        for role in ("owner", "service", "moderator"):
            password = _read(f"secrets/{role}-password")
            if not password:
                password = secrets.token_hex(24)
                write_anew(f"secrets/{role}-password", password, 0o600)
            write_anew(f"secrets/{role}-url",
                       f"postgresql://atelier_qa_{role}:{password}@/atelier_qa?host={self.sockets}\n", 0o600)
        with open(self.deploy / "private-cluster.sql", encoding="utf-8") as statements:
            if self.sql("postgres", stdin=statements) is None:
                raise Failure("could not set up the database")
        os.environ.pop("QA_OWNER_DATABASE_URL", None)
        os.environ["DATABASE_URL_FILE"] = os.path.abspath("secrets/service-url")
        os.environ["QA_OWNER_DATABASE_URL_FILE"] = os.path.abspath("secrets/owner-url")
        os.environ.pop("QA_MODERATION_DATABASE_URL", None)
        os.environ["QA_MODERATION_DATABASE_URL_FILE"] = os.path.abspath("secrets/moderator-url")

    def load_sample(self, products):
        """Where the tables are empty. Ctrl-C reaches generate and import, which then leave things as they
        were."""
        shutil.rmtree("sample", ignore_errors=True)  # left by a start that was cut short
        if products == 0 or self._holds_data():
            return
        say(f"Loading sample data of {products} products")
        if run(*self.bare, "bin/atelier-qa", "generate", "sample", "--products", str(products),
               stdout=subprocess.DEVNULL) != 0:
            raise Failure("could not generate sample data")
        if run(*self.bare, "bin/atelier-qa", "import", "sample", "--sample") != 0:
            raise Failure("could not load the sample data")
        shutil.rmtree("sample")

    def _holds_data(self):
        return self.sql("atelier_qa", "--command=SELECT EXISTS (SELECT FROM questions)"
                        " OR EXISTS (SELECT FROM answers)") == "t\n"

    def _find_tools(self):
        """The programs of the newest PostgreSQL, or of the one that made the cluster."""
        made_by = _read("postgres/PG_VERSION").strip()
        found = sorted(glob.glob(f"/usr/lib/postgresql/{made_by or '*'}/bin/initdb"),
                       key=lambda path: [int(number) for number in re.findall(r"\d+", path)])
        initdb = found[-1] if found else shutil.which("initdb")
        if not initdb:
            which = f" {made_by}, which made the cluster in {os.getcwd()}/postgres," if made_by else ""
            raise Failure(f"PostgreSQL{which} is not installed")
        tools = os.path.dirname(os.path.realpath(initdb))
        [version] = re.findall(r"\d+", output(f"{tools}/postgres", "--version") or "0")[:1]
        if int(version) < OLDEST_VERSION:
            raise Failure(f"PostgreSQL {OLDEST_VERSION} or newer is needed, this is {version}")
        return tools

    def _create(self):
        say("Creating a private PostgreSQL cluster")
        shutil.rmtree("postgres.new", ignore_errors=True)
        with open("log/initdb.log", "w", encoding="utf-8") as log:
            if run(*self.bare, f"{self.tools}/initdb", "--pgdata=postgres.new", "--username=postgres",
                   "--auth=reject", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums",
                   stdout=log, stderr=log, start_new_session=True) != 0:
                raise Failure(f"initdb failed, see {os.getcwd()}/log/initdb.log")
        os.rename("postgres.new", "postgres")

    def _configure(self, connections):
        # Twice what the workers use, for the moment of a reload, and some for people.
        connections = max(2 * connections + 20, 100)
        # A quarter of the memory, where the full data set may lie; taken only as it is used.
        buffers = min(max(_memory_mib() // 4, 128), 8192)
        write_anew("postgres/stack.conf", HEADER + f"""\
listen_addresses = ''
unix_socket_directories = '{self.sockets}'
unix_socket_permissions = 0700
max_connections = {connections}
shared_buffers = {buffers}MB
""" + (self.deploy / "postgresql.conf").read_text())
        write_anew("postgres/pg_hba.conf", HEADER + """\
local all        postgres                             peer map=operator
local atelier_qa atelier_qa_owner,atelier_qa_service,atelier_qa_moderator  scram-sha-256
""")
        owner = pwd.getpwuid(os.stat("postgres").st_uid).pw_name
        write_anew("postgres/pg_ident.conf",
                   "".join(f'operator "{user}" postgres\n' for user in (owner, "root")))
        include = "include 'stack.conf'"
        configuration = Path("postgres/postgresql.conf").read_text()
        if include not in configuration.splitlines():
            with open("postgres/postgresql.conf", "a", encoding="utf-8") as file:
                file.write(include + "\n")

    @staticmethod
    def _remove_stale_locks():
        """What the killed predecessor left behind: PostgreSQL takes a number in a lock file for a living
        server's if any process has it now."""
        for lock in glob.glob("run/.s.PGSQL.*"):
            os.unlink(lock)
        with contextlib.suppress(OSError, ValueError, IndexError):
            if os.path.exists(f"/proc/{int(_read('postgres/postmaster.pid').split()[0])}"):
                os.unlink("postgres/postmaster.pid")
