"""The service as its clients see it: short calls that check the promised status, and the forms
that every answer must have."""

import itertools
import json
import re
from http.client import HTTPConnection
from unittest.mock import ANY

import requests

# No test promises how fast a machine is: this only ends a wait for what never comes.
PATIENCE_S = 180

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
STRONG_TAG = re.compile(r'"[^"]+"')
WEAK_TAG = re.compile(r'W/"[^"]+"')
MAX_ID = 2**63 - 1
REPLAYED = "Idempotency-Replayed"
MAX_PRODUCT = 2**31 - 1

# Every e-mail address of this suite is in this domain, so that no answer and no log may name it.
MAIL_DOMAIN = "mail.example"
EMAIL = "someone@" + MAIL_DOMAIN

QUESTION = {"body": "Does it shrink?", "name": "will", "email": EMAIL}
ANSWER = {"body": "Not mine.", "name": "Seller", "email": EMAIL}

QUESTION_KEYS = ["question_id", "question_body", "question_date", "asker_name",
                 "question_helpfulness", "reported", "answers"]
NESTED_ANSWER_KEYS = ["id", "body", "date", "answerer_name", "helpfulness", "photos"]
ANSWER_KEYS = ["answer_id", "body", "date", "answerer_name", "helpfulness", "photos"]

TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
          409: "Conflict", 413: "Content Too Large", 414: "URI Too Long", 415: "Unsupported Media Type",
          422: "Unprocessable Content",
          429: "Too Many Requests", 431: "Request Header Fields Too Large",
          502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}

SERVER_DETAILS = re.compile(
    r"SELECT|INSERT|UPDATE |ERROR|FATAL|relation|constraint|postgres|libpq|nginx"
    r"|microhttpd|jansson|\.(c|h|sql|conf|sock)\b|/(src|run|tmp|work|usr|var|etc)/|"
    + re.escape(MAIL_DOMAIN))

_products = itertools.count(1_000_000)


def new_product():
    """A product that no other test uses and the sample data do not know."""
    return next(_products)


def without(fields, name):
    return {key: value for key, value in fields.items() if key != name}


class Api:
    """A client of one address; `get`, `post` ... return requests' answers."""

    def __init__(self, base_url):
        self.base_url = base_url
        self.session = requests.Session()
        self.session.headers["Accept-Encoding"] = "identity"

    def request(self, method, path, **options):
        return self.session.request(method, self.base_url + path, timeout=PATIENCE_S, **options)

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)

    def put(self, path, **options):
        return self.request("PUT", path, **options)

    def add_question(self, product_id, **fields):
        response = self.post("/qa/questions", json={**QUESTION, "product_id": product_id, **fields})
        assert response.status_code == 201, response.text
        return response.json()

    def add_answer(self, question_id, **fields):
        response = self.post(f"/qa/questions/{question_id}/answers", json={**ANSWER, **fields})
        assert response.status_code == 201, response.text
        return response.json()

    def vote(self, kind, identifier, times=1):
        """`kind` is "questions" or "answers"."""
        for _ in range(times):
            assert self.put(f"/qa/{kind}/{identifier}/helpful").status_code == 204

    def report(self, kind, identifier):
        assert self.put(f"/qa/{kind}/{identifier}/report").status_code == 204

    def questions(self, product_id, **parameters):
        response = self.get("/qa/questions", params={"product_id": product_id, **parameters})
        assert response.status_code == 200, response.text
        return response.json()["results"]

    def answers(self, question_id, **parameters):
        response = self.get(f"/qa/questions/{question_id}/answers", params=parameters)
        assert response.status_code == 200, response.text
        return response.json()["results"]


class Answer:
    """What `ask` returns: the parts of requests' answers that the tests use."""

    def __init__(self, response):
        self.status_code = response.status
        self.headers = response.headers
        self.content = response.read()

    def json(self):
        return json.loads(self.content)


def ask(connection, method, target, body=None, headers=None):
    """One request whose target is sent verbatim, without the clean-up that requests does."""
    connection.putrequest(method, target, skip_accept_encoding=True)
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    return Answer(connection.getresponse())


def ask_once(stack, method, target, body=None, headers=None):
    """`ask` through NGINX on a connection of its own."""
    connection = HTTPConnection("127.0.0.1", stack.port, timeout=PATIENCE_S)
    connection._validate_path = lambda path: None  # tests send targets that http.client refuses
    try:
        return ask(connection, method, target, body, headers)
    finally:
        connection.close()


def assert_problem(response, status, field=ANY):
    """The answer is an RFC 9457 problem of this status that tells nothing about the server; a
    `field` of None means that no field is to blame."""
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"].split(";")[0] == "application/problem+json"
    problem = response.json()
    assert list(problem) in (["type", "title", "status", "detail"],
                             ["type", "title", "status", "detail", "field"])
    assert problem["type"] == "about:blank"
    assert problem["title"] == TITLES[status]
    assert problem["status"] == status
    assert len(problem["detail"]) > 10
    assert problem.get("field") == field
    assert not SERVER_DETAILS.search(response.content.decode()), response.content
    return problem
