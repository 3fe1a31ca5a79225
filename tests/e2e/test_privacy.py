"""An e-mail address appears in no answer and no log, and errors tell nothing about the server."""

import os
from pathlib import Path

import pytest

import seed
from api import ANSWER, MAX_ID, QUESTION, assert_problem, new_product

SECRET = "very.private"
EMAIL = SECRET + "@mail.example"
BODY = "this is the body of somebody"


@pytest.fixture(scope="module")
def answers_to_everything(stack, api):
    """The answers to good and bad requests that all carry the address."""
    product = new_product()
    [known] = seed.questions(stack, product, [0], asker_email=EMAIL)
    seed.answers(stack, known, [0], answerer_email=EMAIL)
    question = {**QUESTION, "body": BODY, "email": EMAIL}
    answer = {**ANSWER, "body": BODY, "email": EMAIL}
    answers = [api.post(f"/qa/questions/{product}", json={**question, **wrong})
               for wrong in ({}, {"body": ""}, {"name": 5}, {"email": EMAIL + "@"},
                             {"email": EMAIL + " "}, {"email": [EMAIL]}, {"email": {"a": EMAIL}},
                             {"product_id": EMAIL}, {"body": "\u0000", "name": EMAIL + "x" * 60})]
    answers += [api.post(f"/qa/questions/{number}/answers", json={**answer, **wrong})
                for number in (known, MAX_ID, "x")
                for wrong in ({}, {"name": ""}, {"email": EMAIL * 20}, {"photos": [EMAIL, 5]})]
    answers += [
        api.post("/qa/questions", data=f'{{"email": "{EMAIL}", "body": "{BODY}"'),
        api.post("/qa/questions", data=f'{{"email": "{EMAIL}", "body": "\\ud800"}}'),
        api.post("/qa/questions", data=EMAIL * 10_000),
        api.put(f"/qa/questions/{known}/helpful", data=EMAIL),
        api.get(f"/qa/questions?product_id={product}&count=100"),
        api.get(f"/qa/questions/{known}/answers?count=100"),
    ]
    return answers


def test_no_answer_shows_an_email(answers_to_everything):
    statuses = {answer.status_code for answer in answers_to_everything}
    assert statuses == {200, 201, 204, 400, 404, 413}
    for answer in answers_to_everything:
        assert SECRET not in answer.text
        assert SECRET not in str(answer.headers)


def test_no_log_shows_an_email_or_a_body(stack, answers_to_everything):
    for path in stack.log_files():
        text = path.read_text(errors="replace")
        assert SECRET not in text, path
        assert BODY not in text, path


def test_errors_tell_nothing_about_the_server(answers_to_everything):
    errors = [answer for answer in answers_to_everything if answer.status_code >= 400]
    assert errors
    for answer in errors:
        assert_problem(answer, answer.status_code)


def test_no_header_tells_about_the_server(answers_to_everything):
    for answer in answers_to_everything:
        assert set(answer.headers) <= {
            "Server", "Date", "Content-Type", "Content-Length", "Connection", "Location", "ETag",
            "Cache-Control", "Vary", "X-Request-Id", "Access-Control-Allow-Origin",
            "Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
            "Access-Control-Max-Age", "Access-Control-Expose-Headers", "X-Content-Type-Options"}


def test_the_password_is_in_no_environment_and_no_command_line(stack):
    """It is given by a file."""
    password = (stack.folder / "secrets/service-password").read_bytes().strip()
    assert len(password) > 20
    for pid in [stack.supervisor_pid(), *stack.worker_pids()]:
        for name in ("environ", "cmdline"):
            assert password not in Path(f"/proc/{pid}/{name}").read_bytes()
        assert not [entry for entry in Path(f"/proc/{pid}/fd").iterdir()
                    if "database-url" in os.readlink(entry)]
