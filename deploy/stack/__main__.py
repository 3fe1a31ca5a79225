"""The commands of deploy/stack.sh.

They promise: a start that was cut short anywhere, even by kill -9 or a power failure, is completed by the next
one; what fails to start leaves nothing running that this start began; only its own processes are ever ended, by
their ids; no secret is on a command line."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import admin
import nginx
import service
import state
from cluster import Cluster
from common import (SECONDS_TO_READY, Failure, Stopped, check_stop_signals, heed_stop_signals,
                    ignore_stop_signals, locked, pause, run, say, write_anew)
from owner import become_owner, more_files
from parts import NGINX, PARTS, POSTGRES, SERVICE, rotate
from settings import Settings

SECONDS_TO_LOCK = 300
STARTED = Path("started")  # says whether the cluster is private or external


class Stack:
    def __init__(self, command, handed_state):
        """`handed_state`: the state directory, where root has handed over (owner.py); else None."""
        self.command, self.handed_state = command, handed_state
        self.deploy = Path(__file__).resolve().parents[1]
        self.checkout = self.deploy.parent
        # What a part is put behind, so that it has no capability that it does not need.
        self.bare = ["setpriv", "--inh-caps=-all", "--ambient-caps=-all", "--"] if handed_state else []
        self.settings = Settings(self.checkout)
        self.began = []  # the parts that this start began

    # ---- The commands ----

    def run(self):
        self.prepare()
        with contextlib.suppress(FileNotFoundError):
            if not state.is_mine("foreground"):
                os.unlink("foreground")
        elsewhere = f"running in the foreground elsewhere; to end it: {self.stop_command}"
        with locked("foreground", os.O_RDWR | os.O_CREAT, busy=elsewhere, seconds=0):
            with self.locked():
                self.start_parts()
            try:
                say("Atelier Q&A is running.")
                self.say_where("Ctrl-C")
                self.follow()
            except Stopped:
                pass
            finally:
                ignore_stop_signals()
                say("Stopping")
                with self.locked():
                    self.stop_parts()
                say("Stopped")

    def start(self):
        self.prepare()
        with self.locked():
            self.read_port()
            if self.is_healthy():
                say("Atelier Q&A is running already.")
            else:
                self.start_parts()
                say("Atelier Q&A is running.")
        self.say_where(self.stop_command)

    def stop(self):
        self.settings.read()  # what is wrong is told, and no reason to go on running
        self.settle()
        if os.path.isdir(self.state) and os.geteuid() != 0:
            state.enter(self.state)
            with self.locked():
                self.stop_parts()
        say("Atelier Q&A is stopped.")

    def reload(self):
        """Settings, secrets and a renewed certificate, without a lost request."""
        self.settings.read()  # what is wrong with them the service tells as well
        self.settle()
        if not os.path.isdir(self.state) or os.geteuid() == 0:
            raise Failure(f"nothing was ever started in {self.state}")
        state.enter(self.state)
        with self.locked():
            pid = SERVICE.pid()
            if not pid:
                raise Failure("the service does not run")
            nginx.take_certificate(self.deploy / "take-certificate.sh")
            os.kill(pid, signal.SIGHUP)
        say(f"The service reloads; {self.state}/{SERVICE.log} tells how it went")

    def status(self):
        self.settings.read()
        self.settle()
        if not os.path.isdir(self.state) or os.geteuid() == 0:
            raise Failure(f"nothing was ever started in {self.state}")
        state.enter(self.state)
        self.read_port()
        for part in PARTS:
            say(f"{part.name}: {part.pid() or 'not running'}")
        if not self.is_healthy():
            raise Failure("not ready")
        self.say_where(self.stop_command)

    # ---- What comes first ----

    @staticmethod
    def locked():
        """Only one at a time starts or stops what is in the state directory."""
        return locked(".", busy="Another start or stop is under way: waiting for it", seconds=SECONDS_TO_LOCK)

    def prepare(self):
        if not self.handed_state:
            self.build()
        if not self.settings.read():
            raise Failure
        self.sample_products = self.settings.sample_products
        self.settle()
        state.prepare(self.state)
        self.state = os.getcwd()

    def build(self):
        """Stacks may share a checkout: only one builds at a time."""
        with locked(self.checkout / "Makefile"):
            if run("make", "--silent", "-C", self.checkout, "-j", str(os.cpu_count()), "build",
                   env={**os.environ, "MAKEFLAGS": ""}) != 0:
                raise Failure("the build failed")

    def settle(self):
        """What follows from the settings; root goes on as the owner of the state directory."""
        self.state = self.handed_state or self.settings.state
        self.port = self.settings.port
        self.stop_command = self.settings.stop_command()
        self.is_private = self.settings.given("DATABASE_URL") is None
        drain_s = self.settings.number("QA_DRAIN_TIMEOUT_MS", 8000) // 1000
        SERVICE.endings = (signal.SIGTERM, drain_s + 4), (signal.SIGKILL, 2)
        if self.settings.given("QA_LISTEN"):
            os.environ["QA_LISTEN"] = self.settings.given("QA_LISTEN")
        if os.geteuid() == 0:
            become_owner(self.state, self.command, self.checkout, self.settings.program)

    def read_port(self):
        if NGINX.pid():
            self.port = Path("port").read_text().strip()

    # ---- All parts ----

    def is_healthy(self):
        if not STARTED.exists():
            return False
        is_external = STARTED.read_text() == "external\n"
        return all(part.pid() or (part is POSTGRES and is_external) for part in PARTS) and \
            nginx.is_ready(self.port)

    def ended(self):
        """The parts that were started and do not run."""
        return [part for part in PARTS
                if not part.pid() and (self.is_private or part is not POSTGRES) and STARTED.exists()]

    def stop_parts(self):
        STARTED.unlink(missing_ok=True)
        for part in PARTS:
            part.stop()
        nginx.stop_orphans()
        state.remove_sockets()

    def start_parts(self):
        """All that are missing. Those that it began end when it fails."""
        try:
            self.start_missing()
        except BaseException:
            ignore_stop_signals()
            time.sleep(0.3 if self.began else 0)  # what was just launched writes its id first
            for part in self.began[::-1]:
                part.stop()
            if self.began and not any(part.pid() for part in PARTS):
                state.remove_sockets()
            raise

    def start_missing(self):
        sockets = state.prepare_sockets()
        self.read_port()
        for part in self.ended():
            say(f"{part.name} has ended: starting it again")
        os.environ["QA_LISTEN"] = os.environ.get("QA_LISTEN") or f"unix:{sockets}/worker"
        os.environ["QA_STATE_DIR"] = self.state
        os.environ["QA_WORKERS"] = str(self.count_workers())
        os.environ["PORT"] = str(self.port)  # the admin process listens beside it
        shared_file = self.settings.shared_file(sockets)
        more_files()
        if not NGINX.pid():
            nginx.install_module(self.settings.program)
            nginx.publish_files(self.checkout)
            nginx.configure(self.deploy / "configure-nginx.sh", self.port, QA_SHARED_FILE=shared_file,
                            QA_SERVER_TIMING=self.settings.value("QA_SERVER_TIMING"),
                            QA_PAUSE_TIMEOUT_S=self.settings.value("QA_PAUSE_TIMEOUT_S"))
        if not SERVICE.pid():
            service.install(self.settings.program)
        cluster = self.start_cluster(sockets) if self.is_private else None
        service.migrate(self.bare)
        if cluster:
            cluster.load_sample(self.sample_products)
        if not SERVICE.pid():
            Path(SERVICE.pid_file).unlink(missing_ok=True)
            service.remove_leftovers(sockets)
            self.begin(SERVICE)
            admin.note_addresses("bin/atelier-qa")
            service.launch(self.bare, self.settings.given("QA_LOG_FILE") is not None)
        self.wait_until(service.workers_listen)
        if not NGINX.pid():
            self.begin(NGINX)
            rotate("log/access.log")
            nginx.launch(self.port, self.bare)
        self.wait_until(lambda: nginx.is_ready(self.port))
        write_anew(STARTED, "private\n" if self.is_private else "external\n")

    def start_cluster(self, sockets):
        for name in list(os.environ):  # libpq's variables are about servers of the caller's
            if name == "DATABASE_URL" or name.startswith("PG"):
                del os.environ[name]
        cluster = Cluster(self.deploy, sockets, self.bare)
        if not POSTGRES.pid():
            self.begin(POSTGRES)
            cluster.launch(int(os.environ["QA_WORKERS"]) * (self.settings.number("QA_READ_CONNECTIONS")
                                                            + self.settings.number("QA_WRITE_CONNECTIONS")))
            check_stop_signals()
        cluster.prepare()
        return cluster

    def count_workers(self):
        """What is added to a running part must agree with it."""
        if NGINX.pid() or SERVICE.pid():
            return len(Path("nginx/workers.conf").read_text().splitlines())
        return self.settings.given("QA_WORKERS") or len(os.sched_getaffinity(0))

    def begin(self, part):
        self.began.append(part)
        rotate(part.log)

    def wait_until(self, condition):
        deadline = time.monotonic() + SECONDS_TO_READY
        while not condition():
            if not SERVICE.pid():
                raise Failure(f"the service has ended, see {self.state}/{SERVICE.log}", SERVICE)
            if time.monotonic() > deadline:
                raise Failure(f"not ready after {SECONDS_TO_READY} seconds, see {self.state}/log", SERVICE)
            pause()

    # ---- What is told ----

    def say_where(self, how_to_stop):
        page = admin.page()
        status = f"\n  status      {page}" if page else ""
        address = f"https://localhost:{nginx.tls_port()}" if nginx.tls_port() else f"http://localhost:{self.port}"
        say(f"""
  demo page   {address}/demo/
  the API     curl '{address}/qa/questions?product_id=1'
  reference   {address}/docs/{status}
  logs        {self.state}/log/
  stop        {how_to_stop}
""")

    def follow(self):
        """Shows the logs until a part ends, `stop` is called elsewhere or the terminal goes away."""
        is_terminal = os.isatty(1)
        subprocess.Popen(["tail", "--follow=name", "--lines=0", "--quiet", f"--pid={os.getpid()}",
                          *(part.log for part in PARTS)],
                         stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        while STARTED.exists() and (os.isatty(1) or not is_terminal):
            for part in self.ended():
                raise Failure(f"{part.name} has ended, see {self.state}/{part.log}")
            pause(0.2)


def read_arguments(arguments):
    """The command, and the state directory where root has handed over (owner.py)."""
    if len(arguments) == 3 and arguments[0] == "as-owner" and os.geteuid() != 0:
        return arguments[2], arguments[1]
    return (arguments[0] if arguments else ""), None


def main():
    os.umask(0o022)
    os.environ["LC_ALL"] = "C.UTF-8"
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    heed_stop_signals()
    stack = Stack(*read_arguments(sys.argv[1:]))
    try:
        command = {"run": stack.run, "start": stack.start, "stop": stack.stop,
                   "reload": stack.reload, "status": stack.status}.get(stack.command)
        if not command:
            raise Failure("usage: stack.sh run | start | stop | reload | status")
        command()
    except Stopped as stopped:
        return stopped.status
    except Failure as failure:
        words = failure.part.last_words() if failure.part else ""
        sys.stderr.write(words + (f"Atelier Q&A: {failure.message}\n" if failure.message else ""))
        return 1
    except (OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"Atelier Q&A: {error}\n")
        return 1
    finally:
        if stack.handed_state:
            shutil.rmtree(stack.checkout, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
