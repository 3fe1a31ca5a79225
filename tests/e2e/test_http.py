"""HTTP itself: odd, broken and hostile requests, over raw sockets where clients refuse to send
them."""

import http.client
import io
import json
import socket

import pytest

import seed
from api import PATIENCE_S, QUESTION, Answer, ask_once, assert_problem, new_product
from conftest import LOADERIO_TOKEN

GOOD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
CLOSE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Received(io.BytesIO):
    """Bytes from a socket, as http.client reads several answers from them."""

    def makefile(self, *_):
        return self

    def close(self):
        pass


def converse(stack, *messages):
    """Sends the messages one after the other on one connection, until NGINX closes it; the
    answers, interim ones included."""
    with socket.create_connection(("127.0.0.1", stack.port), timeout=PATIENCE_S) as connection:
        for message in messages:
            connection.sendall(message)
        received = Received(b"".join(iter(lambda: connection.recv(65536), b"")))
    answers = []
    while received.tell() < len(received.getvalue()):
        response = http.client.HTTPResponse(received)
        response.begin()
        answers.append(Answer(response))
    return answers


def statuses(answers):
    return [answer.status_code for answer in answers]


def post(body, headers, product=1):
    return (b"POST /qa/questions/%d HTTP/1.1\r\nHost: localhost\r\n" % product
            + headers + b"\r\n\r\n" + body)


def question():
    return json.dumps(QUESTION).encode()


@pytest.mark.parametrize("request_bytes", [
    b"GARBAGE\r\n\r\n", b"GET\r\n\r\n", b"\x00\x01\x02\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\r\n",
    b"get /healthz HTTP/1.1\r\nHost: a\r\n\r\n", b"GET healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /healthz HTTQ/1.1\r\nHost: a\r\n\r\n", b"GET /healthz HTTP/1.1 x\r\nHost: a\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost:\r\n\r\n",
    b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /../x HTTP/1.1\r\nHost: a\r\n\r\n",
    post(question(), b"Content-Length: -1"), post(question(), b"Content-Length: abc"),
    post(question(), b"Content-Length: 99999999999999999999999"),
    post(question(), b"Content-Length: 5\r\nContent-Length: 6"),
    post(b"0\r\n\r\n", b"Content-Length: 5\r\nTransfer-Encoding: chunked"),
    post(b"xyz\r\nhello\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"),
    post(b"-5\r\nhello\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"),
    post(b"fffffffffffffffff\r\n", b"Transfer-Encoding: chunked"),
    post(b"0\r\n\r\n", b"Transfer-Encoding: gzip, chunked"),
    post(b"0\r\n\r\n", b"Transfer-Encoding : chunked"),
    b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\nX Y: a\r\n\r\n",
])
def test_malformed_http_is_a_400_problem(stack, request_bytes):
    [answer] = converse(stack, request_bytes)
    assert_problem(answer, 400)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["X-Request-Id"]


def test_after_malformed_http_the_service_goes_on(stack):
    for _ in range(20):
        converse(stack, b"GARBAGE\r\n\r\n")
    assert statuses(converse(stack, CLOSE)) == [200]


@pytest.mark.parametrize("length", [10_000, 100_000, 1_000_000])
@pytest.mark.parametrize("target", ["/{}", "/qa/questions?product_id=1&x={}"])
def test_a_long_url_is_414(stack, target, length):
    target = target.format("a" * length).encode()
    [answer] = converse(stack, b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % target)
    assert_problem(answer, 414)


@pytest.mark.parametrize("headers", [{}, {"If-None-Match": f'"{"x" * 3998}"'}])
@pytest.mark.parametrize("length", [4096, 8100])
def test_a_url_of_up_to_8_kib_is_fine(stack, length, headers):
    target = f"/qa/questions?product_id={new_product()}&x="
    target += (length - len(target)) * "a"
    for _ in range(2):  # a worker's response, and NGINX's own
        assert ask_once(stack, "GET", target, headers=headers).status_code == 200


@pytest.mark.parametrize("header", [
    b"X-Large: " + b"a" * 50_000, b"X-Large: " + b"a" * 1_000_000,
    b"\r\n".join(b"X-%d: %b" % (number, b"a" * 1000) for number in range(100))])
def test_large_headers_are_431(stack, header):
    [answer] = converse(stack, b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + header + b"\r\n\r\n")
    assert_problem(answer, 431)


def test_headers_of_browsers_are_fine(stack):
    headers = {"Cookie": "a" * 3000, "User-Agent": "b" * 500, "Referer": "https://c/" + "d" * 2000}
    response = ask_once(stack, "GET", "/qa/questions?product_id=1", headers=headers)
    assert response.status_code == 200


@pytest.mark.parametrize("body", [b" ", b"hello", b"GET /nowhere HTTP/1.1\r\n\r\n"])
def test_a_body_on_get_is_no_second_request(stack, body):
    request = b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    assert statuses(converse(stack, request, CLOSE)) == [200, 200]


def test_a_body_on_an_ignored_put_is_no_second_request(stack):
    [number] = seed.questions(stack, new_product(), [0])
    body = b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
    request = (b"PUT /qa/questions/%d/helpful HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
               % (number, len(body)) + body)
    assert statuses(converse(stack, request, CLOSE)) == [204, 200]


def test_a_refused_body_is_no_second_request(stack):
    body = b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n" * 2000
    request = post(body, b"Content-Length: %d" % len(body))
    assert statuses(converse(stack, request, CLOSE)) == [413]  # and closed


def test_pipelined_requests_are_answered_in_order(stack):
    nowhere = GOOD.replace(b"/healthz", b"/nowhere")
    answers = converse(stack, GOOD + nowhere + GOOD + nowhere + CLOSE)
    assert statuses(answers) == [200, 404, 200, 404, 200]


def test_pipelined_requests_have_different_ids(stack):
    answers = converse(stack, GOOD * 50 + CLOSE)
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == 51


def test_a_request_may_arrive_byte_by_byte(stack):
    assert statuses(converse(stack, *(bytes([byte]) for byte in CLOSE))) == [200]


def test_a_chunked_body_is_accepted(stack, api):
    product = new_product()
    body = question()
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:7], body[7:]))
    request = post(chunks + b"0\r\n\r\n", b"Transfer-Encoding: chunked\r\nConnection: close",
                   product)
    assert statuses(converse(stack, request)) == [201]
    assert len(api.questions(product)) == 1


def test_expect_100_continue_is_answered_before_the_body_is_sent(stack, api):
    product = new_product()
    body = question()
    head = post(b"", b"Expect: 100-continue\r\nConnection: close\r\nContent-Length: %d" % len(body),
                product)
    with socket.create_connection(("127.0.0.1", stack.port), timeout=PATIENCE_S) as connection:
        connection.sendall(head)
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert connection.recv(100).startswith(b"HTTP/1.1 201 ")
    assert len(api.questions(product)) == 1


def test_a_body_that_ends_early_adds_nothing(stack, api):
    product = new_product()
    with socket.create_connection(("127.0.0.1", stack.port), timeout=PATIENCE_S) as connection:
        connection.sendall(post(question()[:-5], b"Content-Length: %d" % len(question()), product))
    assert api.questions(product) == []


def test_http_1_0_is_answered_and_closed(stack):
    assert statuses(converse(stack, b"GET /healthz HTTP/1.0\r\n\r\n")) == [200]


def test_an_absolute_target_is_understood(stack):
    request = CLOSE.replace(b" /healthz", b" http://localhost/healthz")
    assert statuses(converse(stack, request)) == [200]


@pytest.mark.parametrize("request_line", [b"OPTIONS * HTTP/1.1", b"OPTIONS * HTTP/1.0",
                                          b"OPTIONS http://localhost HTTP/1.1"])
def test_options_of_the_whole_server_is_204_with_the_cors_headers(stack, request_line):
    [answer] = converse(stack, request_line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.status_code == 204
    assert answer.content == b""
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "DELETE" in answer.headers["Access-Control-Allow-Methods"]
    assert "Qa-Voter" in answer.headers["Access-Control-Allow-Headers"]
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize("request_line", [
    b"GET * HTTP/1.1", b"PUT * HTTP/1.1", b"OPTIONS ** HTTP/1.1", b"OPTIONS *x HTTP/1.1",
    b"OPTIONS x HTTP/1.1", b"OPTIONS * HTTQ/1.1"])
def test_no_other_asterisk_is_understood(stack, request_line):
    [answer] = converse(stack, request_line + b"\r\nHost: localhost\r\n\r\n")
    assert_problem(answer, 400)


@pytest.mark.parametrize("version", [b"HTTP/2.0", b"HTTP/3.0", b"HTTP/9.9"])
def test_an_unknown_version_of_http_is_refused(stack, version):
    [answer] = converse(stack, GOOD.replace(b"HTTP/1.1", version))
    assert answer.status_code in (400, 505)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("method", [b"TRACE", b"CONNECT"])
def test_trace_and_connect_are_refused_without_an_echo(stack, method):
    headers = b"Host: a\r\nX-Secret: s3cret\r\nConnection: close\r\n\r\n"
    [answer] = converse(stack, method + b" /healthz HTTP/1.1\r\n" + headers)
    assert_problem(answer, 405)
    assert b"s3cret" not in answer.content
    assert sorted(answer.headers["Allow"].split(", ")) == ["GET", "HEAD", "OPTIONS"]


@pytest.mark.parametrize("path", ["/qa/questions?product_id=1", "/qa/questions/1/answers",
                                  "/healthz", "/readyz"])
def test_head_is_get_without_the_body(api, path):
    get, head = api.get(path), api.request("HEAD", path)
    assert head.status_code == get.status_code == 200
    assert head.content == b""
    for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control", "Vary"):
        assert head.headers.get(name) == get.headers.get(name)


@pytest.mark.parametrize("path, status", [("/qa/questions", 400), ("/nowhere", 404),
                                          ("/qa/questions/x/answers", 400)])
def test_head_has_the_status_of_get(api, path, status):
    response = api.request("HEAD", path)
    assert response.status_code == status
    assert response.content == b""


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/qa/questions/?product_id=1", 200), ("HEAD", "/qa/questions/?product_id=1", 200),
    ("GET", "/qa/questions/1/answers/", 200), ("GET", "/qa/questions/1/answers/?page=2", 200),
    ("POST", "/qa/questions/?product_id=1", 201), ("POST", "/qa/questions/1/answers/", 201),
    ("POST", "/qa/questions/1/", 201),
    ("PUT", "/qa/questions/1/helpful/", 204), ("PUT", "/qa/answers/1/helpful/", 204),
    ("PUT", "/qa/questions/2/report/", 204), ("PUT", "/qa/answers/2/report/", 204),
    ("GET", "/healthz/", 200), ("GET", "/readyz/", 200), ("OPTIONS", "/qa/questions/", 204)])
def test_one_trailing_slash_is_accepted_everywhere(api, method, path, status):
    body = {"data": question()} if method == "POST" else {}
    response = api.request(method, path, allow_redirects=False, **body)
    assert response.status_code == status


def test_the_server_tells_no_version(api):
    for path in ("/healthz", "/nowhere", "/" + "a" * 20_000):
        response = api.get(path)
        assert response.headers["Server"] == "nginx"
        assert "X-Powered-By" not in response.headers


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_and_readiness_are_200_on_every_worker(stack, api, path):
    assert api.get(path).status_code == 200
    for worker in stack.worker_connections():
        worker.request("GET", path)
        assert worker.getresponse().status == 200


def test_the_demo_page_is_served(api):
    response = api.get("/demo/")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("ending", ["", ".txt", ".html"])
def test_the_loader_io_token_is_told_when_configured(api, configured_api, ending, slash):
    path = f"/loaderio-{LOADERIO_TOKEN}{ending}{slash}"
    response = configured_api.get(path)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain")
    assert response.text == f"loaderio-{LOADERIO_TOKEN}"
    assert configured_api.request("HEAD", path).status_code == 200
    assert_problem(api.get(path), 404)


@pytest.mark.parametrize("name", [
    "loaderio-other.txt", f"loaderio-{LOADERIO_TOKEN}.htm", f"loaderio-{LOADERIO_TOKEN}.txt.html",
    f"loaderio-{LOADERIO_TOKEN}.", f"loaderio-{LOADERIO_TOKEN}x", f"loaderio-{LOADERIO_TOKEN[:-1]}",
    LOADERIO_TOKEN, "loaderio-", "loaderio-.txt", f"loaderio-{LOADERIO_TOKEN}//",
    f"x/loaderio-{LOADERIO_TOKEN}", f"Loaderio-{LOADERIO_TOKEN}", f"loaderio-{LOADERIO_TOKEN}%2etxt%00"])
def test_no_other_token_is_told(configured_api, name):
    response = configured_api.get("/" + name)
    assert response.status_code in (400, 404)
    assert "loaderio" not in response.text
