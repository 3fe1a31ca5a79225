"""Writes in batches: one commit for many, and to each client what is its own."""

import contextlib
import itertools
import os
import random
import time

import pytest

import gates
import seed
from api import ANSWER, QUESTION, new_product
from conftest import PATIENT, running
from stack import wait_until
from wire import Client, request, send_at_once, worker_sockets

LOAD_SECONDS = float(os.environ.get("LOAD_SECONDS", 4))  # of each test under load


@contextlib.contextmanager
def running_in_batches(**settings):
    """A stack of two workers that have one connection each for writes: while that is busy, writes
    wait, and what waits together leaves together. With a gate for commits."""
    with running(**{**PATIENT, "QA_SAMPLE_PRODUCTS": "10", "QA_LOG_LEVEL": "info", "QA_WRITE_CONNECTIONS": "1",
                    **settings}) as stack, gates.on_commits(stack):
        yield stack


@pytest.fixture(scope="module")
def stack():
    with running_in_batches(QA_LOCK_TIMEOUT_MS="300") as stack:
        yield stack


@pytest.fixture(scope="module")
def default_stack():
    with running(QA_SAMPLE_PRODUCTS="10", QA_LOG_LEVEL="info") as stack:
        yield stack


@pytest.fixture(scope="module")
def busy_stack():
    """A stack that takes its time, however slow the disk, and where PostgreSQL notices a deadlock
    long before a lock timeout."""
    with running(QA_SAMPLE_PRODUCTS="10", QA_LOG_LEVEL="info", QA_OVERLOAD_AFTER_MS="10000",
                 QA_LOCK_TIMEOUT_MS="20000", QA_STATEMENT_TIMEOUT_MS="21000",
                 QA_REQUEST_TIMEOUT_MS="22000", QA_DRAIN_TIMEOUT_MS="23000") as stack:
        stack.sql("ALTER SYSTEM SET deadlock_timeout = '20ms'")
        stack.sql("SELECT pg_reload_conf()")
        yield stack


@contextlib.contextmanager
def gathering(stack):
    """Within it, what is sent to the first worker waits; then it leaves as one batch."""
    [blocker] = seed.questions(stack, new_product(), [0])
    with Client(worker_sockets(stack)[0]) as client:
        with gates.closed(stack, gates.COMMITS):
            client.send(request("PUT", f"/qa/questions/{blocker}/helpful"))
            gates.wait_until_somebody_waits(stack)
            yield
            with Client(worker_sockets(stack)[0]) as other:  # all has been taken in
                assert other.ask(request("GET", "/healthz")).status == 200
        assert client.receive().status == 204


def in_one_batch(stack, requests):
    """The replies to writes of one kind, which the first worker gets in one moment."""
    clients = [Client(worker_sockets(stack)[0]) for _ in requests]
    with gathering(stack):
        send_at_once(clients, requests)
    replies = [client.receive() for client in clients]
    for client in clients:
        client.close()
    return replies


def commits(stack, table, ids):
    """How many transactions wrote these rows last."""
    return stack.sql(f"SELECT count(DISTINCT xmin::text) FROM {table} WHERE id = ANY (%s)",
                     list(ids))[0][0]


def column(stack, table, name, ids):
    rows = dict(stack.sql(f"SELECT id, {name} FROM {table} WHERE id = ANY (%s)", list(ids)))
    return [rows[identifier] for identifier in ids]


CHANGES = [(table, action) for table in ("questions", "answers")
           for action in ("helpful", "reported")]  # the column that each changes


def change(table, action, identifier):
    return request("PUT", f"/qa/{table}/{identifier}/{action.removesuffix('ed')}")


def items(stack, table, count):
    questions = seed.questions(stack, new_product(), [0] * (count if table == "questions" else 2))
    if table == "questions":
        return questions
    return [seed.answers(stack, questions[number % 2], [0])[0] for number in range(count)]


def statuses(replies):
    return [reply.status for reply in replies]


# One batch

@pytest.mark.parametrize("table, action", CHANGES)
def test_what_comes_together_is_one_commit(stack, table, action):
    ids = items(stack, table, 30)
    replies = in_one_batch(stack, [change(table, action, number) for number in ids])
    assert statuses(replies) == [204] * 30
    assert column(stack, table, action, ids) == [1 if action == "helpful" else True] * 30
    assert commits(stack, table, ids) == 1


def test_votes_for_the_same_item_are_all_counted(stack):
    for table in ("questions", "answers"):
        [one, other] = items(stack, table, 2)
        votes = [one] * 70 + [other] * 30
        random.shuffle(votes)
        assert set(statuses(in_one_batch(stack, [change(table, "helpful", number)
                                                 for number in votes]))) == {204}
        assert column(stack, table, "helpful", [one, other]) == [70, 30]
        assert commits(stack, table, [one, other]) == 1


@pytest.mark.parametrize("table", ["questions", "answers"])
def test_a_counter_at_its_top_costs_the_other_votes_nothing(stack, table):
    full, other, *more = items(stack, table, 20)
    stack.sql(f"UPDATE {table} SET helpful = %s WHERE id = %s", 2**63 - 3, full)
    votes = [full, other] * 10 + more
    random.shuffle(votes)
    assert set(statuses(in_one_batch(stack, [change(table, "helpful", number)
                                             for number in votes]))) == {204}
    assert column(stack, table, "helpful", [full, other, *more]) == [2**63 - 1, 10, *[1] * 18]
    assert commits(stack, table, [full, other, *more]) == 1


@pytest.mark.parametrize("table, action", CHANGES)
def test_a_batch_may_be_about_one_item_only(stack, table, action):
    one, other = items(stack, table, 2)
    assert statuses(in_one_batch(stack, [change(table, action, one)] * 30)) == [204] * 30
    assert column(stack, table, action, [one, other]) == [
        *((30, 0) if action == "helpful" else (True, False))]
    assert statuses(in_one_batch(stack, [change(table, action, 2**62)] * 30)) == [404] * 30


@pytest.mark.parametrize("table, action", CHANGES)
def test_an_unknown_id_is_404_for_its_own_client_only(stack, table, action):
    ids = items(stack, table, 20)
    mixed = [*ids[:7], 2**62, *ids[7:], 2**62 + 1]
    replies = in_one_batch(stack, [change(table, action, number) for number in mixed])
    assert statuses(replies) == [404 if number >= 2**62 else 204 for number in mixed]
    assert replies[7].json()["field"] == f"{table[:-1]}_id"
    assert all(column(stack, table, action, ids))
    assert commits(stack, table, ids) == 1


def test_an_answer_to_an_unknown_question_is_404_for_its_own_client_only(stack):
    questions = items(stack, "questions", 20)
    mixed = [2**62, *questions, 2**62]
    replies = in_one_batch(stack, [request("POST", f"/qa/questions/{number}/answers", ANSWER)
                                   for number in mixed])
    assert statuses(replies) == [404, *[201] * 20, 404]
    assert commits(stack, "answers", [reply.json()["answer_id"] for reply in replies[1:-1]]) == 1


def photos(number):
    urls = [f"https://img.example/{number}/{photo}.jpg" for photo in range(number % 11)]
    random.shuffle(urls)
    return urls


def test_each_new_answer_is_answered_with_its_own(stack):
    questions = items(stack, "questions", 3)
    sent = [{"body": f"Answer {number} \U0001f9e6 \"quoted\"", "name": f"name {number}",
             "email": "n@mail.example", "photos": photos(number)} for number in range(60)]
    replies = in_one_batch(stack, [
        request("POST", f"/qa/questions/{questions[number % 3]}/answers", fields)
        for number, fields in enumerate(sent)])
    added = [reply.json() for reply in replies]
    for number, (fields, reply, answer) in enumerate(zip(sent, replies, added)):
        assert reply.status == 201
        assert reply.headers["location"] == f"/qa/questions/{questions[number % 3]}/answers"
        assert (answer["body"], answer["answerer_name"]) == (fields["body"], fields["name"])
        assert [photo["url"] for photo in answer["photos"]] == fields["photos"]
    ids = [answer["answer_id"] for answer in added]
    assert len(set(ids)) == 60
    assert commits(stack, "answers", ids) == 1
    with Client(stack.port) as client:
        for first, question in enumerate(questions):
            shown = client.ask(request("GET", f"/qa/questions/{question}/answers?count=100")).json()
            assert sorted(shown["results"], key=lambda answer: answer["answer_id"]) == sorted(
                added[first::3], key=lambda answer: answer["answer_id"])


def test_each_new_question_is_answered_with_its_own(stack):
    products = [new_product() for _ in range(3)]
    sent = [{"body": f"Question {number}? \\ \U0001f914", "name": f"name {number}",
             "email": "n@mail.example", "product_id": products[number % 3]} for number in range(60)]
    replies = in_one_batch(stack, [request("POST", "/qa/questions", fields) for fields in sent])
    added = [reply.json() for reply in replies]
    for fields, reply, question in zip(sent, replies, added):
        assert reply.status == 201
        assert reply.headers["location"] == f"/qa/questions?product_id={fields['product_id']}"
        assert (question["question_body"], question["asker_name"]) == (fields["body"],
                                                                       fields["name"])
    assert commits(stack, "questions", [question["question_id"] for question in added]) == 1
    with Client(stack.port) as client:
        for first, product in enumerate(products):
            shown = client.ask(request("GET", f"/qa/questions?product_id={product}&count=100"))
            assert sorted(shown.json()["results"], key=lambda one: one["question_id"]) == sorted(
                added[first::3], key=lambda one: one["question_id"])


def test_a_batch_is_bounded(stack):
    [question] = items(stack, "questions", 1)
    seed.many_answers(stack, question, 500)
    ids = [number for number, in stack.sql("SELECT id FROM answers WHERE question_id = %s",
                                           question)]
    replies = in_one_batch(stack, [change("answers", "helpful", number) for number in ids])
    assert set(statuses(replies)) == {204}
    assert column(stack, "answers", "helpful", ids) == [1] * 500
    assert 2 <= commits(stack, "answers", ids) <= 10


# A batch with an item that fails

@pytest.mark.parametrize("table, action", CHANGES)
def test_a_locked_row_is_503_for_its_own_clients_only(stack, table, action):
    *ids, locked = items(stack, table, 31)
    mixed = [*ids, 2**62, *[locked] * 30]
    random.shuffle(mixed)
    with stack.locked(f"SELECT FROM {table} WHERE id = %s FOR UPDATE", locked):
        replies = in_one_batch(stack, [change(table, action, number) for number in mixed])
    expected = {locked: 503, 2**62: 404}
    assert statuses(replies) == [expected.get(number, 204) for number in mixed]
    assert all(column(stack, table, action, ids))
    assert column(stack, table, action, [locked]) == [0 if action == "helpful" else False]


def test_a_locked_row_is_503_for_its_own_clients_only_with_the_settings_as_they_come(default_stack):
    *ids, locked = items(default_stack, "answers", 31)
    mixed = [*ids, *[locked] * 30]
    random.shuffle(mixed)
    clients = [Client(worker_sockets(default_stack)[0]) for _ in mixed]
    with default_stack.locked("SELECT FROM answers WHERE id = %s FOR UPDATE", locked):
        send_at_once(clients, [change("answers", "helpful", number) for number in mixed])
        replies = [client.receive() for client in clients]
    for client in clients:
        client.close()
    # Those that waited longest may meet their deadline first; what they are told is true anyway.
    told = list(zip(mixed, statuses(replies)))
    assert {status for number, status in told if number == locked} <= {503, 504}
    assert {status for number, status in told if number != locked} <= {204, 503}
    assert column(default_stack, "answers", "helpful", ids) == [
        int((number, 204) in told) for number in ids]


def test_a_locked_question_fails_only_the_answers_to_it(stack):
    *questions, locked = items(stack, "questions", 11)
    mixed = [questions[0], locked, *questions[1:]]
    with stack.locked("SELECT FROM questions WHERE id = %s FOR UPDATE", locked):
        replies = in_one_batch(stack, [request("POST", f"/qa/questions/{number}/answers", ANSWER)
                                       for number in mixed])
    assert statuses(replies) == [503 if number == locked else 201 for number in mixed]
    assert stack.sql("SELECT question_id, count(*) FROM answers WHERE question_id = ANY (%s)"
                     " GROUP BY 1 ORDER BY 1", mixed) == [(number, 1) for number in questions]


@contextlib.contextmanager
def poison(stack):
    """Within it, PostgreSQL does not take a question of this body."""
    stack.sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
              " $$ BEGIN RAISE 'no poison'; END $$;"
              "CREATE TRIGGER refuse BEFORE INSERT ON questions FOR EACH ROW"
              " WHEN (NEW.body = 'poison') EXECUTE FUNCTION refuse()")
    try:
        yield
    finally:
        stack.sql("DROP TRIGGER refuse ON questions; DROP FUNCTION refuse()")


def test_what_postgresql_does_not_take_fails_alone_and_nothing_is_added_twice(stack):
    product = new_product()
    bodies = [f"Question {number}" for number in range(20)]
    bodies[7] = "poison"
    with poison(stack):
        replies = in_one_batch(stack, [
            request("POST", "/qa/questions", {**QUESTION, "body": body, "product_id": product})
            for body in bodies])
    assert statuses(replies) == [500 if body == "poison" else 201 for body in bodies]
    assert sorted(stack.sql("SELECT body FROM questions WHERE product_id = %s", product)) == sorted(
        (body,) for body in bodies if body != "poison")


def test_a_batch_whose_connection_broke_is_not_sent_again(stack):
    ids = items(stack, "questions", 20)
    clients = [Client(worker_sockets(stack)[0]) for _ in ids]
    with gates.closed(stack, gates.COMMITS):
        # The first leaves by itself, the others while it waits.
        send_at_once(clients, [change("questions", "helpful", number) for number in ids])
        gates.wait_until_somebody_waits(stack)
        stack.terminate_backends()
        answered = [client.receive() for client in clients]
    for client in clients:
        client.close()
    assert set(statuses(answered)) <= {503, 504}
    assert 504 in statuses(answered)
    for reply in answered:
        assert ("may have been applied" in reply.json()["detail"]) == (reply.status == 504)
    stack.wait_until_ready()
    assert column(stack, "questions", "helpful", ids) == [0] * 20


# Without company, and with much

def test_a_lone_write_does_not_wait_for_company(busy_stack):
    [answer] = items(busy_stack, "answers", 1)

    def left_at_once():
        started = time.monotonic()
        assert client.ask(change("answers", "helpful", answer)).status == 204
        return time.monotonic() - started < 0.1

    with Client(worker_sockets(busy_stack)[0]) as client:
        wait_until(left_at_once)  # a slow disk may need some tries, a wait for company would be in all


def database_counts(stack):
    """(commits, deadlocks) so far. A session tells its last counts when it ends."""
    stack.terminate_backends()
    stack.wait_until_whole()
    return stack.sql("SELECT xact_commit, deadlocks FROM pg_stat_database"
                     " WHERE datname = 'atelier_qa'")[0]


def bursts(stack, requests, seconds, clients=400):
    """Requests drawn from a list, so many at a time, half of them to each worker, for some seconds
    and until there are thousands; those that took effect, which must be nearly all."""
    workers = itertools.cycle(worker_sockets(stack))
    clients = [Client(next(workers)) for _ in range(clients)]
    end = time.monotonic() + seconds
    sent, accepted = 0, []
    while time.monotonic() < end or sent < 2000:
        drawn = random.choices(requests, k=len(clients))
        send_at_once(clients, drawn)
        answered = statuses([client.receive() for client in clients])
        assert set(answered) <= {201, 204, 503}
        sent += len(drawn)
        accepted += [one for one, status in zip(drawn, answered) if status != 503]
    for client in clients:
        client.close()
    assert len(accepted) > 0.9 * sent
    return accepted


def test_two_workers_vote_for_the_same_items_without_a_deadlock_and_with_few_commits(busy_stack):
    questions, answers = items(busy_stack, "questions", 60), items(busy_stack, "answers", 60)
    votes = {("questions", number): change("questions", "helpful", number) for number in questions}
    votes |= {("answers", number): change("answers", "helpful", number) for number in answers}
    commits_before, deadlocks_before = database_counts(busy_stack)
    accepted = bursts(busy_stack, list(votes.values()), LOAD_SECONDS)
    commits_after, deadlocks_after = database_counts(busy_stack)

    assert deadlocks_after == deadlocks_before
    assert "deadlock detected" not in (busy_stack.folder / "log/postgres.log").read_text()
    for table, ids in (("questions", questions), ("answers", answers)):
        assert column(busy_stack, table, "helpful", ids) == [
            accepted.count(votes[table, number]) for number in ids]
    print(f"{len(accepted)} votes in {commits_after - commits_before} commits")
    assert (commits_after - commits_before) / len(accepted) < 0.3


@pytest.mark.parametrize("chosen", [
    ["votes for questions", "votes for answers", "reports", "questions", "answers"],
    # An answer holds its question, lest it go away; that must not be in the way of the others.
    ["votes for questions", "answers"], ["reports", "answers"]])
def test_other_writes_for_the_same_items_meet_no_deadlock_either(busy_stack, chosen):
    product = new_product()
    questions = seed.questions(busy_stack, product, [0] * 40)
    answers = [number for question in questions
               for number in seed.answers(busy_stack, question, [0])]
    kinds = {"votes for questions": [change("questions", "helpful", number)
                                     for number in questions],
             "votes for answers": [change("answers", "helpful", number) for number in answers],
             "reports": [change("questions", "reported", number) for number in questions]
             + [change("answers", "reported", number) for number in answers],
             "answers": [request("POST", f"/qa/questions/{number}/answers",
                                 {**ANSWER, "photos": ["a", "b"]}) for number in questions],
             "questions": [request("POST", "/qa/questions", {**QUESTION, "product_id": product})]}
    before = database_counts(busy_stack)
    accepted = bursts(busy_stack, sum((kinds[kind] for kind in chosen), []), LOAD_SECONDS)
    after = database_counts(busy_stack)

    assert after[1] == before[1]
    sent = {kind: sum(one in requests for one in accepted) for kind, requests in kinds.items()}
    assert all(sent[kind] for kind in chosen)
    assert busy_stack.sql("SELECT sum(helpful)::int, count(*)::int FROM questions"
                          " WHERE product_id = %s", product) == [
        (sent["votes for questions"], sent["questions"] + len(questions))]
    assert busy_stack.sql(
        "SELECT sum(helpful)::int, count(*)::int, sum((SELECT count(*) FROM answers_photos"
        "  WHERE answer_id = answers.id))::int FROM answers WHERE question_id = ANY (%s)",
        questions) == [(sent["votes for answers"], sent["answers"] + len(answers),
                        2 * sent["answers"])]
