"""What becomes of reports, and what moderators decide about them with `atelier-qa moderate`."""

import subprocess

import pytest
from psycopg2.errors import InsufficientPrivilege

import seed
from api import Api, MAX_ID, new_product
from conftest import PATIENT, running
from link import link
from moderation import KINDS, Items, described, environment, moderate, report
from stack import CHECKOUT, wait_until


@pytest.fixture(scope="module")
def patient():
    """A stack that hides from the third report on."""
    with running(QA_REPORTS_TO_HIDE="3", **PATIENT) as stack:
        yield stack


# Reports

@pytest.mark.parametrize("kind", KINDS)
def test_the_first_report_hides_as_the_settings_come(stack, api, kind):
    items = Items(stack)
    report(api, getattr(items, kind))
    assert not items.shown(api)[kind]
    told = described(stack, getattr(items, kind))
    assert (told["state"], told["shown"], told["reports"]) == ("open", False, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_an_item_is_hidden_from_the_wanted_number_of_reports_on(patient, kind):
    api, items = Api(patient.base_url), Items(patient)
    for _ in range(2):
        report(api, getattr(items, kind))
        assert items.shown(api) == {"questions": True, "answers": True}
    report(api, getattr(items, kind))
    assert not items.shown(api)[kind]
    assert described(patient, getattr(items, kind))["reports"] == 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_shopper_who_is_known_counts_once(patient, kind):
    api, items = Api(patient.base_url), Items(patient)
    for voter in ("a" * 20, "b" * 20):
        for _ in range(3):
            report(api, getattr(items, kind), {"reason": "spam"}, headers={"Qa-Voter": voter})
        assert items.shown(api)[kind]
    told = described(patient, getattr(items, kind))
    assert (told["reports"], told["reasons"]) == (2, {"spam": 2})
    report(api, getattr(items, kind))  # of somebody who is not
    assert not items.shown(api)[kind]


@pytest.mark.parametrize("body", [
    {"reason": "spam", "note": "an advertisement \U0001f4a9 <b>'; DROP TABLE reports"}, {"reason": "personal-data"},
    {"note": "x" * 1000}])
def test_a_reason_and_a_note_are_kept(stack, api, body):
    items = Items(stack)
    report(api, items.answers, body)
    [kept] = moderate(stack, "show", items.answers, "--json")["reports"]
    assert (kept["reason"], kept["note"]) == (body.get("reason"), body.get("note"))


@pytest.mark.parametrize("options", [
    {"json": {"reason": "because"}}, {"json": {"reason": ["spam"], "note": 5}}, {"json": ["spam"]}, {"json": "spam"},
    {"json": {"note": "x" * 1001}}, {"json": {"note": " \u3000"}}, {"json": {"note": "a\u0000b", "reason": "SPAM"}},
    {"data": b'{"reason": "spam"'}, {"data": b"\xff\xfe"}, {"data": b""}, {"data": b'{"reason": "spam"}' + b" " * 65536},
    {"data": b'{"reason": "spam"}', "headers": {"Content-Type": "text/plain"}},
    {"data": b'{"reason": "spam"}', "headers": {"Content-Encoding": "gzip"}},
    {"data": b'{"a": ' * 5000 + b"1" + b"}" * 5000}])
def test_a_body_that_cannot_be_used_is_a_report_without_a_reason(stack, api, options):
    items = Items(stack)
    assert api.put(f"/qa/{items.answers}/report", **options).status_code == 204
    told = moderate(stack, "show", items.answers, "--json")
    assert (told["item"]["reports"], told["item"]["reasons"], told["reports"]) == (1, {}, [])


def test_a_usable_part_of_a_body_counts(stack, api):
    items = Items(stack)
    report(api, items.answers, {"reason": "other", "note": "x" * 1001})
    report(api, items.answers, {"reason": "else", "note": "why not"})
    told = moderate(stack, "show", items.answers, "--json")["reports"]
    assert {(one["reason"], one["note"]) for one in told} == {("other", None), (None, "why not")}


def test_a_flood_of_reports_keeps_a_hundred_notes_and_counts_all(stack, api):
    items = Items(stack)
    for _ in range(130):
        report(api, items.questions, {"reason": "spam"})
    [(kept,)] = stack.sql("SELECT count(*) FROM reports WHERE kind = 'question' AND item_id = %s", items.question)
    assert kept == 100
    assert described(stack, items.questions)["reports"] == 130


# Decisions

@pytest.mark.parametrize("kind", KINDS)
def test_what_was_approved_stays_shown_whatever_is_reported(stack, api, kind):
    items = Items(stack)
    report(api, getattr(items, kind))
    moderate(stack, "approve", getattr(items, kind))
    assert items.shown(api)[kind]
    for _ in range(3):
        report(api, getattr(items, kind))
    assert items.shown(api)[kind]
    assert described(stack, getattr(items, kind))["reports"] == 4


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_hidden_stays_so_until_it_is_restored(stack, api, kind):
    items = Items(stack)
    name = getattr(items, kind)
    for _ in range(10):  # every worker's cache holds the pages
        assert items.shown(api)[kind]
    before = stack.metrics()
    moderate(stack, "hide", name)
    for _ in range(10):
        assert not items.shown(api)[kind]
    moderate(stack, "restore", name)
    for _ in range(10):
        assert items.shown(api)[kind]
    assert stack.metrics().since(before, "atelier_qa_cache_invalidations_total") == {}  # of all pages


def test_a_restored_item_is_hidden_by_as_many_reports_again(patient):
    api, items = Api(patient.base_url), Items(patient)
    for _ in range(3):
        report(api, items.questions)
    moderate(patient, "restore", items.questions)
    for _ in range(2):
        report(api, items.questions)
        assert items.shown(api)["questions"]
    report(api, items.questions)
    assert not items.shown(api)["questions"]
    assert described(patient, items.questions)["reports"] == 6


def test_what_is_erased_leaves_no_text_author_or_photo(stack, api):
    items = Items(stack)
    added = api.add_answer(items.question, body="my number is 555", name="Dora", photos=["https://img.example/1.jpg"])
    name = f"answers/{added['answer_id']}"
    report(api, name, {"note": "the number of Dora"})
    assert "erase needs --yes" in moderate(stack, "erase", name, status=2)
    moderate(stack, "erase", name, "--yes")
    [row] = stack.sql("SELECT body::text, answerer_name::text, answerer_email::text, photo_urls::text, reported"
                      " FROM answers WHERE id = %s", added["answer_id"])
    assert row == ("[removed]", "[removed]", None, "[]", True)
    assert stack.sql("SELECT id FROM answers_photos WHERE answer_id = %s", added["answer_id"]) == []
    assert stack.sql("SELECT note FROM reports WHERE kind = 'answer' AND item_id = %s",
                     added["answer_id"]) == [(None,)]
    for action in ("approve", "hide", "restore", "undo"):
        assert "erased for good" in moderate(stack, action, name, status=1)
    assert [one["answer_id"] for one in api.answers(items.question)] == [items.answer]


def test_an_erased_question_keeps_its_answers(stack, api):
    items = Items(stack)
    moderate(stack, "erase", items.questions, "--yes")
    assert items.shown(api) == {"questions": False, "answers": True}


@pytest.mark.parametrize("kind", KINDS)
def test_each_decision_can_be_undone(patient, kind):
    api, items = Api(patient.base_url), Items(patient)
    name = getattr(items, kind)
    for _ in range(3):
        report(api, name)
    for action, shown in (("approve", True), ("hide", False), ("restore", True)):
        before = described(patient, name)
        moderate(patient, action, name)
        assert items.shown(api)[kind] is shown
        moderate(patient, "undo", name)
        assert described(patient, name) == before
        assert items.shown(api)[kind] is False
    moderate(patient, "undo", name)  # of the last undo
    assert items.shown(api)[kind] is True


def test_reports_that_come_before_a_decision_is_undone_stay_counted(patient):
    api, items = Api(patient.base_url), Items(patient)
    for _ in range(2):
        report(api, items.questions)
    moderate(patient, "restore", items.questions)
    report(api, items.questions)
    moderate(patient, "undo", items.questions)
    told = described(patient, items.questions)
    assert (told["counted"], told["reports"]) == (3, 3)


def test_what_is_as_wanted_is_not_decided_again(stack):
    items = Items(stack)
    moderate(stack, "approve", items.answers)
    assert "nothing to approve" in moderate(stack, "approve", items.answers)
    assert len(moderate(stack, "show", items.answers, "--json")["log"]) == 1


def test_several_items_are_decided_about_at_once_and_unknown_ones_are_told(stack, api):
    one, other = Items(stack), Items(stack)
    told = moderate(stack, "hide", one.questions, f"answers/{MAX_ID}", other.questions, status=1)
    assert f"answers/{MAX_ID}: there is no such question or answer" in told
    assert not one.shown(api)["questions"] and not other.shown(api)["questions"]


@pytest.mark.parametrize("arguments", [
    [], ["list", "questions/1"], ["approve"], ["approve", "37"], ["approve", "questions/0"], ["praise", "questions/1"],
    ["list", "--show", "some"], ["list", "--reason", "taste"], ["list", "--count", "1001"], ["list", "--kind", "photo"],
    ["hide", "questions/1", "--as", ""], ["hide", "questions/1", "--note", " "], ["list", "--color"]])
def test_wrong_usage_is_told_and_does_nothing(stack, arguments):
    assert moderate(stack, *arguments, status=2)


# The queue

def names(found):
    return [item["item"] for item in found["items"]]


def test_the_queue_has_the_most_reported_first_and_forgets_what_was_decided(patient):
    api = Api(patient.base_url)
    product = new_product()
    ids = seed.questions(patient, product, [0] * 4)
    for identifier, times in zip(ids, (1, 5, 3, 0)):
        for _ in range(times):
            report(api, f"questions/{identifier}")
    queue = ("list", "--json", "--product", str(product))
    expected = [f"questions/{ids[place]}" for place in (1, 2, 0)]
    assert names(moderate(patient, *queue)) == expected
    assert names(moderate(patient, *queue, "--count", "1", "--page", "2")) == expected[1:2]
    moderate(patient, "approve", expected[0])
    moderate(patient, "hide", expected[1])
    assert names(moderate(patient, *queue)) == expected[2:]
    assert names(moderate(patient, *queue, "--show", "approved")) == expected[:1]
    assert names(moderate(patient, *queue, "--show", "hidden")) == expected[1:2]
    assert names(moderate(patient, *queue, "--show", "all")) == expected


def test_the_queue_is_searched_and_filtered(stack, api):
    items = Items(stack, body="Is it a QUARTZ watch? 100 %")
    report(api, items.questions, {"reason": "wrong-product"})
    report(api, items.answers, {"reason": "spam"})
    in_product = ("list", "--json", "--product", str(items.product))
    for choice, expected in ((["--search", "quartz"], [items.questions]), (["--search", "asker"], [items.questions]),
                             (["--search", "0 %"], [items.questions]), (["--search", "q_artz"], []),
                             (["--kind", "answer"], [items.answers]), (["--reason", "spam"], [items.answers]),
                             (["--reason", "other"], []), ([], [items.questions, items.answers])):
        assert names(moderate(stack, *in_product, *choice)) == expected, choice


def test_what_was_hidden_before_reports_were_counted_is_in_the_queue(stack):
    items = Items(stack, reported=True)
    assert names(moderate(stack, "list", "--json", "--product", str(items.product))) == [items.questions]


def test_people_see_items_with_their_surroundings_and_no_control_characters(stack, api):
    items = Items(stack, body="Is it\u001b[31m red?\nOr \u0085 not?")
    report(api, items.answers, {"reason": "spam", "note": "they sell\u0007 it"})
    moderate(stack, "hide", items.answers, "--as", "Erna", "--note", "an advertisement")
    text = moderate(stack, "show", items.answers)
    for part in (items.answers, "Because.", "Its question:", "Is it [31m red?", "spam 1", "they sell  it", "by Erna",
                 "an advertisement", "open, not shown -> hidden, not shown"):
        assert part in text, text
    assert "\u001b" not in text and "\u0007" not in text and "\u0085" not in text


# Who may do what

def test_the_log_tells_who_decided_what_when_and_why(stack, api):
    items = Items(stack)
    report(api, items.questions)
    moderate(stack, "approve", items.questions, "--as", "Erna", "--note", "harmless")
    [entry] = moderate(stack, "show", items.questions, "--json")["log"]
    assert (entry["actor"], entry["role"], entry["action"], entry["note"]) == (
        "Erna", "atelier_qa_moderator", "approve", "harmless")
    assert entry["before"] == {"state": "open", "shown": False, "counted": 1}
    assert entry["after"] == {"state": "approved", "shown": True, "counted": 1}
    assert entry["id"] == moderate(stack, "log", "--json", "--count", "1")["entries"][0]["id"]


def test_the_log_holds_no_text_and_no_address_of_a_shopper(stack, api):
    items = Items(stack, body="a very particular question", asker_name="Bartholomew")
    for action in (["hide"], ["approve"], ["erase", "--yes"]):
        moderate(stack, *action, items.questions)
    [(text,)] = stack.sql("SELECT string_agg(entry::text, ' ') FROM moderation_log AS entry WHERE item_id = %s"
                          " AND kind = 'question'", items.question)
    for secret in ("particular", "Bartholomew", "mail.example"):
        assert secret not in text


@pytest.mark.parametrize("role", ["service", "moderator"])
@pytest.mark.parametrize("statement", [
    "UPDATE moderation_log SET actor = 'x'", "DELETE FROM moderation_log", "TRUNCATE moderation_log",
    "INSERT INTO moderation_log (actor, action) VALUES ('x', 'hide')", "ALTER TABLE moderation_log DISABLE TRIGGER ALL",
    "DROP TABLE moderation_log", "SELECT nextval('moderation_log_id_seq')", "UPDATE moderated_items SET state = 'open'",
    "INSERT INTO moderated_items VALUES ('question', 1)", "DELETE FROM reports", "SELECT voter FROM reports",
    "SELECT put_item(NULL, NULL, 'hide', 'x', NULL)", "SELECT erase_text(NULL)", "SELECT take_item('question', 1)"])
def test_the_roles_of_the_service_may_not(stack, role, statement):
    url = (stack.folder / f"secrets/{role}-url").read_text().strip()
    with stack.database(url) as cursor, pytest.raises(InsufficientPrivilege):
        cursor.execute(statement)


@pytest.mark.parametrize("statement", [
    "SELECT asker_email FROM questions", "SELECT answerer_email FROM answers", "UPDATE questions SET reported = false",
    "UPDATE answers SET helpful = 1", "INSERT INTO answers_photos (answer_id, url) VALUES (1, 'x')",
    "DELETE FROM questions", "SELECT count_reports('question', '{}', NULL)", "SELECT * FROM make_pages(0, 0, 1, 1, 1)"])
def test_the_moderating_role_may_not(stack, statement):
    url = (stack.folder / "secrets/moderator-url").read_text().strip()
    with stack.database(url) as cursor, pytest.raises(InsufficientPrivilege):
        cursor.execute(statement)


@pytest.mark.parametrize("statement", [
    "SELECT note FROM reports", "SELECT * FROM moderated_items", "SELECT * FROM moderation_log",
    "SELECT moderate('approve', 'question', 1, 'x', NULL)", "SELECT undo_moderation('question', 1, NULL, 'x', NULL)",
    "SELECT adopt_reported()"])
def test_the_serving_role_may_not(stack, statement):
    with stack.database(stack.serving_url) as cursor, pytest.raises(InsufficientPrivilege):
        cursor.execute(statement)


def test_the_serving_role_cannot_moderate(stack):
    items = Items(stack)
    told = moderate(stack, "hide", items.questions, status=1, QA_MODERATION_DATABASE_URL_FILE="",
                    QA_MODERATION_DATABASE_URL=stack.serving_url)
    assert "GRANT atelier_qa_moderating TO atelier_qa_service" in told


def test_the_connection_string_of_moderators_is_not_the_workers_business(stack):
    for pid in [stack.supervisor_pid(), *stack.worker_pids()]:
        with open(f"/proc/{pid}/environ", "rb") as environment:
            assert b"moderator:" not in environment.read()


# Together with others

def test_a_decision_waits_for_a_lock_and_is_right(stack, api):
    """Somebody holds the row while the decision comes."""
    items = Items(stack)
    with stack.database(stack.superuser_url()) as cursor:
        cursor.execute("UPDATE questions SET reported = true WHERE id = %s", (items.question,))
        with subprocess.Popen(
                [stack.program, "moderate", "approve", items.questions], stdout=subprocess.DEVNULL,
                env=environment(stack, QA_MODERATION_DATABASE_URL=stack.superuser_url())) as command:
            wait_until(lambda: stack.sql("SELECT 1 FROM pg_stat_activity WHERE application_name = 'atelier-qa moderate'"
                                         " AND wait_event_type = 'Lock'"))
            cursor.connection.commit()
            assert command.wait() == 0
    assert items.shown(api)["questions"]


def test_a_service_that_cannot_be_told_is_told_of(stack, api, tmp_path):
    items = Items(stack)
    (tmp_path / "versions").mkdir()
    told = moderate(stack, "hide", items.questions, status=4, QA_SHARED_FILE=str(tmp_path / "versions"))
    assert "pages may be old" in told
    assert stack.sql("SELECT reported FROM questions WHERE id = %s", items.question) == [(True,)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_decision_of_which_nobody_was_told_is_seen_once_it_is_repeated(stack, api, tmp_path, kind):
    items = Items(stack)
    name = getattr(items, kind)
    assert items.shown(api)[kind]  # the cache holds the pages
    moderate(stack, "hide", name, QA_SHARED_FILE=str(tmp_path / "versions"))  # as if it were killed after its commit
    assert "nothing to hide" in moderate(stack, "hide", name)
    assert not items.shown(api)[kind]


def test_a_decision_whose_commit_is_not_known_is_seen(stack, api):
    items = Items(stack)
    assert items.shown(api)["questions"]
    url = (stack.folder / "secrets/moderator-url").read_text().strip()
    with link(url, (CHECKOUT / "sql/moderation/decide.sql").read_text()) as (through, between):
        between.cuts = True
        told = moderate(stack, "hide", items.questions, items.answers, status=1, QA_MODERATION_DATABASE_URL_FILE="",
                        QA_MODERATION_DATABASE_URL=through)
    assert f"{items.questions}: it may have been decided" in told
    assert f"{items.answers}: it may" not in told  # it was never sent
    wait_until(lambda: stack.sql("SELECT reported FROM questions WHERE id = %s", items.question) == [(True,)])
    assert not items.shown(api)["questions"]
