"""Logs: one JSON object a line, with what is needed to follow a request."""

import json
import re

import wire
from api import PATIENCE_S, assert_problem
from stack import wait_until

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_every_line_of_the_service_is_a_json_object_with_time_level_and_message(stack, api):
    api.get("/qa/questions?product_id=1")
    lines = stack.log()
    assert lines
    for line in lines:
        assert TIME.fullmatch(line["time"])
        assert line["level"] in ("debug", "info", "warning", "error")
        assert line["message"]


def test_lines_of_workers_name_their_worker(stack, api):
    for _ in range(10):
        api.get("/qa/questions?product_id=1")
    assert {line["worker"] for line in stack.log() if "request_id" in line} == {0, 1}


def test_refused_requests_are_no_errors_of_the_service(stack, api):
    def errors():
        return [line for line in stack.log() if line["level"] in ("error", "warning")]

    before = len(errors())
    assert_problem(api.get("/qa/questions?product_id=x"), 400)
    assert_problem(api.post("/qa/questions", data=b"{"), 400)
    assert_problem(api.get("/nowhere"), 404)
    assert errors()[before:] == []


def test_the_access_log_has_request_id_and_the_time_of_the_worker(stack, api):
    request_id = api.get("/qa/questions?product_id=1").headers["X-Request-Id"]

    def logged():
        return [line for line in stack.access_log().splitlines() if request_id in line]

    wait_until(logged)
    [line] = logged()
    entry = json.loads(line)
    assert entry["request_id"] == request_id
    assert entry["status"] == 200
    assert float(entry["upstream_seconds"]) >= 0


def test_the_access_log_is_json_whatever_the_request_line_holds(stack):
    with wire.Client(stack.port) as client:
        client.ask(b"GET /qa/\xc3\xa9\xff\"\\?product_id=1\xfe&page=\x80&count=\xc3\xa9 HTTP/1.1\r\n"
                   b"Host: a\r\nX-Request-Id: bytes-of-no-text\r\nUser-Agent: \xff\r\n\r\n")
    path = stack.folder / "log/access.log"
    wait_until(lambda: b"bytes-of-no-text" in path.read_bytes(), PATIENCE_S)
    [line] = [line for line in path.read_bytes().splitlines() if b"bytes-of-no-text" in line]
    entry = json.loads(line.decode())
    assert (entry["path"], entry["product_id"], entry["page"]) == ("/qa/", "1", "")
