"""What is promised while something breaks, and that the service heals by itself."""

import json
import contextlib
import os
import re
import shutil
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import gates
import seed
import wire
from api import ANSWER, QUESTION, Api, ask, ask_once, assert_problem, new_product
from load import Load
from stack import paused, wait_until

QUEUE_LIMIT, READ_CONNECTIONS = 20, 2  # of a worker of the fault stack
READ = ("GET", "/qa/questions?product_id=1", None)


@pytest.fixture
def shop(victim):
    """An API of the victim."""
    return Api(victim.base_url)


@pytest.fixture
def question(victim):
    return seed.questions(victim, new_product(), [0])[0]


def helpfulness(stack, question):
    return stack.sql("SELECT helpful FROM questions WHERE id = %s", question)[0][0]


def new_read():
    """A read for a product that nobody has asked for yet: no cache has its page, so a worker gets it."""
    return "GET", f"/qa/questions?product_id={new_product()}", None


def all_calls(question):
    """One request to each endpoint that needs the database."""
    return [
        new_read(),
        ("GET", f"/qa/questions/{2**62 + new_product()}/answers", None),
        ("POST", "/qa/questions", json.dumps({**QUESTION, "product_id": 1}).encode()),
        ("POST", f"/qa/questions/{question}/answers", json.dumps(ANSWER).encode()),
        ("PUT", f"/qa/questions/{question}/helpful", None),
        ("PUT", f"/qa/questions/{question}/report", None),
        ("PUT", "/qa/answers/1/helpful", None),
        ("PUT", "/qa/answers/1/report", None),
    ]


def reads(count):
    """Requests for different products, so that no answer can serve two of them."""
    return [new_read() for _ in range(count)]


def ask_all(stack, requests):
    """Sends all of them at the same time; the answers."""
    with ThreadPoolExecutor(len(requests)) as clients:
        return list(clients.map(lambda request: ask_once(stack, *request), requests))


def replies_at_once(stack, call):
    """The reply of a worker to a (method, target, body), which is there before it has answered those
    who come later: however slow the machine is, it waits for nothing."""
    method, target, body = call
    worker = wire.worker_sockets(stack)[0]
    with wire.Client(worker) as client:
        client.send(wire.request(method, target, body and json.loads(body)))
        wire.wait_until_taken_in(worker)
        assert client.has_reply()
        return client.receive()


def assert_refused(answer):
    """503: try again; nothing was written."""
    assert_problem(answer, 503)
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def assert_late(answer, method):
    """504; a write may have been applied, and the client is told so."""
    problem = assert_problem(answer, 504)
    assert "Retry-After" not in answer.headers
    assert ("may have been applied" in problem["detail"]) == (method != "GET")


def errors(stack):
    return [line for line in stack.log() if line["level"] == "error"]


def assert_each_reason_is_told_once(lines, workers):
    told = [(line["worker"], re.sub(r"\d", "", line["reason"])) for line in lines]
    assert len(told) == len(set(told))
    assert len({worker for worker, _ in told}) == workers


# The database

def test_each_new_reason_of_an_outage_is_told_once_and_its_end_with_how_long_it_took(victim):
    before = len(victim.log())

    def told(words):
        return [line for line in victim.log()[before:]
                if words in line.get("reason", "") or words == line["message"]]

    try:
        for change, words in [("NOLOGIN", "not permitted to log in"),
                              ("LOGIN CONNECTION LIMIT 0", "too many connections for role"),
                              ("NOLOGIN", "not permitted to log in")]:
            victim.sql(f"ALTER ROLE atelier_qa_service {change}")
            victim.terminate_backends()
            wait_until(lambda: len(told(words)) == 2)
        # For the last of them, which has been told before, there is nothing to wait for but tries.
        tries = victim.refused_logins()
        wait_until(lambda: victim.refused_logins() >= tries + 12)
    finally:
        victim.sql("ALTER ROLE atelier_qa_service LOGIN CONNECTION LIMIT -1")
    wait_until(lambda: len(told("the database is back")) == 2)
    reasons = [line for line in victim.log()[before:] if "since" in line and "reason" in line]
    assert_each_reason_is_told_once(reasons, workers=2)
    for back in told("the database is back"):
        of_worker = [line for line in reasons if line["worker"] == back["worker"]]
        assert {line["since"] for line in of_worker} == {back["since"]}
        assert len(of_worker) == 3  # the two, and the end of its connections
        assert back["since"] <= of_worker[0]["time"] <= of_worker[-1]["time"] <= back["time"]
        assert back["duration_ms"] > 0


def test_a_database_that_is_read_only_is_told_once_until_it_is_over(victim, shop, question):
    before = len(victim.log())
    vote = ("PUT", f"/qa/questions/{question}/helpful", None)
    try:
        victim.sql("ALTER SYSTEM SET default_transaction_read_only = on")
        victim.sql("SELECT pg_reload_conf()")
        wait_until(lambda: ask_once(victim, *vote).status_code == 503)
        for _ in range(10):
            assert_refused(ask_once(victim, *vote))
    finally:
        victim.sql("ALTER SYSTEM RESET default_transaction_read_only")
        victim.sql("SELECT pg_reload_conf()")
    wait_until(lambda: ask_once(victim, *vote).status_code == 204)
    shop.vote("questions", question, times=10)
    lines = [line for line in victim.log()[before:] if line["level"] == "error"]
    assert all("read-only" in line["reason"] for line in lines)
    assert_each_reason_is_told_once(lines, workers=2)
    assert len([line for line in victim.log()[before:]
                if line["message"] == "the database is back"]) == 2


def test_database_away_is_503_at_once_and_over_when_it_is_back(victim, shop, question):
    workers = victim.worker_pids()
    errors_before = len(errors(victim))
    questions_before = victim.sql("SELECT count(*) FROM questions")
    victim.stop_database()
    try:
        wait_until(lambda: not any(victim.readiness()))
        for call in all_calls(question):
            assert_refused(ask_once(victim, *call))
            assert replies_at_once(victim, call).status == 503
        assert shop.get("/healthz").status_code == 200
        assert_refused(shop.get("/readyz"))
        assert_problem(shop.get("/qa/questions?product_id=x"), 400)
        assert_problem(shop.get("/nowhere"), 404)
        # A page that the service still has and knows to be valid may be shown.
        assert shop.get(READ[1]).status_code in (200, 503)
    finally:
        victim.start_database()
    assert victim.worker_pids() == workers
    assert_each_reason_is_told_once(errors(victim)[errors_before:], workers=2)
    assert victim.sql("SELECT count(*) FROM questions") == questions_before
    assert victim.sql("SELECT helpful, reported FROM questions WHERE id = %s",
                      question) == [(0, False)]
    shop.vote("questions", question)


def test_a_crash_of_the_database_loses_no_acknowledged_write(victim, shop):
    product = new_product()
    question = shop.add_question(product)["question_id"]
    shop.vote("questions", question, times=5)
    shop.report("answers", 1)
    victim.stop_database(signal.SIGQUIT)
    victim.start_database()
    [shown] = shop.questions(product)
    assert (shown["question_id"], shown["question_helpfulness"]) == (question, 5)
    assert victim.sql("SELECT reported FROM answers WHERE id = 1") == [(True,)]


def test_terminated_backends_are_replaced_without_a_restart_of_workers(victim):
    workers = victim.worker_pids()
    with Load(victim.port, [READ, new_read]) as load:
        for _ in range(3):
            load.wait_for(100, 200)
            victim.terminate_backends()
            victim.wait_until_ready()
        load.wait_for(100, 200)
    assert load.others(200, 503) == []
    assert victim.worker_pids() == workers


def test_a_frozen_database_is_504_within_the_deadline(victim, shop, question):
    requests = all_calls(question)[:6] + reads(6)
    with victim.frozen_backends():
        answers = list(zip(ask_all(victim, requests), requests))
        # The first deadlines to pass bring new connections, which serve who was slow to come.
        late = [(answer, method) for answer, (method, _, _) in answers
                if answer.status_code not in (200, 201, 204)]
        assert {method == "GET" for _, method in late} == {True, False}
        for answer, method in late:
            assert_late(answer, method)
            # The worker's own, not NGINX's, which gives up later.
            assert "the deadline passed" in answer.json()["detail"]
        victim.wait_until_ready()  # on new connections, while the old backends are still frozen
        assert shop.get(READ[1]).status_code == 200
    wait_until(lambda: not victim.busy_backends())
    assert 0 <= helpfulness(victim, question) <= 1
    shop.vote("questions", question)


def test_a_full_queue_is_503_at_once(victim):
    worker = wire.worker_sockets(victim)[0]
    with contextlib.ExitStack() as open_clients:
        clients = [open_clients.enter_context(wire.Client(worker)) for _ in range(100)]
        with victim.frozen_backends():
            wire.send_at_once(clients, [wire.request(method, target)
                                        for method, target, _ in reads(100)])
            wire.wait_until_taken_in(worker)
            at_once = [client for client in clients if client.has_reply()]
            others = [client for client in clients if client not in at_once]
            # Who has a place in the queue waits, at the longest until the deadline.
            early = [client.receive() for client in at_once]
            late = [client.receive() for client in others]
        assert 0 < len(clients) - len([reply for reply in early if reply.status == 503]) <= (
            QUEUE_LIMIT + READ_CONNECTIONS)
        # The first deadlines to pass bring new connections, which may still serve what has time left.
        assert {reply.status for reply in early} <= {503, 504, 200}
        assert {reply.status for reply in late} <= {504, 200}
        for reply in early:
            if reply.status == 503:
                assert reply.headers["content-type"] == "application/problem+json"
                assert int(reply.headers["retry-after"]) >= 1


@pytest.mark.parametrize("index", range(3, 6))
def test_a_row_locked_by_somebody_else_is_503_and_nothing_is_written(victim, shop, question, index):
    before = victim.sql("SELECT count(*) FROM answers")
    other = seed.questions(victim, new_product(), [0])[0]
    with victim.locked("SELECT FROM questions WHERE id = %s FOR UPDATE", question):
        with ThreadPoolExecutor(1) as clients:
            waiting = clients.submit(ask_once, victim, *all_calls(question)[index])
            shop.vote("questions", other, times=5)
            assert shop.get(f"/qa/questions/{question}/answers").status_code == 200
            assert_refused(waiting.result())
    assert victim.sql("SELECT helpful, reported FROM questions WHERE id = %s",
                      question) == [(0, False)]
    assert victim.sql("SELECT count(*) FROM answers") == before


def test_a_short_lock_is_waited_for(victim, shop, question):
    with ThreadPoolExecutor(1) as clients:
        with victim.locked("SELECT FROM questions WHERE id = %s FOR UPDATE", question):
            waiting = clients.submit(shop.put, f"/qa/questions/{question}/helpful")
            gates.wait_until_somebody_waits(victim)
        assert waiting.result().status_code == 204
    assert helpfulness(victim, question) == 1


def test_a_locked_table_ends_every_read_within_the_deadline(victim):
    with victim.locked("LOCK TABLE questions IN ACCESS EXCLUSIVE MODE"):
        for answer in ask_all(victim, reads(10)):
            assert answer.status_code in (503, 504)
            problem = assert_problem(answer, answer.status_code)
            # The worker's own, not NGINX's, which gives up later.
            assert answer.status_code == 503 or "the deadline passed" in problem["detail"]


def test_a_write_whose_connection_breaks_is_answered_honestly(victim, question):
    with gates.on_commits(victim), gates.closed(victim, gates.COMMITS):
        with ThreadPoolExecutor(1) as clients:
            waiting = clients.submit(ask_once, victim, "PUT", f"/qa/questions/{question}/helpful")
            wait_until(victim.waiting_backends)
            victim.terminate_backends()
            answer = waiting.result()
    if answer.status_code == 503:
        assert_refused(answer)
        assert helpfulness(victim, question) == 0
    else:
        assert_late(answer, "PUT")


def test_clients_that_go_away_while_they_wait_leave_nothing_behind(victim, shop, question):
    requests = [b"%s %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
                % (method.encode(), path.encode(), len(body or b""), body or b"")
                for method, path, body in all_calls(question)]
    with victim.locked("LOCK TABLE questions, answers IN ACCESS EXCLUSIVE MODE"):
        connections = [socket.create_connection(("127.0.0.1", victim.port)) for _ in requests]
        for connection, request in zip(connections, requests):
            connection.sendall(request)
        wait_until(victim.waiting_backends)
        for connection in connections:
            connection.close()
    wait_until(lambda: not victim.busy_backends())
    shop.vote("questions", question)
    assert 1 <= helpfulness(victim, question) <= 2


# The workers

def test_reads_survive_kill_9_of_workers_without_one_failure(victim):
    with Load(victim.port, [READ, new_read]) as load:
        for turn in range(6):
            load.wait_for(100)
            workers = victim.worker_pids()
            os.kill(workers[turn % 2], signal.SIGKILL)
            wait_until(lambda: len(set(victim.worker_pids()) - set(workers)) == 1)
        load.wait_for(100)
    assert load.others(200) == []


def test_both_workers_killed_at_once_are_replaced_at_once(victim, shop):
    for worker in victim.worker_pids():
        os.kill(worker, signal.SIGKILL)
    assert shop.get(new_read()[1]).status_code == 200


def test_a_vote_on_a_kept_connection_whose_worker_is_gone_is_sent_anew(victim, question):
    """NGINX meets such a connection when the vote is there before the news of the worker's end."""
    vote = wire.request("PUT", f"/qa/questions/{question}/helpful")
    with contextlib.ExitStack() as open_clients:
        clients = [open_clients.enter_context(wire.Client(victim.port)) for _ in range(8)]
        wire.send_at_once(clients, 8 * [vote])
        assert [client.receive().status for client in clients] == 8 * [204]
        with paused(victim.nginx_workers()):
            wire.send_at_once(clients, 8 * [vote])
            gone = victim.worker_pids()
            for worker in gone:
                os.kill(worker, signal.SIGKILL)
            # A process that ends has no command line any more before it closes its sockets.
            wait_until(lambda: not any(os.path.exists(f"/proc/{worker}") for worker in gone))
        assert [client.receive().status for client in clients] == 8 * [204]
    assert helpfulness(victim, question) == 16
    sent_anew = re.compile(r'"method":"PUT".*"status":204.*"upstream":"[^"]+ : ')
    wait_until(lambda: sent_anew.search(victim.access_log_at_once()))


def test_a_worker_that_hangs_is_replaced(victim, question):
    vote = ("PUT", f"/qa/questions/{question}/helpful", None)
    hanging, other = victim.worker_pids()
    os.kill(hanging, signal.SIGSTOP)
    with Load(victim.port, [READ, vote, new_read], clients=6) as load:
        wait_until(lambda: len(set(victim.worker_pids()) - {hanging}) == 2)
        victim.wait_until_ready()
    assert other in victim.worker_pids()
    assert [outcome for outcome in load.others(200) if outcome[0] == "GET"] == []
    assert load.others(200, 204, 504) == []
    assert load.count(204) <= helpfulness(victim, question) <= load.count(204, 504)


def test_a_reload_under_load_fails_not_one_request(victim, question):
    post = json.dumps(QUESTION).encode()
    supervisor = victim.supervisor_pid()
    mix = [READ, ("PUT", f"/qa/questions/{question}/helpful", None), new_read,
           ("POST", "/qa/questions/1", post), ("GET", "/healthz", None),
           ("GET", "/qa/questions/1/answers", None)]
    with Load(victim.port, mix) as load:
        for _ in range(3):
            load.wait_for(100)
            old = set(victim.worker_pids())
            victim.reload()
            wait_until(lambda: len(victim.worker_pids()) == 2
                       and not old & set(victim.worker_pids()))
        load.wait_for(100)
    assert load.others(200, 201, 204) == []
    assert victim.supervisor_pid() == supervisor
    assert helpfulness(victim, question) == load.count(204)


def test_in_a_reload_workers_without_connections_leave_requests_to_those_before(victim, question):
    """Alone, they would respond after a second, since nobody else does."""
    def votes():
        connections = [each for _ in range(50) for each in victim.worker_connections()]
        outcomes = [ask(each, "PUT", f"/qa/questions/{question}/helpful").status_code for each in connections]
        for connection in connections:
            connection.close()
        return outcomes

    old = set(victim.worker_pids())
    tries = victim.refused_logins()
    try:
        victim.sql("ALTER ROLE atelier_qa_service NOLOGIN")
        victim.reload()
        wait_until(lambda: victim.refused_logins() > tries)
        time.sleep(1.5)
        assert votes() == 100 * [204]
    finally:
        victim.sql("ALTER ROLE atelier_qa_service LOGIN")
    wait_until(lambda: len(victim.worker_pids()) == 2 and not old & set(victim.worker_pids()))
    assert helpfulness(victim, question) == 100


def test_reloads_in_quick_succession_end_with_one_set_of_new_workers(victim):
    old = set(victim.worker_pids())
    with Load(victim.port, [READ, new_read], clients=2) as load:
        for _ in range(5):
            victim.reload()
            time.sleep(0.02)
        wait_until(lambda: not old & set(victim.worker_pids()))
        victim.wait_until_whole()
    assert load.others(200) == []


# As loader.io shows it: the token, its name or its file.
@pytest.mark.parametrize("shown", ["reloaded-1", "loaderio-reloaded-2", "'/loaderio-reloaded-3.html'"])
def test_a_reload_takes_new_settings(victim, shop, shown):
    name = re.search(r"reloaded-\d", shown)[0]
    with victim.env_file(f"QA_LOADERIO_TOKEN={shown}\n"):
        assert_problem(shop.get(f"/loaderio-{name}.txt"), 404)
        victim.reload()
        wait_until(lambda: shop.get(f"/loaderio-{name}.txt").status_code == 200)


def test_a_reload_takes_the_new_program(victim):
    shutil.copy(victim.program, f"{victim.program}.new")
    os.replace(f"{victim.program}.new", victim.program)
    victim.reload()

    def runs_it(pid):
        with contextlib.suppress(FileNotFoundError):  # an old worker that has just ended
            return os.path.samefile(f"/proc/{pid}/exe", victim.program)
    wait_until(lambda: victim.worker_pids() and all(map(runs_it, victim.worker_pids())))


@pytest.mark.parametrize("setting", ["QA_MAX_CLIENTS=none", "QA_SHARED_FILE=another"])
def test_a_reload_with_a_wrong_setting_keeps_the_old_workers_and_logs_one_error(victim, setting):
    workers = victim.worker_pids()
    before = len(errors(victim))
    with victim.env_file(f"{setting}\n"), Load(victim.port, [READ, new_read], clients=2) as load:
        victim.reload()
        wait_until(lambda: len(errors(victim)) > before)
        load.wait_for(100)
    assert len(errors(victim)) == before + 1
    assert setting.split("=")[0] in str(errors(victim)[-1])
    assert load.others(200) == []
    assert victim.worker_pids() == workers
    victim.reload()
    wait_until(lambda: not set(workers) & set(victim.worker_pids()))


def test_new_workers_that_do_not_get_ready_leave_the_old_ones_in_place(victim):
    workers = victim.worker_pids()

    def errors_of_supervisor():
        return [line for line in errors(victim) if "worker" not in line]

    before = len(errors_of_supervisor())
    victim.stop_database()
    try:
        victim.reload()
        wait_until(lambda: len(victim.worker_pids()) > 2)
        wait_until(lambda: len(errors_of_supervisor()) > before)
        wait_until(lambda: victim.worker_pids() == workers)
    finally:
        victim.start_database()
    assert len(errors_of_supervisor()) == before + 1


def test_a_stop_under_load_lets_nobody_down_and_nginx_tells_what_is_missing(victim, question):
    mix = [READ, ("PUT", f"/qa/questions/{question}/helpful", None), new_read]
    with Load(victim.port, mix) as load:
        load.wait_for(200)
        os.kill(victim.supervisor_pid(), signal.SIGTERM)
        wait_until(lambda: not victim.supervisor_pid() and not victim.worker_pids())
        load.wait_for(100)
    try:
        assert load.others(200, 204, 502) == []
        assert helpfulness(victim, question) == load.count(204)
        for request in (READ, mix[1]):
            answer = ask_once(victim, *request)
            assert_problem(answer, 502)
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert answer.headers["X-Request-Id"]
    finally:
        victim.start()


# Promises 1, 3 and 4 together

def test_writes_are_never_lost_and_never_doubled_whatever_breaks(victim):
    product = new_product()
    questions = seed.questions(victim, new_product(), [0, 0, 0])
    votes = [("PUT", f"/qa/questions/{number}/helpful", None) for number in questions]
    post = ("POST", "/qa/questions", json.dumps({**QUESTION, "product_id": product}).encode())

    def kill_a_backend():
        wait_until(victim.backends)  # those that were just terminated may not be missed yet
        os.kill(victim.backends()[0], signal.SIGKILL)

    breaks = [lambda: os.kill(victim.worker_pids()[0], signal.SIGKILL), victim.terminate_backends, kill_a_backend]
    with Load(victim.port, [*votes, post]) as load:
        for break_something in 3 * breaks:
            load.wait_for(50)
            break_something()
            victim.wait_until_ready()
        load.wait_for(100)
    assert load.others(201, 204, 502, 503, 504, "broken") == []
    victim.wait_until_whole()
    wait_until(lambda: not victim.busy_backends())

    applied = {vote[:2]: helpfulness(victim, number) for number, vote in zip(questions, votes)}
    applied[post[:2]] = victim.sql("SELECT count(*) FROM questions WHERE product_id = %s",
                                   product)[0][0]
    for call, times in applied.items():
        statuses = [status for *called, status in load.outcomes if tuple(called) == call]
        acknowledged = statuses.count(201) + statuses.count(204)
        # A 503 promises that nothing was written, a 502 that no worker was reached.
        ambiguous = sum(status in (504, "broken") for status in statuses)
        assert acknowledged <= times <= acknowledged + ambiguous
