"""What moderators' pages ask for (src/admin/desk.c): who is let in, and what the paths respond with."""

import json
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

import gates
from api import MAX_ID, PATIENCE_S, QUESTION, Api, assert_problem, new_product
from conftest import PATIENT, running
from moderation import EMIL, ERNA, HOSTILE, Items, moderate, report
from stack import wait_until


@pytest.fixture(scope="module")
def stack():
    with running(QA_MODERATION_TOKENS=f"Erna:{ERNA} Emil:{EMIL}", **PATIENT) as stack:
        yield stack


@pytest.fixture(scope="module")
def api(stack):
    return Api(stack.base_url)


class Desk:
    """The paths below /moderation, as the page asks for them."""

    def __init__(self, stack, token=ERNA):
        self._admin = Api(f"http://127.0.0.1:{stack.port + 1}")
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path, **parameters):
        return self._admin.get(f"/moderation/{path}", params=parameters, headers=self.headers)

    def post(self, body, **headers):
        return self._admin.post("/moderation/decisions", data=json.dumps(body) if not isinstance(body, bytes) else body,
                                headers={"Content-Type": "application/json", **self.headers, **headers})

    def decide(self, item, action, **more):
        response = self.post({"item": item, "action": action, **more})
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture(scope="module")
def desk(stack):
    return Desk(stack)


PATHS = ["items", "item?item=questions/1", "log", "products"]


# Who is let in

@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [
    {}, {"Authorization": ERNA}, {"Authorization": f"Basic {ERNA}"}, {"Cookie": f"token={ERNA}"}])
def test_nobody_is_let_in_without_a_token(stack, path, headers):
    desk = Desk(stack, None)
    desk.headers = headers
    response = desk.get(path)
    assert_problem(response, 401, "Authorization")
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.headers["Cache-Control"] == "no-store"


def test_nobody_decides_without_a_token(stack, api):
    items = Items(stack)
    assert_problem(Desk(stack, None).post({"item": items.questions, "action": "hide"}), 401)
    assert items.shown(api)["questions"]


def test_wrong_tokens_are_told_of_and_soon_have_to_wait(stack):
    """Last of those that ask: whoever shares the address waits for a minute as well."""
    with running(QA_MODERATION_TOKENS=f"Erna:{ERNA}", **PATIENT) as own:
        for wrong in ("x" * 24, ERNA[:-1], ERNA + "x", ERNA.upper(), "", *"abcde"):
            assert_problem(Desk(own, wrong or " ").get("log"), 401, "Authorization")
        for token in ("x" * 24, ERNA):
            response = Desk(own, token).get("log")
            assert_problem(response, 429)
            assert response.headers["Retry-After"] == "60"
        told = [line for line in own.log() if line["message"] == "a moderator's token is wrong"]
        assert len(told) == 10 and told[0]["client"] == "127.0.0.1"
        for path in own.log_files():
            assert ERNA not in path.read_text(errors="replace")


def test_tokens_and_connection_string_are_in_no_environment(stack):
    password = (stack.folder / "secrets/moderator-password").read_bytes().strip()
    for pid in [*stack.worker_pids(), *stack.admin_pids()]:
        with open(f"/proc/{pid}/environ", "rb") as environment:
            text = environment.read()
        assert ERNA.encode() not in text and password not in text


def test_without_tokens_there_is_no_page(configured_stack):
    desk = Desk(configured_stack)
    for path in ("", *PATHS):
        assert_problem(desk.get(path), 404)


def test_a_page_of_another_name_is_refused(stack):
    desk = Desk(stack)
    desk.headers["Host"] = "evil.example"
    assert desk.get("items").status_code == 421


@pytest.mark.parametrize("tokens, error", [
    ("Erna", "NAME:TOKEN"), ("Erna:short", "fewer than 24"), (f"Erna:{ERNA}", "QA_MODERATION_DATABASE_URL")])
def test_a_service_with_wrong_tokens_does_not_start(stack, tokens, error):
    result = subprocess.run([stack.program, "serve"], text=True, capture_output=True, timeout=PATIENCE_S, env={
        "PATH": "/usr/bin", "DATABASE_URL": stack.serving_url, "QA_MODERATION_TOKENS": tokens,
        "QA_STATE_DIR": str(stack.folder)})
    assert result.returncode == 2 and error in result.stderr
    assert "short" not in result.stderr and ERNA not in result.stderr


# What its paths respond with

def test_the_page_may_load_nothing_of_others_and_no_markup_of_shoppers(stack, desk):
    for path, kind in (("", "text/html"), (".css", "text/css"), (".js", "text/javascript")):
        response = desk._admin.get(f"/moderation{path}")
        assert response.headers["Content-Type"].split(";")[0] == kind
        policy = response.headers["Content-Security-Policy"].split("; ")
        assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} <= set(policy)
        assert "unsafe" not in " ".join(policy)
        assert "innerHTML" not in response.text and "style=" not in response.text and "onclick" not in response.text


def test_the_list_is_that_of_the_command(stack, api, desk):
    items = Items(stack, body=HOSTILE)
    report(api, items.questions, {"reason": "spam", "note": HOSTILE})
    report(api, items.answers)
    for parameters in ({}, {"kind": "answer"}, {"reason": "spam"}, {"q": "ONERROR"}, {"count": 1, "page": 2}):
        options = [f"--{'search' if name == 'q' else name}={value}" for name, value in parameters.items()]
        expected = moderate(stack, "list", "--json", f"--product={items.product}", *options)
        response = desk.get("items", product_id=items.product, **parameters)
        assert response.status_code == 200, response.text
        assert response.json() == expected
    assert desk.get("item", item=items.questions).json() == moderate(stack, "show", items.questions, "--json")
    assert "@" not in desk.get("item", item=items.questions).text


@pytest.mark.parametrize("path, parameters, field", [
    ("items", {"show": "some"}, "show"), ("items", {"count": 101}, "count"), ("items", {"page": 0}, "page"),
    ("items", {"reason": "taste"}, "reason"), ("items", {"kind": "photo"}, "kind"), ("items", {"q": "a\0b"}, "q"),
    ("items", {"product_id": "x"}, "product_id"), ("items", {"q": "x" * 5000}, "q"), ("item", {"item": "37"}, "item"),
    ("item", {}, "item"), ("log", {"count": "x"}, "count"), ("products", {"count": 101}, "count"),
    ("products", {"page": "x"}, "page")])
def test_a_wrong_parameter_is_400(desk, path, parameters, field):
    assert_problem(desk.get(path, **parameters), 400, field)


def test_what_is_not_there_is_404(desk):
    assert_problem(desk.get("item", item=f"questions/{MAX_ID}"), 404, "item")
    assert_problem(desk.post({"item": f"questions/{MAX_ID}", "action": "hide"}), 404, "item")


@pytest.mark.parametrize("body, field", [
    (b"{", None), (b"[]", None), (b"", None), ({"action": "hide"}, "item"), ({"item": "questions/1"}, "action"),
    ({"item": "questions/1", "action": "praise"}, "action"), ({"item": 1, "action": "hide"}, "item"),
    ({"item": "questions/1", "action": "hide", "note": ""}, "note"),
    ({"item": "questions/1", "action": "hide", "note": "x" * 1001}, "note"),
    ({"item": "questions/1", "action": "undo", "entry": "1"}, "entry"), ({"item": "5", "action": "hold"}, "item"),
    ({"item": "questions/1", "action": "hold"}, "item"), ({"item": "products/5", "action": "hide"}, "item"),
    ({"item": "products/5", "action": "release", "note": " "}, "note"), ({"action": "hold"}, "item")])
def test_a_wrong_decision_is_400(desk, body, field):
    assert_problem(desk.post(body), 400, field)


def test_only_json_is_a_decision(desk):
    assert_problem(desk.post(b"{}", **{"Content-Type": "text/plain"}), 415)
    assert_problem(desk.post(b"{}", **{"Content-Encoding": "gzip"}), 415)


def test_a_decision_is_seen_at_once_and_has_the_moderators_name(stack, api, desk):
    items = Items(stack)
    for _ in range(10):  # every worker's cache holds the pages
        assert items.shown(api)["questions"]
    told = desk.decide(items.questions, "hide", note="a test")
    for _ in range(10):
        assert not items.shown(api)["questions"]
    assert (told["item"]["state"], told["item"]["shown"]) == ("hidden", False)
    Desk(stack, EMIL).decide(items.questions, "approve")
    assert items.shown(api)["questions"]
    log = desk.get("item", item=items.questions).json()["log"]
    assert [(entry["actor"], entry["action"], entry["note"]) for entry in log] == [
        ("Emil", "approve", None), ("Erna", "hide", "a test")]
    assert [entry["id"] for entry in desk.get("log", count=2).json()["entries"]] == [entry["id"] for entry in log]


def test_only_the_decision_that_was_seen_is_undone(stack, desk):
    items = Items(stack)
    first = desk.decide(items.answers, "hide")["entry"]
    second = Desk(stack, EMIL).decide(items.answers, "approve")["entry"]
    assert_problem(desk.post({"item": items.answers, "action": "undo", "entry": first}), 409, "item")
    assert desk.decide(items.answers, "undo", entry=second)["item"]["state"] == "hidden"
    assert desk.decide(items.answers, "hide")["entry"] is None


def test_a_product_is_held_and_released_by_its_name(stack, api, desk):
    product = new_product()
    body = {**QUESTION, "product_id": product}
    told = desk.decide(f"products/{product}", "hold", note="recalled")
    assert told["item"] == {"item": f"products/{product}", "product_id": product, "held": True}
    assert desk.decide(f"products/{product}", "hold")["entry"] is None
    response = api.post("/qa/questions", json=body)
    assert response.status_code == 202
    name = f"questions/{response.json()['question_id']}"
    assert desk.get("products", count=100).json() == moderate(stack, "held", "--json", "--count", "100")
    assert (f"products/{product}", "Erna", "recalled") in [
        (one["item"], one["actor"], one["note"]) for one in desk.get("products", count=100).json()["products"]]
    waiting = desk.get("items", show="waiting", product_id=product).json()["items"]
    assert [(one["item"], one["state"]) for one in waiting] == [(name, "waiting")]
    assert api.questions(product) == []
    assert desk.decide(name, "approve")["item"]["shown"]
    assert len(api.questions(product)) == 1
    Desk(stack, EMIL).decide(f"products/{product}", "release")
    assert api.post("/qa/questions", json=body).status_code == 201
    assert [(entry["item"], entry["actor"], entry["action"]) for entry in desk.get("log", count=3).json()["entries"]] == [
        (f"products/{product}", "Emil", "release"), (name, "Erna", "approve"), (f"products/{product}", "Erna", "hold")]


def test_a_decision_that_nothing_had_to_be_done_for_makes_its_pages_anew(stack, api, desk, tmp_path):
    items = Items(stack)
    assert items.shown(api)["questions"]  # the cache holds the pages
    moderate(stack, "hide", items.questions, QA_SHARED_FILE=str(tmp_path / "versions"))  # which tells no service
    assert desk.decide(items.questions, "hide")["entry"] is None
    assert not items.shown(api)["questions"]


def test_a_decision_of_an_admin_process_that_dies_is_seen(stack, api, desk):
    items = Items(stack)
    assert items.shown(api)["questions"]
    before, [admin] = stack.metrics(), stack.admin_pids()
    with gates.on_commits(stack), ThreadPoolExecutor(1) as executor:
        with gates.closed(stack, gates.COMMITS):
            deciding = executor.submit(desk.post, {"item": items.questions, "action": "hide"})
            wait_until(lambda: stack.sql("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                         " AND application_name = 'atelier-qa moderation'"))
            os.kill(admin, signal.SIGKILL)
            wait_until(lambda: stack.admin_pids() not in ([], [admin]))
        assert isinstance(deciding.exception(), requests.ConnectionError)
        wait_until(lambda: stack.sql("SELECT reported FROM questions WHERE id = %s", items.question) == [(True,)])
    assert not items.shown(api)["questions"]
    wait_until(lambda: stack.metrics().since(before, "atelier_qa_cache_invalidations_total") == {("admin_died",): 1})


def test_while_the_database_is_away_moderators_are_told_and_operators_served(stack, api, desk):
    items = Items(stack)
    stack.stop_database()
    try:
        response = desk.get("items")
        assert_problem(response, 503)
        assert_problem(desk.post({"item": items.questions, "action": "hide"}), 503)
        assert desk._admin.get("/live").status_code == 200
    finally:
        stack.start_database()
    assert desk.decide(items.questions, "hide")["item"]["state"] == "hidden"


def test_a_locked_row_holds_up_nobody_but_its_moderator(stack, desk):
    items = Items(stack)
    with stack.locked("SELECT FROM questions WHERE id = %s FOR UPDATE", items.question):
        response = desk.post({"item": items.questions, "action": "hide"})
        assert response.status_code in (503, 504)
        assert desk._admin.get("/live").status_code == 200
    assert desk.decide(items.questions, "hide")["item"]["state"] == "hidden"


def test_no_session_is_kept_for_moderators(stack, desk):
    assert desk.get("items").status_code == 200
    wait_until(lambda: not stack.sql("SELECT pid FROM pg_stat_activity"
                                     " WHERE application_name = 'atelier-qa moderation'"))
