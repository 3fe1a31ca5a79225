"""`atelier-qa person`: what the database holds of a person, and that nothing of it is left afterwards."""

import json

import pytest
from psycopg2.errors import InsufficientPrivilege

import seed
from api import MAIL_DOMAIN, Api, new_product
from conftest import PATIENT, running
from moderation import moderate, person, report
from stack import wait_until


_numbers = iter(range(1, 1000))


@pytest.fixture(scope="module")
def stack():
    """Not shared: every row of it is searched."""
    with running(QA_SAMPLE_PRODUCTS="10", **PATIENT) as stack:
        yield stack


@pytest.fixture(scope="module")
def api(stack):
    return Api(stack.base_url)


class Person:
    """Somebody with a question and an answer of his own, a stranger's answer to his question, and what others say."""

    def __init__(self, stack, api):
        self.number = next(_numbers)
        self.name = f"Ottilie W{self.number:04}"
        self.email = f"Ottilie.{self.number}+shop@{MAIL_DOMAIN}"
        self.product, self.other_product = new_product(), new_product()
        added = {"name": self.name, "email": self.email}
        self.question = api.add_question(self.product, body="Is my order late?", **added)["question_id"]
        [self.foreign_question] = seed.questions(stack, self.other_product, [0], body=f"Ask {self.email.lower()}, please")
        self.answer = api.add_answer(self.foreign_question, body="I live in Ulm.",
                                     photos=["https://img.example/ottilie.jpg"], **added)["answer_id"]
        [self.foreign_answer] = seed.answers(stack, self.question, [0], body=f"Not x{self.email} but {self.email}.",
                                             answerer_name="a stranger")
        report(api, f"questions/{self.question}", {"note": f"{self.name} is a friend of mine"})
        moderate(stack, "approve", f"questions/{self.question}", "--note", f"{self.name} has called")
        moderate(stack, "approve", f"answers/{self.foreign_answer}", "--note", f"names {self.email}")


def tables_with(stack, text, other_than=""):
    """The tables of which a row has the text, in any case; `other_than`: but not within this one."""
    tables = [name for name, in stack.sql("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")]
    return {table for table in tables if stack.sql(
        f"SELECT EXISTS (SELECT FROM {table} AS one"
        " WHERE strpos(replace(lower(one::text), lower(%s), ''), lower(%s)) > 0)", other_than, text)[0][0]}


def test_an_export_has_all_of_a_person_and_nothing_of_others(stack, api):
    one, other = Person(stack, api), Person(stack, api)
    found = person(stack, "export", "--email", one.email.upper())
    [question], [answer] = found["questions"], found["answers"]
    assert (question["id"], question["body"], question["name"], question["email"], question["product_id"]) == (
        one.question, "Is my order late?", one.name, one.email, one.product)
    assert (answer["id"], answer["body"], answer["photos"], answer["question_id"]) == (
        one.answer, "I live in Ulm.", ["https://img.example/ottilie.jpg"], one.foreign_question)
    assert {mention["item"] for mention in found["mentions"]} >= {
        f"questions/{one.foreign_question}", f"answers/{one.foreign_answer}"}
    assert other.email.lower() not in json.dumps(found).lower()


def test_who_is_not_known_has_an_empty_export(stack):
    assert person(stack, "export", "--email", f"nobody@{MAIL_DOMAIN}") == {
        "email": f"nobody@{MAIL_DOMAIN}", "questions": [], "answers": [], "mentions": []}


@pytest.mark.parametrize("texts", ["keep", "remove"])
def test_nothing_of_an_erased_person_is_left_anywhere(stack, api, texts):
    one, other = Person(stack, api), Person(stack, api)
    for _ in range(10):  # every worker's cache holds the pages
        api.questions(one.product)
        api.answers(one.foreign_question)
    done = person(stack, "erase", "--email", "-", "--texts", texts, "--yes", text=f"{one.email.lower()}\n")
    assert (done["questions"], done["answers"], done["others"]) == (1, 1, 2)
    assert tables_with(stack, one.email, other_than=f"x{one.email}") == tables_with(stack, one.name) == set()
    assert tables_with(stack, other.name) >= {"questions", "answers", "reports", "moderation_log"}
    assert stack.sql("SELECT note FROM reports WHERE kind = 'question' AND item_id = %s", one.question) == [(None,)]
    assert stack.sql("SELECT DISTINCT note FROM moderation_log WHERE kind = 'question' AND item_id = %s",
                     one.question) == [(None,)]
    kept = texts == "keep"
    for _ in range(10):
        shown = api.questions(one.product)
        assert [question["asker_name"] for question in shown] == ["[removed]"] * kept
        assert [answer["answerer_name"] for answer in api.answers(one.foreign_question)] == ["[removed]"] * kept
    body, name = stack.sql("SELECT body::text, answerer_name::text FROM answers WHERE id = %s", one.answer)[0]
    assert (body, name) == ("I live in Ulm." if kept else "[removed]", "[removed]")
    assert len(stack.sql("SELECT id FROM answers_photos WHERE answer_id = %s", one.answer)) == int(kept)
    assert person(stack, "export", "--email", one.email)["questions"] == []


def test_records_of_repeated_requests_go_with_the_person(stack, api):
    email, name = f"keyed@{MAIL_DOMAIN}", "Kunigunde Keyed"
    question = {"product_id": new_product(), "body": "Is it red?", "name": name, "email": email}
    headers = {"Idempotency-Key": f"person-{question['product_id']}"}
    added = api.post("/qa/questions", json=question, headers=headers)
    answer = {"body": "It is.", "name": name, "email": email}
    path = f"/qa/questions/{added.json()['question_id']}/answers"
    assert [added.status_code, api.post(path, json=answer, headers=headers).status_code] == [201, 201]
    count = "SELECT count(*) FROM keyed_writes WHERE body::text LIKE %s"
    assert stack.sql(count, f"%{name}%") == [(2,)]
    person(stack, "erase", "--email", email, "--texts", "keep", "--yes")
    assert stack.sql(count, f"%{name}%") == [(0,)]


def test_others_keep_what_is_theirs(stack, api):
    one, other = Person(stack, api), Person(stack, api)
    person(stack, "erase", "--email", one.email, "--texts", "remove", "--yes")
    found = person(stack, "export", "--email", other.email)
    assert [question["body"] for question in found["questions"]] == ["Is my order late?"]
    [(body,)] = stack.sql("SELECT body FROM answers WHERE id = %s", one.foreign_answer)
    assert body == f"Not x{one.email} but [removed]."  # the longer address is another one
    assert api.answers(one.question)[0]["answerer_name"] == "a stranger"


def test_a_text_of_the_greatest_length_still_fits(stack, api):
    [question] = seed.questions(stack, new_product(), [0], body="a@b " * 250, asker_name="a@b c@d " * 7)
    person(stack, "erase", "--email", "a@b", "--texts", "keep", "--yes")
    [(body, name)] = stack.sql("SELECT body, asker_name FROM questions WHERE id = %s", question)
    assert "a@b" not in body and len(body) == 1000
    assert "a@b" not in name and "c@d" in name


def test_ready_made_pages_show_nothing_of_it(stack, api):
    one = Person(stack, api)
    wait_until(lambda: stack.sql("SELECT 1 FROM product_pages WHERE product_id = %s AND page::text LIKE %s",
                                 one.product, f"%{one.name}%"))
    person(stack, "erase", "--email", one.email, "--texts", "keep", "--yes")
    assert not stack.sql("SELECT 1 FROM product_pages WHERE product_id = %s AND page::text LIKE %s",
                         one.product, f"%{one.name}%")


def test_the_log_tells_of_both_without_the_address(stack, api):
    one = Person(stack, api)
    person(stack, "export", "--email", one.email, "--as", "Erna")
    person(stack, "erase", "--email", one.email, "--texts", "keep", "--yes", "--as", "Erna")
    rows = stack.sql("SELECT actor::text, action::text, after::text, kind FROM moderation_log ORDER BY id DESC LIMIT 2")
    assert [(actor, action, kind) for actor, action, _, kind in rows] == [
        ("Erna", "erase-person", None), ("Erna", "export-person", None)]
    assert json.loads(rows[0][2]) == {"questions": 1, "answers": 1, "texts": "kept"}
    assert one.email not in moderate(stack, "log")


@pytest.mark.parametrize("arguments", [
    [], ["export"], ["export", "--email", "nobody"], ["erase", "--email", "a@b"], ["praise", "--email", "a@b"],
    ["erase", "--email", "a@b", "--texts", "keep"], ["erase", "--email", "a@b", "--texts", "some", "--yes"],
    ["export", "erase", "--email", "a@b"], ["export", "--email", "-"], ["export", "--email", "a@b", "--as", " "]])
def test_wrong_usage_is_told_and_does_nothing(stack, arguments):
    assert person(stack, *arguments, status=2)


@pytest.mark.parametrize("role", ["service", "moderator"])
def test_nobody_but_the_owner_may(stack, role):
    url = (stack.folder / f"secrets/{role}-url").read_text().strip()
    told = person(stack, "export", "--email", "a@b", status=1, QA_OWNER_DATABASE_URL_FILE="", QA_OWNER_DATABASE_URL=url)
    assert "QA_OWNER_DATABASE_URL must be of the role that owns the tables" in told
    with stack.database(url) as cursor, pytest.raises(InsufficientPrivilege):
        cursor.execute("SELECT erase_person('a@b', true, 'x')")
