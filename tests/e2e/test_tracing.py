"""How a request is followed: by the trace that it is part of, and by where its time went."""

import json
import re

import pytest

import seed
from api import ANSWER, MAX_ID, assert_problem, new_product
from stack import wait_until

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def line_of(stack, request_id):
    """What the access log has of a request."""
    def found():
        return [line for line in stack.access_log().splitlines() if f'"{request_id}"' in line]
    wait_until(found)
    [line] = found()
    return json.loads(line)


def worker_lines_of(stack, request_id):
    return [line for line in stack.log() if line.get("request_id") == request_id]


@pytest.mark.parametrize("trace", [TRACE, "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-what.comes"])
@pytest.mark.parametrize("method, path, has_worker", [
    ("GET", "/qa/questions?product_id=x", True), ("PUT", f"/qa/questions/{MAX_ID}/report/", True), ("POST", "/qa/questions", True),
    ("GET", "/qa/questions?product_id=1", False), ("GET", "/demo/", False), ("OPTIONS", "/", False)])
def test_a_trace_is_in_both_logs(stack, api, method, path, has_worker, trace):
    request_id = api.request(method, path, headers={"traceparent": trace}).headers["X-Request-Id"]
    assert line_of(stack, request_id)["traceparent"] == trace
    if has_worker:
        assert [line["traceparent"] for line in worker_lines_of(stack, request_id)] == [trace]


@pytest.mark.parametrize("trace", [
    "", "00", TRACE.upper(), TRACE + "-more", TRACE + " ", "ff" + TRACE[2:], TRACE[:-1], TRACE.replace("-01", "-0x"),
    "00-" + 32 * "0" + TRACE[35:], TRACE[:36] + 16 * "0" + "-01", f"{TRACE}, {TRACE}", "cc" + TRACE[2:] + "-" + 300 * "x"])
def test_a_malformed_trace_is_dropped(stack, api, trace):
    request_id = api.get("/qa/questions?product_id=x", headers={"traceparent": trace}).headers["X-Request-Id"]
    expected = TRACE if trace.strip() == TRACE else ""  # white space around a value is none of it
    assert line_of(stack, request_id)["traceparent"] == expected
    [line] = worker_lines_of(stack, request_id)
    assert line.get("traceparent", "") == expected


DURATION = r"dur=\d+\.\d{3}"


def test_where_the_time_went_is_told_where_it_is_configured(configured_api):
    product = new_product()
    question = configured_api.add_question(product)["question_id"]
    target = f"/qa/questions?product_id={product}"
    first, second = configured_api.get(target), configured_api.get(target)
    assert re.fullmatch(f"cache;desc=miss, queue;{DURATION}, db;{DURATION}", first.headers["Server-Timing"])
    assert second.headers["Server-Timing"] == "cache;desc=hit"
    known = configured_api.get(target, headers={"If-None-Match": second.headers["ETag"]})
    assert (known.status_code, known.headers["Server-Timing"]) == (304, "cache;desc=hit")
    for response in (configured_api.put(f"/qa/questions/{question}/helpful"),
                     configured_api.post(f"/qa/questions/{question}/answers", json=ANSWER)):
        assert re.fullmatch(f"queue;{DURATION}, db;{DURATION}", response.headers["Server-Timing"])
    for path in ("/healthz", "/qa/questions?product_id=x", "/nowhere", "/demo/"):
        assert "Server-Timing" not in configured_api.get(path).headers


def test_other_origins_may_see_it(configured_api, api):
    headers = configured_api.get("/qa/questions?product_id=1", headers={"Origin": "https://shop.example"}).headers
    assert headers["Timing-Allow-Origin"] == "https://shop.example"
    assert "Timing-Allow-Origin" not in configured_api.get("/qa/questions?product_id=1").headers
    assert "Server-Timing" not in api.get(f"/qa/questions?product_id={new_product()}").headers


def test_a_slow_request_is_logged_once_with_the_parts_of_its_time(configured_stack, configured_api):
    [question] = seed.questions(configured_stack, new_product(), [0])
    with configured_stack.locked("SELECT FROM questions WHERE id = %s FOR UPDATE", question):
        response = configured_api.put(f"/qa/questions/{question}/helpful", headers={"traceparent": TRACE})
    assert_problem(response, 503)

    def slow():
        return [line for line in configured_stack.log() if line["message"] == "slow request"
                and line["request_id"] == response.headers["X-Request-Id"]]

    wait_until(slow)
    [line] = slow()
    assert line["traceparent"] == TRACE
    assert (line["level"], line["method"], line["route"], line["status"]) == \
        ("info", "PUT", "/qa/questions/:question_id/helpful", 503)
    assert min(line["queue_ms"], line["db_ms"]) >= 0
    assert 300 <= line["queue_ms"] + line["db_ms"] <= line["total_ms"]
    assert "cache" not in line
