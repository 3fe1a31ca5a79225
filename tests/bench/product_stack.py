"""The stack under test, started and stopped by deploy/stack.sh in a state directory of its own, and
the data set in it."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from commands import BenchError, output_of
from settings import CHECKOUT

STACK_SH = CHECKOUT / "deploy/stack.sh"
PARTS = {  # pid file and working directory
    "nginx": ("nginx/nginx.pid", "nginx"),
    "service": ("service.pid", "bin"),
    "postgres": ("postgres/postmaster.pid", "postgres")}


def end_family(pid):
    """Ends a process of ours and all below it, such as the generator of the data set."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    os.kill(pid, signal.SIGTERM)
    for child in children:
        with contextlib.suppress(OSError):
            end_family(int(child))


class ProductStack:
    """`with ProductStack(settings) as stack:` holds the data set and stops everything in the end."""

    def __init__(self, settings):
        self.state = settings.state
        self.products = settings.products
        self.base_url = f"http://127.0.0.1:{settings.port}"
        self._environment = {
            **{name: value for name, value in os.environ.items()
               if not name.startswith(("PG", "DATABASE_URL", "QA_OWNER", "QA_CACHE_MB",
                                       "QA_SHARED_CACHE_MB"))},
            "PORT": str(settings.port), "QA_STATE_DIR": str(settings.state),
            # The next ports are those of the other servers.
            "QA_ADMIN_LISTEN": f"unix:{settings.state}/run/admin.sock"}

    def __enter__(self):
        try:
            self.stack_sh("stop")  # what a benchmark that was killed left behind
            self.load_data()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        handlers = [(number, signal.signal(number, signal.SIG_IGN))
                    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
        try:
            self.stack_sh("stop")
        finally:
            for number, handler in handlers:
                signal.signal(number, handler)

    def stack_sh(self, command, **environment):
        # Out of reach of Ctrl-C, which is for the benchmark: it then stops the stack. What goes to
        # standard error, such as the progress of a load, is shown.
        with subprocess.Popen([STACK_SH, command], env={**self._environment, **environment},
                              text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              start_new_session=True) as process:
            try:
                output, _ = process.communicate(timeout=3600)
            except BaseException:
                with contextlib.suppress(OSError):
                    end_family(process.pid)
                raise
        if process.returncode != 0:
            raise BenchError(f"stack.sh {command} failed: {output.strip()[-2000:]}")

    # The data set

    @property
    def _record(self):
        """Says how many rows the data set has, and so which rows a benchmark has added."""
        return self.state / "bench-data.json"

    def load_data(self):
        """Generates and loads the data set where it is missing, else makes it what it was."""
        self.stack_sh("start", QA_SAMPLE_PRODUCTS=str(self.products))
        if not self._record.exists():
            self._record.write_text(json.dumps({"products": self.products, **self._count_rows()}))
        self.rows = json.loads(self._record.read_text())
        if self.rows["products"] != self.products:
            raise BenchError(f"{self.state} holds {self.rows['products']} products: remove it, set "
                             f"QA_STATE_DIR, or BENCH_PRODUCTS={self.rows['products']}")
        if self.sql("SELECT EXISTS (SELECT FROM pg_trigger WHERE tgenabled = 'D')") == "t":
            self._mark_again()  # a benchmark was killed
            self.sql("DELETE FROM product_pages")
        self.remove_added_rows()

    def _count_rows(self):
        tables = ("questions", "answers", "answers_photos")
        return {table: int(self.sql(f"SELECT max(id) FROM {table}")) for table in tables}

    def remove_added_rows(self):
        for table in ("answers_photos", "answers", "questions"):
            self.sql(f"DELETE FROM {table} WHERE id > {self.rows[table]}")
        self.sql("VACUUM ANALYZE questions, answers, answers_photos, product_pages,"
                 " changed_products")
        self.checkpoint()

    # Ready-made pages

    def wait_for_pages(self):
        """Until the service has made all that are missing or out of date, and so does nothing more
        by itself."""
        end = time.monotonic() + 1800
        while (self.sql("SELECT EXISTS (SELECT FROM changed_products)") == "t"
               or self.sql("SELECT EXISTS (SELECT product_id FROM questions"
                           " EXCEPT SELECT product_id FROM product_pages)") == "t"):
            if time.monotonic() > end:
                raise BenchError("the product pages do not become ready")
            time.sleep(1)

    @contextlib.contextmanager
    def without_marks(self):
        """PostgreSQL alone: no trigger marks the products of answers that change. They are marked
        afterwards, together."""
        began = self.sql("SELECT pg_current_xact_id()::xid")
        self.sql("ALTER TABLE answers DISABLE TRIGGER USER")
        try:
            yield
        finally:
            self._mark_again()
            self.sql("INSERT INTO changed_products SELECT DISTINCT product_id FROM questions"
                     " JOIN answers ON question_id = questions.id"
                     f" WHERE age(answers.xmin) <= age('{began}'::xid)")

    def _mark_again(self):
        self.sql("ALTER TABLE answers ENABLE TRIGGER USER")

    def read_into_memory(self):
        """Reads the cluster's files once, so that they are in the system's file cache, and the tables
        into PostgreSQL's buffers; GiB."""
        total = 0
        for path in sorted((self.state / "postgres/base").rglob("*")):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file():
                    with path.open("rb", buffering=0) as file:
                        while chunk := file.read(1 << 22):
                            total += len(chunk)
        self.sql("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
        self.sql("SELECT pg_prewarm(oid) FROM pg_class WHERE relkind IN ('r', 'i')"
                 " AND relnamespace = 'public'::regnamespace")
        return round(total / 2**30, 2)

    # The service

    def serve(self, settings):
        """Has the service and NGINX run with those settings, all else by default, and with an empty cache."""
        for part in ("nginx", "service"):
            self._stop(part)
        self.stack_sh("start", **settings)

    def _stop(self, part):
        pid = self.pid_of(part)
        if pid:
            os.kill(pid, signal.SIGTERM)
            end = time.monotonic() + 15
            while self.pid_of(part):
                if time.monotonic() > end:
                    raise BenchError(f"the {part} does not stop")
                time.sleep(0.02)

    def pid_of(self, part):
        """Of a part's main process, if it is alive and not a stranger."""
        pid_file, folder = PARTS[part]
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int((self.state / pid_file).read_text().split()[0])
            if os.path.samefile(f"/proc/{pid}/cwd", self.state / folder):
                return pid
        return None

    def pids(self):
        """The main processes of each part that runs."""
        parts = {"nginx": "nginx", "workers": "service", "postgresql": "postgres"}
        found = {part: self.pid_of(name) for part, name in parts.items()}
        return {part: [pid] for part, pid in found.items() if pid}

    def private_mib(self):
        """The memory that is the workers' own, of the one that has most: MiB."""
        service = self.pid_of("service")
        workers = Path(f"/proc/{service}/task/{service}/children").read_text().split()
        sizes = [re.search(r"^RssAnon:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.M)
                 for pid in workers]
        return max(int(size[1]) for size in sizes) / 1024

    def workers(self):
        """How many workers of the service NGINX knows."""
        return len((self.state / "nginx/workers.conf").read_text().splitlines())

    # The database

    def superuser(self):
        """The environment in which libpq's programs are the superuser."""
        return {"PGHOST": str((self.state / "run").resolve()), "PGUSER": "postgres",
                "PGDATABASE": "atelier_qa"}

    def service_role(self):
        """The same for the role that serves."""
        url = (self.state / "secrets/service-url").read_text().strip()
        user, password = re.fullmatch(r"postgresql://(\w+):(\w+)@/.*", url).groups()
        return {**self.superuser(), "PGUSER": user, "PGPASSWORD": password}

    def sql(self, statement):
        return output_of(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement], 900,
                         self.superuser()).strip()

    def checkpoint(self):
        """Writes are compared from the same state: nothing left to write, no page in the log yet."""
        self.sql("CHECKPOINT")
