"""Cross-origin requests: every answer may be read by any page, or by those configured."""

import pytest

import seed
from api import ANSWER, MAX_ID, new_product

ORIGIN = "https://shop.example"


@pytest.fixture(scope="module")
def question(stack):
    return seed.questions(stack, new_product(), [0])[0]


@pytest.mark.parametrize("origin", [{}, {"Origin": ORIGIN}, {"Origin": "null"}])
@pytest.mark.parametrize("status, method, path, options", [
    (200, "GET", "/qa/questions?product_id=1", {}),
    (200, "GET", "/healthz", {}),
    (200, "GET", "/readyz", {}),
    (201, "POST", "/qa/questions/{question}/answers", {"json": ANSWER}),
    (204, "PUT", "/qa/questions/{question}/helpful", {}),
    (304, "GET", "/qa/questions?product_id=1", {"headers": {"If-None-Match": "*"}}),
    (400, "GET", "/qa/questions", {}),
    (404, "GET", "/nowhere", {}),
    (404, "PUT", f"/qa/questions/{MAX_ID}/helpful", {}),
    (405, "DELETE", "/qa/questions", {}),
    (413, "POST", "/qa/questions", {"data": b" " * (64 * 1024 + 1)}),
    (413, "POST", "/qa/questions", {"data": b" " * (2**20 + 1)}),
    (414, "GET", "/" + "a" * 20_000, {}),
    (415, "POST", "/qa/questions", {"headers": {"Content-Type": "text/plain"}}),
    (431, "GET", "/healthz", {"headers": {"X-Large": "a" * 50_000}}),
])
def test_any_origin_is_allowed_on_every_status(api, question, status, method, path, options,
                                               origin):
    options = {**options, "headers": {**options.get("headers", {}), **origin}}
    response = api.request(method, path.format(question=question), **options)
    assert response.status_code == status
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["/qa/questions", "/qa/questions/1/answers", "/healthz",
                                  "/qa/questions/x/answers", "/nowhere", "/", "/qa/questions/"])
def test_preflight_is_204_and_allows_what_product_pages_need_for_a_day(api, path):
    response = api.request("OPTIONS", path, headers={
        "Origin": ORIGIN, "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type"})
    assert response.status_code == 204
    assert response.content == b""
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert list_of(response, "Access-Control-Allow-Methods") >= {"GET", "HEAD", "POST", "PUT",
                                                                 "OPTIONS"}
    assert list_of(response, "Access-Control-Allow-Headers") >= {"Content-Type", "Authorization",
                                                                 "Idempotency-Key"}
    assert response.headers["Access-Control-Max-Age"] == "86400"


def list_of(response, header):
    return set(response.headers[header].split(", "))


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/qa/questions?product_id=1"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize("origin", ["https://shop.example", "http://localhost:3000"])
def test_a_configured_origin_is_echoed(configured_api, method, path, origin):
    response = configured_api.request(method, path, headers={"Origin": origin})
    assert response.headers["Access-Control-Allow-Origin"] == origin
    assert "Origin" in list_of(response, "Vary")


@pytest.mark.parametrize("origin", [
    None, "https://evil.example", "https://shop.example.evil.example", "http://shop.example",
    "https://shop.example:8443", "https://xshop.example", "https://shopxexample", "null", "*",
    "https://shop.example/"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_another_origin_is_not_echoed(configured_api, method, origin):
    headers = {"Origin": origin} if origin else {}
    response = configured_api.request(method, "/healthz", headers=headers)
    assert response.status_code in (200, 204)
    assert "Access-Control-Allow-Origin" not in response.headers
    assert "Origin" in list_of(response, "Vary")
