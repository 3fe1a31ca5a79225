"""Load balancers in front: limits and the access log are about the shopper; only those whose addresses
are configured can name one."""

import json
import uuid
from http.client import HTTPConnection
from pathlib import Path

import pytest

from api import PATIENCE_S, ask, assert_problem
from stack import wait_until
from test_cors import configure

pytestmark = pytest.mark.same_with_sanitizers("NGINX's configuration")

SHOPPER = "203.0.113.7"
HAS_IPV6 = Path("/proc/net/if_inet6").exists() and Path("/proc/net/if_inet6").read_text() != ""
TRUSTED = ["127.0.0.1", "127.0.0.6"] + ["::1"] * HAS_IPV6
STRANGER = "127.0.0.9"


def send(stack, forwarded_for, source="127.0.0.1", path="/qa/questions?product_id=1", **headers):
    """The answer to a request that comes from one of this machine's addresses."""
    host = "::1" if source == "::1" else "127.0.0.1"
    connection = HTTPConnection(host, stack.port, timeout=PATIENCE_S, source_address=(source, 0))
    try:
        if forwarded_for is not None:
            headers["X-Forwarded-For"] = forwarded_for
        return ask(connection, "GET", path, headers=headers)
    finally:
        connection.close()


def client_in_log(stack, forwarded_for, source="127.0.0.1"):
    """Who the access log says that such a request came from."""
    request_id = uuid.uuid4().hex
    assert send(stack, forwarded_for, source, "/healthz",
                **{"X-Request-Id": request_id}).status_code == 200

    def entries():
        return [line for line in stack.access_log_at_once().splitlines() if request_id in line]

    wait_until(entries)
    [line] = entries()
    return json.loads(line)["client"]


def statuses(stack, forwarded_for, source="127.0.0.1", count=40):
    """Of so many requests in a row; forwarded_for(n) is the header of the nth."""
    return {send(stack, forwarded_for(number), source).status_code for number in range(count)}


@pytest.mark.parametrize("source", TRUSTED)
@pytest.mark.parametrize("forwarded_for, client", [
    (SHOPPER, SHOPPER), ("2001:db8::7", "2001:db8::7"), (f"{SHOPPER}:4711", SHOPPER),
    (f"{SHOPPER}, 10.1.2.3", SHOPPER), (f"{SHOPPER},10.1.2.3 , fd00::5, 127.0.0.7", SHOPPER),
    (f"198.51.100.1, {SHOPPER}, 10.1.2.3", SHOPPER),  # the shopper's own invention comes first
    ("10.9.9.9, 10.1.2.3", "10.9.9.9")])
def test_the_log_names_the_shopper_behind_trusted_proxies(proxied_stack, source, forwarded_for, client):
    assert client_in_log(proxied_stack, forwarded_for, source) == client


@pytest.mark.parametrize("forwarded_for", [None, "", "nonsense", "unknown", "256.1.1.1", "evil\"name"])
def test_without_a_usable_header_it_is_the_proxy(proxied_stack, forwarded_for):
    assert client_in_log(proxied_stack, forwarded_for) == "127.0.0.1"


def test_a_strangers_header_changes_nothing(proxied_stack, stack):
    assert client_in_log(proxied_stack, SHOPPER, STRANGER) == STRANGER
    assert client_in_log(proxied_stack, f"{SHOPPER}, 127.0.0.1", STRANGER) == STRANGER
    assert client_in_log(stack, SHOPPER) == "127.0.0.1"


def test_the_limit_counts_each_shopper_behind_a_proxy(proxied_stack):
    assert statuses(proxied_stack, lambda number: f"203.0.113.{number}, 10.0.0.1") == {200}
    assert statuses(proxied_stack, lambda number: f"198.51.100.{number}, 192.0.2.9") == {200, 429}
    refused = send(proxied_stack, "192.0.2.9")
    assert_problem(refused, 429)


def test_the_limit_counts_a_stranger_whatever_header_it_sends(proxied_stack, limited_stack):
    assert statuses(proxied_stack, lambda number: f"192.0.2.{number}", STRANGER) == {200, 429}
    assert statuses(limited_stack, lambda number: f"192.0.2.{number}") == {200, 429}


@pytest.mark.parametrize("value", [
    "10.0.0.0/33", "256.0.0.1", "10.0.0", "10.0.0.0/8/8", "fd00::/129", "1::2::3", "12345::", ":::",
    "1:2:3:4:5:6:7:8:9", "shop.example", "localhost", "unix:", "all", "*", "10.0.0.1;", "10.0.0.1 }",
    "10.0.0.1\nreal_ip_header X-Evil;", "$remote_addr", "127.0.0.1, -", "/8"])
def test_what_is_no_address_is_refused_in_one_line(tmp_path, value):
    result = configure(tmp_path, QA_TRUSTED_PROXIES=value)
    assert result.returncode == 2
    [line] = result.stderr.splitlines()
    assert "QA_TRUSTED_PROXIES" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [
    "10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::", "::/0", "::1", "fd00::/8", "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::8", "1:2:3::6:7:8", "2001:DB8::/32"])
def test_addresses_and_networks_are_accepted(tmp_path, value):
    assert configure(tmp_path, QA_TRUSTED_PROXIES=value).returncode == 0
    assert f"set_real_ip_from {value};\n" in (tmp_path / "http.conf").read_text()
