"""Pre-moderation: what is new waits for a moderator, of every product (QA_PREMODERATE) or of those that are held."""

import os
import signal
import uuid

import pytest
from psycopg2.errors import InsufficientPrivilege

import breaks
import gates
import hosts
import seed
from api import (ANSWER, ANSWER_KEYS, EMAIL, MAX_ID, QUESTION, QUESTION_KEYS, REPLAYED, Api, ask, assert_problem,
                 new_product)
from conftest import PATIENT, running
from moderation import described, moderate, person, report
from stack import wait_until
from test_batches import commits, in_one_batch, running_in_batches, statuses
from test_import import DONE, Target, post
from test_moderation import names
from wire import Client, request, worker_sockets

KINDS = ["questions", "answers"]


@pytest.fixture(scope="module")
def stack():
    with running_in_batches(QA_LOCK_TIMEOUT_MS="300") as stack:
        yield stack


@pytest.fixture(scope="module")
def api(stack):
    return Api(stack.base_url)


@pytest.fixture(scope="module")
def strict():
    """A stack where everything waits."""
    with running(**PATIENT, QA_SAMPLE_PRODUCTS="10", QA_LOG_LEVEL="info", QA_PREMODERATE="all") as stack:
        yield stack


@pytest.fixture(params=["all", "held"])
def shop(request):
    """A stack and a product whose new items wait, and a question of it that is shown."""
    stack = request.getfixturevalue("strict" if request.param == "all" else "stack")
    product = new_product()
    [question] = seed.questions(stack, product, [3], body="Does it run in the wash?")
    seed.answers(stack, question, [2], body="It ran.")
    if request.param == "held":
        hold(stack, product)
    return stack, product, question


def hold(stack, product, *arguments):
    return moderate(stack, "hold", f"products/{product}", *arguments)


def release(stack, product):
    return moderate(stack, "release", f"products/{product}")


def send(api, kind, product, question, headers=None, **fields):
    """A post of this kind; its response."""
    if kind == "questions":
        return api.post("/qa/questions", json={**QUESTION, "product_id": product, **fields}, headers=headers)
    return api.post(f"/qa/questions/{question}/answers", json={**ANSWER, **fields}, headers=headers)


def id_of(response, status=202):
    assert response.status_code == status, response.text
    added = response.json()
    return added.get("question_id") or added["answer_id"]


def waiting_item(stack, api, kind):
    """A held product, a question of it that is shown, and a question or an answer of these that waits."""
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    hold(stack, product)
    return product, question, id_of(send(api, kind, product, question))


def held_question(stack, api):
    """A product that is held, and a question of it that waits."""
    product = new_product()
    hold(stack, product)
    return product, id_of(send(api, "questions", product, None))


def keyed():
    return {"Idempotency-Key": str(uuid.uuid4())}


def seen(stack, product, question):
    """All that readers can ask of a product and of a question of it, as both workers and NGINX respond."""
    paths = [f"/qa/questions?product_id={product}{more}" for more in (
        "", "&count=1", "&count=1000", "&sort=newest", "&answered=true", "&answered=false", "&q=run+wash")]
    paths += [f"/qa/questions/{question}/answers{more}" for more in ("", "?count=1", "?sort=oldest", "?q=ran")]
    paths += [f"/qa/questions/{question}", f"/q/{question}", f"/qa/counts?product_ids={product}"]
    told = {}
    for place, connection in enumerate(stack.worker_connections()):
        for path in paths:
            for headers in ({}, {"Prefer": "count=exact"}):
                answer = ask(connection, "GET", path, headers=headers)
                told[place, path, *headers] = (answer.status_code, answer.content, answer.headers.get("ETag"),
                                               answer.headers.get("Link"), answer.headers.get("Total-Count"))
    for path in paths * 2:  # the second time it is NGINX's
        answer = Api(stack.base_url).get(path)
        told["nginx", path] = (answer.status_code, answer.content, answer.headers.get("ETag"))
    return told


def listed(stack, kind, product, question):
    """The items of the lists that have them, at both workers and at NGINX."""
    path = (f"/qa/questions?product_id={product}" if kind == "questions" else f"/qa/questions/{question}/answers") \
        + ("&" if kind == "questions" else "?") + "count=1000"
    answers = [ask(connection, "GET", path) for connection in stack.worker_connections()]
    answers += [Api(stack.base_url).get(path) for _ in range(3)]
    assert len({answer.content for answer in answers}) == 1
    return {one.get("answer_id", one.get("question_id")): one for one in answers[0].json()["results"]}


def at_each_worker(stack, method, path, body):
    """The statuses of a request."""
    told = []
    for address in worker_sockets(stack):
        with Client(address) as client:
            told.append(client.ask(request(method, path, body)).status)
    return told


def state_of(stack, kind, identifier):
    told = described(stack, f"{kind}/{identifier}")
    return told["state"], told["shown"]


# What waits

@pytest.mark.parametrize("kind", KINDS)
def test_what_waits_is_shown_nowhere_until_it_is_approved_and_then_everywhere_at_once(shop, kind):
    stack, product, question = shop
    before = seen(stack, product, question)
    response = send(Api(stack.base_url), kind, product, question, body="Did it run in your wash?")
    identifier = id_of(response)
    assert seen(stack, product, question) == before
    if kind == "questions":
        waiting = seen(stack, product, identifier)
        assert {told[0] for (_, path, *_), told in waiting.items() if path.startswith(("/qa/questions/", "/q/"))
                and not path.endswith("answers") and "answers?" not in path} == {404}
        assert Api(stack.base_url).answers(identifier) == []
    assert state_of(stack, kind, identifier) == ("waiting", False)
    moderate(stack, "approve", f"{kind}/{identifier}")
    assert state_of(stack, kind, identifier) == ("approved", True)
    assert listed(stack, kind, product, question)[identifier] == response.json()
    after = seen(stack, product, question)
    for number in range(2):
        for path in (f"/qa/questions?product_id={product}&sort=newest", f"/qa/questions?product_id={product}&q=run+wash",
                     f"/qa/counts?product_ids={product}"):
            assert after[number, path] != before[number, path]
    if kind == "questions":
        assert {told[0] for told in seen(stack, product, identifier).values()} == {200}


@pytest.mark.parametrize("kind", KINDS)
def test_the_writer_sees_202_and_else_what_201_has(stack, api, kind):
    responses = []
    for holds in (False, True):
        product = new_product()
        [question] = seed.questions(stack, product, [0])
        if holds:
            hold(stack, product)
        responses.append((product, question, send(api, kind, product, question)))
    fits = [{"Location": f"/qa/questions?product_id={product}" if kind == "questions"
             else f"/qa/questions/{question}/answers", "Content-Type": "application/json"}
            for product, question, _ in responses]
    assert [response.status_code for *_, response in responses] == [201, 202]
    for (*_, response), expected in zip(responses, fits):
        assert {name: response.headers[name] for name in expected} == expected
        assert list(response.json()) == (QUESTION_KEYS if kind == "questions" else ANSWER_KEYS)
    bodies = [{name: value for name, value in response.json().items() if not name.endswith(("_id", "date"))}
              for *_, response in responses]
    assert bodies[0] == bodies[1]
    assert [set(response.headers) for *_, response in responses][0] == set(responses[1][2].headers)


def test_by_default_nothing_waits_and_nothing_is_written_beside_an_item(stack, api):
    product = new_product()
    question = id_of(send(api, "questions", product, None), 201)
    answer = id_of(send(api, "answers", product, question), 201)
    assert stack.sql("SELECT FROM moderated_items WHERE (kind, item_id) IN (('question', %s), ('answer', %s))",
                     question, answer) == []
    assert list(listed(stack, "answers", product, question)) == [answer]


def test_an_answer_to_a_question_that_waits_is_404_and_201_or_202_once_it_is_shown(stack, api):
    product, question = held_question(stack, api)
    for headers in ({}, keyed()):
        assert_problem(send(api, "answers", product, question, headers), 404, "question_id")
    moderate(stack, "approve", f"questions/{question}")
    id_of(send(api, "answers", product, question))
    release(stack, product)
    id_of(send(api, "answers", product, question), 201)
    moderate(stack, "hide", f"questions/{question}")  # what is hidden takes answers, as ever
    id_of(send(api, "answers", product, question), 201)


def test_an_answer_that_comes_before_the_approval_is_committed_is_404_at_once(strict):
    """It does not wait for the moderator's lock."""
    api = Api(strict.base_url)
    product = new_product()
    question = id_of(send(api, "questions", product, None))
    with strict.database(strict.superuser_url()) as cursor:
        cursor.execute("SELECT moderate('approve', 'question', %s, 'Erna', NULL)", (question,))
        assert_problem(send(api, "answers", product, question), 404, "question_id")
        cursor.connection.commit()
    id_of(send(api, "answers", product, question))


@pytest.mark.parametrize("kind", KINDS)
def test_votes_for_what_waits_and_reports_of_it_count_and_show_nothing(stack, api, kind):
    product, question, identifier = waiting_item(stack, api, kind)
    api.vote(kind, identifier, 3)
    report(api, f"{kind}/{identifier}", {"reason": "spam"})
    assert_problem(api.put(f"/qa/{kind}/{MAX_ID}/helpful"), 404)
    told = described(stack, f"{kind}/{identifier}")
    assert (told["state"], told["shown"], told["helpfulness"], told["reports"]) == ("waiting", False, 3, 1)
    moderate(stack, "approve", f"{kind}/{identifier}")
    name = "question_helpfulness" if kind == "questions" else "helpfulness"
    assert listed(stack, kind, product, question)[identifier][name] == 3


@pytest.mark.parametrize("kind", KINDS)
def test_among_many_what_waits_has_no_rank_until_it_is_approved(stack, api, kind):
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    if kind == "questions":
        seed.many_questions(stack, product, 250)
    else:
        seed.many_answers(stack, question, 250)
    hold(stack, product)
    identifier = id_of(send(api, kind, product, question))
    rank = f"SELECT ranked, rank FROM {kind} WHERE id = {identifier}"
    assert stack.sql(rank) == [(True, None)]
    assert identifier not in listed(stack, kind, product, question)
    moderate(stack, "approve", f"{kind}/{identifier}")
    assert stack.sql(rank) == [(True, 0)]
    assert identifier in listed(stack, kind, product, question)


# Held products

def test_a_product_is_held_and_released_at_once_for_every_worker(stack, api):
    product, other = new_product(), new_product()
    [question] = seed.questions(stack, product, [0])

    def told(kind):
        if kind == "questions":
            return at_each_worker(stack, "POST", "/qa/questions", {**QUESTION, "product_id": product})
        return at_each_worker(stack, "POST", f"/qa/questions/{question}/answers", ANSWER)

    for _ in range(3):
        for kind in KINDS:
            assert told(kind) == [201, 201]
        assert f"products/{product}: new questions and answers wait" in hold(stack, product)
        for kind in KINDS:
            assert told(kind) == [202, 202]
        id_of(send(api, "questions", other, None), 201)
        assert f"products/{product}: new questions and answers are shown" in release(stack, product)


def test_who_holds_a_product_is_listed_and_logged(stack):
    product, other = new_product(), new_product()
    moderate(stack, "hold", f"products/{product}", f"products/{other}", "--as", "Erna", "--note", "recalled")
    held = moderate(stack, "held", "--json", "--count", "1000")
    ours = [one for one in held["products"] if one["product_id"] in (product, other)]
    assert [(one["item"], one["actor"], one["note"]) for one in ours] == [
        (f"products/{number}", "Erna", "recalled") for number in (product, other)]
    assert held["total"] == len(held["products"])
    assert [one["product_id"] for one in moderate(stack, "held", "--json", "--count", "1", "--page", str(held["total"]))[
        "products"]] == [held["products"][-1]["product_id"]]
    assert f"products/{product}" in moderate(stack, "held", "--count", "1000")
    assert "nothing to hold" in hold(stack, product)
    told = moderate(stack, "release", f"products/{product}", "--as", "Emil", "--json")
    assert told["item"] == {"item": f"products/{product}", "product_id": product, "held": False}
    assert "nothing to release" in release(stack, product)
    entries = [entry for entry in moderate(stack, "log", "--json")["entries"] if entry["item"] == f"products/{product}"]
    assert [(entry["actor"], entry["action"], entry["note"]) for entry in entries] == [
        ("Emil", "release", None), ("Erna", "hold", "recalled")]
    assert entries[0]["id"] == told["entry"]
    assert f"release products/{product}, by Emil" in moderate(stack, "log")


def test_what_waits_when_a_product_is_released_still_does(stack, api):
    product, question = held_question(stack, api)
    release(stack, product)
    assert state_of(stack, "questions", question) == ("waiting", False)
    shown = id_of(send(api, "questions", product, None), 201)
    assert list(listed(stack, "questions", product, None)) == [shown]


@pytest.mark.parametrize("arguments", [
    ["hold"], ["release"], ["hold", "5"], ["hold", "products/0"], ["hold", "products/2147483648"], ["hold", "questions/1"],
    ["approve", "products/5"], ["held", "products/5"], ["hold", "products/5", "--note", " "], ["held", "--count", "0"]])
def test_wrong_usage_is_told_and_does_nothing(stack, arguments):
    assert moderate(stack, *arguments, status=2)


@pytest.mark.parametrize("url, statement", [
    ("service", "INSERT INTO held_products VALUES (1, 1)"), ("service", "DELETE FROM held_products"),
    ("service", "SELECT entry FROM held_products"), ("service", "SELECT hold_product('hold', 1, 'x', NULL)"),
    ("service", "INSERT INTO moderated_items (kind, item_id, state) VALUES ('question', 1, 'approved')"),
    ("moderator", "INSERT INTO held_products VALUES (1, 1)"), ("moderator", "DELETE FROM held_products"),
    ("moderator", "SELECT hold_item('question', 1)"), ("moderator", "SELECT question_waits(1)")])
def test_roles_may_do_no_more_than_they_need(stack, url, statement):
    with stack.database((stack.folder / f"secrets/{url}-url").read_text().strip()) as cursor:
        with pytest.raises(InsufficientPrivilege):
            cursor.execute(statement)


# Decisions

def test_the_queue_has_what_waits_and_can_be_narrowed_to_it(stack, api):
    product, first = held_question(stack, api)
    second = id_of(send(api, "questions", product, None))
    [reported] = seed.questions(stack, product, [0])
    report(api, f"questions/{reported}")
    waiting = [f"questions/{first}", f"questions/{second}"]
    of_product = ("list", "--json", "--product", str(product))
    assert names(moderate(stack, *of_product)) == [f"questions/{reported}", *waiting]
    assert names(moderate(stack, *of_product, "--show", "waiting")) == waiting
    assert names(moderate(stack, *of_product, "--show", "all")) == [f"questions/{reported}", *waiting]
    moderate(stack, "approve", waiting[0])
    assert names(moderate(stack, *of_product, "--show", "waiting")) == waiting[1:]
    assert "waiting, not shown, 0 reports" in moderate(stack, "list", "--product", str(product))


@pytest.mark.parametrize("kind", KINDS)
def test_each_decision_about_what_waits_can_be_undone(stack, api, kind):
    product, question, identifier = waiting_item(stack, api, kind)
    name = f"{kind}/{identifier}"
    for action, expected in (("approve", ("approved", True)), ("restore", ("open", True)), ("hide", ("hidden", False))):
        moderate(stack, action, name)
        assert state_of(stack, kind, identifier) == expected
        assert (identifier in listed(stack, kind, product, question)) is expected[1]
        moderate(stack, "undo", name)
        assert state_of(stack, kind, identifier) == ("waiting", False)
        assert identifier not in listed(stack, kind, product, question)
    moderate(stack, "restore", name)
    report(api, name)  # one hides, as of anything that nobody has approved
    assert identifier not in listed(stack, kind, product, question)


def test_what_is_rejected_for_good_leaves_nothing(stack, api):
    product, question = held_question(stack, api)
    moderate(stack, "erase", f"questions/{question}", "--yes")
    assert state_of(stack, "questions", question) == ("erased", False)
    assert stack.sql("SELECT body::text, asker_name::text, asker_email::text FROM questions WHERE id = %s",
                     question) == [("[removed]", "[removed]", None)]


# Batches

def test_questions_to_held_and_other_products_share_a_commit_and_each_writer_sees_its_own(stack):
    products = [new_product() for _ in range(40)]
    for product in products[::4]:
        hold(stack, product)
    replies = in_one_batch(stack, [request("POST", "/qa/questions", {**QUESTION, "product_id": product})
                                   for product in products])
    assert statuses(replies) == [202, 201, 201, 201] * 10
    ids = [reply.json()["question_id"] for reply in replies]
    assert commits(stack, "questions", ids) == 1
    rows = dict(stack.sql("SELECT id, reported FROM questions WHERE id = ANY (%s)", ids))
    assert [rows[number] for number in ids] == [True, False, False, False] * 10
    assert stack.sql("SELECT item_id FROM moderated_items WHERE kind = 'question' AND item_id = ANY (%s)"
                     " AND state = 'waiting' ORDER BY item_id", ids) == [(number,) for number in sorted(ids[::4])]


@pytest.mark.parametrize("has_keys", [False, True])
def test_answers_of_all_sorts_share_a_commit_and_each_writer_sees_its_own(stack, api, has_keys):
    held, other = new_product(), new_product()
    shown = [seed.questions(stack, product, [0])[0] for product in (held, other)]
    hold(stack, held)
    waiting = id_of(send(api, "questions", held, None))
    [hidden] = seed.questions(stack, other, [0], reported=True)
    targets = [*shown, waiting, hidden, MAX_ID] * 4
    replies = in_one_batch(stack, [
        request("POST", f"/qa/questions/{target}/answers", {**ANSWER, "body": f"{number}", "photos": [f"/{number}.jpg"]},
                **({"Idempotency_Key": str(uuid.uuid4())} if has_keys else {}))
        for number, target in enumerate(targets)])
    assert statuses(replies) == [202, 201, 404, 201, 404] * 4
    added = [(number, reply.json()) for number, reply in enumerate(replies) if reply.status != 404]
    assert all(one["body"] == str(number) and one["photos"][0]["url"] == f"/{number}.jpg" for number, one in added)
    assert commits(stack, "answers", [one["answer_id"] for _, one in added]) == 1


# Keys, and what dies

@pytest.mark.parametrize("kind", KINDS)
def test_a_repeated_post_gets_its_202_again_whatever_was_decided_meanwhile(stack, api, kind):
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    hold(stack, product)
    key = keyed()
    first = send(api, kind, product, question, key)
    identifier = id_of(first)
    again = [send(api, kind, product, question, key)]
    moderate(stack, "approve", f"{kind}/{identifier}")
    release(stack, product)
    again.append(send(api, kind, product, question, key))
    for response in again:
        assert (response.status_code, response.content, response.headers["Location"], response.headers[REPLAYED]) == (
            202, first.content, first.headers["Location"], "true")
    assert [number for number in listed(stack, kind, product, question) if number != question] == [identifier]


def test_a_changed_setting_counts_from_a_reload_on_and_makes_no_other_request_of_a_repeated_one():
    """Nor does another number of reports that hide."""
    product = new_product()
    with running(**PATIENT, QA_SAMPLE_PRODUCTS="10", QA_LOG_LEVEL="info") as stack:
        api = Api(stack.base_url)
        [question] = seed.questions(stack, product, [0])
        writes = [("POST", "/qa/questions", {**QUESTION, "product_id": product}, keyed()),
                  ("POST", f"/qa/questions/{question}/answers", ANSWER, keyed()),
                  ("PUT", f"/qa/questions/{question}/report", {"reason": "spam"}, keyed())]

        def send_all():
            return [api.request(method, path, json=body, headers=key) for method, path, body, key in writes]

        first = send_all()
        assert [response.status_code for response in first] == [201, 201, 204]
        with stack.env_file("QA_PREMODERATE=all\nQA_REPORTS_TO_HIDE=3\n"):
            stack.reload()
            wait_until(lambda: all(status == 202 for status in at_each_worker(stack, *writes[0][:3])))
            again = send_all()
        assert [(response.status_code, response.content) for response in again] == [
            (response.status_code, response.content) for response in first]
        assert all(response.headers[REPLAYED] == "true" for response in again)
        assert described(stack, f"questions/{question}")["reports"] == 1


def test_whose_worker_dies_after_the_commit_learns_that_it_waits_and_it_is_there_once(strict):
    product = new_product()
    sent = request("POST", "/qa/questions", {**QUESTION, "product_id": product}, Idempotency_Key=str(uuid.uuid4()))
    rows = "SELECT state::text, reported FROM questions JOIN moderated_items ON item_id = id AND kind = 'question'" \
        " WHERE product_id = %s"
    with gates.on_commits(strict, "INSERT ON questions"), Client(strict.port) as client:
        with gates.closed(strict, gates.COMMITS):
            client.send(sent)
            gates.wait_until_somebody_waits(strict)
            workers = strict.worker_pids()
            for worker in workers:
                os.kill(worker, signal.SIGSTOP)
        wait_until(lambda: strict.sql(rows, product))
        breaks.kill(*workers)
        reply = client.receive()
    strict.wait_until_ready()
    assert (reply.status, reply.headers[REPLAYED.lower()]) == (202, "true")
    assert strict.sql(rows, product) == [("waiting", True)]
    assert Api(strict.base_url).questions(product) == []


# Together with others

def test_every_host_holds_at_once_and_shows_what_was_approved(tmp_path):
    product = new_product()
    settings = {**PATIENT, **hosts.SETTINGS, "QA_LEASE_MS": "100"}
    with running(QA_SAMPLE_PRODUCTS="10", **settings) as first, hosts.beside(
            first, tmp_path / "second", **settings) as second:
        api = Api(first.base_url)
        with Client(second.sockets[0]) as client:
            page = request("GET", f"/qa/questions?product_id={product}")
            assert client.ask(page).json()["results"] == api.questions(product) == []
            hold(first, product)
            reply = client.ask(request("POST", "/qa/questions", {**QUESTION, "product_id": product}))
            assert reply.status == 202
            question = reply.json()["question_id"]
            assert client.ask(page).json()["results"] == api.questions(product) == []
            moderate(first, "approve", f"questions/{question}")
            assert [one["question_id"] for one in api.questions(product)] == [question]
            wait_until(lambda: [one["question_id"] for one in client.ask(page).json()["results"]] == [question])


@pytest.mark.parametrize("texts", ["keep", "remove"])
def test_what_waits_is_part_of_what_is_held_of_a_person(stack, api, texts):
    product = new_product()
    [shown] = seed.questions(stack, product, [0])
    hold(stack, product)
    email = f"waiting-{texts}-{EMAIL}"
    question = id_of(send(api, "questions", product, None, email=email, name="Ottilie"))
    answer = id_of(send(api, "answers", product, shown, keyed(), email=email, name="Ottilie"))
    found = person(stack, "export", "--email", email)
    assert [[(one["id"], one["shown"]) for one in found[kind]] for kind in KINDS] == [[(question, False)], [(answer, False)]]
    assert person(stack, "erase", "--email", email, "--texts", texts, "--yes") == {
        "questions": 1, "answers": 1, "others": 0}
    state = ("waiting", False) if texts == "keep" else ("erased", False)
    assert [state_of(stack, "questions", question), state_of(stack, "answers", answer)] == [state, state]
    assert stack.sql("SELECT asker_name::text, asker_email FROM questions WHERE id = %s", question) == [("[removed]", None)]
    assert stack.sql("SELECT FROM keyed_writes WHERE body::text LIKE '%%Ottilie%%'") == []
    if texts == "keep":
        moderate(stack, "approve", f"questions/{question}")
        assert listed(stack, "questions", product, None)[question]["asker_name"] == "[removed]"


def test_what_is_imported_is_shown_and_what_an_import_replaces_waits_no_more(stack, tmp_path):
    with stack.migrated_database("import_of_held") as url:
        target = Target(stack, url, tmp_path)
        target.sql("SELECT hold_product('hold', 5, 'Erna', NULL)")
        target.sql("INSERT INTO questions (id, product_id, body, asker_name, asker_email, reported)"
                   " SELECT id, 5, 'Why?', 'will', 'a@mail.example', hold_item('question', id)"
                   " FROM unnest(ARRAY[100, 101]) AS id")
        target.write(questions=[post(1, 5)], answers=[], answers_photos=[])
        target.run(DONE)
        rows = "SELECT id, reported, state::text FROM questions LEFT JOIN moderated_items" \
            " ON kind = 'question' AND item_id = id ORDER BY id"
        assert target.sql(rows) == [(1, False, None), (100, True, "waiting"), (101, True, "waiting")]
        target.write(questions=[post(100, 5)], answers=[], answers_photos=[])
        target.sql("INSERT INTO sample_data DEFAULT VALUES")
        target.run(DONE, ".", "--replace")
        assert target.sql(rows) == [(100, False, None)]
        assert target.sql("SELECT item_id FROM moderated_items") == []
        assert target.sql("SELECT product_id FROM held_products") == [(5,)]
