"""QA_LEASE_MS, as writers see it: the response to a write waits so long after the commit, and nothing else
does."""

import json
import signal
import time

import pytest

import seed
import test_process
from api import ANSWER, PATIENCE_S, QUESTION, new_product
from stack import wait_until
from wire import Client, request, send_at_once

LEASE_MS = 1000
SETTINGS = {"QA_LEASE_MS": str(LEASE_MS), "QA_WORKERS": "2", "QA_WRITE_CONNECTIONS": "1"}


@pytest.fixture(scope="module")
def service(stack, tmp_path_factory):
    """With one connection for writes in each worker."""
    with test_process.running(stack, tmp_path_factory.mktemp("service"), **SETTINGS) as service:
        service.wait_until_ready()
        yield service


@pytest.fixture
def questions(stack):
    product = new_product()
    return product, seed.questions(stack, product, [0, 0])


def socket_of(service, number=0):
    return service.folder / f"run/worker{number}.sock"


def vote(question):
    return request("PUT", f"/qa/questions/{question}/helpful")


def votes(stack, question):
    return stack.sql("SELECT helpful FROM questions WHERE id = %s", question)[0][0]


def assert_waited(began):
    assert time.monotonic() - began >= LEASE_MS / 1000


def test_no_response_to_a_write_leaves_before_the_lease_has_passed(stack, service, questions):
    product, [question, another] = questions
    [answer] = seed.answers(stack, question, [0])
    sent = [request("POST", "/qa/questions", {**QUESTION, "product_id": product}),
            request("POST", f"/qa/questions/{question}/answers", ANSWER),
            vote(question), request("PUT", f"/qa/answers/{answer}/helpful"),
            request("PUT", f"/qa/answers/{answer}/report"), request("PUT", f"/qa/questions/{another}/report")]
    clients = [Client(socket_of(service, number % 2)) for number in range(len(sent))]
    began = time.monotonic()
    send_at_once(clients, sent)
    replies = []
    for client in clients:
        replies.append(client.receive())
        assert_waited(began)
        client.close()
    assert [reply.status for reply in replies] == [201, 201, 204, 204, 204, 204]
    assert replies[0].headers["location"] == f"/qa/questions?product_id={product}"
    assert replies[1].json()["body"] == ANSWER["body"]


def waits(service):
    return service.metrics().total("atelier_qa_commit_waits")


def test_meanwhile_its_page_shows_it_and_its_connection_carries_others(stack, service, questions):
    """All of this happens while the first vote waits, unless the machine is very busy: then it is tried again."""
    product, [question, another] = questions
    page = request("GET", f"/qa/questions?product_id={product}")

    def overtaken():
        with Client(socket_of(service)) as voter, Client(socket_of(service)) as second, \
                Client(socket_of(service)) as reader:
            assert reader.ask(page).status == 200  # so that it is cached
            before, of_another = votes(stack, question), votes(stack, another)
            voter.send(vote(question))
            wait_until(lambda: votes(stack, question) == before + 1)
            second.send(vote(another))
            wait_until(lambda: votes(stack, another) == of_another + 1)
            waiting = waits(service)
            unknown = reader.ask(vote(2**62)).status
            wrong = reader.ask(request("PUT", "/qa/questions/x/helpful")).status
            shown = {each["question_id"]: each["question_helpfulness"] for each in reader.ask(page).json()["results"]}
            in_time = not voter.has_reply()
            assert (voter.receive().status, second.receive().status) == (204, 204)
            assert (unknown, wrong) == (404, 400)
            return in_time and waiting == 2 and shown == {question: before + 1, another: of_another + 1}

    wait_until(overtaken)
    assert waits(service) == 0


@pytest.mark.parametrize("what", [signal.SIGHUP, signal.SIGTERM])
def test_a_reload_and_a_stop_send_what_waits_in_its_time(stack, tmp_path, questions, what):
    _, [question, _] = questions
    with test_process.running(stack, tmp_path, **SETTINGS) as service:
        service.wait_until_ready()
        with Client(socket_of(service)) as voter:
            began = time.monotonic()
            voter.send(vote(question))
            wait_until(lambda: votes(stack, question) == 1)
            service.process.send_signal(what)
            assert voter.receive().status == 204
            assert_waited(began)
        if what == signal.SIGTERM:
            assert service.process.wait(PATIENCE_S) == 0


def test_at_the_drain_limit_too_what_is_committed_is_told(stack, tmp_path, questions):
    """Clients that stay connected make the drain last until its limit, and vote until then."""
    _, [question, _] = questions
    limits = {"QA_LOCK_TIMEOUT_MS": "300", "QA_STATEMENT_TIMEOUT_MS": "400", "QA_REQUEST_TIMEOUT_MS": "500",
              "QA_DRAIN_TIMEOUT_MS": "1600"}
    with test_process.running(stack, tmp_path, **SETTINGS, **limits) as service:
        service.wait_until_ready()
        clients = [Client(socket_of(service)) for _ in range(16)]
        for client in clients:
            assert client.ask(request("GET", "/healthz")).status == 200
        service.process.send_signal(signal.SIGTERM)
        service.wait_until_draining()
        began = {}
        statuses = []
        for client in clients:
            began[client] = time.monotonic()
            try:
                client.send(vote(question))
            except OSError:  # the worker has ended
                break
            time.sleep(0.1)
        for client, since in began.items():
            try:
                statuses.append(client.receive().status)
            except OSError:  # the worker ended without having read the request
                break
            assert statuses[-1] != 204 or time.monotonic() - since >= LEASE_MS / 1000
            client.close()
        assert service.process.wait(PATIENCE_S) == 0
        assert any(json.loads(line)["message"].startswith("the drain took too long")
                   for line in (service.folder / "log").open())
    assert statuses.count(204) > 0
    assert statuses.count(204) <= votes(stack, question) <= statuses.count(204) + statuses.count(504)


def test_with_a_lease_of_0_and_without_one_responses_leave_at_once(stack, service, tmp_path, questions):
    """That is while another one waits, unless the machine is very busy: then it is tried again."""
    _, [question, another] = questions
    with test_process.running(stack, tmp_path, QA_LEASE_MS="0") as without:
        without.wait_until_ready()

        def overtaken():
            with Client(socket_of(service)) as voter, Client(socket_of(without)) as zero, \
                    Client(stack.folder / "run/worker0.sock") as none:
                before = votes(stack, question)
                voter.send(vote(question))
                wait_until(lambda: votes(stack, question) == before + 1)
                assert (zero.ask(vote(another)).status, none.ask(vote(another)).status) == (204, 204)
                in_time = not voter.has_reply()
                assert voter.receive().status == 204
                return in_time

        wait_until(overtaken)
