"""The rate limits of a client: off by default, 429 where one is configured, by classes of requests."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from api import MAX_ID, Api, assert_problem
from stack import wait_until

pytestmark = pytest.mark.same_with_sanitizers("NGINX's configuration")


def test_past_the_configured_rate_requests_are_429_with_retry_after(limited_stack):
    api = Api(limited_stack.base_url)
    answers = [api.get("/qa/questions?product_id=1")]
    assert answers[0].status_code == 200

    def is_refused():
        """One of many who come at once, however slow the machine is."""
        with ThreadPoolExecutor(60) as clients:
            answers.extend(clients.map(Api.get, [Api(limited_stack.base_url) for _ in range(60)],
                                       60 * ["/qa/questions?product_id=1"]))
        return answers[-1].status_code == 429

    wait_until(is_refused)
    assert {answer.status_code for answer in answers} == {200, 429}
    refused = answers[-1]
    assert_problem(refused, 429)
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.headers["Access-Control-Allow-Origin"] == "*"
    assert refused.headers["X-Request-Id"]


def test_without_a_configured_rate_nobody_is_refused(api):
    assert {api.get("/healthz").status_code for _ in range(300)} == {200}


def test_without_a_configured_rate_no_policy_is_told(api):
    headers = api.get("/qa/questions?product_id=1").headers
    assert not [name for name in headers if name.lower().startswith("ratelimit")]


def test_what_a_limit_of_all_requests_tells(limited_stack):
    headers = Api(limited_stack.base_url).get("/demo/").headers
    assert headers["RateLimit-Policy"] == '"all";q=5;w=1'


# One a minute, so that what a bucket gains during a test is known, however slow the machine is.
READS, WRITES = 6, 3  # that may come at once above the first


@pytest.fixture
def limited(stack):
    """An NGINX that has limited nobody yet."""
    with stack.another_nginx(QA_RATE_LIMIT_READS="2r/m", QA_RATE_BURST_READS=str(READS), QA_RATE_LIMIT_WRITES="1r/m",
                             QA_RATE_BURST_WRITES=str(WRITES)) as port:
        yield Api(f"http://127.0.0.1:{port}")


def read(api):
    return api.get("/qa/questions?product_id=1")


def write(api):
    return api.put(f"/qa/questions/{MAX_ID}/helpful")


@pytest.mark.parametrize("ask, name, quota, burst, status, other", [
    (read, "reads", 2, READS, 200, write), (write, "writes", 1, WRITES, 404, read)])
def test_a_class_of_requests_has_its_burst_and_others_go_on(limited, ask, name, quota, burst, status, other):
    began = time.monotonic()
    responses = [ask(limited) for _ in range(2 * burst + 2)]
    gained = int((time.monotonic() - began) * quota / 60) + 1
    statuses = [response.status_code for response in responses]
    assert set(statuses) == {status, 429}
    assert statuses[:burst + 1] == [status] * (burst + 1)
    assert statuses.count(status) <= burst + 1 + gained

    refused = responses[statuses.index(429)]
    assert_problem(refused, 429)
    policy = f'"{name}";q={quota};w=60'
    assert {response.headers["RateLimit-Policy"] for response in responses} == {policy}
    assert refused.headers["RateLimit"] == f'"{name}";r=0;t={60 // quota}'
    assert refused.headers["Retry-After"] == str(60 // quota)
    assert "RateLimit" not in responses[0].headers  # what is left NGINX does not know

    assert other(limited).status_code in (200, 404)
    for path in 10 * ["/healthz", "/readyz", "/nowhere"]:
        assert limited.get(path).status_code in (200, 404)
    assert limited.request("OPTIONS", "/qa/questions").status_code == 204


def test_a_request_for_which_two_limits_hold_is_told_both(stack):
    with stack.another_nginx(QA_RATE_LIMIT="100r/s", QA_RATE_LIMIT_WRITES="1r/m", QA_RATE_BURST_WRITES="0") as port:
        api = Api(f"http://127.0.0.1:{port}")
        assert write(api).headers["RateLimit-Policy"] == '"all";q=100;w=1, "writes";q=1;w=60'
        refused = write(api)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
        assert "RateLimit" not in refused.headers  # NGINX does not tell which it was
        assert read(api).headers["RateLimit-Policy"] == '"all";q=100;w=1'


def test_probes_are_not_limited_and_do_not_count(stack):
    with stack.another_nginx(QA_RATE_LIMIT="1r/m", QA_RATE_BURST="0") as port:
        api = Api(f"http://127.0.0.1:{port}")
        for path in 10 * ["/healthz", "/healthz/", "/readyz", "/readyz/"]:
            assert api.get(path).status_code == 200, path
        assert api.request("OPTIONS", "/qa/questions").status_code == 204
        assert [read(api).status_code for _ in range(2)] == [200, 429]
