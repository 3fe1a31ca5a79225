"""X-Request-Id: one for every answer, the client's own where it is sane."""

import contextlib
import re

import pytest

import wire
from stack import wait_until

GENERATED = re.compile(r"[A-Za-z0-9._-]{1,64}")


@pytest.mark.parametrize("path, status", [
    ("/qa/questions?product_id=1", 200), ("/healthz", 200), ("/nowhere", 404),
    ("/qa/questions", 400), ("/" + "a" * 20_000, 414), ("/%00", 400)])
def test_every_status_carries_a_request_id(api, path, status):
    first, second = api.get(path), api.get(path)
    assert first.status_code == status
    assert GENERATED.fullmatch(first.headers["X-Request-Id"])
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


def test_requests_at_the_same_moment_have_different_ids(stack):
    clients = [wire.Client(stack.port) for _ in range(64)]
    with contextlib.ExitStack() as connections:
        for client in clients:
            connections.enter_context(client)
        wire.send_at_once(clients, [wire.request("GET", "/healthz")] * len(clients))
        made_up = {client.receive().headers["x-request-id"] for client in clients}
    assert len(made_up) == len(clients)


@pytest.mark.parametrize("request_id", ["a", "0", "a.b_c-D9", "-" * 64,
                                        "0123456789abcdef0123456789abcdef"])
@pytest.mark.parametrize("method, path", [
    ("GET", "/healthz"), ("GET", "/nowhere"), ("POST", "/qa/questions"), ("OPTIONS", "/")])
def test_a_sane_request_id_is_echoed(api, method, path, request_id):
    response = api.request(method, path, headers={"X-Request-Id": request_id})
    assert response.headers["X-Request-Id"] == request_id


@pytest.mark.parametrize("request_id", ["", "a" * 65, "a b", "a,b", "a\"b", "a/b", "ü".encode(),
                                        "<script>", "a:b", "{}", "%41"])
def test_another_request_id_is_replaced(api, request_id):
    response = api.get("/healthz", headers={"X-Request-Id": request_id})
    assert GENERATED.fullmatch(response.headers["X-Request-Id"])
    assert response.headers["X-Request-Id"] != request_id


@pytest.mark.parametrize("method, path", [
    ("GET", "/qa/questions?product_id=1"), ("PUT", "/qa/answers/1/helpful"), ("POST", "/qa/questions"),
    ("GET", "/nowhere"), ("OPTIONS", "/"), ("PUT", "/docs/"), ("GET", "/" + "a" * 20_000)])
def test_the_access_log_has_the_id_that_was_answered(stack, api, method, path):
    request_id = api.request(method, path).headers["X-Request-Id"]
    wait_until(lambda: f'"request_id":"{request_id}"' in stack.access_log_at_once())


@pytest.mark.parametrize("path", ["/qa/questions?product_id=1", "/qa/questions?product_id=x",
                                  "/qa/questions/0/answers"])
def test_the_worker_logs_the_request_id(stack, api, path):
    response = api.get(path)
    request_id = response.headers["X-Request-Id"]
    assert [line for line in stack.log() if line.get("request_id") == request_id]
