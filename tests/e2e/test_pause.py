"""A pause: the database is restarted, and clients wait instead of being told of an error."""

import contextlib
import os
import resource
import signal
import struct
import subprocess
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest

import gates
import seed
import wire
from api import PATIENCE_S, QUESTION, Api, ask, ask_once, assert_problem, new_product
from conftest import running
from stack import CHECKOUT, UnixConnection, wait_until

GENERATOR = "build/tools/constant_rate"
RATE = 200 if os.environ.get("SANITIZE") else 2000
SECONDS = 5
READ, VOTE, POST = range(3)  # kinds of requests
EXPECTED = {READ: 200, VOTE: 204, POST: 201}
NOT_SENT = -1  # for a status


@pytest.fixture(scope="module")
def stack():
    """However slow the machine is, no pause of it ends by itself, and nobody is refused for want of time."""
    with running(QA_SAMPLE_PRODUCTS="20", QA_LOG_LEVEL="info", QA_PAUSE_TIMEOUT_S="120", QA_LOCK_TIMEOUT_MS="20000",
                 QA_STATEMENT_TIMEOUT_MS="40000", QA_REQUEST_TIMEOUT_MS="60000", QA_DRAIN_TIMEOUT_MS="61000",
                 QA_OVERLOAD_AFTER_MS="60000") as stack:
        yield stack


@pytest.fixture
def question(stack):
    stack.wait_until_whole()
    return seed.questions(stack, new_product(), [0])[0]


def command(folder, word, program, **settings):
    return subprocess.run([program, word], text=True, capture_output=True, stdin=subprocess.DEVNULL,
                          env={**os.environ, "QA_STATE_DIR": str(folder), **settings})


def pause(stack, **settings):
    """Again, while some have waited in the pause of the test before and have no response yet."""
    results = []

    def is_told():
        results.append(command(stack.folder, "pause", stack.program, **settings))
        return "no response yet" not in results[-1].stderr

    wait_until(is_told)
    return results[-1]


def resume(stack):
    return command(stack.folder, "resume", stack.program)


@contextlib.contextmanager
def paused(stack):
    result = pause(stack)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("paused: no session is open;")
    wait_until(lambda: not stack.backends())  # which end by themselves
    try:
        yield
    finally:
        result = resume(stack)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("resumed after ")


def look(stack, path):
    connection = stack.admin()
    with contextlib.closing(connection):
        return ask(connection, "GET", path)


def status(stack):
    return look(stack, "/status.json").json()


def is_kept(worker, page):
    """Whether the worker has it in the cache, and so responds in a pause."""
    with wire.Client(worker) as client:
        client.send(wire.request("GET", page))
        wire.wait_until_taken_in(worker)
        return client.has_reply() and client.receive().status == 200


@contextlib.contextmanager
def paused_with(stack, page):
    """A pause in which a page is in the cache. One that is made soon after everything was invalidated, as by a
    restart of the database, stays there only for as long again as has passed since: so that is tried anew."""
    for _ in range(20):
        assert Api(stack.base_url).get(page).status_code == 200
        with paused(stack):
            if is_kept(wire.worker_sockets(stack)[0], page):
                yield
                return
    raise AssertionError("no page of the cache is served in a pause")


def vote(question):
    return wire.request("PUT", f"/qa/questions/{question}/helpful")


def stop(stack):
    os.kill(stack.supervisor_pid(), signal.SIGTERM)
    wait_until(lambda: not stack.supervisor_pid() and not stack.worker_pids())


def lines(stack, message):
    return [line for line in stack.log() if line["message"] == message]


@contextlib.contextmanager
def constant_rate(stack, folder, mix):
    """Sends the (kind, bytes) of `mix` in turn, RATE a second for SECONDS, or what a busy machine has time for; a
    list that has a (kind, status) for each after the block."""
    subprocess.run(["make", "--silent", GENERATOR], cwd=CHECKOUT, check=True)
    requests, results, outcomes = folder / "requests", folder / "results", []
    requests.write_bytes(b"".join(b"%d %d\n%s" % (len(mix[i % len(mix)][1]), *mix[i % len(mix)])
                                  for i in range(RATE * SECONDS)))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with subprocess.Popen([CHECKOUT / GENERATOR, str(stack.port), str(RATE), str(SECONDS), str(RATE),
                           requests, results], stdin=subprocess.DEVNULL,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))) as process:
        yield outcomes
    assert process.returncode == 0
    header, record = struct.Struct("=qq"), struct.Struct("=qqqii")
    outcomes += [(kind, status) for *_, status, kind in record.iter_unpack(results.read_bytes()[header.size:])
                 if status != NOT_SENT]


def test_a_restart_of_the_database_under_load_fails_no_request_and_loses_and_doubles_no_write(stack, tmp_path):
    product, other = new_product(), new_product()
    questions = seed.questions(stack, product, 5 * [0])
    reads = [(READ, wire.request("GET", f"/qa/questions?product_id={number}")) for number in (product, *range(1, 15))]
    votes = [(VOTE, vote(number)) for number in questions[:4]]
    post = (POST, wire.request("POST", "/qa/questions", {**QUESTION, "product_id": other}))

    def helpfulness():
        return stack.sql("SELECT sum(helpful)::int FROM questions WHERE product_id = %s", product)[0][0]

    before = len(stack.log())
    with constant_rate(stack, tmp_path, [*reads, *votes, post]) as outcomes:
        wait_until(lambda: helpfulness() > RATE // 10)
        with paused(stack):
            stack.restart_database()
    assert len(outcomes) > RATE
    assert [outcome for outcome in outcomes if outcome[1] != EXPECTED[outcome[0]]] == []
    assert helpfulness() == outcomes.count((VOTE, 204))
    assert stack.sql("SELECT count(*)::int FROM questions WHERE product_id = %s",
                     other) == [(outcomes.count((POST, 201)),)]
    told = stack.log()[before:]
    assert [line for line in told if line["level"] in ("warning", "error")] == []
    [over] = [line for line in told if line["message"] == "the pause is over"]
    assert over["reason"] == "resumed" and over["calls_waited"] > 0 and over["duration_ms"] > 0
    assert len([line for line in told if line["message"] == "a pause begins"]) == 1


def test_in_a_pause_pages_of_the_cache_are_served_and_all_else_waits_also_of_a_new_worker(stack, question):
    api = Api(stack.base_url)
    page = "/qa/questions?product_id=1"
    with contextlib.ExitStack() as clients:
        with paused_with(stack, page):
            assert pause(stack).returncode == 0  # it goes on
            assert api.get(page).status_code == 200
            before = stack.worker_pids()
            os.kill(before[0], signal.SIGKILL)
            wait_until(lambda: len(set(stack.worker_pids()) - {before[0]}) == 2)
            workers = stack.worker_pids()
            stack.reload()  # begins when the pause is over
            assert api.get("/readyz").status_code == 200
            waiting = []
            for worker in wire.worker_sockets(stack):
                for request in (vote(question), wire.request("GET", f"/qa/questions?product_id={new_product()}")):
                    client = clients.enter_context(wire.Client(worker))
                    client.send(request)
                    waiting.append(client)
                wire.wait_until_taken_in(worker)
            assert [client.receive() for client in waiting if client.has_reply()] == []
            assert stack.worker_pids() == workers
            assert not stack.backends()  # not of the new worker either
        assert [client.receive().status for client in waiting] == [204, 200, 204, 200]
    assert stack.sql("SELECT helpful FROM questions WHERE id = %s", question) == [(2,)]
    wait_until(lambda: not set(workers) & set(stack.worker_pids()))


def test_a_pause_is_shown_and_counted(stack, question):
    before = stack.metrics()
    assert (before.value("atelier_qa_paused"), status(stack)["paused"]) == (0, None)
    with wire.Client(wire.worker_sockets(stack)[0]) as client:
        with paused(stack):
            client.send(vote(question))
            wait_until(lambda: (status(stack)["paused"] or {}).get("calls") == 1)
            shown = status(stack)["paused"]
            assert (shown["state"], shown["workers"], shown["quiet_workers"], shown["sessions"]) == ("paused", 2, 2, 0)
            assert 0 < shown["ends_in_ms"] <= 120_000 and shown["paused_ms"] > 0
            text = look(stack, "/status.txt").content.decode()
            assert "a pause is on for" in text and "2 of 2 workers have no session, 1 calls wait" in text
            assert stack.metrics().value("atelier_qa_paused") == 1
        assert client.receive().status == 204
    after = stack.metrics()
    assert (after.value("atelier_qa_paused"), status(stack)["paused"]) == (0, None)
    assert "a pause is on" not in look(stack, "/status.txt").content.decode()
    assert after.since(before, "atelier_qa_pauses_total") == {("resumed",): 1}
    assert after.since(before, "atelier_qa_db_held_calls_total") == {("writes",): 1}


def test_a_worker_that_is_killed_in_a_pause_invalidates_nothing(stack, question):
    def kill_a_worker():
        pid = stack.worker_pids()[0]
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: len(set(stack.worker_pids()) - {pid}) == 2)

    before = stack.metrics()
    with paused(stack):
        kill_a_worker()
    stack.wait_until_whole()
    assert stack.metrics().since(before, "atelier_qa_worker_deaths_total") == {("signal",): 1}
    assert stack.metrics().since(before, "atelier_qa_cache_invalidations_total") == {}
    kill_a_worker()  # which may have had something under way
    assert stack.metrics().since(before, "atelier_qa_cache_invalidations_total") == {("worker_died",): 1}


def test_only_the_unix_socket_pauses(stack):
    connection = HTTPConnection("127.0.0.1", stack.port + 1, timeout=PATIENCE_S)
    assert ask(connection, "GET", "/pause").json()["state"] == "running"
    for path in ("/pause", "/resume"):
        assert_problem(ask(connection, "POST", path, b""), 403)
    connection.close()
    private = UnixConnection((stack.folder / "run").resolve() / "admin.sock")
    assert_problem(ask(private, "POST", "/resume", b""), 409)
    private.close()


def test_a_pause_that_is_not_reached_in_time_is_undone(stack, question):
    with gates.on_commits(stack), ThreadPoolExecutor(1) as clients:
        with gates.closed(stack, gates.COMMITS):
            waiting = clients.submit(ask_once, stack, "PUT", f"/qa/questions/{question}/helpful")
            gates.wait_until_somebody_waits(stack)
            result = pause(stack, QA_PAUSE_TIMEOUT_S="1")
            assert (result.returncode, result.stdout) == (1, "")
            assert "undone" in result.stderr
            assert ask_once(stack, "GET", f"/qa/questions?product_id={new_product()}").status_code == 200
        assert waiting.result().status_code == 204


def test_a_stop_in_a_pause_serves_what_waits(stack, question):
    assert pause(stack).returncode == 0
    with wire.Client(wire.worker_sockets(stack)[0]) as client:
        client.send(vote(question))
        wire.wait_until_taken_in(wire.worker_sockets(stack)[0])
        assert not client.has_reply()
        stop(stack)
        assert client.receive().status == 204
    stack.start()
    assert ask_once(stack, "PUT", f"/qa/questions/{question}/helpful").status_code == 204


def test_a_pause_ends_by_itself(stack, question):
    stop(stack)
    assert stack.stack_sh("start", QA_PAUSE_TIMEOUT_S="1").returncode == 0
    stack.wait_until_whole()
    before = len(lines(stack, "the pause is over"))
    assert pause(stack).returncode == 0
    assert ask_once(stack, "PUT", f"/qa/questions/{question}/helpful").status_code == 204
    wait_until(lambda: len(lines(stack, "the pause is over")) > before)
    over = lines(stack, "the pause is over")[-1]
    assert over["level"] == "warning" and "QA_PAUSE_TIMEOUT_S" in over["reason"]
    assert stack.metrics().value("atelier_qa_pauses_total", end="timed_out") == 1
    result = resume(stack)
    assert (result.returncode, result.stdout) == (1, "")
    assert "no pause" in result.stderr


def test_without_a_service_both_commands_say_so_in_one_line(stack, tmp_path):
    for word in ("pause", "resume"):
        result = command(tmp_path, word, stack.program)
        assert (result.returncode, result.stdout) == (1, "")
        [line] = result.stderr.splitlines()
        assert str(tmp_path) in line
