"""A worker without NGINX in front: what can be read in two ways is refused, and nothing after it is
answered."""

import socket
import subprocess

import pytest

import wire
from api import PATIENCE_S

LIBMICROHTTPD = subprocess.run(["pkg-config", "--modversion", "libmicrohttpd"], text=True, check=True,
                               stdout=subprocess.PIPE).stdout
REFUSES_ITSELF = int(LIBMICROHTTPD.split(".")[0]) >= 1

SECOND = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
LENGTH = b"%d" % len(SECOND)


def converse(stack, message):
    """All that a worker answers until it closes the connection."""
    with socket.socket(socket.AF_UNIX) as worker:
        worker.settimeout(PATIENCE_S)
        worker.connect(str(wire.worker_sockets(stack)[0]))
        worker.sendall(message)
        return b"".join(iter(lambda: worker.recv(65536), b""))


@pytest.mark.parametrize("headers, body", [
    (b"Content-Length: 3\r\nTransfer-Encoding: chunked", b"0\r\n\r\n"),
    (b"Transfer-Encoding: chunked\r\nContent-Length: 3", b"0\r\n\r\n"),
    (b"Content-Length: 0\r\nContent-Length: " + LENGTH, b""),
    (b"content-length: 2\r\nContent-Length: 2", b"{}"),
    (b"Content-Length : " + LENGTH, b""), (b"Content-Length\t: " + LENGTH, b""),
    (b"Transfer-Encoding : chunked", b"0\r\n\r\n"), (b"X Y: 1", b""),
    (b"Transfer-Encoding: gzip", b""), (b"Transfer-Encoding: gzip, chunked", b"0\r\n\r\n"),
    (b"Transfer-Encoding: xchunked", b"0\r\n\r\n"), (b"Transfer-Encoding:", b"0\r\n\r\n"),
    (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"0\r\n\r\n"),
    (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", b"0\r\n\r\n")])
@pytest.mark.parametrize("first", [b"POST /qa/questions/1", b"PUT /qa/questions/1/helpful",
                                   b"GET /readyz"])
def test_an_unclear_end_is_400_and_the_last_request(stack, first, headers, body):
    answer = converse(stack, first + b" HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n\r\n"
                      + body + SECOND)
    assert answer.startswith(b"HTTP/1.1 400 ")
    # libmicrohttpd 1.0 refuses some of them itself, with words of its own.
    assert b"Content-Type: application/problem+json" in answer or REFUSES_ITSELF
    assert b"Connection: close" in answer
    assert answer.count(b"HTTP/1.1") == 1
    assert b"alive" not in answer


@pytest.mark.parametrize("first", [b"POST /qa/questions/1", b"PUT /qa/questions/1/helpful",
                                   b"GET /readyz"])
def test_a_folded_line_is_refused_or_belongs_to_the_one_above(stack, first):
    """It is no Content-Length, so what comes after is no body. libmicrohttpd 1.0 unfolds it."""
    with wire.Client(wire.worker_sockets(stack)[0]) as client:
        client.send(first + b" HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n Content-Length: " + LENGTH
                    + b"\r\n\r\n")
        reply = client.receive()
        if not REFUSES_ITSELF:
            assert reply.status == 400
            assert reply.headers["content-type"] == "application/problem+json"
        if reply.headers.get("connection") != "close":
            assert client.ask(SECOND).json() == {"status": "alive"}


@pytest.mark.parametrize("length", [b"+2", b"-2", b"2, 2", b"2 2", b"0x2", b"9" * 30])
def test_nothing_is_answered_after_a_length_that_is_no_number(stack, length):
    answer = converse(stack, b"POST /qa/questions/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                      + length + b"\r\n\r\n{}" + SECOND)
    assert answer.split()[1] in (b"400", b"413")
    assert b"alive" not in answer


def test_chunks_and_the_request_after_them_are_answered(stack):
    with wire.Client(wire.worker_sockets(stack)[0]) as client:
        reply = client.ask(b"POST /qa/questions/1 HTTP/1.1\r\nHost: localhost\r\n"
                           b"Transfer-Encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
        assert reply.status == 400
        assert b"body must be a string" in reply.body
        assert client.ask(SECOND).status == 200
