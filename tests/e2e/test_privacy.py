"""An e-mail address appears in no answer and no log, and errors tell nothing about the server."""

import os
import uuid
from pathlib import Path

import pytest

import seed
from api import ANSWER, MAX_ID, QUESTION, REPLAYED, assert_problem, new_product
from moderation import moderate

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
        *(api.get(path) for path in all_pages(product, known)),
    ]

    with_key = {"Idempotency-Key": str(uuid.uuid4())}
    answers += [api.post(f"/qa/questions/{known}/answers", json=answer, headers=with_key) for _ in range(2)]
    assert answers[-1].headers[REPLAYED] == "true"
    held = new_product()
    moderate(stack, "hold", f"products/{held}")
    answers += [api.post(f"/qa/questions/{held}", json=question)]
    assert answers[-1].status_code == 202
    return answers


def all_pages(product, question):
    """What shows the two, whole and in parts."""
    lists = (f"/qa/questions?product_id={product}", f"/qa/questions/{question}/answers?")
    return [f"/qa/questions/{question}", f"/q/{question}", f"/qa/counts?product_ids={product}",
            *(path + more for path in lists for more in (
                "&count=100", "&count=1", "&count=1&page=2", "&sort=newest", "&sort=oldest", "&q=somebody",
                f"&q={EMAIL}"))]


def test_no_answer_shows_an_email(answers_to_everything):
    statuses = {answer.status_code for answer in answers_to_everything}
    assert statuses == {200, 201, 202, 204, 400, 404, 413}
    for answer in answers_to_everything:
        assert SECRET not in answer.text
        assert SECRET not in str(answer.headers)


@pytest.mark.parametrize("q", [EMAIL, SECRET, "mail.example"])
def test_nobody_is_found_by_an_email(stack, api, q):
    product = new_product()
    [question] = seed.questions(stack, product, [0], asker_email=EMAIL)
    seed.answers(stack, question, [0], answerer_email=EMAIL)
    for sort in ("helpful", "newest", "oldest"):
        assert api.questions(product, q=q, sort=sort) == []
        assert api.answers(question, q=q, sort=sort) == []


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
            "Access-Control-Max-Age", "Access-Control-Expose-Headers", "X-Content-Type-Options",
            "Link", "Idempotency-Replayed", "Content-Security-Policy", "Referrer-Policy"}


def test_the_password_is_in_no_environment_and_no_command_line(stack):
    """It is given by a file."""
    password = (stack.folder / "secrets/service-password").read_bytes().strip()
    assert len(password) > 20
    for pid in [stack.supervisor_pid(), *stack.worker_pids()]:
        for name in ("environ", "cmdline"):
            assert password not in Path(f"/proc/{pid}/{name}").read_bytes()
        assert not [entry for entry in Path(f"/proc/{pid}/fd").iterdir()
                    if "database-url" in os.readlink(entry)]
