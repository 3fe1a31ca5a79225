"""PUT .../helpful and PUT .../report."""

import pytest

import seed
from api import MAX_ID, assert_problem, new_product
from stack import wait_until
from wire import Client, request, send_at_once, worker_sockets

TABLES = ["questions", "answers"]


def shown_helpfulness(api, rows):
    [question] = api.questions(rows["product"])
    [answer] = question["answers"].values()
    return {"questions": question["question_helpfulness"], "answers": answer["helpfulness"]}


@pytest.mark.parametrize("table", TABLES)
def test_each_vote_adds_one_to_its_row_only(api, rows, table):
    for times in (1, 2, 3):
        response = api.put(f"/qa/{table}/{rows[table]}/helpful")
        assert response.status_code == 204
        assert response.content == b""
        assert shown_helpfulness(api, rows) == {"questions": 0, "answers": 0, table: times}


def test_a_vote_moves_a_question_up(stack, api):
    product = new_product()
    first, second = seed.questions(stack, product, [0, 0])
    api.vote("questions", second)
    assert [question["question_id"] for question in api.questions(product)] == [second, first]


@pytest.mark.parametrize("table", TABLES)
def test_a_counter_at_its_top_stays_there_and_the_vote_is_204(stack, api, table):
    top = 2**63 - 1
    product = new_product()
    [question] = seed.questions(stack, product, [top - 1 if table == "questions" else 0])
    [answer] = seed.answers(stack, question, [top - 1 if table == "answers" else 0])
    rows = {"product": product, "questions": question, "answers": answer}
    for _ in range(3):
        api.vote(table, rows[table])
        assert shown_helpfulness(api, rows) == {"questions": 0, "answers": 0, table: top}


@pytest.mark.parametrize("table", TABLES)
def test_a_report_is_204_without_a_body_and_so_is_the_next_one(api, rows, table):
    for _ in range(2):
        response = api.put(f"/qa/{table}/{rows[table]}/report")
        assert response.status_code == 204
        assert response.content == b""


@pytest.mark.parametrize("table", TABLES)
def test_a_report_deletes_nothing(stack, api, rows, table):
    api.report(table, rows[table])
    assert stack.sql(f"SELECT reported FROM {table} WHERE id = %s", rows[table]) == [(True,)]


@pytest.mark.parametrize("table", TABLES)
def test_a_vote_for_something_reported_is_204_and_counts(stack, api, rows, table):
    api.report(table, rows[table])
    api.vote(table, rows[table])
    assert stack.sql(f"SELECT helpful FROM {table} WHERE id = %s", rows[table]) == [(1,)]


@pytest.mark.parametrize("action", ["helpful", "report"])
@pytest.mark.parametrize("table", TABLES)
def test_an_unknown_id_is_404(api, table, action):
    assert_problem(api.put(f"/qa/{table}/{MAX_ID}/{action}"), 404)


@pytest.mark.parametrize("body, content_type", [
    (b"{", "application/json"), (b"hello", "text/plain"), (b"a=b", None),
    (b"a=b", "application/x-www-form-urlencoded"), (b"--x", "multipart/form-data; boundary=x"),
    (b"\x00\xff" * 35_000, "application/octet-stream"),
])
@pytest.mark.parametrize("action", ["helpful", "report"])
def test_a_body_is_ignored_whatever_its_type(api, rows, action, body, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    response = api.put(f"/qa/questions/{rows['questions']}/{action}", data=body, headers=headers)
    assert response.status_code == 204


def test_a_chunked_body_is_ignored(api, rows):
    response = api.put(f"/qa/questions/{rows['questions']}/helpful", data=iter([b"a", b"b"]))
    assert response.status_code == 204


def test_an_answer_to_a_reported_question_is_accepted(api, rows):
    api.report("questions", rows["questions"])
    api.add_answer(rows["questions"])


@pytest.mark.parametrize("action, count", [("helpful", 1), ("helpful", 3), ("report", 1)])
def test_what_waits_until_a_question_has_moved_shows_where_it_is_then(stack, api, action, count):
    """The question changes its product by hand; `count` votes for its answers come meanwhile."""
    product, destination = new_product(), new_product()
    [question] = seed.questions(stack, product, [0])
    answers = seed.answers(stack, question, [0] * count)
    for _ in range(20):  # every worker's cache holds the page
        assert api.questions(destination) == []
    clients = [Client(worker_sockets(stack)[0]) for _ in answers]
    with stack.database(stack.superuser_url()) as mover:
        mover.execute("UPDATE questions SET product_id = %s WHERE id = %s", (destination, question))
        send_at_once(clients, [request("PUT", f"/qa/answers/{answer}/{action}") for answer in answers])
        wait_until(stack.waiting_backends)
        mover.connection.commit()
    assert [client.receive().status for client in clients] == [204] * count
    for client in clients:
        client.close()
    expected = dict.fromkeys(map(str, answers), 1) if action == "helpful" else {}
    for _ in range(20):
        [shown] = api.questions(destination)
        assert {key: each["helpfulness"] for key, each in shown["answers"].items()} == expected
