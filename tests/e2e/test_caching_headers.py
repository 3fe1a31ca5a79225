"""ETag, Cache-Control, Vary, and If-None-Match on both lists. That workers give a page the same tag is tested in
test_cache.py, without a cache that they share."""

import pytest

import seed
import wire
from api import STRONG_TAG, Api, new_product


@pytest.fixture
def api(front):
    return front


@pytest.fixture(params=["questions", "answers"])
def path(request, stack):
    """A list with something in it."""
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    seed.answers(stack, question, [0, 1])
    return {"questions": f"/qa/questions?product_id={product}",
            "answers": f"/qa/questions/{question}/answers"}[request.param]


def get_if_none_match(api, path, tags):
    return api.get(path, headers={"If-None-Match": tags})


def assert_caching_headers(response):
    assert STRONG_TAG.fullmatch(response.headers["ETag"])
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_lists_carry_a_strong_tag_no_cache_and_vary(api, path, method):
    response = api.request(method, path)
    assert response.status_code == 200
    assert_caching_headers(response)


@pytest.mark.parametrize("path", ["/qa/questions?product_id=2147483647",
                                  "/qa/questions/9223372036854775807/answers"])
def test_empty_lists_carry_them_too(api, path):
    assert_caching_headers(api.get(path))


def test_the_same_body_has_the_same_tag_and_another_body_another(api):
    product = new_product()
    question = api.add_question(product)["question_id"]
    path = f"/qa/questions?product_id={product}"
    before = api.get(path)
    assert api.get(path + "&page=1&count=00005").headers["ETag"] == before.headers["ETag"]
    api.vote("questions", question)
    after = api.get(path)
    assert after.headers["ETag"] != before.headers["ETag"]
    assert get_if_none_match(api, path, before.headers["ETag"]).status_code == 200


@pytest.mark.parametrize("tags", ["{tag}", "W/{tag}", '"x", {tag}', '{tag}, "x"', '"a",W/{tag},"b"',
                                  '"a" ,\t{tag}  ', '"a, b", {tag}', ', ,{tag},', '"", {tag}', "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_matching_tag_is_304_without_a_body_but_with_the_headers(api, path, method, tags):
    tag = api.get(path).headers["ETag"]
    response = api.request(method, path, headers={"If-None-Match": tags.format(tag=tag)})
    assert response.status_code == 304
    assert response.content == b""
    assert response.headers["ETag"] == tag
    assert_caching_headers(response)


# Content-Length of a 304 may be that of the 200, and no other (RFC 9110, 8.6).

@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("many", [False, True])
def test_a_304_has_no_length_or_that_of_the_200(stack, encoding, many):
    product = new_product()
    seed.questions(stack, product, [0] * 100 if many else [])
    target = f"/qa/questions?product_id={product}&count=100"
    with wire.Client(stack.port) as client:
        for _ in range(5):  # from the database and from each worker's cache
            short = client.ask(wire.request("GET", target, If_None_Match="*", Accept_Encoding=encoding))
            assert short.status == 304
            assert short.body == b""
            assert "transfer-encoding" not in short.headers
            head = client.ask(wire.request("HEAD", target, Accept_Encoding=encoding))
            assert head.status == 200
            if "content-length" in short.headers:
                assert short.headers["content-length"] == head.headers["content-length"]


@pytest.mark.parametrize("path", ["/healthz", "/qa/openapi.yaml", "/demo/"])
def test_a_304_of_what_is_no_list_has_no_wrong_length_either(stack, path):
    api = Api(stack.base_url)
    whole = api.get(path)
    response = get_if_none_match(api, path, whole.headers["ETag"])
    assert response.status_code == 304
    assert response.headers.get("Content-Length") in (None, whole.headers["Content-Length"])


def test_a_304_of_a_worker_has_the_length_of_its_200(stack, path):
    for socket in wire.worker_sockets(stack):
        with wire.Client(socket) as client:
            whole = client.ask(wire.request("GET", path))
            reply = client.ask(wire.request("GET", path, If_None_Match="*"))
            assert reply.status == 304
            assert reply.headers["content-length"] == str(len(whole.body))


@pytest.mark.parametrize("tags", ['"x"', 'W/"x"', '"x", "y"', "{bare}", '"{bare}', 'w/{tag}',
                                  '"x{tag}"', "", '"*"', '"a{bare}"', "W/", '"', ",", "\\{tag}"])
def test_a_tag_that_does_not_match_is_200(api, path, tags):
    tag = api.get(path).headers["ETag"]
    response = get_if_none_match(api, path, tags.format(tag=tag, bare=tag.strip('"')))
    assert response.status_code == 200
    assert response.json()["results"]


def test_the_tag_of_another_page_does_not_match(api, path):
    other = api.get(path + ("&" if "?" in path else "?") + "page=2").headers["ETag"]
    assert get_if_none_match(api, path, other).status_code == 200


def test_a_wrong_request_is_400_whatever_it_has_cached(api):
    assert get_if_none_match(api, "/qa/questions?product_id=x", "*").status_code == 400
