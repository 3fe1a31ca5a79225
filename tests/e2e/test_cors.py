"""Cross-origin requests: every answer may be read by any page, or by those configured."""

import re
import subprocess
import uuid
from pathlib import Path

import pytest

import seed
from api import ANSWER, MAX_ID, new_product

ORIGIN = "https://shop.example"
CONFIGURE_NGINX = Path(__file__).resolve().parents[2] / "deploy/configure-nginx.sh"
STATUSES = [
    (200, "GET", "/qa/questions?product_id=1", {}),
    (200, "GET", "/healthz", {}),
    (200, "GET", "/readyz", {}),
    (201, "POST", "/qa/questions/{question}/answers", {"json": ANSWER}),
    (204, "PUT", "/qa/questions/{question}/helpful", {}),
    (304, "GET", "/qa/questions?product_id=1", {"headers": {"If-None-Match": "*"}}),
    (400, "GET", "/qa/questions", {}),
    (404, "GET", "/nowhere", {}),
    (404, "GET", "/demo/nowhere", {}),
    (404, "PUT", f"/qa/questions/{MAX_ID}/helpful", {}),
    (405, "DELETE", "/qa/questions", {}),
    (413, "POST", "/qa/questions", {"data": b" " * (64 * 1024 + 1)}),
    (413, "POST", "/qa/questions", {"data": b" " * (2**20 + 1)}),
    (414, "GET", "/" + "a" * 20_000, {}),
    (415, "POST", "/qa/questions", {"headers": {"Content-Type": "text/plain"}}),
    (431, "GET", "/healthz", {"headers": {"X-Large": "a" * 50_000}}),
]
KNOWN_HEADERS = {
    "Content-Type", "Authorization", "Idempotency-Key", "If-None-Match", "Cache-Control", "Prefer",
    "X-Request-Id", "Qa-Voter", "traceparent", "tracestate", "baggage", "sentry-trace",
    "X-Requested-With"}


@pytest.fixture(scope="module")
def question(stack):
    return seed.questions(stack, new_product(), [0])[0]


@pytest.mark.parametrize("origin", [{}, {"Origin": ORIGIN}, {"Origin": "null"}])
@pytest.mark.parametrize("status, method, path, options", STATUSES)
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
    assert list_of(response, "Access-Control-Allow-Methods") == {"GET", "HEAD", "POST", "PUT",
                                                                 "DELETE", "OPTIONS"}
    assert list_of(response, "Access-Control-Allow-Headers") == KNOWN_HEADERS
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
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert "Origin" in list_of(response, "Vary")


def test_a_setting_adds_headers_to_the_preflight(configured_api):
    response = configured_api.request("OPTIONS", "/qa/questions", headers={"Origin": ORIGIN})
    assert list_of(response, "Access-Control-Allow-Headers") == KNOWN_HEADERS | {"X-Tenant",
                                                                                 "X-Shop"}


def test_a_page_may_read_what_the_api_gives_back(api):
    response = api.get("/healthz", headers={"Origin": ORIGIN})
    exposed = {"X-Request-Id", "ETag", "Location", "Retry-After", "Allow", "RateLimit", "RateLimit-Policy",
               "Server-Timing", "Link", "Total-Count", "Preference-Applied"}
    assert list_of(response, "Access-Control-Expose-Headers") == exposed
    keyed = api.put("/qa/questions/1/helpful", headers={"Origin": ORIGIN, "Idempotency-Key": str(uuid.uuid4())})
    assert list_of(keyed, "Access-Control-Expose-Headers") == {*exposed, "Idempotency-Replayed"}


# NGINX answers 414 before it reads Origin.
@pytest.mark.parametrize("status, method, path, options", [
    case for case in STATUSES if case[0] != 414])
def test_credentials_of_a_configured_origin_are_allowed_on_every_status(
        configured_stack, configured_api, status, method, path, options):
    question = seed.questions(configured_stack, new_product(), [0])[0]
    options = {**options, "headers": {"Origin": ORIGIN, **options.get("headers", {})}}
    response = configured_api.request(method, path.format(question=question), **options)
    assert response.status_code == status
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert response.headers["Access-Control-Allow-Credentials"] == "true"


def test_credentials_of_a_configured_origin_are_allowed_in_the_preflight(configured_api):
    response = configured_api.request("OPTIONS", "/qa/questions", headers={"Origin": ORIGIN})
    assert response.headers["Access-Control-Allow-Credentials"] == "true"


def test_without_the_setting_no_credentials_are_allowed(api):
    for method in ("GET", "OPTIONS"):
        response = api.request(method, "/healthz", headers={"Origin": ORIGIN})
        assert "Access-Control-Allow-Credentials" not in response.headers


a_shell_script = pytest.mark.same_with_sanitizers("a shell script")


def configure(folder, **settings):
    """configure-nginx.sh's run with these settings."""
    return subprocess.run([CONFIGURE_NGINX, folder], capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin", **settings})


@a_shell_script
@pytest.mark.parametrize("word, settings", [
    ("QA_CORS_CREDENTIALS", {"QA_CORS_CREDENTIALS": "true"}),
    ("QA_CORS_CREDENTIALS", {"QA_CORS_CREDENTIALS": "1", "QA_CORS_ORIGINS": "*"}),
    ("QA_CORS_CREDENTIALS", {"QA_CORS_CREDENTIALS": "maybe", "QA_CORS_ORIGINS": ORIGIN}),
    ("QA_CORS_ORIGINS", {"QA_CORS_ORIGINS": f"* {ORIGIN}"}),
    ("QA_CORS_ORIGINS", {"QA_CORS_ORIGINS": "shop.example"}),
    ("QA_CORS_ORIGINS", {"QA_CORS_ORIGINS": "https://shop.example/page"}),
    ("QA_CORS_ORIGINS", {"QA_CORS_ORIGINS": "https://"}),
    ("QA_CORS_HEADERS", {"QA_CORS_HEADERS": 'X-A";'}),
    ("QA_CORS_HEADERS", {"QA_CORS_HEADERS": "X-A $host"}),
    ("QA_CORS_HEADERS", {"QA_CORS_HEADERS": "X-A\nX-B:"}),
    ("QA_CORS_HEADERS", {"QA_CORS_HEADERS": "*"}),
    ("PORT", {"PORT": "80\n81"}),
    ("QA_CORS_ORIGINS", {"QA_CORS_ORIGINS": " , "}),
    ("QA_LISTEN", {"QA_LISTEN": 'unix:/run/worker\n";'}),
    ("QA_LISTEN", {"QA_LISTEN": 'unix:/run/worker";'}),
    ("QA_LISTEN", {"QA_LISTEN": "unix:/run/$worker"}),
    ("QA_LISTEN", {"QA_LISTEN": "127.0.0.1{}:9000"}),
    ("QA_ACCESS_LOG", {"QA_ACCESS_LOG": '/log/access"; error_log "/log/other'}),
    ("QA_ACCESS_LOG", {"QA_ACCESS_LOG": "/log/$host"}),
    ("QA_ERROR_LOG", {"QA_ERROR_LOG": "/log/error\\"}),
    ("QA_NGINX_USER", {"QA_NGINX_USER": "www-data; daemon off"}),
])
def test_wrong_settings_are_refused_in_one_line(tmp_path, word, settings):
    result = configure(tmp_path, **settings)
    assert result.returncode == 2
    [line] = result.stderr.splitlines()
    assert word in line
    assert list(tmp_path.iterdir()) == []


@a_shell_script
@pytest.mark.parametrize("value", ["", "false", "0", "No", "off"])
def test_credentials_can_be_switched_off(tmp_path, value):
    assert configure(tmp_path, QA_CORS_CREDENTIALS=value).returncode == 0


@a_shell_script
def test_origins_are_understood_as_an_address_bar_shows_them(tmp_path):
    shown = ("https://a.example/ https://a.example https://b.example:443/ http://b.example:80"
             " http://c.example:443 https://c.example:8080/ https://[::1]:443")
    assert configure(tmp_path, QA_CORS_ORIGINS=shown).returncode == 0
    text = (tmp_path / "http.conf").read_text()
    assert re.findall(r'"(http[^"]*)" \$http_origin;', text) == [
        "https://a.example", "https://b.example", "http://b.example", "http://c.example:443",
        "https://c.example:8080", "https://[::1]"]


@a_shell_script
def test_lists_may_have_commas_blanks_and_repetitions(tmp_path):
    origins = "https://a.example,https://b.example  https://A.example"
    assert configure(tmp_path, QA_CORS_ORIGINS=origins, QA_CORS_HEADERS="X-A,\tX-B x-a").returncode == 0
    text = (tmp_path / "http.conf").read_text()
    assert text.count("https://") == 2
    assert '", X-A, X-B"' in text
