"""What a browser meets that opens the service's address for the first time."""

import csv
import re
import subprocess
from xml.etree import ElementTree

import pytest

from api import Api, assert_problem

pytestmark = pytest.mark.same_with_sanitizers("files that NGINX serves")

CHROMIUM = ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8")


@pytest.mark.parametrize("accept", [CHROMIUM, "text/html", "TEXT/HTML", "application/json, text/html;q=0.1",
                                    "application/xml,text/html;level=1"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_browser_at_the_root_is_led_to_the_demo_page(api, method, accept):
    response = api.request(method, "/?from=mail", headers={"Accept": accept}, allow_redirects=False)
    assert response.status_code == 302
    assert response.headers["Location"] == "/demo/"  # as a path: it fits any port and any proxy
    assert response.headers["Vary"] == "Accept"
    page = api.request(method, "/", headers={"Accept": accept})
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("accept", [None, "*/*", "application/json, text/plain, */*", "text/html;q=0",
                                    "text/html; q=0.000, */*", "text/htmlx", "application/text/html"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_client_of_the_api_gets_links_at_the_root(api, method, accept):
    response = api.request(method, "/", headers={"Accept": accept}, allow_redirects=False)
    assert response.status_code == 200
    assert response.headers["Vary"] == "Accept"
    assert response.headers["Content-Type"] == "application/json"


def test_every_link_at_the_root_leads_somewhere(api):
    links = api.get("/").json()["links"]
    assert len(links) >= 5
    for name, link in links.items():
        assert api.get(link.format(product_id=1, question_id=1)).status_code == 200, name


def test_without_the_demo_page_a_browser_gets_the_links_too(port_of_workers):
    response = Api(f"http://127.0.0.1:{port_of_workers}").get("/", headers={"Accept": CHROMIUM}, allow_redirects=False)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("body", [b"", 100_000 * b"x"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_write_to_the_root_is_led_nowhere(api, method, body):
    response = api.request(method, "/", data=body, headers={"Accept": CHROMIUM}, allow_redirects=False)
    assert_problem(response, 405)
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", ["/demo/", "/docs/"])
def test_pages_tell_browsers_to_trust_nobody_else(api, path):
    headers = api.get(path).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]


def test_both_reasons_for_which_the_root_varies_are_told(configured_api):
    response = configured_api.get("/", headers={"Accept": CHROMIUM, "Origin": "https://shop.example"},
                                  allow_redirects=False)
    assert response.headers["Vary"] == "Origin, Accept"


@pytest.mark.parametrize("path, page", [("/demo", "/demo/"), ("/docs", "/docs/"),
                                        ("/demo?product_id=5", "/demo/?product_id=5")])
def test_a_missing_slash_is_added_and_the_rest_kept(api, path, page):
    response = api.get(path, allow_redirects=False)
    assert response.status_code == 302
    assert response.headers["Location"] == page
    assert api.get(path).status_code == 200


def test_the_icon_that_every_browser_asks_for_is_there(api):
    response = api.get("/favicon.ico")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("image/svg+xml")
    assert response.content == api.get("/demo/favicon.svg").content


# ---- The photos of the sample data ----

@pytest.fixture(scope="module")
def photo_urls(stack, tmp_path_factory):
    """Of the rows that a stack begins with."""
    folder = tmp_path_factory.mktemp("sample")
    subprocess.run([stack.program, "generate", folder, "--products", "1000"], check=True,
                   stdout=subprocess.DEVNULL)
    with open(folder / "answers_photos.csv", encoding="utf-8", newline="") as file:
        return sorted({row["url"] for row in csv.DictReader(file)})


def test_every_photo_of_the_sample_is_a_picture_that_this_host_serves(api, photo_urls):
    assert len(photo_urls) > 300
    for url in photo_urls:
        assert re.fullmatch(r"/photos/[\w/-]+\.svg", url)
        response = api.get(url)
        assert response.status_code == 200, url
        assert response.headers["Content-Type"].startswith("image/svg+xml")
        picture = ElementTree.fromstring(response.content)
        assert picture.tag == "{http://www.w3.org/2000/svg}svg"
        assert not re.search(rb"<script|https?://(?!www\.w3\.org/2000/svg\")|var\(", response.content)


def test_photos_are_kept_by_browsers_and_asked_for_anew_by_their_tag(api, photo_urls):
    url = photo_urls[0]
    response = api.get(url, headers={"Accept-Encoding": "gzip"})
    assert response.headers["Cache-Control"] == "max-age=604800"
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Vary"] == "Accept-Encoding"
    again = api.get(url, headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304
    assert api.get("/demo/").headers["Cache-Control"] == "no-cache"
    assert_problem(api.get("/photos/tent/none.svg"), 404)
