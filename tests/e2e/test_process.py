"""The program by itself, without NGINX: how it starts, stops and dies."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

import gates
import sandbox
import seed
from api import PATIENCE_S, QUESTION, ask, new_product
from exposition import scrape
from stack import WORKERS, UnixConnection, assert_no_sanitizer_report, children, free_port, wait_until, workers


class Service:
    """`atelier-qa serve` with two workers on Unix sockets, as a child of the test, on the database
    of `stack`."""

    def __init__(self, stack, folder, prefix=(), close_fds=True, **settings):
        """`prefix`: a command that runs the program, and inherits what is inheritable if not `close_fds`."""
        self.folder = folder
        if sandbox.IS_ASKED:
            prefix = [*prefix, *sandbox.launcher_like(stack, folder)]
        environment = {**os.environ, "DATABASE_URL": stack.serving_url, "QA_WORKERS": "2",
                       "QA_STATE_DIR": str(folder), "QA_ADMIN_LISTEN": f"unix:{folder}/run/admin.sock",
                       **settings}
        with (folder / "log").open("ab") as log:
            self.process = subprocess.Popen([*prefix, stack.program, "serve"], env=environment,
                                            stderr=log, start_new_session=True, close_fds=close_fds)

    def connection(self, number=0):
        return UnixConnection(self.folder / f"run/worker{number}.sock")

    def wait_until_ready(self):
        wait_until(lambda: is_ready(self.connection(0)) and is_ready(self.connection(1)))
        self.workers = workers(self.process.pid)
        assert len(self.workers) == 2

    def lines(self):
        return [json.loads(line) for line in (self.folder / "log").open()]

    def wait_until_draining(self):
        """Until no worker takes new connections; those that it has go on."""
        def listens(worker):
            with open("/proc/net/unix") as sockets:
                next(sockets)
                rows = [line.split() for line in sockets]
            listening = {f"socket:[{row[6]}]" for row in rows if int(row[3], 16) & 0x10000}
            try:
                return any(os.readlink(entry) in listening
                           for entry in Path(f"/proc/{worker}/fd").iterdir())
            except FileNotFoundError:  # it is just closing one
                return os.path.exists(f"/proc/{worker}/cwd")

        wait_until(lambda: not any(map(listens, self.workers)))

    def metrics(self):
        return scrape(UnixConnection(self.folder / "run/admin.sock"))

    def workers_at(self, place):
        """The pids of all workers that were ever started there."""
        return [line["pid"] for line in self.lines()
                if line["message"] == "worker started" and line["index"] == place]

    def errors_of_supervisor(self):
        return [line for line in self.lines() if line["level"] == "error" and "worker" not in line]

    def no_worker_is_left(self):
        return not any(os.path.exists(f"/proc/{worker}/cwd") for worker in self.workers)


def is_ready(connection):
    try:
        return ask(connection, "GET", "/readyz").status_code == 200
    except OSError:
        return False


@contextlib.contextmanager
def running(stack, folder, **settings):
    service = Service(stack, folder, **settings)
    try:
        yield service
    finally:
        processes = children(service.process.pid)
        service.process.kill()
        service.process.wait()
        wait_until(lambda: not any(os.path.exists(f"/proc/{pid}/cwd") for pid in processes))
        assert_no_sanitizer_report(folder / "log")


def test_no_worker_outlives_a_supervisor_that_dies_while_it_starts(stack, tmp_path):
    for attempt in range(5):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        service = Service(stack, folder)
        wait_until(lambda: children(service.process.pid))
        service.workers = children(service.process.pid)
        service.process.kill()
        service.process.wait()
        wait_until(service.no_worker_is_left)


@pytest.fixture
def service(stack, tmp_path):
    with running(stack, tmp_path) as service:
        service.wait_until_ready()
        yield service


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_exits_0_and_leaves_no_worker(service, stop):
    service.process.send_signal(stop)
    assert service.process.wait(PATIENCE_S) == 0
    assert service.no_worker_is_left()


def test_a_stop_finishes_the_request_in_flight(stack, service):
    [question] = seed.questions(stack, new_product(), [0])
    with ThreadPoolExecutor(1) as clients, gates.on_commits(stack):
        with gates.closed(stack, gates.COMMITS):
            waiting = clients.submit(ask, service.connection(), "PUT",
                                     f"/qa/questions/{question}/helpful")
            gates.wait_until_somebody_waits(stack)
            service.process.send_signal(signal.SIGTERM)
            service.wait_until_draining()
        assert waiting.result().status_code == 204
    assert service.process.wait(PATIENCE_S) == 0
    assert stack.sql("SELECT helpful FROM questions WHERE id = %s", question) == [(1,)]


def test_a_stop_answers_what_still_comes_on_open_connections(service):
    connection = service.connection()
    assert ask(connection, "GET", "/healthz").status_code == 200
    service.process.send_signal(signal.SIGTERM)
    service.wait_until_draining()
    answer = ask(connection, "GET", "/qa/questions?product_id=1")
    assert answer.status_code == 200
    assert answer.headers["Connection"].lower() == "close"
    assert service.process.wait(PATIENCE_S) == 0


def test_a_stop_in_the_middle_of_a_reload_exits_0(service):
    service.process.send_signal(signal.SIGHUP)
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(PATIENCE_S) == 0
    assert service.no_worker_is_left()


def test_a_reload_while_a_worker_waits_to_be_started_again_leaves_one_at_each_place(service):
    for _ in range(5):  # each dies young, so the next one waits longer, up to a second
        last = service.workers_at(0)[-1]
        os.kill(last, signal.SIGKILL)
        wait_until(lambda: service.workers_at(0)[-1] != last)
    os.kill(service.workers_at(0)[-1], signal.SIGKILL)
    before = len(service.workers_at(1))
    service.process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(service.workers_at(1)) > before)
    new = [line for line in service.lines() if line["message"] == "worker started"]
    while new.pop()["index"] != 1:  # at place 0 of the old generation, after both of the new one
        pass
    old = {*service.workers_at(0), *service.workers} - {new[-1]["pid"]}

    def is_reloaded():
        """Until then, one that is started again dies at once: so one always waits."""
        for pid in set(service.workers_at(0)) - old - {new[-1]["pid"]}:
            os.kill(pid, signal.SIGKILL)
            old.add(pid)
        return any(line["message"] == "reloaded" for line in service.lines())

    wait_until(is_reloaded)
    time.sleep(1.2)  # in which the one that waited would have been started
    wait_until(lambda: len(workers(service.process.pid)) == 2)
    service.wait_until_ready()


def test_a_stop_of_all_processes_at_once_is_a_stop_and_the_admin_process_sees_it_to_its_end(stack, service):
    """As systemd stops a unit."""
    [question] = seed.questions(stack, new_product(), [0])
    [admin] = set(children(service.process.pid)) - set(service.workers)
    with ThreadPoolExecutor(1) as clients, gates.on_commits(stack):
        with gates.closed(stack, gates.COMMITS):
            waiting = clients.submit(ask, service.connection(), "PUT", f"/qa/questions/{question}/helpful")
            gates.wait_until_somebody_waits(stack)
            for pid in (admin, *service.workers, service.process.pid):
                os.kill(pid, signal.SIGTERM)
            service.wait_until_draining()
            time.sleep(0.5)  # longer than the admin process needs to end
            told = ask(UnixConnection(service.folder / "run/admin.sock"), "GET", "/status.json").json()
            assert told["state"] == "stopping"
            assert os.path.exists(f"/proc/{admin}/cwd")
        assert waiting.result().status_code == 204
    assert service.process.wait(PATIENCE_S) == 0
    assert [line for line in service.lines() if line["level"] == "error"] == []


def test_an_admin_process_that_alone_is_told_to_end_does_and_is_replaced(service):
    [admin] = set(children(service.process.pid)) - set(service.workers)
    os.kill(admin, signal.SIGTERM)
    wait_until(lambda: len(set(children(service.process.pid)) - {admin}) == 3)


def test_a_reload_that_needs_more_connections_than_the_database_has_is_refused(stack, tmp_path):
    env_file = tmp_path / "env"
    env_file.touch()
    with running(stack, tmp_path, QA_ENV_FILE=str(env_file)) as service:
        service.wait_until_ready()
        env_file.write_text("QA_READ_CONNECTIONS=60\n")
        service.process.send_signal(signal.SIGHUP)
        wait_until(service.errors_of_supervisor)
        [error] = service.errors_of_supervisor()
        assert "connections" in str(error)
        assert workers(service.process.pid) == service.workers


def test_workers_do_not_outlive_their_supervisor(service):
    service.process.kill()
    wait_until(service.no_worker_is_left)


def test_after_a_kill_it_can_be_started_again_in_the_same_place(stack, service, tmp_path):
    service.process.kill()
    service.process.wait()
    with running(stack, tmp_path) as again:
        again.wait_until_ready()


def test_it_listens_on_tcp_ports_one_for_each_worker(stack, tmp_path):
    base = free_port()
    with running(stack, tmp_path, QA_LISTEN=f"127.0.0.1:{base}"):
        wait_until(lambda: is_ready(HTTPConnection("127.0.0.1", base))
                   and is_ready(HTTPConnection("127.0.0.1", base + 1)))


def test_it_makes_the_folders_of_its_run_time_files(stack, tmp_path):
    base = free_port()
    with running(stack, tmp_path, QA_LISTEN=f"127.0.0.1:{base}",
                 QA_STATE_DIR=str(tmp_path / "not/there")):
        wait_until(lambda: is_ready(HTTPConnection("127.0.0.1", base)))


def test_workers_hold_two_connections_each_for_reads_and_four_for_writes(stack):
    stack.wait_until_whole()

    def connections():
        metrics = stack.metrics()
        return [metrics.total("atelier_qa_db_connections", set=name) for name in ("reads", "writes")]

    wait_until(lambda: connections() == [2 * WORKERS, 4 * WORKERS])


def test_an_idle_service_uses_no_cpu(service):
    def ticks():
        return sum(sum(map(int, open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[11:13]))
                   for pid in [service.process.pid, *children(service.process.pid)])

    def is_idle():
        """Or the machine has done something else meanwhile, and it is looked at again."""
        before = ticks()
        time.sleep(2)
        return ticks() - before <= 4  # hundredths of a second, of four processes

    wait_until(is_idle)


def address_space_kib(pid):
    return int(re.search(r"VmSize:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def post_question(service):
    """The product of a new question, whose body is as large as it may be, and the status of the
    response; None: the connection ended without one."""
    product = new_product()
    body = json.dumps({**QUESTION, "product_id": product, "padding": 60_000 * "x"}).encode()
    try:
        return product, ask(service.connection(), "POST", "/qa/questions", body).status_code
    except (OSError, HTTPException):
        return product, None


@pytest.mark.skipif(bool(os.environ.get("SANITIZE")), reason="AddressSanitizer needs terabytes")
def test_a_worker_whose_memory_runs_out_is_replaced_and_every_response_is_true(stack, tmp_path):
    for name in ("unlimited", "limited"):
        (tmp_path / name).mkdir()
    with running(stack, tmp_path / "unlimited", QA_CACHE_MB="0") as service:
        service.wait_until_ready()
        limit = max(address_space_kib(worker) for worker in service.workers) + 2048
    limited = ("sh", "-c", f'ulimit -v {limit}; exec "$@"', "sh")
    with running(stack, tmp_path / "limited", prefix=limited, QA_CACHE_MB="0") as service:
        service.wait_until_ready()
        responses = [post_question(service) for _ in range(5)]
        assert {status for _, status in responses} == {201}

        def one_has_died():
            with ThreadPoolExecutor(200) as clients:
                responses.extend(clients.map(post_question, 200 * [service]))
            return service.workers[0] not in children(service.process.pid)

        assert any(one_has_died() for _ in range(10))
        statuses = {status for _, status in responses}
        assert statuses <= {201, 503, 504, None}, statuses
        written = {row[0] for row in stack.sql(
            "SELECT product_id FROM questions WHERE product_id = ANY(%s)",
            [product for product, _ in responses])}
        assert all(product in written for product, status in responses if status == 201)
        assert not any(product in written for product, status in responses if status == 503)
        assert any(line["message"] == "memory is out; the process ends" for line in service.lines())
        service.wait_until_ready()
        assert post_question(service)[1] == 201


def test_a_worker_that_a_reload_starts_under_a_supervisor_with_another_memory_says_what_to_do(stack):
    memory = os.memfd_create("another")
    os.ftruncate(memory, 1 << 20)
    heartbeats_and_memory = 'exec "$0" worker 0 0 "$1" 0 5<>"$2" 7<>"$2"'  # include/process/worker.h
    result = subprocess.run(["sh", "-c", heartbeats_and_memory, stack.program, str(os.getpid()),
                             f"/proc/self/fd/{memory}"],
                            env={**os.environ, "DATABASE_URL": stack.serving_url}, pass_fds=[memory],
                            stderr=subprocess.PIPE, text=True)
    os.close(memory)
    assert result.returncode != 0
    no_metrics, line = map(json.loads, result.stderr.splitlines())
    assert "metrics" in no_metrics["message"]
    assert line["message"] == "the worker cannot start"
    assert "stop and start the service" in line["reason"]
