"""What clients of version 1 get stays as it was, byte for byte.

`recorded/version-1.txt` has requests with the responses of commit cfd9b757, before lists could be searched, counted
and linked. It is only written anew where the contract itself changes:

    RECORD=1 /usr/bin/python3 -m pytest tests/e2e/test_recorded_answers.py
"""

import os
from pathlib import Path

import pytest

from api import DATE, EMAIL, ask_once
from conftest import PATIENT, running

RECORDED = Path(__file__).parent / "recorded/version-1.txt"
CHANGES = {"date", "x-request-id", "server"}  # from one response to the next
NAMED = {"link"}  # that a response may have today beside the recorded headers
LONGER = {"access-control-expose-headers"}  # a list that may go on

TEXT = "Größe \U0001F600 \"5'\\ </script><!-- %00 1;--\u2028 \u05d0"

DATA = [
    "INSERT INTO questions (id, product_id, helpful, created_at, reported, body, asker_name, asker_email) VALUES"
    " (101, 5, 3, '2018-10-18', false, 'Does it shrink?', 'will', 'w@mail.example'),"
    " (102, 5, 9, '2019-01-02 03:04:05.678', false, %s, %s, 'w@mail.example'),"
    " (103, 5, 3, '2017-01-01', false, 'Is it warm?', 'ann', 'a@mail.example'),"
    " (104, 5, 50, '2017-01-01', true, 'Reported', 'ann', 'a@mail.example'),"
    " (105, 5, 0, '0001-01-01', false, 'Old?', 'ann', 'a@mail.example'),"
    " (106, 5, 0, '9999-12-31 23:59:59.999', false, 'New?', 'ann', 'a@mail.example'),"
    " (107, 5, 0, '2020-02-29', false, 'Leap?', 'ann', 'a@mail.example'),"
    " (9223372036854775000, 2147483647, 9223372036854775807, '2020-01-01', false, 'Largest', 'ann', 'a@mail.example')",
    "INSERT INTO answers (id, question_id, helpful, created_at, reported, body, answerer_name, answerer_email,"
    " photo_urls) VALUES"
    " (201, 101, 1, '2018-11-04 09:30', false, 'Not mine.', 'Seller', 's@mail.example', '[\"https://img.example/1.jpg\""
    ", \"/2.jpg\"]'),"
    " (202, 101, 4, '2018-11-05', false, %s, 'ann', 's@mail.example', '[]'),"
    " (203, 101, 9, '2018-11-05', true, 'Reported', 'ann', 's@mail.example', '[]'),"
    " (204, 104, 0, '2018-11-05', false, 'Of a reported question', 'ann', 's@mail.example', '[]')",
    "INSERT INTO answers_photos (id, answer_id, url) VALUES (301, 201, 'https://img.example/1.jpg'),"
    " (302, 201, '/2.jpg')",
    "ALTER TABLE questions ALTER id RESTART 1001",
    "ALTER TABLE answers ALTER id RESTART 2001",
    "ALTER TABLE answers_photos ALTER id RESTART 3001"]

QUESTION = '{"body": "Why?", "name": "will", "email": "%s", "product_id": 6}' % EMAIL
ANSWER = '{"body": "So.", "name": "ann", "email": "%s", "photos": ["/1.jpg"]}' % EMAIL

# Each: a method, a target, a header or none, a body or none.
REQUESTS = [line.strip() for line in f"""
GET /qa/questions?product_id=5
GET /qa/questions/?product_id=5
HEAD /qa/questions?product_id=5
GET /qa/questions?product_id=5&page=2
GET /qa/questions?product_id=5&page=2&count=3
GET /qa/questions?product_id=5&count=2000
GET /qa/questions?product_id=00005&page=&count=&unknown=1&unknown
GET /qa/questions?product_id=5&page=9223372036854775807&count=9223372036854775807
GET /qa/questions?product_id=4
GET /qa/questions?product_id=2147483647
GET /qa/questions?product_id=5&sort=newest&answered=false
GET /qa/questions
GET /qa/questions?product_id=
GET /qa/questions?product_id=-1
GET /qa/questions?product_id=2147483648
GET /qa/questions?product_id=5&page=0
GET /qa/questions?product_id=5&count=1e3
GET /qa/questions?product_id=5%00
GET /qa/questions?product_id=5&sort=best
GET /qa/questions?product_id=5 ¦ If-None-Match: *
GET /qa/questions?product_id=5 ¦ If-None-Match: "other"
GET /qa/questions?product_id=5 ¦ Origin: https://shop.example
GET /qa/questions/101/answers
HEAD /qa/questions/101/answers
GET /qa/questions/101/answers?count=1
GET /qa/questions/101/answers?page=2&count=1
GET /qa/questions/101/answers?sort=oldest
GET /qa/questions/104/answers
GET /qa/questions/1/answers
GET /qa/questions/0/answers
GET /qa/questions/x/answers
GET /qa/questions/101/answers?page=x
GET /qa/answers/201
GET /qa/nothing
DELETE /qa/questions
PUT /qa/questions
PUT /qa/questions/101/helpful
PUT /qa/questions/9/helpful
PUT /qa/questions/x/helpful
PUT /qa/answers/201/helpful
PUT /qa/answers/201/report
GET /qa/questions/101/answers
PUT /qa/questions/105/report
GET /qa/questions?product_id=5&count=6
OPTIONS /qa/questions
POST /qa/questions ¦ Content-Type: application/json ¦ {QUESTION}
POST /qa/questions/6 ¦ Content-Type: application/json ¦ {QUESTION.replace(', "product_id": 6', '')}
POST /qa/questions ¦ Content-Type: text/plain ¦ {QUESTION}
POST /qa/questions ¦ Content-Type: application/json ¦ {QUESTION[:-1]}
POST /qa/questions ¦ Content-Type: application/json ¦ {QUESTION.replace("will", "")}
POST /qa/questions/1001/answers ¦ Content-Type: application/json ¦ {ANSWER}
POST /qa/questions/9/answers ¦ Content-Type: application/json ¦ {ANSWER}
GET /qa/questions?product_id=6
GET /qa/questions/1001/answers
GET /healthz
GET /readyz
""".strip().splitlines()]


def masked(text):
    """Without the time at which something was posted."""
    return DATE.sub(lambda date: "NOW" if date[0][:4] not in {"0001", "2017", "2018", "2019", "2020", "9999"}
                    else date[0], text)


def respond(stack, request):
    """The response as it is recorded: a line with the status, one for each header, an empty one, and the body."""
    line, *more = request.split(" ¦ ")
    headers = dict([more[0].split(": ", 1)]) if more else {}
    response = ask_once(stack, *line.split(" ", 1), more[1].encode() if len(more) > 1 else None, headers)
    shown = sorted(f"{name.lower()}: {value}" for name, value in response.headers.items()
                   if name.lower() not in CHANGES)
    body = masked(response.content.decode())
    if "NOW" in body:  # and so has another tag each time
        shown = [header for header in shown if not header.startswith("etag: ")]
    return "\n".join([str(response.status_code), *shown, "", body])


def responses(stack):
    for statement in DATA:
        stack.sql(statement, *[TEXT] * statement.count("%s"))
    return [respond(stack, request) for request in REQUESTS]


@pytest.fixture(scope="module")
def today():
    with running(QA_SAMPLE_PRODUCTS="0", **PATIENT) as stack:
        found = dict(zip(enumerate(REQUESTS), responses(stack)))
    if os.environ.get("RECORD"):
        RECORDED.write_text("\n\n".join(f"> {request}\n{response}" for (_, request), response in found.items()) + "\n")
    return found


def recorded():
    """Each request, in order, with its response."""
    return [tuple(block.split("\n", 1)) for block in ("\n\n" + RECORDED.read_text()[:-1]).split("\n\n> ")[1:]]


def test_the_requests_are_those_that_were_recorded(today):
    assert [request for request, _ in recorded()] == REQUESTS


@pytest.mark.parametrize("number, request_line", list(enumerate(REQUESTS)))
def test_a_request_of_version_1_gets_the_response_of_version_1(today, number, request_line):
    def parted(response):
        head, body = response.split("\n\n", 1)
        status, *headers = head.split("\n")
        return status, dict(header.split(": ", 1) for header in headers), body
    status, headers, body = parted(recorded()[number][1])
    status_now, headers_now, body_now = parted(today[number, request_line])
    assert (status_now, body_now) == (status, body)
    for name in LONGER & headers.keys():
        assert headers_now.pop(name).startswith(headers.pop(name))
    assert {name: value for name, value in headers_now.items() if name not in NAMED} == headers
