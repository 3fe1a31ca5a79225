"""What is counted, and shown at /metrics: exactly, over all workers and NGINX, whatever dies meanwhile."""

import collections
import json
import os
import re
import signal

import pytest

import gates
import seed
from api import Api, new_product
from stack import CHECKOUT, WORKERS, wait_until
from wire import Client, request, worker_sockets

REQUESTS = "http_server_request_duration_seconds_count"
LIST = "/qa/questions"
VOTE = "/qa/questions/:question_id/helpful"
GAUGES_AT_REST = ("http_server_active_requests", "db_client_connection_pending_requests",
                  "atelier_qa_db_running_calls")


def requests_since(stack, before):
    """By method, status and route; without what tests ask to know whether the stack is ready."""
    risen = stack.metrics().since(before, REQUESTS)
    return {key: value for key, value in risen.items() if key[2] != "/readyz"}


@pytest.fixture
def workers(port_of_workers):
    """The API past our module: each request reaches a worker."""
    return Api(f"http://127.0.0.1:{port_of_workers}")


@pytest.fixture
def question(victim):
    return seed.questions(victim, new_product(), [0])[0]


# What is counted

def test_each_request_is_counted_by_route_method_and_status(stack, workers):
    product = new_product()
    before = stack.metrics()
    question = workers.add_question(product)["question_id"]
    path = f"{LIST}?product_id={product}"
    tags = [workers.get(path).headers["ETag"] for _ in range(3)]
    for _ in range(2):
        assert workers.get(path, headers={"If-None-Match": tags[0]}).status_code == 304
    assert workers.request("HEAD", path + "/").status_code == 400
    assert workers.request("HEAD", path).status_code == 200
    workers.vote("questions", question, times=4)
    assert workers.put(f"/qa/questions/{2**60}/helpful").status_code == 404
    for _ in range(2):
        assert workers.get(f"/qa/nowhere/{product}").status_code == 404
    assert workers.put(LIST).status_code == 405
    expected = {
        ("POST", "201", LIST): 1, ("GET", "200", LIST): 3, ("GET", "304", LIST): 2,
        ("HEAD", "400", LIST): 1, ("HEAD", "200", LIST): 1, ("PUT", "204", VOTE): 4,
        ("PUT", "404", VOTE): 1, ("GET", "404", "none"): 2, ("PUT", "405", "none"): 1}
    wait_until(lambda: sum(requests_since(stack, before).values()) >= sum(expected.values()))
    assert requests_since(stack, before) == expected


def test_each_statement_and_each_commit_is_counted(stack, workers):
    product = new_product()
    before = stack.metrics()
    question = workers.add_question(product)["question_id"]
    workers.vote("questions", question, times=5)
    for _ in range(3):
        workers.questions(product)
    after = stack.metrics()
    statements = after.since(before, "db_client_operation_duration_seconds_count")
    expected = {("add_questions",): 1, ("vote_question",): 5, ("list_questions",): 1}
    assert expected.items() <= statements.items()
    assert statements.keys() - {("make_pages",), ("next_page",)} == expected.keys()
    commits = after.value("atelier_qa_db_commits_total") - before.value("atelier_qa_db_commits_total")
    made = sum(count for (name,), count in statements.items() if name in ("make_pages", "next_page"))
    assert commits == 6 + made
    assert after.since(before, "atelier_qa_cache_hits_total") == {("questions",): 2}
    assert after.since(before, "atelier_qa_cache_misses_total") == {("questions",): 1}
    assert after.since(before, "atelier_qa_db_calls_total")["reads", "done"] == 1


def logged_by_nginx(stack, path):
    """How often NGINX logged a request for it, by what the ring had and the status."""
    lines = map(json.loads, stack.access_log().splitlines())
    return collections.Counter((line["ring"], line["status"]) for line in lines if line["path"] == path)


def told_by_nginx(stack, before):
    metrics = stack.metrics()
    return {**metrics.since(before, "atelier_qa_nginx_hits_total"),
            **metrics.since(before, "atelier_qa_nginx_misses_total")}


def test_each_hit_and_each_miss_of_nginx_is_counted(stack, api):
    if not list((stack.folder / "nginx").glob("*.so")):
        pytest.skip("the module cannot be built here")
    [question] = seed.questions(stack, new_product(), [0])
    path = f"/qa/questions/{question}/answers"
    before = stack.metrics()
    tag = api.get(path).headers["ETag"]
    for _ in range(5):
        api.get(path)
        api.get(path, headers={"If-None-Match": tag})
    wait_until(lambda: told_by_nginx(stack, before) == {
        ("answers",): 1, ("200", "answers"): 5, ("304", "answers"): 5})
    wait_until(lambda: logged_by_nginx(stack, path).total() == 11)
    assert logged_by_nginx(stack, path) == {("miss", 200): 1, ("hit", 200): 5, ("hit", 304): 5}
    assert stack.metrics().value("atelier_qa_holder") == 1


# What it survives

def kill_oldest_worker(stack):
    pid = stack.worker_pids()[0]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: pid not in stack.worker_pids())


def ask_all_workers(stack, sent, times):
    for path in worker_sockets(stack):
        with Client(path) as client:
            for _ in range(times):
                assert client.ask(sent).status == 200


def test_nothing_is_lost_when_workers_are_killed_and_reloaded(victim):
    before = victim.metrics()
    sent = request("GET", f"{LIST}?product_id={new_product()}")
    ask_all_workers(victim, sent, 7)
    # A client has its response before the worker counts it.
    wait_until(lambda: requests_since(victim, before)["GET", "200", LIST] == WORKERS * 7)
    kill_oldest_worker(victim)
    victim.wait_until_whole()
    ask_all_workers(victim, sent, 5)
    victim.reload()
    wait_until(lambda: victim.metrics().since(before, "atelier_qa_reloads_total") == {("succeeded",): 1})
    victim.wait_until_whole()
    ask_all_workers(victim, sent, 3)
    after = victim.metrics()
    assert requests_since(victim, before)["GET", "200", LIST] == WORKERS * (7 + 5 + 3)
    assert after.since(before, "atelier_qa_worker_deaths_total") == {("signal",): 1}
    assert after.since(before, "atelier_qa_worker_starts_total") == {(): 1 + WORKERS}
    assert after.since(before, "atelier_qa_cache_invalidations_total") == {("worker_died",): 1, ("reloaded",): 1}
    assert after.value("atelier_qa_workers", state="ready") == WORKERS


def test_no_page_is_made_anew_when_an_admin_process_without_moderators_dies(victim):
    before, [admin] = victim.metrics(), victim.admin_pids()
    os.kill(admin, signal.SIGKILL)
    wait_until(lambda: victim.admin_pids() not in ([], [admin]))
    assert victim.metrics().since(before, "atelier_qa_cache_invalidations_total") == {}


def test_gauges_tell_what_is_under_way_and_return_to_zero(victim, question):
    sent = request("PUT", f"/qa/questions/{question}/helpful")
    with gates.on_commits(victim), Client(worker_sockets(victim)[0]) as client:
        with gates.closed(victim, gates.COMMITS):
            client.send(sent)
            gates.wait_until_somebody_waits(victim)
            wait_until(lambda: victim.metrics().value("http_server_active_requests") == 1)
            during = victim.metrics()
            assert during.value("atelier_qa_db_running_calls", lane="writes") >= 1
            assert during.value("atelier_qa_db_connections", set="writes", state="used") >= 1
        assert client.receive().status == 204
    wait_until(lambda: all(victim.metrics().total(name) == 0 for name in GAUGES_AT_REST))


def test_gauges_of_a_killed_worker_are_gone(victim, question):
    with gates.on_commits(victim), gates.closed(victim, gates.COMMITS):
        with Client(worker_sockets(victim)[0]) as client:
            client.send(request("PUT", f"/qa/questions/{question}/helpful"))
            gates.wait_until_somebody_waits(victim)
            wait_until(lambda: victim.metrics().value("http_server_active_requests") == 1)
            for _ in range(WORKERS):
                kill_oldest_worker(victim)
        wait_until(lambda: all(victim.metrics().total(name) == 0 for name in GAUGES_AT_REST))


def test_an_outage_shows(victim):
    before = victim.metrics()
    assert before.value("atelier_qa_db_ready_workers") == WORKERS
    victim.stop_database()
    try:
        wait_until(lambda: victim.metrics().value("atelier_qa_db_ready_workers") == 0)
        during = victim.metrics()
        assert during.value("atelier_qa_db_outage_workers") == WORKERS
        assert during.since(before, "atelier_qa_db_outages_total") == {(): WORKERS}
        wait_until(lambda: victim.metrics().total("atelier_qa_db_connections", state="idle") == 0)
    finally:
        victim.start()
    wait_until(lambda: victim.metrics().value("atelier_qa_db_outage_workers") == 0)
    assert victim.metrics().value("atelier_qa_db_ready_workers") == WORKERS


# What is shown

def test_all_numbers_make_sense(stack, workers):
    workers.questions(new_product())
    metrics = stack.metrics()
    assert metrics.total("atelier_qa_build_info") == 1
    assert metrics.value("process_start_time_seconds") > 1_600_000_000
    assert metrics.value("process_cpu_seconds_total") > 0
    assert WORKERS * 2**20 < metrics.value("atelier_qa_worker_memory_bytes") < WORKERS * 2**30
    assert 0 < metrics.value("atelier_qa_cache_used_bytes") <= metrics.value("atelier_qa_cache_size_bytes")
    assert metrics.value("atelier_qa_cache_epoch") >= metrics.total("atelier_qa_cache_invalidations_total") > 0
    assert metrics.total("atelier_qa_db_connections") == WORKERS * 6
    assert metrics.value("atelier_qa_client_connections") <= metrics.value(
        "atelier_qa_client_connections_accepted_total")
    assert metrics.total("http_server_request_duration_seconds_sum") < 3600


def test_the_reference_tells_of_each_metric_what_the_service_does(stack):
    metrics = stack.metrics()
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\| (.*) \|$", (CHECKOUT / "docs/metrics.md").read_text(), re.M)
    assert {name: (kind, meaning) for name, kind, _, meaning in rows} == {
        name: (metrics.types[name], metrics.helps[name]) for name in metrics.types}
    for name, _, labels, _ in rows:
        assert metrics.labels[name] <= {tuple(re.findall(r"`(\w+)`", labels))}, name
