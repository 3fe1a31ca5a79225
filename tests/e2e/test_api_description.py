"""docs/openapi.yaml against the running service: what it says is true, and it says everything."""

import json
import os
import re
import shutil
import signal
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urljoin

import pytest

import gates
from api import Api, ask_once, assert_problem
from conftest import LOADERIO_TOKEN, running
from description import FILE, OPERATIONS, all_examples, assert_fits, documented_problems
from stack import paused, wait_until
from test_overload import all_places_taken, few_connections

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
TOO_LARGE = b" " * (64 * 1024 + 1)
TOO_LARGE_FOR_NGINX = b" " * (1024 * 1024 + 1)
JSON = {"Content-Type": "application/json"}
UNKNOWN = 2**62
MALFORMED = {"Host": "a-second-one"}
VOTER = {"Qa-Voter": "a-voter-of-the-document"}


@pytest.fixture(scope="module")
def own_stack():
    """Not shared: it gets filled with nonsense, and is broken for good in the end. NGINX need not wait
    through a pause."""
    with running(QA_SAMPLE_PRODUCTS="10", QA_LOADERIO_TOKEN=LOADERIO_TOKEN, QA_PAUSE_TIMEOUT_S="0") as stack:
        yield stack


# The document itself

def test_examples_fit_their_schemas():
    examples = all_examples()
    assert len(examples) > 40
    for example, schema in examples:
        assert_fits(example, schema)


def test_every_route_of_the_program_is_described():
    table = (CHECKOUT / "src/qa/routes.c").read_text()
    patterns = dict(re.findall(r'#define (LIST_REQUEST_\w+) "([^"]+)"',
                               (CHECKOUT / "include/qa/list_request.h").read_text()))
    routes = {(method, patterns.get(path) or path.strip('"'))
              for method, path in re.findall(r"\{HTTP_([A-Z]+), ([^,]+),", table)}
    assert len(routes) > 10
    described = {(operation.method, re.sub(r"\{(\w+)\}", r":\1", operation.path))
                 for operation in OPERATIONS}
    routes = {(method, path.replace(":loaderio_file", "loaderio-:token"))
              for method, path in routes}

    def without_names(operations):
        """What a segment is called differs where methods of one path take different ids."""
        return {(method, re.sub(r":\w+", ":", path)) for method, path in operations}
    assert without_names(routes) <= without_names(described)
    methods = [(operation.path, operation.method) for operation in OPERATIONS]
    for path, method in methods:
        assert (path, "OPTIONS") in methods
        assert method != "GET" or (path, "HEAD") in methods
        assert method in ("OPTIONS", "HEAD") or path == "/qa/openapi.yaml" or (
            method, re.sub(r"\{\w+\}", ":", path)) in without_names(routes)


# Schemathesis: requests that the document allows, and such that it forbids

@pytest.fixture(scope="module")
def schemathesis():
    make = {**os.environ, "MAKEFLAGS": ""}
    subprocess.run(["make", "-s", "build/schemathesis/complete"], cwd=CHECKOUT, env=make, check=True)
    return CHECKOUT / "build/schemathesis/bin/schemathesis"


def test_schemathesis_finds_no_difference(own_stack, schemathesis, tmp_path):
    result = subprocess.run(
        [schemathesis, "--no-color", "--config-file", HERE / "schemathesis.toml",
         "run", FILE, "--url", own_stack.base_url],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(HERE),
                           "SCHEMATHESIS_HOOKS": "schemathesis_hooks"},
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert result.returncode == 0, result.stdout[-20_000:]
    tested = re.search(r"Selected: (\d+)/(\d+)\n\s*Tested: (\d+)", result.stdout)
    assert set(tested.groups()) == {str(len(OPERATIONS))}, result.stdout[-5000:]


# Its statuses

class Provocations:
    """Sends requests and remembers what came; each answer must be as the document describes it."""

    def __init__(self, stack, values):
        self.seen = set()
        self.problems = set()
        self._stack = stack
        self._values = values

    def send(self, operation, body=None, headers=None, query="", stack=None, **values):
        """A valid request but for what is given."""
        target = operation.target(**{**self._values, **values})
        if query:
            target += ("&" if "?" in target else "?") + query
        if operation.body is not None:
            body = json.dumps(operation.body).encode() if body is None else body
            headers = {**JSON, **(headers or {})}
        if "Qa-Voter" in operation.parameters("header"):
            headers = {**VOTER, **(headers or {})}
        answer = ask_once(stack or self._stack, operation.method, target, body, headers)
        operation.assert_describes(answer)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        self.seen.add((operation.name, answer.status_code))
        if answer.status_code >= 400 and operation.method != "HEAD" and "html" not in answer.headers["Content-Type"]:
            problem = answer.json()
            self.problems.add((answer.status_code, problem["detail"], problem.get("field")))
        return answer.status_code

    def send_all(self, **options):
        """One to each operation, at once."""
        with ThreadPoolExecutor(len(OPERATIONS)) as clients:
            return list(clients.map(lambda operation: self.send(operation, **options), OPERATIONS))

    def send_all_until_seen(self, status, **options):
        """... over and over, until each operation that documents the status has had it."""
        def are_seen():
            self.send_all(**options)
            return {(operation.name, status) for operation in OPERATIONS
                    if status in operation.responses} <= self.seen

        wait_until(are_seen)

    def send_wrong_values(self, operation):
        for name in operation.parameters("query") + operation.parameters("path"):
            self.send(operation, **{name: "%00" if name == "q" else "0"})
        for body in [b"}", b"[]"] * bool(operation.body):
            self.send(operation, body)
        for field in operation.fields:
            body = {**operation.body, field: [7]}
            self.send(operation, json.dumps(body).encode())

        if "Qa-Voter" in operation.parameters("header"):
            self.send(operation, headers={"Qa-Voter": "x"})
            self.send(operation, headers={"Qa-Voter": "", "Cookie": "qa_voter=x"})
            self.send(operation, headers={"Qa-Voter": ""})

    def send_keyed(self, operation):
        """With a key that is malformed, belongs to another request, or is in use."""
        if "Idempotency-Key" not in operation.parameters("header"):
            return
        key = {"Idempotency-Key": str(uuid.uuid4())}
        self.send(operation, headers={"Idempotency-Key": "a b"})
        self.send(operation, headers=key)
        if "Qa-Voter" in operation.parameters("header"):
            self.send(operation, headers={**key, "Qa-Voter": "another-voter-of-it"})
        else:
            self.send(operation, json.dumps({**operation.body, "name": "somebody else"}).encode(), headers=key)
        key = {"Idempotency-Key": str(uuid.uuid4())}
        with gates.on_commits(self._stack, "INSERT ON keyed_writes"), ThreadPoolExecutor(1) as first:
            with gates.closed(self._stack, gates.COMMITS):
                sent = first.submit(self.send, operation, headers=key)
                gates.wait_until_somebody_waits(self._stack)
                assert self.send(operation, headers=key) == 409
            assert sent.result() < 500

    def send_held(self, operation):
        """Where a moderator holds every product."""
        if 202 in operation.responses:
            self._stack.sql("INSERT INTO held_products SELECT DISTINCT product_id, 0 FROM questions")
            assert self.send(operation) == 202
            self._stack.sql("DELETE FROM held_products")

    def send_bad_http(self, operation):
        self.send(operation, headers=MALFORMED)
        self.send(operation, headers={"X-Large": "a" * 50_000})
        self.send(operation, query="x=" + "a" * 10_000)
        if operation.body is not None:
            self.send(operation, TOO_LARGE)
            self.send(operation, TOO_LARGE_FOR_NGINX)
            self.send(operation, headers={"Content-Type": "text/plain"})
            self.send(operation, headers={"Content-Encoding": "gzip"})


def test_every_documented_status_and_problem_is_real_and_no_other_is(own_stack, limited_stack):
    stack = own_stack
    stack.wait_until_whole()
    alone = Api(stack.base_url).add_question(1)["question_id"]  # that nobody has reported
    sent = Provocations(stack, {"product_id": 1, "product_ids": "1,2", "id": alone, "question_id": alone, "answer_id": 1,
                                "page": 1, "count": 1, "token": LOADERIO_TOKEN})
    for operation in OPERATIONS:
        assert sent.send(operation) < 300
        sent.send(operation, headers={"If-None-Match": "*"})
        sent.send(operation, id=UNKNOWN, question_id=UNKNOWN, answer_id=UNKNOWN, token="x")
        sent.send_wrong_values(operation)
        sent.send_bad_http(operation)
        sent.send_keyed(operation)
        sent.send_held(operation)
    sent.send_all_until_seen(429, stack=limited_stack, token="x")

    fresh = {"product_id": 1_000_001, "product_ids": "1000001", "id": 1_000_001, "question_id": UNKNOWN + 1}  # pages that no cache has
    with stack.frozen_backends():
        sent.send_all(**fresh)
    stack.wait_until_whole()
    with few_connections(stack), all_places_taken(stack):
        for operation in OPERATIONS:
            sent.send(operation, **fresh)
    stack.stop_database()
    try:
        wait_until(lambda: not any(stack.readiness()))
        sent.send_all(**fresh)
    finally:
        stack.start_database()

    with paused([stack.supervisor_pid(), *stack.worker_pids()]):
        sent.send_all(**fresh)
    os.kill(stack.supervisor_pid(), signal.SIGTERM)
    wait_until(lambda: not stack.supervisor_pid() and not stack.worker_pids())
    sent.send_all()
    stack.start()

    stack.wait_until_whole()
    stack.sql("REVOKE ALL ON questions, answers, answers_photos FROM atelier_qa_serving")
    sent.send_all(**fresh)

    documented = {(operation.name, status) for operation in OPERATIONS
                  for status in operation.responses}
    assert sent.seen == documented
    assert documented_problems() - sent.problems == set()


# How it is served

@pytest.mark.parametrize("path", ["/qa/openapi.yaml", "/qa/openapi.yaml/"])
def test_the_document_is_served_as_it_is(api, path):
    response = api.get(path, headers={"Origin": "https://shop.example"})
    assert response.status_code == 200
    assert response.content == FILE.read_bytes()
    assert response.headers["Content-Type"] == "application/yaml"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert api.request("HEAD", path).headers["Content-Length"] == str(len(response.content))
    tag = {"If-None-Match": response.headers["ETag"]}
    assert api.get(path, headers=tag).status_code == 304


def test_the_document_is_compressed_for_who_asks(api):
    response = api.get("/qa/openapi.yaml", headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.content == FILE.read_bytes()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
@pytest.mark.parametrize("path", ["/qa/openapi.yaml", "/qa/openapi.yaml/", "/docs/", "/demo/",
                                  "/favicon.ico", "/photos/tent/navy-1.svg"])
def test_files_are_only_read(stack, method, path):
    response = ask_once(stack, method, path)
    assert_problem(response, 405)
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


def references(html):
    return re.findall(r'(?:src|href)="([^"]+)"', html)


def test_the_reference_page_has_all_it_needs_on_this_host(api):
    assert api.get("/docs", allow_redirects=False).headers["Location"] == "/docs/"
    page = api.get("/docs/")
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    for directive in ("default-src 'none'", "script-src 'self'", "connect-src 'self'"):
        assert directive in policy.split("; ")
    assert "http" not in policy
    found = references(page.text)
    assert "swagger-ui/swagger-ui-bundle.js" in found
    for reference in found:
        assert not re.match(r"\w+:|//", reference)
        assert api.get(urljoin("/docs/", reference)).status_code == 200, reference
    bundle = api.get("/docs/swagger-ui/swagger-ui-bundle.js")
    assert bundle.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert "SwaggerUIBundle" in bundle.text


@pytest.mark.same_with_sanitizers("a shell script")
def test_without_the_registry_the_build_goes_on_and_says_what_is_missing(tmp_path):
    for folder in ("scripts", "docs"):
        shutil.copytree(CHECKOUT / folder, tmp_path / folder)
    nowhere = "http://127.0.0.1:9"
    environment = {**os.environ, "npm_config_registry": nowhere, "PIP_INDEX_URL": nowhere,
                   "PIP_NO_INDEX": "1", "npm_config_cache": str(tmp_path / "cache")}
    for expected in ("Swagger UI could not be fetched", ""):  # once, not at each build
        result = subprocess.run([tmp_path / "scripts/build-reference.sh"], env=environment,
                                text=True, capture_output=True)
        assert result.returncode == 0, result.stderr
        assert expected in result.stderr and bool(result.stderr) == bool(expected)
    built = tmp_path / "build/reference"
    assert (built / "openapi.yaml").read_bytes() == FILE.read_bytes()
    assert list((built / "swagger-ui").iterdir()) == []
    assert "make build" in (built / "index.html").read_text()
