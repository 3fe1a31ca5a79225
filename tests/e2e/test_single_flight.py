"""Identical reads share a query, and different ones are sent together; a read that began after a
write shares none that began before."""

import resource

import pytest

import breaks
import gates
import seed
import test_process
from api import ANSWER, QUESTION, new_product
from conftest import running
from stack import wait_until
from wire import Client, request, send_at_once, wait_until_taken_in, worker_sockets

CLIENTS = 1000


@pytest.fixture(scope="module")
def crew():
    """A stack with two workers that counts queries, and where a query may wait for long."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8 * CLIENTS), hard))
    with running(QA_SAMPLE_PRODUCTS="10", QA_LOG_LEVEL="info", QA_CACHE_LIFETIME_S="3600",
                 QA_LOCK_TIMEOUT_MS="20000", QA_STATEMENT_TIMEOUT_MS="21000",
                 QA_REQUEST_TIMEOUT_MS="22000", QA_DRAIN_TIMEOUT_MS="23000") as stack:
        stack.sql("ALTER SYSTEM SET shared_preload_libraries = pg_stat_statements")
        stack.stop_database()
        stack.start_database()
        stack.sql("CREATE EXTENSION pg_stat_statements")
        with gates.on_reads(stack):
            yield stack
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def question(crew):
    """One with two answers, whose product has another one like it."""
    question, other = seed.questions(crew, new_product(), [0, 0])
    seed.answers(crew, question, [0, 0])
    seed.answers(crew, other, [0])
    return question


@pytest.fixture(params=["questions", "answers"])
def target(request, crew, question):
    """One of the lists that show the question's answers, which nobody has asked for yet."""
    return lists(crew, question)[request.param]


def lists(stack, question):
    [(product,)] = stack.sql("SELECT product_id FROM questions WHERE id = %s", question)
    return {"questions": f"/qa/questions?product_id={product}&count=7",
            "answers": f"/qa/questions/{question}/answers?count=7"}


def queries(stack):
    """How many queries for lists the service has sent."""
    return stack.sql("SELECT coalesce(sum(calls), 0)::int FROM pg_stat_statements"
                     " WHERE userid = 'atelier_qa_service'::regrole"
                     " AND query ~ '(FROM|JOIN) (product_pages|shown_answers)|SELECT page_of_(questions|answers)\\M'"
                     " AND query !~ 'INSERT|UPDATE'")[0][0]


def ask_all(stack, addresses, target):
    """The replies to one GET on a connection to each of the addresses, all under way before one is
    answered."""
    clients = [Client(address) for address in addresses]
    for client in clients:
        client.connect()
    with gates.closed(stack, gates.READS):
        send_at_once(clients, len(clients) * [request("GET", target)])
        wait_until(stack.waiting_backends)
        for worker in worker_sockets(stack):
            wait_until_taken_in(worker)
    replies = [client.receive() for client in clients]
    for client in clients:
        client.close()
    return replies


def assert_same(replies):
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1


def test_a_thousand_clients_of_each_worker_cost_one_query_of_it(crew, target):
    before = queries(crew)
    workers = worker_sockets(crew)
    assert_same(ask_all(crew, CLIENTS * workers, target))
    assert queries(crew) - before == len(workers)


def test_a_thousand_clients_of_nginx_cost_at_most_one_query_of_each_worker(crew, target):
    before = queries(crew)
    assert_same(ask_all(crew, CLIENTS * [crew.port], target))
    assert 1 <= queries(crew) - before <= len(worker_sockets(crew))


def test_after_a_write_a_thousand_clients_cost_one_query_more(crew, target, question):
    worker = worker_sockets(crew)[0]
    assert_same(ask_all(crew, CLIENTS * [worker], target))
    before = queries(crew)
    with Client(worker) as client:
        added = client.ask(request("POST", f"/qa/questions/{question}/answers",
                                   {**ANSWER, "body": "This is new."}))
        assert added.status == 201
    replies = ask_all(crew, CLIENTS * [worker], target)
    assert_same(replies)
    assert b"This is new." in replies[0].body
    assert queries(crew) - before == 1


def test_different_pages_are_different_queries(crew, target):
    before = queries(crew)
    with Client(worker_sockets(crew)[0]) as client:
        for page in ("page=1", "page=2", "page=3"):
            assert client.ask(request("GET", f"{target}&{page}")).status == 200
    assert queries(crew) - before == 3


def test_a_page_is_known_by_what_its_parameters_mean(crew, target):
    before = queries(crew)
    with Client(worker_sockets(crew)[0]) as client:
        for more in ("", "&page=1", "&page=", "&page=001", "&count=9", "&x=y"):
            assert client.ask(request("GET", target + more)).status == 200
    assert queries(crew) - before == 1


def pages_at_once(stack, targets):
    """The replies of one worker to all of them, asked for while its database is slow."""
    worker = worker_sockets(stack)[0]
    clients = [Client(worker) for _ in targets]
    with stack.frozen_backends():
        send_at_once(clients, [request("GET", target) for target in targets])
        wait_until_taken_in(worker)
    replies = [client.receive() for client in clients]
    for client in clients:
        client.close()
    return replies


def products_with_a_question(stack, count):
    products = [new_product() for _ in range(count)]
    return {product: seed.questions(stack, product, [0])[0] for product in products}


def test_different_pages_that_come_together_share_queries(crew):
    questions = products_with_a_question(crew, 40)
    before = queries(crew)
    replies = pages_at_once(crew, [f"/qa/questions?product_id={product}" for product in questions])
    shown = {reply.json()["product_id"]: reply.json()["results"][0]["question_id"]
             for reply in replies}
    assert shown == {str(product): question for product, question in questions.items()}
    assert queries(crew) - before <= 8


def test_a_page_is_the_same_in_company(crew, tmp_path):
    questions = products_with_a_question(crew, 3)
    for question in questions.values():
        seed.answers(crew, question, [2, 0, 1])
    lists_of_questions = [f"/qa/questions?product_id={product}{paging}"
                          for product in [*questions, new_product()]
                          for paging in ("", "&page=2", "&page=200", "&page=1&count=2")]
    lists_of_answers = [f"/qa/questions/{question}/answers{paging}"
                        for question in [*questions.values(), 2**62]
                        for paging in ("", "?page=2&count=2", "?page=200", "?count=3")]
    before = queries(crew)
    in_company = pages_at_once(crew, lists_of_questions + lists_of_answers)
    assert queries(crew) - before <= 8
    with test_process.running(crew, tmp_path, QA_CACHE_MB="0") as service:
        service.wait_until_ready()
        with Client(service.folder / "run/worker0.sock") as client:
            alone = [client.ask(request("GET", target))
                     for target in lists_of_questions + lists_of_answers]
    assert [reply.body for reply in in_company] == [reply.body for reply in alone]
    assert {reply.status for reply in alone} == {200}


@pytest.mark.parametrize("paging", ["count=50", "page=201", f"page={2**63 - 1}"])
def test_large_and_deep_pages_have_a_query_each(crew, paging):
    questions = products_with_a_question(crew, 10)
    before = queries(crew)
    replies = pages_at_once(
        crew, [f"/qa/questions?product_id={product}&{paging}" for product in questions])
    assert {reply.status for reply in replies} == {200}
    assert queries(crew) - before == len(questions)


def test_a_page_that_fails_fails_alone(crew):
    questions = products_with_a_question(crew, 10)
    for question in questions.values():
        seed.answers(crew, question, [0])
    bad = list(questions)[5]
    crew.sql(f"""
        CREATE FUNCTION fail() RETURNS boolean LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'no'; END $$;
        CREATE POLICY bad ON answers AS RESTRICTIVE FOR SELECT
            USING (question_id <> {questions[bad]} OR fail())""")
    try:
        # Pages of six, which are never ready-made.
        replies = pages_at_once(crew, [f"/qa/questions?product_id={product}&count=6"
                                       for product in questions])
        assert [reply.status for reply in replies] == [500 if product == bad else 200
                                                       for product in questions]
    finally:
        crew.sql("DROP POLICY bad ON answers; DROP FUNCTION fail()")


def test_a_slow_page_holds_up_none_that_comes_later(crew, question):
    worker = worker_sockets(crew)[0]
    with Client(worker) as slow, Client(worker) as other:
        with gates.closed(crew, gates.READS):
            slow.send(request("GET", lists(crew, question)["questions"]))
            gates.wait_until_somebody_waits(crew)
            for product in products_with_a_question(crew, 3):
                reply = other.ask(request("GET", f"/qa/questions?product_id={product}"))
                assert reply.status == 200
        assert slow.receive().status == 200


def test_reads_join_a_query_that_waits_whatever_is_written_meanwhile(crew, question):
    """So a page that changes without pause has at most one query under way and one that waits."""
    worker = worker_sockets(crew)[0]
    others = products_with_a_question(crew, 2)
    for other in others.values():
        seed.answers(crew, other, [0])
    page = request("GET", lists(crew, question)["questions"])
    before = queries(crew)
    readers = [Client(worker) for _ in range(5)]
    with Client(worker) as first, Client(worker) as second, Client(worker) as writer:
        with gates.closed(crew, gates.READS):
            for count, (client, product) in enumerate(zip([first, second], others), 1):
                client.send(request("GET", f"/qa/questions?product_id={product}"))
                gates.wait_until_somebody_waits(crew, count)
            for reader in readers:
                reader.send(page)
                wait_until_taken_in(worker)
                assert writer.ask(request("PUT", f"/qa/questions/{question}/helpful")).status == 204
        replies = [reader.receive() for reader in readers]
        assert {first.receive().status, second.receive().status} == {200}
    assert_same(replies)
    helpful = {each["question_id"]: each["question_helpfulness"] for each in replies[0].json()["results"]}
    assert helpful[question] == len(readers)
    for reader in readers:
        reader.close()
    assert queries(crew) - before == len(others) + 1


WRITES_THAT_A_LIST_SHOWS = {
    "questions": [("PUT", "/qa/questions/{question}/helpful", None),
                  ("PUT", "/qa/answers/{answer}/helpful", None),
                  ("PUT", "/qa/questions/{question}/report", None),
                  ("PUT", "/qa/answers/{answer}/report", None),
                  ("POST", "/qa/questions/{product}", QUESTION),
                  ("POST", "/qa/questions/{question}/answers", ANSWER)],
    "answers": [("PUT", "/qa/answers/{answer}/helpful", None),
                ("PUT", "/qa/answers/{answer}/report", None),
                ("POST", "/qa/questions/{question}/answers", ANSWER)]}


@pytest.mark.parametrize("reader", [0, 1])
@pytest.mark.parametrize("kind, method, path, fields", [
    (kind, *write) for kind, writes in WRITES_THAT_A_LIST_SHOWS.items() for write in writes])
def test_a_read_after_a_write_does_not_join_a_query_from_before(crew, question, kind, method, path,
                                                                fields, reader):
    [(product, answer)] = crew.sql("SELECT product_id, min(answers.id) FROM questions"
                                   " JOIN answers ON questions.id = question_id"
                                   " WHERE questions.id = %s GROUP BY product_id", question)
    page = request("GET", lists(crew, question)[kind])
    write = request(method, path.format(question=question, answer=answer, product=product), fields)
    workers = worker_sockets(crew)
    with Client(workers[0]) as writer, \
            Client(workers[reader]) as early, Client(workers[reader]) as late:
        with gates.closed(crew, gates.READS):
            early.send(page)
            gates.wait_until_somebody_waits(crew)
            assert writer.ask(write).status in (201, 204)
            late.send(page)
            wait_until_taken_in(workers[reader])
        before, after = early.receive().json(), late.receive().json()
        assert before != after
        assert late.ask(page).json() == after


# At the end: the workers that come then make pages ready, and who makes one waits at the gate, too.

def test_a_read_whose_workers_die_while_it_waits_is_passed_on(crew, target):
    """Twice: by then NGINX has tried both workers, and begins again with those that replace them."""
    seen = set()
    with Client(crew.port) as client:
        def waits_anew():
            assert not client.has_reply()
            return set(crew.backends("wait_event = 'advisory'")) - seen

        with gates.closed(crew, gates.READS):
            client.send(request("GET", target))
            for _ in range(2):
                wait_until(waits_anew)
                seen |= waits_anew()
                breaks.kill_all_workers(crew)
            wait_until(waits_anew)
        reply = client.receive()
    crew.wait_until_whole()
    assert reply.status == 200
    assert reply.json()["results"]
