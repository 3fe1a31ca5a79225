"""NGINX: its configuration, the files that it serves, its process."""

import contextlib
import http.client
import os
import shutil
import signal
import sys
from pathlib import Path

import admin
from common import Failure, locked, output, run, start, write_anew
from parts import NGINX, end_process, processes

FIRST_FREE_PORT = 1024  # below it NGINX needs a capability
MODULE = "ngx_http_qa_pages_module.so"
CERTIFICATE = "certificate"


def install_module(program):
    """A copy of our own of what was built beside the program; none where none was."""
    Path("nginx", MODULE).unlink(missing_ok=True)  # an NGINX that still has it keeps it
    with contextlib.suppress(FileNotFoundError):
        shutil.copyfile(Path(program).with_name(MODULE), Path("nginx", MODULE))
        Path("nginx", MODULE).chmod(0o644)


def _sanitizer(*options):
    """What a module that was built with SANITIZE=1 needs of an NGINX that was not, and its options besides."""
    library = output("gcc", "-print-file-name=libasan.so") if os.environ.get("SANITIZE") else None
    if not library or not Path("nginx", MODULE).exists():
        return {}
    # NGINX leaves memory to the end of the process.
    all_options = [os.environ.get("ASAN_OPTIONS"), "detect_leaks=0", *options]
    return {"LD_PRELOAD": library.strip(), "ASAN_OPTIONS": ":".join(filter(None, all_options))}


def tls_port():
    """Where it speaks TLS; None where it has no certificate."""
    return (os.environ.get("QA_TLS_PORT") or "8443") if os.environ.get("QA_TLS_CERTIFICATE") else None


def _note_certificate():
    """For take_certificate(): where certificate and key are, a line each; nothing where there is no TLS."""
    if tls_port():
        write_anew(CERTIFICATE, f"{os.environ['QA_TLS_CERTIFICATE']}\n{os.environ['QA_TLS_KEY']}\n")
    else:
        Path(CERTIFICATE).unlink(missing_ok=True)


def take_certificate(script):
    """A renewed one is used from the next handshake on, also where only the start was told where it is."""
    with contextlib.suppress(FileNotFoundError):
        certificate, key = Path(CERTIFICATE).read_text().splitlines()
        known = {"QA_TLS_CERTIFICATE": certificate, "QA_TLS_KEY": key}
        if run(script, "nginx", env={**os.environ, **({} if tls_port() else known)}) != 0:
            raise Failure


def configure(configure_nginx, port, **settings):
    os.environ["QA_ACCESS_LOG"] = os.environ.get("QA_ACCESS_LOG") or "../log/access.log"
    os.environ["QA_ERROR_LOG"] = os.environ.get("QA_ERROR_LOG") or f"../{NGINX.log}"
    if run(configure_nginx, "nginx", env={**os.environ, **_sanitizer(), **settings}) != 0:
        raise Failure
    stop_orphans()
    if port_is_taken(int(port)):
        by = " by the admin process of another stack" if admin.listens(f"127.0.0.1:{port}") else ""
        raise Failure(f"port {port} is in use{by}; set PORT to another one, as in: make run PORT=8090")
    if tls_port() and port_is_taken(int(tls_port())):
        raise Failure(f"port {tls_port()} is in use; set QA_TLS_PORT to another one")
    write_anew("port", f"{port}\n")
    _note_certificate()


def publish_files(checkout):
    with locked(checkout / "Makefile"):
        for source in ("web", "build/reference", "build/photos"):
            target = Path("nginx", Path(source).name)
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(checkout / source, target)
            for path in (target, *target.rglob("*")):
                path.chmod(0o755 if path.is_dir() else 0o644)


def launch(port, bare):
    with open("log/nginx-start.log", "w", encoding="utf-8") as log:
        # SCHED_BATCH as a worker has it (src/process/worker.c). A relative prefix: NGINX takes a $ in a path
        # for a variable.
        lowest = min(int(port), int(tls_port() or port))
        status = start("chrt", "--batch", "0", *(bare if lowest >= FIRST_FREE_PORT else []),
                       "nginx", "-p", ".", "-c", "nginx.conf", "-e", "stderr", cwd="nginx", stderr=log,
                       # A report has a file of its own, seen from there: in an absolute path a blank would end the
                       # option.
                       env={**os.environ, **_sanitizer("log_path=../log/nginx-sanitizer")})
    if status != 0:
        sys.stderr.write(Path("log/nginx-start.log").read_text())
        raise Failure("NGINX does not start")


def stop_orphans():
    """Workers of an NGINX whose master was killed go on serving; they work in our NGINX's folder."""
    for pid in processes():
        with contextlib.suppress(OSError):
            if os.path.samefile(f"/proc/{pid}/cwd", "nginx") and \
                    Path(f"/proc/{pid}/comm").read_text() == "nginx\n":
                _ = end_process(pid, signal.SIGTERM, 3) or end_process(pid, signal.SIGKILL, 2)


def is_ready(port):
    """Whether the service answers through it."""
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def port_is_taken(port):
    """Whether anything listens on it."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                _, local, _, state, *_ = line.split()
                if state == "0A" and int(local.rpartition(":")[2], 16) == port:
                    return True
    return False
