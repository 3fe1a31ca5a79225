"""The rate limit of a client: off by default, 429 where it is configured."""

from api import Api, assert_problem


def test_past_the_configured_rate_requests_are_429_with_retry_after(limited_stack):
    api = Api(limited_stack.base_url)
    answers = [api.get("/qa/questions?product_id=1") for _ in range(60)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[0] == 200
    assert set(statuses) == {200, 429}
    refused = answers[statuses.index(429)]
    assert_problem(refused, 429)
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.headers["Access-Control-Allow-Origin"] == "*"
    assert refused.headers["X-Request-Id"]


def test_without_a_configured_rate_nobody_is_refused(api):
    assert {api.get("/healthz").status_code for _ in range(300)} == {200}
