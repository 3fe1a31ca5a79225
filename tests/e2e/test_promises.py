"""The four promises, without faults: durable, read your writes, counted exactly, never twice."""

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest

import seed
from api import PATIENCE_S, ask, new_product

CLIENTS = 8


def from_many_clients(stack, requests):
    """Sends (method, target, body) requests from several clients at once; their statuses."""
    def send(share):
        connection = HTTPConnection("127.0.0.1", stack.port, timeout=PATIENCE_S)
        return [ask(connection, *request).status_code for request in share]

    with ThreadPoolExecutor(CLIENTS) as clients:
        shares = [requests[client::CLIENTS] for client in range(CLIENTS)]
        return sum(clients.map(send, shares), [])


def test_a_2xx_write_is_committed(stack, api):
    product = new_product()
    for number in range(1, 6):
        question = api.add_question(product)["question_id"]
        answer = api.add_answer(question, photos=["a", "b"])["answer_id"]
        api.vote("questions", question)
        api.vote("answers", answer)
        api.report("answers", answer)
        api.report("questions", question)
        assert stack.sql("SELECT helpful, reported FROM questions WHERE id = %s",
                         question) == [(1, True)]
        assert stack.sql("SELECT helpful, reported, (SELECT count(*) FROM answers_photos"
                         "  WHERE answer_id = answers.id) FROM answers WHERE id = %s",
                         answer) == [(1, True, 2)]
        assert stack.sql("SELECT count(*) FROM questions WHERE product_id = %s",
                         product) == [(number,)]


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
def test_a_commit_is_durable(stack, setting):
    with stack.database(stack.serving_url) as cursor:
        cursor.execute(f"SHOW {setting}")
        assert cursor.fetchone() == ("on",)


def test_no_worker_shows_the_state_before_an_acknowledged_write(stack):
    product, question, answer = seed.question_with_answer(stack)
    workers = stack.worker_connections()
    for votes in range(1, 21):
        writer = workers[votes % len(workers)]
        for table, number in (("questions", question), ("answers", answer)):
            assert ask(writer, "PUT", f"/qa/{table}/{number}/helpful").status_code == 204
        for reader in workers:
            [shown] = ask(reader, "GET", f"/qa/questions?product_id={product}").json()["results"]
            assert shown["question_helpfulness"] == votes
            assert shown["answers"][str(answer)]["helpfulness"] == votes
            [shown] = ask(reader, "GET", f"/qa/questions/{question}/answers").json()["results"]
            assert shown["helpfulness"] == votes


def test_what_was_posted_and_reported_shows_through_nginx_at_once(api):
    product = new_product()
    for _ in range(10):
        question = api.add_question(product)["question_id"]
        assert [shown["question_id"] for shown in api.questions(product)] == [question]
        answer = api.add_answer(question)["answer_id"]
        assert list(api.questions(product)[0]["answers"]) == [str(answer)]
        assert len(api.answers(question)) == 1
        api.report("answers", answer)
        assert api.answers(question) == []
        assert api.questions(product)[0]["answers"] == {}
        api.report("questions", question)
        assert api.questions(product) == []


def test_concurrent_votes_are_counted_exactly(stack, api):
    product = new_product()
    questions = seed.questions(stack, product, [0, 0])
    answers = [seed.answers(stack, question, [0, 0]) for question in questions]
    targets = ([f"/qa/questions/{number}/helpful" for number in questions]
               + [f"/qa/answers/{number}/helpful" for number in sum(answers, [])])
    votes = [("PUT", target, None) for target in targets] * 100
    assert set(from_many_clients(stack, votes)) == {204}
    for question in api.questions(product):
        assert question["question_helpfulness"] == 100
        assert [answer["helpfulness"] for answer in question["answers"].values()] == [100, 100]


def test_concurrent_posts_are_each_added_once(stack, api):
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    body = b'{"body": "Because.", "name": "n", "email": "n@mail.example", "product_id": %d}'
    posts = [("POST", "/qa/questions", body % product),
             ("POST", f"/qa/questions/{question}/answers", body % product)] * 100
    assert set(from_many_clients(stack, posts)) == {201}
    assert len(api.questions(product, count=1000)) == 101
    answers = api.answers(question, count=1000)
    assert len({answer["answer_id"] for answer in answers}) == 100


def test_one_unknown_id_among_concurrent_writes_fails_alone(stack, api):
    [question] = seed.questions(stack, new_product(), [0])
    requests = [("PUT", f"/qa/questions/{number}/helpful", None)
                for number in [question] * 200 + [2**62]]
    assert sorted(from_many_clients(stack, requests)) == [204] * 200 + [404]
    assert stack.sql("SELECT helpful FROM questions WHERE id = %s", question) == [(200,)]


def test_a_read_among_concurrent_writes_shows_all_that_were_acknowledged_before(stack):
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    acknowledged = []

    def vote(_):
        connection = HTTPConnection("127.0.0.1", stack.port, timeout=PATIENCE_S)
        for _ in range(50):
            assert ask(connection, "PUT", f"/qa/questions/{question}/helpful").status_code == 204
            acknowledged.append(1)

    connection = HTTPConnection("127.0.0.1", stack.port, timeout=PATIENCE_S)
    with ThreadPoolExecutor(CLIENTS) as clients:
        writing = [clients.submit(vote, client) for client in range(CLIENTS)]
        while not all(writer.done() for writer in writing):
            least = len(acknowledged)
            shown = ask(connection, "GET", f"/qa/questions?product_id={product}").json()
            assert shown["results"][0]["question_helpfulness"] >= least
        for writer in writing:
            writer.result()
