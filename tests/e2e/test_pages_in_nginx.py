"""What a client gets is the same, byte for byte, whether NGINX or a worker responds."""

import gzip
import json
import random
import re
import socket

import pytest

import seed
from api import PATIENCE_S, new_product
from stack import CHECKOUT, wait_until

NOT_COMPARED = ("date", "x-request-id")
CASES = 450
CONNECTIONS = 30
CASES_ON_A_CONNECTION = 8


def received(port, sent):
    """All that comes until NGINX closes the connection."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(262_144), b""))


def take_chunk(stream):
    size, stream = stream.split(b"\r\n", 1)
    return stream[:int(size, 16)], stream[int(size, 16) + 2:]


def take_response(stream, method):
    """Status line, headers and body of the first response in a stream, without what differs from one response to
    the next; and the rest of the stream. A body that NGINX compresses on the way is compared as what it
    contains: where it is cut is a matter of chance."""
    head, _, stream = stream.partition(b"\r\n\r\n")
    status, *headers = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): value for name, value in (header.split(": ", 1) for header in headers)}
    body = b""
    if method != "HEAD" and status.split()[1] not in ("100", "204", "304"):
        if "transfer-encoding" in fields:
            while (taken := take_chunk(stream))[0]:
                body, stream = body + taken[0], taken[1]
            body, stream = gzip.decompress(body), taken[1]
        else:
            length = int(fields.get("content-length", len(stream)))
            body, stream = stream[:length], stream[length:]
    headers = [header for header in headers if header.split(":")[0].lower() not in NOT_COMPARED]
    return (status, headers, body), stream


def responses(port, requests):
    """What comes for requests that are sent in one go, up to where NGINX closes the connection."""
    stream, methods = received(port, b"".join(requests)), [request.split()[0].decode() for request in requests]
    taken = []
    while stream:
        response, stream = take_response(stream, methods[len(taken)] if len(taken) < len(methods) else "")
        if response[0] != "HTTP/1.1 100 Continue":
            taken.append(response)
    return taken


@pytest.fixture(scope="module")
def pages(stack):
    """Canonical targets of pages from a few bytes to more than what NGINX sends itself."""
    product = new_product()
    questions = seed.questions(stack, product, range(7), body="Why? \u20ac \U0001F600 \\\"</script>")
    seed.answers(stack, questions[0], range(12))
    heavy = new_product()
    for question in seed.questions(stack, heavy, [3, 2, 1], body="?" * 900):
        stack.sql("INSERT INTO answers (question_id, body, answerer_name, answerer_email)"
                  " SELECT %s, repeat('x', 990), 'answerer', 'answerer@mail.example'"
                  " FROM generate_series(1, 60)", question)
    around = [f"/qa/questions/{questions[0]}/answers?count={count}" for count in range(6, 12)]
    return [f"/qa/questions?product_id={new_product()}", f"/qa/questions?product_id={product}",
            f"/qa/questions?product_id={product}&count=2&page=3", f"/qa/questions?product_id={heavy}",
            f"/qa/questions?product_id={heavy}&count=1", f"/qa/questions/{questions[-1]}/answers", *around]


def same(rng, path, query):
    """A page, asked for in one of many ways."""
    return rng.choice([
        lambda: f"{path}?{query}", lambda: f"{path}/?{query}", lambda: f"{path}?{query}&",
        lambda: f"{path}?a=%zz&{query}", lambda: f"{path}?&&{query}&&page=&count=",
        lambda: f"{path}?x=1" + 300 * "&y" + "&" + query, lambda: f"{path}?{query}&product_id=7&page=2&page=x",
        lambda: f"{path}?{query}&page=%31&count=%35", lambda: f"{path}?{query}&page=00001&count=0000000005",
        lambda: f"{path}?{query}&x=" + "y" * rng.choice([900, 1100, 7000]),
        lambda: f"http://shop.example{path}?{query}",
        lambda: escaped(rng, path) + "?" + query, lambda: path + "?" + escaped(rng, query)])()


def nearly_the_same(rng, path, query):
    return rng.choice([
        lambda: f"{path}//?{query}", lambda: f"{path}?{query}&x=" + 8100 * "y", lambda: f"{path}?{query}%00",
        lambda: f"{path}%00?{query}", lambda: f"{path}?{query}#part", lambda: f"{path}#part?{query}",
        lambda: f"http://shop.example?{query}", lambda: f"{path}?{query}\xff", lambda: f"{path}/.?{query}",
        lambda: f"/x/..{path}?{query}", lambda: f"/demo/..{path}?{query}", lambda: f"/{path}?{query}",
        lambda: path.replace("/", "%2F") + "?" + query, lambda: path.upper() + "?" + query,
        lambda: path.replace("/qa/", "/qa/./") + "?" + query, lambda: path[1:] + "?" + query,
        lambda: f"{path}?page={rng.choice(NUMBERS)}&{query}",
        lambda: f"{path}?count={rng.choice(NUMBERS)}&{query}",
        lambda: f"/qa/questions?product_id={rng.choice(NUMBERS)}", lambda: path, lambda: f"?{query}",
        lambda: f"/qa/questions/{rng.choice(NUMBERS)}/answers?{query}",
        lambda: rng.choice(["/qa/questions/5", "/qa/answers/5/answers", "/healthz", "/", "*", "/demo"])])()


NUMBERS = ["0", "1", "01", "-1", "+1", "1+", "%201", "1%00", "1.0", "1e3", "abc", "", "999", "1000", "1001",
           "%2B1", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808",
           "99999999999999999999999", "%D9%A1"]


def escaped(rng, text):
    """Some characters as percent-escapes, with digits of either case; now and then an escape that is none."""
    def one(character):
        if rng.random() > (0.02 if character in "/&=" else 0.2):
            return character
        return f"%{ord(character):02{rng.choice('xX')}}"[:3 if rng.random() < 0.97 else 2]
    return "".join(map(one, text))


def encodings(rng):
    return rng.choice([
        [], [], ["gzip"], ["gzip"], ["gzip, deflate, br"], ["identity"], ["br"], ["*"], ["GZip"], ["x-gzip"],
        ["gzip;q=0"], ["gzip ;\tq=0.0 "], ["gzip;q=0.001"], ["br;q=1, gzip;q=0.5"], ["gzip;q=0, *"],
        ["identity;q=0"], [""], [","], ["\t"], ["gzip" + 196 * " " + "\t"], ["gzip," + 195 * "x"],
        ["gzip," + 196 * "x"], ["gzip," + 2000 * "x"],
        ["gzip", "identity"], ["identity", "gzip"], ["gzip;q=0", "gzip"], ["", "gzip"], ["gzip\x01"],
        ["\xfcgzip"]])


def conditions(rng, tag):
    opaque = tag.removeprefix("W/")
    return rng.choice([
        [], [], [], [opaque], ["W/" + opaque], [f'"x", {opaque}'], [f'"x,y" ,W/{opaque},'], ["*"], [" * "],
        ["\t*\t"], ['"x"'], [opaque[:-1]], [opaque.upper()], ["w/" + opaque], [f"x, {opaque}"], [f"*, {opaque}"], [""],
        ["," * (4000 - len(opaque)) + opaque], ["," * (4001 - len(opaque)) + opaque], ["," * 7000 + opaque],
        [opaque, '"x"'], ['"x"', opaque], [f"{opaque}\x01"], [f"\xff{opaque}"], ["*\x7f"]])


def others(rng):
    return rng.choice([[], [], [], [], [], [], [], [], [rng.choice([
        "If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT", "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT",
        'If-Match: "x"', "Range: bytes=0-9", "Range: bytes=5-", "Origin: https://shop.example",
        "Expect: 100-continue", "Content-Length: 0", "Content-Length: 3\r\n\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
        "Content-Encoding: gzip", "Content-Type: text/plain", "Qa-Body-Too-Large: 1", "Cookie: a=b", "If_None_Match: *",
        "X-Forwarded-For: 10.0.0.1", "Authorization: Basic eDp5", "Cache-Control: no-cache", "Upgrade: h2c"])]])


def generated(rng, name, tags, hostility, closes=True):
    """A request, `hostility` of them for no page. The headers that frame it come last."""
    target = rng.choice(list(tags))
    path, _, query = target.partition("?")
    is_hostile = rng.random() < hostility
    method = rng.choice(3 * ["GET"] + ["HEAD"] + is_hostile * ["OPTIONS", "DELETE", "POST", "get"])
    headers = [f"Accept-Encoding: {value}" for value in encodings(rng)]
    headers += [f"If-None-Match: {value}" for value in conditions(rng, tags[target])]
    rng.shuffle(headers)
    version = rng.choice(12 * ["1.1"] + ["1.0"]) if closes else "1.1"
    lines = [f"{method} {(nearly_the_same if is_hostile else same)(rng, path, query)} HTTP/{version}",
             "Host: shop.example", f"X-Request-Id: {name}", *(["Connection: close"] if closes else []), *headers,
             *others(rng)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def warmed(stack, target, coding):
    """The tag of a page that NGINX can respond with from now on, in one form."""
    [(status, headers, _)] = responses(stack.port, [(
        f"GET {target} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nAccept-Encoding: {coding}\r\n\r\n"
    ).encode()])
    assert status == "HTTP/1.1 200 OK"
    return dict(header.split(": ", 1) for header in headers)["ETag"]


def hits(stack, names):
    """Of the requests with these ids, in their order, those that NGINX responded to. The last must be well
    formed, and so be in the log."""
    def logged():
        lines = map(json.loads, stack.access_log().splitlines())
        return {line["request_id"]: line.get("ring") for line in lines if line["request_id"] in names}
    wait_until(lambda: names[-1] in logged())
    return [name for name, ring in logged().items() if ring == "hit"]


@pytest.fixture(scope="module")
def has_module(stack):
    return bool((stack.folder / "nginx/ngx_http_qa_pages_module.so").exists())


@pytest.fixture(scope="module")
def tags(stack, pages):
    return {target: warmed(stack, target, coding) for target in pages for coding in ("gzip", "identity")}


def last(name):
    return f"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: {name}\r\n\r\n".encode()


def test_each_response_is_that_of_a_worker(stack, port_of_workers, tags, has_module):
    rng = random.Random(18)
    names = [f"alone-{number}" for number in range(CASES)] + ["alone-last"]
    for name in names:
        request = last(name) if name == names[-1] else generated(rng, name, tags, hostility=0.4)
        assert responses(stack.port, [request]) == responses(port_of_workers, [request]), request[:2000]
    if has_module:
        assert len(hits(stack, names)) > CASES / 5


def test_the_responses_on_one_connection_are_those_of_a_worker(stack, port_of_workers, tags, has_module):
    rng = random.Random(19)
    names = []
    for connection in range(CONNECTIONS):
        here = [f"together-{connection}-{number}" for number in range(CASES_ON_A_CONNECTION)]
        requests = [generated(rng, name, tags, hostility=0.1, closes=False) for name in here[:-1]]
        requests.append(last(here[-1]))
        assert responses(stack.port, requests) == responses(port_of_workers, requests), b"".join(requests)
        names += here
    if has_module:
        assert len(hits(stack, names)) > len(names) / 10


@pytest.mark.parametrize("header, name, configured", [
    ("accept_encoding", "ACCEPT_ENCODING_MAX", r"short_accept_encoding .*\{1,(\d+)\}"),
    ("accept_encoding", "ACCEPT_ENCODING_GZIP_FROM_BYTES", r"gzip_min_length (\d+);"),
    ("entity_tag", "ENTITY_TAG_IF_NONE_MATCH_MAX", r"short_if_none_match .*\{1,(\d+)\}")])
def test_a_limit_is_the_same_in_c_and_in_the_configuration(header, name, configured):
    in_c = re.search(rf"{name} = (\d+)", (CHECKOUT / f"include/http/{header}.h").read_text())
    assert in_c[1] == re.search(configured, (CHECKOUT / "deploy/nginx.conf").read_text())[1]
