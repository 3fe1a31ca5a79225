"""Idempotency-Key: a write is made once, however often its request comes."""

import os
import random
import signal
import threading
import time
import uuid

import pytest

import breaks
import gates
import seed
from api import ANSWER, MAX_ID, QUESTION, REPLAYED, Api, assert_problem, new_product, without
from conftest import running
from stack import wait_until
from test_batches import column, commits, in_one_batch, poison, running_in_batches, statuses
from wire import Client, request, worker_sockets

LEDGER_WRITES = int(os.environ.get("LEDGER_WRITES", 3000))


@pytest.fixture(scope="module")
def stack():
    with running_in_batches(QA_LOCK_TIMEOUT_MS="300") as stack:
        yield stack


@pytest.fixture(scope="module")
def api(stack):
    return Api(stack.base_url)


def new_key():
    return str(uuid.uuid4())


def keyed(key):
    return {"headers": {"Idempotency-Key": key}}


WRITES = {
    "a question": ("POST", "/qa/questions", lambda rows: {**QUESTION, "product_id": rows["product"]}),
    "a question, by its path": ("POST", "/qa/questions/{product}", lambda rows: QUESTION),
    "an answer": ("POST", "/qa/questions/{questions}/answers", lambda rows: {**ANSWER, "photos": ["a", "b"]}),
    "a vote for a question": ("PUT", "/qa/questions/{questions}/helpful", lambda rows: None),
    "a vote for an answer": ("PUT", "/qa/answers/{answers}/helpful", lambda rows: None),
    "a report of a question": ("PUT", "/qa/questions/{questions}/report", lambda rows: None),
    "a report of an answer": ("PUT", "/qa/answers/{answers}/report", lambda rows: None),
}


def made(stack, rows):
    """What the tables hold of a test."""
    return stack.sql("SELECT id, helpful, reported FROM questions WHERE product_id = %s ORDER BY id",
                     rows["product"]) + \
        stack.sql("SELECT id, helpful, reported, photo_urls::text FROM answers WHERE question_id = %s ORDER BY id",
                  rows["questions"])


@pytest.mark.parametrize("write", WRITES)
def test_a_repeated_write_is_made_once_and_its_response_comes_again(stack, api, rows, write):
    method, path, fields = WRITES[write]
    before = made(stack, rows)
    responses, states = [], []
    for key in ("k-" + new_key(), new_key()):
        for repeated in (key, key, f'"{key}"'):  # bare and as a string of RFC 8941
            responses.append(api.request(method, path.format(**rows), json=fields(rows), **keyed(repeated)))
            states.append(made(stack, rows))
    assert {response.status_code for response in responses} == {201 if method == "POST" else 204}
    assert [response.headers.get(REPLAYED) for response in responses] == 2 * [None, "true", "true"]
    assert all(REPLAYED in response.headers["Access-Control-Expose-Headers"] for response in responses)
    for first, *again in (responses[:3], responses[3:]):
        for response in again:
            assert response.content == first.content
            for name in ("Location", "Content-Type"):
                assert response.headers.get(name) == first.headers.get(name)
    assert states[0] != before
    assert states[0] == states[1] == states[2]
    assert states[3] == states[4] == states[5]
    if "report" not in write:  # one that has another key is another one
        assert states[3] != states[0]


def test_the_unknown_is_unknown_again(stack, api):
    for path, body in (("/qa/questions/%d/helpful", None), ("/qa/answers/%d/report", None),
                       ("/qa/questions/%d/answers", ANSWER)):
        key = new_key()
        method = "POST" if body else "PUT"
        first, again = (api.request(method, path % MAX_ID, json=body, **keyed(key)) for _ in range(2))
        assert_problem(first, 404)
        assert_problem(again, 404)
        assert again.content == first.content
        assert (first.headers.get(REPLAYED), again.headers.get(REPLAYED)) == (None, "true")


def test_a_key_with_another_body_is_422_and_changes_nothing(stack, api, rows):
    key = new_key()
    path = f"/qa/questions/{rows['questions']}/answers"
    first = api.post(path, json=ANSWER, **keyed(key))
    before = made(stack, rows)
    for other in ({**ANSWER, "body": "No."}, {**ANSWER, "photos": ["a"]}, {**ANSWER, "email": "other@mail.example"}):
        assert_problem(api.post(path, json=other, **keyed(key)), 422, "Idempotency-Key")
    assert made(stack, rows) == before
    again = api.post(path, json={"unknown": "field", **ANSWER}, **keyed(key))  # says the same
    assert again.content == first.content


def test_a_key_counts_for_one_method_and_one_path(stack, api, rows):
    key = new_key()
    [other] = seed.questions(stack, rows["product"], [0])
    for path in (f"/qa/questions/{rows['questions']}/helpful", f"/qa/questions/{other}/helpful",
                 f"/qa/questions/{other}/report", f"/qa/answers/{rows['answers']}/helpful"):
        assert api.put(path, **keyed(key)).headers.get(REPLAYED) is None
    again = api.put(f"/qa/questions/00{other}/helpful/", **keyed(key))  # the same path
    assert again.headers.get(REPLAYED) == "true"
    assert column(stack, "questions", "helpful", [rows["questions"], other]) == [1, 1]
    assert api.post("/qa/questions", json={**QUESTION, "product_id": rows["product"]}, **keyed(key)).headers.get(
        REPLAYED) is None


@pytest.mark.parametrize("key", ["k" * 256, "k" * 2000, "a b", "é", '"', '"a', '""', '"a"b', '"a";x', '"é"',
                                 '"' + "k" * 256 + '"'])
def test_a_malformed_key_is_400(stack, api, rows, key):
    for path, body in ((f"/qa/questions/{rows['questions']}/helpful", None),
                       (f"/qa/questions/{rows['questions']}/answers", ANSWER)):
        method = "POST" if body else "PUT"
        response = api.request(method, path, json=body, headers={"Idempotency-Key": key.encode()})
        assert_problem(response, 400, "Idempotency-Key")
    assert made(stack, rows) == [(rows["questions"], 0, False), (rows["answers"], 0, False, "[]")]


def test_the_longest_key_and_none(api, rows):
    path = f"/qa/questions/{rows['questions']}/helpful"
    for key in ("k" * 255, '"' + '\\"' * 255 + '"'):
        assert [api.put(path, **keyed(key)).headers.get(REPLAYED) for _ in range(2)] == [None, "true"]
    assert [api.put(path, **keyed("")).headers.get(REPLAYED) for _ in range(2)] == [None, None]
    for _ in range(2):  # of a read it says nothing
        assert api.get(f"/qa/questions?product_id={rows['product']}", **keyed("a b")).status_code == 200


def test_a_wrong_request_does_not_use_its_key_up(api, rows):
    key = new_key()
    path = f"/qa/questions/{rows['questions']}/answers"
    assert_problem(api.post(path, json=without(ANSWER, "name"), **keyed(key)), 400, "name")
    response = api.post(path, json=ANSWER, **keyed(key))
    assert response.status_code == 201
    assert REPLAYED not in response.headers


def test_who_comes_while_the_first_is_under_way_is_409_at_once(stack, rows):
    vote = request("PUT", f"/qa/questions/{rows['questions']}/helpful", Idempotency_Key=new_key())
    one, other = worker_sockets(stack)
    with Client(one) as first, Client(other) as second, Client(one) as third:
        with gates.closed(stack, gates.COMMITS):
            first.send(vote)
            gates.wait_until_somebody_waits(stack)
            busy = second.ask(vote)
            assert busy.status == 409
            assert busy.headers["retry-after"] == "1"
            assert busy.json()["field"] == "Idempotency-Key"
            third.send(vote)  # waits with its worker's other writes
        replies = [first.receive(), third.receive(), second.ask(vote)]
        assert statuses(replies) == [204, 204, 204]
        assert [reply.headers.get(REPLAYED.lower()) for reply in replies] == [None, "true", "true"]
    assert column(stack, "questions", "helpful", [rows["questions"]]) == [1]


def test_equal_requests_in_one_batch_are_made_once(stack, rows):
    vote = request("PUT", f"/qa/questions/{rows['questions']}/helpful", Idempotency_Key=new_key())
    other = request("PUT", f"/qa/questions/{rows['questions']}/helpful", Idempotency_Key=new_key())
    replies = in_one_batch(stack, [vote, other, vote, vote])
    assert sorted(statuses(replies)) == [204, 204, 409, 409]
    assert column(stack, "questions", "helpful", [rows["questions"]]) == [2]


@pytest.mark.parametrize("table", ["questions", "answers"])
@pytest.mark.parametrize("action", ["helpful", "report"])
def test_keyed_writes_share_a_commit(stack, table, action):
    questions = seed.questions(stack, new_product(), [0] * 40)
    ids = questions if table == "questions" else [seed.answers(stack, number, [0])[0] for number in questions]
    replies = in_one_batch(stack, [request("PUT", f"/qa/{table}/{number}/{action}", Idempotency_Key=new_key())
                                   for number in ids])
    assert statuses(replies) == [204] * 40
    assert commits(stack, table, ids) == 1


def test_more_keys_than_postgresql_has_locks_for_are_several_commits(stack):
    ids = seed.questions(stack, new_product(), [0] * 150)
    replies = in_one_batch(stack, [request("PUT", f"/qa/questions/{number}/helpful", Idempotency_Key=new_key())
                                   for number in ids])
    assert statuses(replies) == [204] * 150
    assert 3 < commits(stack, "questions", ids) < 15


def test_a_write_that_fails_leaves_its_key_and_its_neighbours_alone(stack):
    product = new_product()
    bodies = [f"Question {number}" for number in range(10)]
    bodies[7] = "poison"
    requests = [request("POST", "/qa/questions", {**QUESTION, "body": body, "product_id": product},
                        Idempotency_Key=new_key()) for body in bodies]
    with poison(stack):
        assert statuses(in_one_batch(stack, requests)) == [500 if body == "poison" else 201 for body in bodies]
    replies = in_one_batch(stack, requests)
    assert statuses(replies) == [201] * 10
    assert [reply.headers.get(REPLAYED.lower()) for reply in replies] == [
        None if body == "poison" else "true" for body in bodies]
    assert sorted(stack.sql("SELECT body FROM questions WHERE product_id = %s", product)) == sorted(
        (body,) for body in bodies)


def test_a_locked_row_fails_its_own_writes_only_and_they_can_be_sent_again(stack):
    *ids, locked = seed.questions(stack, new_product(), [0] * 8)
    votes = [request("PUT", f"/qa/questions/{number}/helpful", Idempotency_Key=new_key())
             for number in [*ids, locked]]
    with stack.locked("SELECT FROM questions WHERE id = %s FOR UPDATE", locked):
        assert statuses(in_one_batch(stack, votes)) == [204] * 7 + [503]
    replies = in_one_batch(stack, votes)
    assert statuses(replies) == [204] * 8
    assert [reply.headers.get(REPLAYED.lower()) for reply in replies] == ["true"] * 7 + [None]
    assert column(stack, "questions", "helpful", [*ids, locked]) == [1] * 8


def age(stack, hours):
    stack.sql("UPDATE keyed_writes SET made_at = made_at - %s * interval '1 hour'", hours)


def test_a_key_counts_for_a_day(stack, api, rows):
    key = new_key()
    path = f"/qa/questions/{rows['questions']}/answers"
    api.post(path, json=ANSWER, **keyed(key))
    age(stack, 23)
    assert api.post(path, json=ANSWER, **keyed(key)).headers.get(REPLAYED) == "true"
    age(stack, 1)
    assert REPLAYED not in api.post(path, json={**ANSWER, "body": "Another one."}, **keyed(key)).headers
    assert len(made(stack, rows)) == 4  # the question, its answer and two


def test_what_is_a_day_old_is_forgotten(stack, api, rows):
    path = f"/qa/questions/{rows['questions']}/helpful"
    stack.sql("INSERT INTO keyed_writes (key, request, made_at, status)"
              " SELECT gen_random_uuid(), gen_random_uuid(), now() - interval '25 hours', 204"
              " FROM generate_series(1, 2500)")
    kept = new_key()
    api.put(path, **keyed(kept))
    stack.reload()  # a worker looks when it starts, and as long as there is something to do
    wait_until(lambda: stack.sql("SELECT count(*) FROM keyed_writes WHERE made_at < now() - interval '24 hours'")
               == [(0,)])
    assert api.put(path, **keyed(kept)).headers.get(REPLAYED) == "true"


def test_neither_key_nor_address_is_stored(stack, api, rows):
    key = new_key()
    api.post(f"/qa/questions/{rows['questions']}/answers", json={**ANSWER, "email": "secret@mail.example"},
             **keyed(key))
    [(stored,)] = stack.sql("SELECT string_agg(keyed_writes::text, ' ') FROM keyed_writes")
    assert key not in stored and key.replace("-", "") not in stored
    assert "secret@mail.example" not in stored


def test_an_erased_text_does_not_come_again(stack, api, rows):
    posts = {"questions": ("/qa/questions", {**QUESTION, "product_id": rows["product"]}),
             "answers": (f"/qa/questions/{rows['questions']}/answers", {**ANSWER, "photos": ["/1.jpg"]})}
    for table, (path, body) in posts.items():
        key = new_key()
        added = api.post(path, json=body, **keyed(key)).json()
        name = "asker_name" if table == "questions" else "answerer_name"
        stack.sql(f"UPDATE {table} SET body = 'erased', {name} = 'gone' WHERE id = %s", added[f"{table[:-1]}_id"])
        again = api.post(path, json=body, **keyed(key))
        assert again.headers[REPLAYED] == "true"
        text = "question_body" if table == "questions" else "body"
        assert again.json() == {**added, text: "erased", name: "gone"}


def test_whose_worker_dies_after_the_commit_learns_what_it_did(stack, rows):
    """NGINX sends the request again, and the client sees nothing of it."""
    vote = request("PUT", f"/qa/questions/{rows['questions']}/helpful", Idempotency_Key=new_key())
    with Client(stack.port) as client:
        with gates.closed(stack, gates.COMMITS):
            client.send(vote)
            gates.wait_until_somebody_waits(stack)
            workers = stack.worker_pids()
            for worker in workers:
                os.kill(worker, signal.SIGSTOP)
        wait_until(lambda: column(stack, "questions", "helpful", [rows["questions"]]) == [1])
        breaks.kill(*workers)
        reply = client.receive()
    assert reply.status == 204
    assert reply.headers[REPLAYED.lower()] == "true"
    assert column(stack, "questions", "helpful", [rows["questions"]]) == [1]


def test_without_a_key_nginx_does_not_send_a_write_again(stack, rows):
    vote = request("PUT", f"/qa/questions/{rows['questions']}/helpful")
    with Client(stack.port) as client:
        with gates.closed(stack, gates.COMMITS):
            client.send(vote)
            gates.wait_until_somebody_waits(stack)
            breaks.kill(*stack.worker_pids())
            assert client.receive().status == 504
    wait_until(lambda: column(stack, "questions", "helpful", [rows["questions"]]) == [1])
    stack.wait_until_ready()


# The ledger

AGAIN = {409, 429, 500, 502, 503, 504}


class Writer(threading.Thread):
    """Makes writes one after the other; each is sent again until it has got an answer that is for good."""

    def __init__(self, port, writes):
        super().__init__()
        self.client = Client(port, timeout=20)
        self.writes = writes
        self.sent, self.replayed, self.wrong = 0, 0, []

    def run(self):
        for write in self.writes:
            status = None
            while status is None or status in AGAIN:
                self.sent += 1
                try:
                    reply = self.client.ask(write)
                    status = reply.status
                    self.replayed += reply.headers.get(REPLAYED.lower()) == "true"
                except OSError:
                    status = None
                if status not in (201, 204):
                    time.sleep(0.02)
            if status not in (201, 204):
                self.wrong.append((status, write[:80]))
        self.client.close()


def crash_the_postmaster(stack):
    stack.stop_database(signal.SIGQUIT)
    stack.start_database()


BREAKS = [breaks.kill_a_worker, breaks.kill_all_workers, breaks.kill_a_worker_of_nginx, breaks.terminate_a_session,
          breaks.terminate_all_sessions, breaks.crash_the_database, crash_the_postmaster, breaks.reload,
          breaks.kill_the_supervisor]


def test_ledger():
    """Each of thousands of writes is made exactly once, while all that takes part in it is killed."""
    with running(QA_SAMPLE_PRODUCTS="10", QA_LOG_LEVEL="error") as stack:
        product = new_product()
        questions = seed.questions(stack, product, [0] * 5)
        answers = [number for question in questions for number in seed.answers(stack, question, [0])]
        expected = dict.fromkeys([*(("questions", number) for number in questions),
                                  *(("answers", number) for number in answers)], 0)
        writes, posted = [], {"questions": set(), "answers": set()}
        for number in range(LEDGER_WRITES):
            body = f"ledger {number}"
            kind = number % 4
            if kind == 0:
                posted["questions"].add(body)
                write = ("POST", "/qa/questions", {**QUESTION, "body": body, "product_id": product})
            elif kind == 1:
                posted["answers"].add(body)
                write = ("POST", f"/qa/questions/{random.choice(questions)}/answers",
                         {**ANSWER, "body": body, "photos": ["a"]})
            else:
                item = random.choice([key for key in expected if key[0] == ("questions", "answers")[kind - 2]])
                expected[item] += 1
                write = ("PUT", f"/qa/{item[0]}/{item[1]}/helpful", None)
            writes.append(request(*write, Idempotency_Key=new_key()))
        writers = [Writer(stack.port, writes[first::16]) for first in range(16)]
        for writer in writers:
            writer.start()
        broken = 0
        while any(writer.is_alive() for writer in writers):
            BREAKS[broken % len(BREAKS)](stack)
            broken += 1
            done = sum(writer.sent for writer in writers)
            wait_until(lambda: sum(writer.sent for writer in writers) > done + 100
                       or not any(writer.is_alive() for writer in writers))
        for writer in writers:
            writer.join()
        stack.wait_until_whole()
        sent = sum(writer.sent for writer in writers)
        replayed = sum(writer.replayed for writer in writers)
        print(f"{LEDGER_WRITES} writes, {sent} requests, {replayed} replayed, {broken} breaks")
        assert sum((writer.wrong for writer in writers), []) == []
        assert broken >= len(BREAKS)
        for table, bodies in posted.items():
            assert sorted(stack.sql(f"SELECT body FROM {table} WHERE body LIKE 'ledger %%'")) == sorted(
                (body,) for body in bodies)
        assert stack.sql("SELECT count(*) FROM answers_photos JOIN answers ON answers.id = answer_id"
                         " WHERE body LIKE 'ledger %%'") == [(len(posted["answers"]),)]
        counted = {(table, number): helpful for table in ("questions", "answers") for number, helpful in stack.sql(
            f"SELECT id, helpful FROM {table} WHERE body NOT LIKE 'ledger %%' AND id = ANY (%s)",
            questions if table == "questions" else answers)}
        assert counted == expected
