"""The rate limit of a client: off by default, 429 where it is configured."""

from concurrent.futures import ThreadPoolExecutor

from api import Api, assert_problem
from stack import wait_until


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
