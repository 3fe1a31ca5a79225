"""Errors: which status, which form, and which of several wrongs is told first."""

import pytest

import seed
from api import ANSWER, MAX_ID, QUESTION, ask_once, assert_problem, new_product

JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain"}
TOO_LARGE = b" " * (64 * 1024 + 1)


@pytest.mark.parametrize("path", [
    "/qa", "/qa/", "/qa/question", "/qa/questionss", "/QA/questions", "/qa/Questions",
    "/qa/questions.json", "/qa/questions/1/2", "/qa/questions/1/answers/2", "/qa/answers",
    "/qa/answers/1", "/qa/answers/1/answers", "/qa/questions/1/helpful/x", "/qa/questions/1/Report",
    "/qa/questions//answers", "/qa/questions//helpful", "/qa/answers//report",
    "/qa/questions/1//answers", "//qa/questions", "/qa//questions", "/healthz/x", "/healthz//",
    "/readyzz", "/qa%2Fquestions", "/loaderio-.txt", "/loaderio-x.txt", "/index.html",
    "/favicon", "/.git/config", "/.env", "/x.php", "/%F0%9F%98%80", "/" + "a" * 2000,
])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_path_that_does_not_exist_is_404_for_every_method(stack, method, path):
    assert_problem(ask_once(stack, method, path, body=b""), 404)


@pytest.mark.parametrize("path", [
    "/qa/questions/../../../../etc/passwd", "/../../etc/passwd", "/qa/..%2f..%2fetc%2fpasswd",
    "/demo/../../etc/passwd", "/demo/..%2f..%2fetc/passwd", "/demo/%2e%2e/%2e%2e/etc/passwd",
    "/demo/.hidden", "/nowhere/x/..", "/qa/questions/1%2F2/answers", "/%", "/%zz", "/%00"])
def test_strange_paths_lead_nowhere(stack, path):
    response = ask_once(stack, "GET", path)
    assert_problem(response, 400 if response.status_code == 400 else 404)


ALLOWED = {
    "/qa/questions": "GET, HEAD, POST, OPTIONS",
    "/qa/questions/": "GET, HEAD, POST, OPTIONS",
    "/qa/questions/1": "GET, HEAD, POST, OPTIONS",
    "/qa/questions/1/answers": "GET, HEAD, POST, OPTIONS",
    "/qa/questions/1/helpful": "PUT, DELETE, OPTIONS",
    "/qa/questions/1/report/": "PUT, OPTIONS",
    "/qa/answers/1/helpful": "PUT, DELETE, OPTIONS",
    "/qa/answers/1/report": "PUT, OPTIONS",
    "/healthz": "GET, HEAD, OPTIONS",
    "/readyz": "GET, HEAD, OPTIONS",
}


METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "PROPFIND", "FOO"]
MISFITS = [(path, method) for path in ALLOWED for method in METHODS
           if method not in ALLOWED[path].split(", ")]


@pytest.mark.parametrize("path, method", MISFITS)
def test_a_method_that_does_not_fit_is_405_and_allow_lists_what_does(stack, path, method):
    response = ask_once(stack, method, path)
    assert response.status_code == 405
    assert sorted(response.headers["Allow"].split(", ")) == sorted(ALLOWED[path].split(", "))
    if method != "HEAD":
        assert_problem(response, 405)


@pytest.mark.parametrize("method, path, headers, body, status", [
    ("DELETE", "/nowhere", TEXT, TOO_LARGE, 404),
    ("DELETE", "/qa/questions/abc/answers", TEXT, TOO_LARGE, 405),
    ("PUT", "/qa/questions/abc", {}, None, 405),
    ("POST", "/qa/questions/abc/answers", TEXT, TOO_LARGE, 400),
    ("POST", "/qa/questions/abc", TEXT, TOO_LARGE, 400),
    ("POST", "/qa/questions/1/answers", TEXT, TOO_LARGE, 415),
    ("POST", "/qa/questions", TEXT, TOO_LARGE, 415),
    ("POST", f"/qa/questions/{MAX_ID}/answers", JSON, TOO_LARGE, 413),
    ("POST", "/qa/questions", JSON, TOO_LARGE, 413),
    ("POST", f"/qa/questions/{MAX_ID}/answers", JSON, b"{}", 400),
    ("POST", f"/qa/questions/{MAX_ID}/answers", JSON, b"{", 400),
    ("POST", f"/qa/questions/{MAX_ID}/answers", JSON, b'{"body":"a","name":"b","email":"c@d"}',
     404),
])
def test_the_first_wrong_in_the_promised_order_is_told(stack, method, path, headers, body, status):
    assert_problem(ask_once(stack, method, path, body, headers), status)


def test_detail_says_what_is_allowed(api):
    for query, field, limit in [("page=0", "page", "1"), ("count=x", "count", "1"),
                                ("product_id=0", "product_id", "2147483647")]:
        problem = assert_problem(api.get(f"/qa/questions?{query}&product_id=1"), 400, field)
        assert field in problem["detail"]
        assert limit in problem["detail"]
    for field, value, limit in [("body", "", "1000"), ("name", "", "60"), ("email", "", "@")]:
        body = {**QUESTION, "product_id": 1, field: value}
        problem = assert_problem(api.post("/qa/questions", json=body), 400, field)
        assert field in problem["detail"]
        assert limit in problem["detail"]


def test_a_problem_has_no_entity_tag(api):
    assert "ETag" not in api.get("/qa/questions").headers


def test_errors_do_not_repeat_hostile_text_as_html(api):
    response = api.get("/qa/questions?product_id=<script>alert(1)</script>")
    assert_problem(response, 400, "product_id")
    response = api.get("/<script>alert(1)</script>")
    assert_problem(response, 404)


def test_input_never_provokes_an_error_that_lasts(stack, api):
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    for body in (b"", b"{", b"\x00", TOO_LARGE, b'{"body": 1}'):
        for path in ("/qa/questions", f"/qa/questions/{question}/answers"):
            assert 400 <= api.post(path, data=body).status_code < 500
    api.add_answer(question, **ANSWER)
    assert len(api.questions(product)[0]["answers"]) == 1
