"""gzip: smaller, not different."""

import gzip

import pytest

from api import WEAK_TAG

PATH = "/qa/questions?product_id=1&count=100"


@pytest.fixture
def api(front):
    return front


def get(api, **headers):
    return api.get(PATH, headers={name.replace("_", "-"): value for name, value in headers.items()},
                   stream=True)


def raw(response):
    return response.raw.read(decode_content=False)


def test_a_list_is_compressed_for_who_asks(api):
    plain = raw(get(api))
    response = get(api, Accept_Encoding="gzip")
    compressed = raw(response)
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert len(compressed) < len(plain)
    assert gzip.decompress(compressed) == plain


@pytest.mark.parametrize("accepted", [None, "", "identity", "gzip;q=0", "br", "deflate"])
def test_a_list_is_plain_for_who_does_not(api, accepted):
    response = get(api, Accept_Encoding=accepted)
    assert "Content-Encoding" not in response.headers
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.json()["results"]


@pytest.mark.parametrize("accepted", ["gzip", "identity"])
def test_the_weak_tag_of_a_compressed_list_revalidates(api, accepted):
    tag = get(api, Accept_Encoding="gzip").headers["ETag"]
    assert WEAK_TAG.fullmatch(tag)
    response = get(api, Accept_Encoding=accepted, If_None_Match=tag)
    assert response.status_code == 304
    assert raw(response) == b""
    assert "Content-Encoding" not in response.headers
    assert response.headers["ETag"].removeprefix("W/") == tag.removeprefix("W/")


def test_the_strong_tag_of_a_plain_list_revalidates_for_who_takes_gzip(api):
    tag = get(api).headers["ETag"]
    assert get(api, Accept_Encoding="gzip", If_None_Match=tag).status_code == 304


def test_a_problem_is_readable_for_who_takes_gzip(api):
    response = api.get("/qa/questions?product_id=x", headers={"Accept-Encoding": "gzip"})
    assert response.json()["status"] == 400
