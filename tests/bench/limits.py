"""What a scenario is held against: PostgreSQL alone (pgbench) and NGINX alone (a static file)."""

import contextlib
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from commands import BenchError, output_of, start_apart
from settings import CHECKOUT, PAGE_COUNT, PGBENCH_CLIENTS

QUERIES = CHECKOUT / "sql/queries"
# As in the service's own sessions (src/db/connection.c).
SESSION = ("-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_bitmapscan=off"
           " -c jit=off -c TimeZone=UTC")

SELECT_1 = "SELECT 1;\n"
ONE_ROW_UPDATE = """\
\\set answer random(1, :answers)
UPDATE answers SET helpful = helpful + 1 WHERE id = :answer;
"""
INSERT_ANSWER = (Path(__file__).parent / "insert_answer.sql").read_text(encoding="utf-8")


def service_query(name, draw, parameters):
    """The service's own statement for pgbench: its $1, $2 ... become variables."""
    statement = (QUERIES / f"{name}.sql").read_text(encoding="utf-8")
    lines = [f"\\set parameter1 {draw}"]
    lines += [f"\\set parameter{number} {value}" for number, value in enumerate(parameters, 2)]
    statement = re.sub(r"^\s*--.*\n", "", statement, flags=re.M).strip()
    return "\n".join([*lines, re.sub(r"\$(\d)", r":parameter\1", statement) + ";", ""])


# Product; count, offset, most answers of each question. Question; page, count, offset.
QUESTIONS_QUERY = service_query("list_questions", "random(1, :products)", (PAGE_COUNT, 0, 100))
ANSWERS_QUERY = service_query("list_answers", "random(1, :questions)", (1, PAGE_COUNT, 0))


def run_pgbench(stack, script, seconds, warm_up=0):
    """Prepared statements of the serving role, as the service uses them; durable as the service is.
    What the first `warm_up` seconds reach does not count: each new server process first maps the
    gigabytes of shared buffers, page by page, which the service's connections have done long ago."""
    # At least two seconds, since pgbench does not always tell the figure of the last one.
    warm_up, seconds = round(warm_up), max(2, round(seconds))
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        variables = [f"-D{name}={stack.rows[name]}" for name in ("products", "questions", "answers")]
        output = output_of(
            ["pgbench", "-n", "-M", "prepared", "-c", PGBENCH_CLIENTS, "-j", 2, "-T",
             warm_up + seconds, "-P", 1, *variables, "-f", file.name], warm_up + seconds + 60,
            {**stack.service_role(), "PGOPTIONS": SESSION}, stderr=subprocess.STDOUT)
    failed = re.search(r"failed transactions: (\d+)", output)
    return {"rate": rate_after(warm_up, output), "failed": int(failed[1]) if failed else 0,
            "failures": {}}


def rate_after(warm_up, output):
    """From pgbench's figures of each second, or, where all count, its own total."""
    if not warm_up:
        return float(re.search(r"^tps = ([\d.]+)", output, re.M)[1])
    return statistics.mean(
        float(rate) for second, rate in re.findall(r"^progress: ([\d.]+) s, ([\d.]+) tps", output, re.M)
        if float(second) > warm_up + 0.5)


NGINX_CONF = """\
daemon off;
worker_processes auto;
pid nginx.pid;
error_log error.log;
events { worker_connections 8192; }
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    open_file_cache max=10;
    keepalive_requests 1000000;
    default_type application/json;
    client_body_temp_path temp;
    proxy_temp_path temp;
    fastcgi_temp_path temp;
    uwsgi_temp_path temp;
    scgi_temp_path temp;
    server {
        listen 127.0.0.1:PORT;
        root www;
        location = /gzip.json {
            gzip_static on;
        }
    }
}
"""


@dataclass(frozen=True)
class Server:
    """Something else than our stack that is measured."""
    base_url: str
    main_pids: dict  # by part, as those of a stack

    def pids(self):
        return self.main_pids


@contextlib.contextmanager
def static_files(port, plain_bytes, gzip_bytes):
    """An NGINX of its own, without a log, that serves a file of that size, and to who takes gzip one that
    was compressed to that size: a Server."""
    folder = Path(tempfile.mkdtemp(prefix="atelier-qa-bench."))
    process = None
    try:
        folder.chmod(0o755)
        (folder / "www").mkdir()
        (folder / "www/page.json").write_bytes(b"x" * plain_bytes)
        (folder / "www/gzip.json.gz").write_bytes(b"x" * gzip_bytes)
        (folder / "nginx.conf").write_text(
            NGINX_CONF.replace("PORT", str(port)))
        with open(folder / "start.log", "wb") as log:
            process = start_apart(
                ["nginx", "-p", f"{folder}/", "-c", "nginx.conf", "-e", "error.log"], stdout=log, stderr=log,
                env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"})
        base_url = f"http://127.0.0.1:{port}"
        wait_until_answered(base_url + "/page.json", process)
        yield Server(base_url, {"nginx": [process.pid]})
    finally:
        if process:
            process.terminate()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def wait_until_answered(url, process):
    end = time.monotonic() + 10
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1):
            return
        if process.poll() is not None or time.monotonic() > end:
            raise BenchError(f"NGINX does not start: {url} is not served")
        time.sleep(0.05)
