"""Logs: one JSON object a line, with what is needed to follow a request."""

import collections
import json
import os
import random
import re
import socket
from contextlib import closing

import pytest
import test_process
import wire
from api import PATIENCE_S, ask, assert_problem, new_product
from stack import CHECKOUT, wait_until, workers

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
        api.get("/qa/questions?product_id=x")
    assert {line["worker"] for line in stack.log()
            if "request_id" in line and line.get("process") != "admin"} == {0, 1}


def test_refused_requests_are_no_errors_of_the_service(stack, api):
    def errors():
        return [line for line in stack.log() if line["level"] in ("error", "warning")]

    before = len(errors())
    assert_problem(api.get("/qa/questions?product_id=x"), 400)
    assert_problem(api.post("/qa/questions", data=b"{"), 400)
    assert_problem(api.get("/nowhere"), 404)
    assert errors()[before:] == []


def test_the_access_log_has_request_id_and_the_time_of_the_worker(stack, api):
    request_id = api.get(f"/qa/questions?product_id={new_product()}").headers["X-Request-Id"]

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


METHODS = [b"GET", b"GET", b"GET", b"HEAD", b"POST", b"PUT", b"OPTIONS", b"TRACE", b"CONNECT", b"get", b"GeT", b"M-SEARCH",
           b"A_B", b"G\xc3\x89T", b"", b" GET", b"X" * 40]
PATHS = [b"/qa/questions", b"/qa/questions", b"/", b"/demo", b"/demo/", b"/nowhere", b"/qa/\xc3\xa9", b"\xff", b"/\x80\"\\\x7f",
         b"/qa/%C3%A9%00", b"/qa/../x/./y//", b"http://shop.example/qa/questions", b"http://shop.example", b"*",
         b"/" + 8200 * b"x", b"/a b", b"/a\tb", b"/a\x01b", b"/#part", b"//", b"qa"]
NAMES = [b"product_id", b"page", b"count", b"PRODUCT_ID", b"Page", b"product_id%20", b"xpage", b"counts", b"product-id",
         b"\xffpage", b"", b"a"]
VALUES = [b"1", b"1", b"", b"=", b"==1", b"1\xfe2", b"\x80", b"%31", b'"\\', b"1?page=2", b"a;count=3", b"#1", b"\xc3\xa9",
          900 * b"9", b"1\x7f"]
VERSIONS = [*6 * [b" HTTP/1.1"], b" HTTP/1.0", b"", b" HTTP/2.0", b" HTTP/9", b" http/1.1", b" \xff", b" HTTP/1.1 "]


def request_of(rng):
    def parameter():
        return rng.choice(NAMES) + rng.choice([b"=", b"=", b"=", b""]) + rng.choice(VALUES)
    query = b"&".join(parameter() for _ in range(rng.randrange(5)))
    return (rng.choice(METHODS) + b" " + rng.choice(PATHS) + rng.choice([b"?", b"?", b"?", b"", b"??"]) + query
            + rng.choice(VERSIONS) + b"\r\nHost: a\r\nConnection: close\r\n\r\n")


def logged_of(stack, requests, module=None):
    """How often each line is in the log of an NGINX of its own, without what differs from one response to the next."""
    with stack.another_nginx(module) as port:
        for sent in requests:
            with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65_536):
                    pass
    lines = [json.loads(line.decode()) for line in stack.access_log_of(port).read_bytes().splitlines()]
    return collections.Counter(tuple(line[name] for name in ("method", "path", "product_id", "page", "count", "status"))
                               for line in lines)


def test_the_access_log_is_the_same_with_the_module_and_without(stack):
    module = CHECKOUT / "build/release/ngx_http_qa_pages_module.so"  # the stack's may need a sanitizer in NGINX
    if not module.exists():
        pytest.skip("there is no module here")
    rng = random.Random(18)
    requests = [request_of(rng) for _ in range(1000)]
    with_maps = logged_of(stack, requests)
    assert logged_of(stack, requests, module) == with_maps
    assert with_maps.total() >= 900
    assert all(len({line[field] for line in with_maps}) > 5 for field in range(6))


def test_a_log_that_nobody_reads_stops_nobody_and_what_it_lost_is_told(stack, tmp_path):
    log = tmp_path / "log"
    os.mkfifo(log)
    reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    received = bytearray()

    def told():
        """Who has told of lines that could not be written."""
        while True:
            try:
                received.extend(os.read(reader, 65536))
            except BlockingIOError:
                break
        lines = [json.loads(line) for line in received.splitlines()]
        return {line.get("worker") for line in lines if line.get("lines", 0) > 0}

    try:
        with test_process.running(stack, tmp_path, QA_LOG_LEVEL="debug") as service:
            service.wait_until_ready()
            for number in (0, 1):
                with closing(service.connection(number)) as connection:
                    for _ in range(1000):  # lines of more than what a pipe holds
                        assert ask(connection, "GET", "/healthz").status_code == 200
            os.kill(service.workers[0], 9)  # the supervisor has something to say, too
            wait_until(lambda: len(set(workers(service.process.pid)) - {service.workers[0]}) == 2)
            service.wait_until_ready()
            wait_until(lambda: told() >= {None, 1})
            assert service.metrics().value("atelier_qa_log_lines_lost_total") > 100
            log.unlink()
            log.write_bytes(received)
    finally:
        os.close(reader)
