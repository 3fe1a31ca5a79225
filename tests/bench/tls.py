"""TLS and HTTP/2: an NGINX with a certificate in front of the stack's workers, one with a file to hold it against, and
h2load, which asks both."""

import contextlib
import os
import random
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from commands import output_of
from settings import CHECKOUT, HOT_PRODUCTS
from static_files import FILES, MODULE, Server, configure_nginx, start_nginx, wait_until_answered
from targets import ids_by_rank

TARGETS = 100_000  # in the file that h2load reads; then it begins again
THREADS = 2


def make_certificate(folder):
    """The settings with a certificate of our own, of the kind that most sites have."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    output_of(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
               "-subj", "/CN=127.0.0.1", "-out", certificate, "-keyout", key])
    return {"QA_TLS_CERTIFICATE": str(certificate), "QA_TLS_KEY": str(key)}


@contextlib.contextmanager
def running_tls(port, configure):
    """An NGINX that speaks TLS on that port, `configure(folder, settings)`: a Server."""
    folder = Path(tempfile.mkdtemp(prefix="atelier-qa-bench."))
    process = None
    try:
        folder.chmod(0o755)
        configure(folder, {**make_certificate(folder), "QA_TLS_PORT": str(port), "PORT": str(port + 1),
                           "QA_NGINX_USER": "root root" if os.geteuid() == 0 else ""})
        with open(folder / "start.log", "wb") as log:
            process = start_nginx(folder, log)
        wait_until_answered(f"http://127.0.0.1:{port + 1}/healthz", process)
        yield Server(f"https://127.0.0.1:{port}", {"nginx": [process.pid]})
    finally:
        if process:
            process.terminate()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def pages_over_tls(stack, port):
    """Our configuration and module, with the pages of the stack."""
    def configure(folder, settings):
        run = (stack.state / "run").resolve()
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(MODULE, folder)
        subprocess.run([CHECKOUT / "deploy/configure-nginx.sh", folder], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "QA_LISTEN": f"unix:{run}/worker", "QA_WORKERS": str(stack.workers()),
                            "QA_SHARED_FILE": str(max(run.glob("versions.*[0-9]"))), "QA_ACCESS_LOG": "access.log",
                            "QA_ERROR_LOG": "error.log", **settings})
    return running_tls(port, configure)


def file_over_tls(port, size):
    """Our configuration with a file of that size."""
    def configure(folder, settings):
        (folder / "www").mkdir()
        (folder / "www/page.json").write_bytes(b"x" * size)
        (folder / "www/healthz").write_bytes(b"")
        configure_nginx(folder, settings["PORT"], f"unix:{folder}/worker", 1, settings)
        with open(folder / "listen.conf", "a", encoding="ascii") as listen:
            listen.write(f"default_type application/json;\n{FILES}location = /healthz {{ }}\n")
    return running_tls(port, configure)


def page_urls(base_url, products):
    """Of the hot products, in random order."""
    id_of = ids_by_rank(products)
    source = random.Random()
    for _ in range(TARGETS):
        yield f"{base_url}/qa/questions?product_id={id_of(source.randint(1, min(HOT_PRODUCTS, products)))}"


def run_h2load(folder, urls, connections, seconds):
    """One run, with one request at a time on each connection, as wrk has it."""
    targets = Path(folder) / "urls"
    targets.write_text("".join(f"{url}\n" for url in urls), encoding="ascii")
    return figures_of(output_of(["h2load", f"--threads={THREADS}", f"--clients={connections}", "--max-concurrent-streams=1",
                                 f"--duration={max(1, round(seconds))}", f"--input-file={targets}"], seconds + 60))


def figures_of(output):
    """Of what h2load prints."""
    def numbers(pattern):
        return [float(number) for number in re.search(pattern, output).groups()]

    [rate] = numbers(r"finished in [\d.]+m?s, ([\d.]+) req/s")
    done, failed, broken = numbers(r"(\d+) done, \d+ succeeded, (\d+) failed, (\d+) errored")
    [moved] = numbers(r"status codes: \d+ 2xx, (\d+) 3xx")
    failures = {"refused": failed - broken, "broken": broken, "moved": moved}  # "failed" are also those that broke
    return {"rate": rate, "requests": int(done), "failed": int(sum(failures.values())),
            "failures": {name: int(count) for name, count in failures.items() if count}}
