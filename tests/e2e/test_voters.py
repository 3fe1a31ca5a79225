"""Qa-Voter: a shopper's vote counts once and can be taken back."""

import random
import uuid

import pytest

import seed
from api import ANSWER, MAX_ID, QUESTION, Api, assert_problem, new_product
from test_batches import column, commits, in_one_batch, running_in_batches, statuses
from wire import request

TABLES = ["questions", "answers"]


@pytest.fixture(scope="module")
def stack():
    with running_in_batches() as stack:
        yield stack


@pytest.fixture(scope="module")
def api(stack):
    return Api(stack.base_url)


def new_voter():
    return str(uuid.uuid4())


def as_voter(voter):
    return {"headers": {"Qa-Voter": voter}}


def helpful(stack, table, identifier):
    [number] = column(stack, table, "helpful", [identifier])
    return number


def shown(api, table, rows):
    [question] = api.questions(rows["product"])
    return question["question_helpfulness"] if table == "questions" else \
        question["answers"][str(rows["answers"])]["helpfulness"]


@pytest.mark.parametrize("table", TABLES)
def test_a_second_vote_of_a_voter_is_204_and_changes_nothing(stack, api, rows, table):
    path = f"/qa/{table}/{rows[table]}/helpful"
    one, other = new_voter(), new_voter()
    for voter, expected in ((one, 1), (one, 1), (other, 2), (one, 2), (None, 3), (None, 4)):
        response = api.put(path, **(as_voter(voter) if voter else {}))
        assert (response.status_code, response.content) == (204, b"")
        assert helpful(stack, table, rows[table]) == expected
        assert shown(api, table, rows) == expected


@pytest.mark.parametrize("table", TABLES)
def test_a_vote_is_taken_back_once(stack, api, rows, table):
    path = f"/qa/{table}/{rows[table]}/helpful"
    one, other = new_voter(), new_voter()
    for voter in (one, other):
        api.put(path, **as_voter(voter))
    for method, voter, status, expected in (
            ("DELETE", one, 204, 1), ("DELETE", one, 404, 1), ("PUT", one, 204, 2), ("DELETE", one, 204, 1),
            ("DELETE", other, 204, 0), ("DELETE", other, 404, 0), ("PUT", other, 204, 1)):
        response = api.request(method, path, **as_voter(voter))
        assert response.status_code == status
        assert helpful(stack, table, rows[table]) == expected
        assert shown(api, table, rows) == expected
    assert_problem(api.request("DELETE", path, **as_voter(one)), 404, f"{table[:-1]}_id")


@pytest.mark.parametrize("table", TABLES)
def test_what_there_is_not_to_take_back(stack, api, rows, table):
    path = f"/qa/{table}/{rows[table]}/helpful"
    api.put(path)  # of nobody
    assert_problem(api.request("DELETE", path), 400, "Qa-Voter")
    assert_problem(api.request("DELETE", path, **as_voter(new_voter())), 404)
    assert_problem(api.request("DELETE", f"/qa/{table}/{MAX_ID}/helpful", **as_voter(new_voter())), 404)
    assert_problem(api.request("DELETE", f"/qa/{table}/x/helpful", **as_voter(new_voter())), 400,
                   f"{table[:-1]}_id")
    assert helpful(stack, table, rows[table]) == 1


def test_a_question_and_an_answer_of_one_number_are_two(stack, api):
    number = 10**15 + random.randrange(10**9)
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    for table in TABLES:
        of = {"questions": (product, "asker"), "answers": (question, "answerer")}[table]
        stack.sql(f"INSERT INTO {table} (id, {'product_id' if table == 'questions' else 'question_id'}, body,"
                  f" {of[1]}_name, {of[1]}_email) VALUES (%s, %s, 'a', 'b', 'c@d')", number, of[0])
    voter = new_voter()
    for table in TABLES:
        assert api.put(f"/qa/{table}/{number}/helpful", **as_voter(voter)).status_code == 204
    assert [helpful(stack, table, number) for table in TABLES] == [1, 1]
    assert api.request("DELETE", f"/qa/answers/{number}/helpful", **as_voter(voter)).status_code == 204
    assert [helpful(stack, table, number) for table in TABLES] == [1, 0]


def test_a_vote_for_the_unknown_is_404_and_leaves_nothing(stack, api):
    before = stack.sql("SELECT count(*) FROM voters")
    for table in TABLES:
        assert_problem(api.put(f"/qa/{table}/{MAX_ID}/helpful", **as_voter(new_voter())), 404)
    assert stack.sql("SELECT count(*) FROM voters") == before


@pytest.mark.parametrize("voter", ["x" * 15, "x" * 65, "x" * 5000, "x" * 15 + "é", "x" * 10 + " " + "x" * 10,
                                   "x" * 16 + ";", '"' + "x" * 16 + '"', "x" * 16 + ","])
def test_a_malformed_voter_is_400(stack, api, rows, voter):
    for table in TABLES:
        for method, action in (("PUT", "helpful"), ("PUT", "report"), ("DELETE", "helpful")):
            response = api.request(method, f"/qa/{table}/{rows[table]}/{action}",
                                   headers={"Qa-Voter": voter.encode()})
            assert_problem(response, 400, "Qa-Voter")
        assert helpful(stack, table, rows[table]) == 0


@pytest.mark.parametrize("voter", ["x" * 16, "-._~+/=" * 9 + "x"])
def test_a_voter_is_16_to_64_letters_digits_and_marks(stack, api, rows, voter):
    for _ in range(2):
        assert api.put(f"/qa/questions/{rows['questions']}/helpful", **as_voter(voter)).status_code == 204
    assert helpful(stack, "questions", rows["questions"]) == 1


def test_the_cookie_says_the_same_and_the_header_comes_first(stack, api, rows):
    path = f"/qa/answers/{rows['answers']}/helpful"
    voter, other = new_voter(), new_voter()
    assert api.put(path, **as_voter(voter)).status_code == 204
    cookie = f"session=1; qa_voter={voter}; theme=dark"
    assert api.put(path, headers={"Cookie": cookie}).status_code == 204
    assert helpful(stack, "answers", rows["answers"]) == 1
    assert api.put(path, headers={"Cookie": cookie, "Qa-Voter": other}).status_code == 204
    assert helpful(stack, "answers", rows["answers"]) == 2
    assert api.request("DELETE", path, headers={"Cookie": cookie}).status_code == 204
    assert helpful(stack, "answers", rows["answers"]) == 1
    assert_problem(api.put(path, headers={"Cookie": "qa_voter=short"}), 400, "qa_voter")
    for nobody in ({"Cookie": "qa_voter="}, {"Cookie": "other=1"}, {"Qa-Voter": ""}):
        assert api.put(path, headers=nobody).status_code == 204
    assert helpful(stack, "answers", rows["answers"]) == 4


def test_where_nobody_votes_a_voter_says_nothing(api, rows):
    for response in (api.get(f"/qa/questions?product_id={rows['product']}", **as_voter("x")),
                     api.post("/qa/questions", json={**QUESTION, "product_id": rows["product"]}, **as_voter("x")),
                     api.post(f"/qa/questions/{rows['questions']}/answers", json=ANSWER, **as_voter("x"))):
        assert response.status_code in (200, 201)


@pytest.mark.parametrize("table", TABLES)
def test_a_second_report_of_a_voter_is_204(stack, api, rows, table):
    for _ in range(2):
        assert api.put(f"/qa/{table}/{rows[table]}/report", **as_voter("v" * 20)).status_code == 204
    assert column(stack, table, "reported", [rows[table]]) == [True]
    kind = table[:-1]
    assert stack.sql("SELECT reports, counted FROM moderated_items WHERE kind = %s AND item_id = %s", kind,
                     rows[table]) == [(1, 1)]
    response = api.put(f"/qa/{table}/{rows[table]}/report", json={"reason": "spam"}, **as_voter("w" * 20))
    assert response.status_code == 204
    assert stack.sql("SELECT reports, counted FROM moderated_items WHERE kind = %s AND item_id = %s", kind,
                     rows[table]) == [(2, 2)]


@pytest.mark.parametrize("table", TABLES)
def test_equal_votes_of_one_batch_count_once(stack, table):
    [question] = seed.questions(stack, new_product(), [0])
    ids = seed.questions(stack, new_product(), [0, 0, 0]) if table == "questions" else \
        seed.answers(stack, question, [0, 0, 0])
    voters = [new_voter() for _ in range(5)]
    votes = [(number, voter) for number in ids for voter in voters] * 4
    random.shuffle(votes)
    replies = in_one_batch(stack, [request("PUT", f"/qa/{table}/{number}/helpful", Qa_Voter=voter)
                                   for number, voter in votes])
    assert statuses(replies) == [204] * 60
    assert column(stack, table, "helpful", ids) == [5, 5, 5]
    assert commits(stack, table, ids) == 1
    replies = in_one_batch(stack, [request("DELETE", f"/qa/{table}/{number}/helpful", Qa_Voter=voter)
                                   for number, voter in votes])
    assert sorted(statuses(replies)) == [204] * 15 + [404] * 45
    assert column(stack, table, "helpful", ids) == [0, 0, 0]


def test_a_locked_row_fails_its_own_voters_only(stack):
    *ids, locked = seed.questions(stack, new_product(), [0] * 8)
    votes = [request("PUT", f"/qa/questions/{number}/helpful", Qa_Voter=new_voter()) for number in [*ids, locked]]
    with stack.locked("SELECT FROM questions WHERE id = %s FOR UPDATE", locked):
        assert statuses(in_one_batch(stack, votes)) == [204] * 7 + [503]
    assert statuses(in_one_batch(stack, votes)) == [204] * 8
    assert column(stack, "questions", "helpful", [*ids, locked]) == [1] * 8


@pytest.mark.parametrize("table", TABLES)
def test_a_counter_at_its_top_and_one_that_was_lowered(stack, api, rows, table):
    path = f"/qa/{table}/{rows[table]}/helpful"
    top = 2**63 - 1
    stack.sql(f"UPDATE {table} SET helpful = %s WHERE id = %s", top, rows[table])
    voter = new_voter()
    assert api.put(path, **as_voter(voter)).status_code == 204
    assert helpful(stack, table, rows[table]) == top
    stack.sql(f"UPDATE {table} SET helpful = 0 WHERE id = %s", rows[table])
    assert api.request("DELETE", path, **as_voter(voter)).status_code == 204
    assert helpful(stack, table, rows[table]) == 0


def test_a_ranked_row_keeps_its_rank(stack, api):
    product = new_product()
    ranked = seed.questions(stack, product, [0] * 210)[-1]
    path = f"/qa/questions/{ranked}/helpful"
    assert column(stack, "questions", "ranked", [ranked]) == [True]
    voters = [new_voter() for _ in range(3)]
    for voter in voters:
        api.put(path, **as_voter(voter))
    api.request("DELETE", path, **as_voter(voters[0]))
    assert column(stack, "questions", "rank", [ranked]) == [2]
    assert api.questions(product)[0]["question_id"] == ranked


def test_a_voter_with_a_key_and_another_voter_with_the_same(stack, api, rows):
    path = f"/qa/questions/{rows['questions']}/helpful"
    key, voter = new_voter(), new_voter()
    headers = {"Idempotency-Key": key, "Qa-Voter": voter}
    first, again = (api.put(path, headers=headers) for _ in range(2))
    assert [response.headers.get("Idempotency-Replayed") for response in (first, again)] == [None, "true"]
    assert_problem(api.put(path, headers={**headers, "Qa-Voter": new_voter()}), 422, "Idempotency-Key")
    taken_back = [api.request("DELETE", path, headers=headers) for _ in range(2)]
    assert [response.status_code for response in taken_back] == [204, 204]
    assert taken_back[1].headers["Idempotency-Replayed"] == "true"
    assert helpful(stack, "questions", rows["questions"]) == 0


def test_the_token_is_stored_nowhere_and_its_hash_needs_the_secret(stack, api, rows):
    voter = "a-very-private-voter-0001"
    api.put(f"/qa/questions/{rows['questions']}/helpful", **as_voter(voter))
    [(stored,)] = stack.sql("SELECT voter::text FROM voters WHERE item_id = %s", rows["questions"])
    [(unkeyed,)] = stack.sql("SELECT encode(substr(sha256(%s), 1, 16), 'hex')::uuid::text", voter.encode())
    assert stored != unkeyed
    [(keyed,)] = stack.sql("SELECT (hash_voters(ARRAY[%s::uuid]))[1]::text", unkeyed)
    assert stored == keyed
    assert stack.sql("SELECT count(*), min(length(secret)) FROM voter_secret") == [(1, 32)]
    for path in stack.log_files():
        assert voter not in path.read_text(errors="replace"), path


def test_votes_go_with_their_item(stack, api):
    [question, other] = seed.questions(stack, new_product(), [0, 0])
    [answer] = seed.answers(stack, question, [0])
    for path in (f"questions/{question}", f"questions/{other}", f"answers/{answer}"):
        api.put(f"/qa/{path}/helpful", **as_voter(new_voter()))

    def left():
        return sorted(stack.sql("SELECT of_answer, item_id FROM voters WHERE item_id = ANY (%s)",
                                [question, other, answer]))

    assert left() == sorted([(False, question), (False, other), (True, answer)])
    stack.sql("DELETE FROM answers WHERE id = %s", answer)
    assert left() == sorted([(False, question), (False, other)])
    stack.sql("DELETE FROM questions WHERE id = %s", question)
    assert left() == [(False, other)]


def test_the_path_tells_that_it_has_delete(api, rows):
    for table in TABLES:
        response = api.get(f"/qa/{table}/{rows[table]}/helpful")
        assert_problem(response, 405)
        assert response.headers["Allow"] == "PUT, DELETE, OPTIONS"
        assert api.get(f"/qa/{table}/{rows[table]}/report").headers["Allow"] == "PUT, OPTIONS"
