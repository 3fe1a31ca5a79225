"""The module for NGINX: when NGINX answers a page itself, and when it must not. That its responses are those of a
worker is tested in test_pages_in_nginx.py, that none is stale in test_coherence.py."""

import itertools
import json
import os
import re
import signal
import subprocess

import pytest

import seed
from api import Api, new_product
from conftest import running
from stack import CHECKOUT, paused, sanitizer_of_nginx, wait_until
from test_cache import worker_of
from test_shared_file import service_on
from wire import request

MODULE = "ngx_http_qa_pages_module.so"

_names = itertools.count()


@pytest.fixture(scope="module")
def broken_stack():
    """One that tests break."""
    with running(QA_SAMPLE_PRODUCTS="10", QA_LOG_LEVEL="info") as stack:
        if not (stack.folder / "nginx" / MODULE).exists():
            pytest.skip("the module cannot be built here")
        yield stack


@pytest.fixture
def stack(broken_stack):
    """It, whole again."""
    if not broken_stack.supervisor_pid():
        broken_stack.start()
    broken_stack.wait_until_whole()
    return broken_stack


@pytest.fixture
def api(stack):
    return Api(stack.base_url)


@pytest.fixture
def path():
    return f"/qa/questions?product_id={new_product()}"


def asked(stack, requests):
    """What the access log says of the page, and the response, of each (method, path, headers)."""
    names, responses = [], []
    for method, path, headers in requests:
        names.append(f"hits-{next(_names)}")
        responses.append(Api(stack.base_url).request(method, path, headers={"X-Request-Id": names[-1], **headers}))

    def logged():
        lines = [json.loads(line) for line in stack.access_log().splitlines() if '"hits-' in line]
        return {line["request_id"]: line["ring"] for line in lines}

    wait_until(lambda: set(names) <= logged().keys())  # each process of NGINX writes its own
    return [(logged()[name], response) for name, response in zip(names, responses)]


def is_hit(stack, path):
    """Whether NGINX answers it the second time at least."""
    return asked(stack, 2 * [("GET", path, {})])[-1][0] == "hit"


def test_the_log_tells_hits_and_misses_and_neither_where_there_is_no_page(stack, api):
    product = new_product()
    seed.questions(stack, product, 20 * [0])
    path = f"/qa/questions?product_id={product}&count=20"
    wait_until(lambda: is_hit(stack, f"/qa/questions?product_id={new_product()}"))
    tag = api.get(f"/qa/questions?product_id={product}&count=020").headers["ETag"]
    gzip = {"Accept-Encoding": "gzip"}
    found = asked(stack, [
        ("GET", path, {}), ("HEAD", path, {}), ("GET", path, {"If-None-Match": tag}),
        ("GET", path, gzip), ("GET", path, gzip), ("HEAD", path, gzip), ("GET", path + "&page=2", {}),
        ("GET", path + "&page=x", {}), ("GET", "/healthz", {}), ("PUT", "/qa/questions/1/nothing", {})])
    assert [(ring, response.status_code) for ring, response in found] == [
        ("hit", 200), ("hit", 200), ("hit", 304),
        ("miss", 200), ("hit", 200), ("hit", 200), ("miss", 200),
        ("", 400), ("", 200), ("", 404)]


def test_a_write_makes_the_next_read_a_miss(stack, api):
    product = new_product()
    question = api.add_question(product)["question_id"]
    path = f"/qa/questions?product_id={product}"
    wait_until(lambda: is_hit(stack, path))
    for votes in (1, 2):
        api.vote("questions", question)
        (first, response), (second, _) = asked(stack, 2 * [("GET", path, {})])
        assert (first, second) == ("miss", "hit")
        assert response.json()["results"][0]["question_helpfulness"] == votes


def test_pages_that_nobody_vouches_for_are_left_to_workers(stack, path):
    wait_until(lambda: is_hit(stack, path))
    with paused([stack.supervisor_pid()]):
        wait_until(lambda: not is_hit(stack, path))
    wait_until(lambda: is_hit(stack, path))


def test_a_reload_with_another_length_of_pages_leaves_none_of_the_old_ones(stack, api):
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    seed.answers(stack, question, [0, 0, 0])
    path = f"/qa/questions?product_id={product}"

    def answers():
        return len(api.get(path).json()["results"][0]["answers"])

    wait_until(lambda: is_hit(stack, path))
    assert answers() == 3
    with stack.env_file("QA_ANSWERS_PER_QUESTION=1"):
        stack.reload()
        wait_until(lambda: answers() == 1)
        stack.wait_until_whole()
        assert {answers() for _ in range(20)} == {1}
        wait_until(lambda: is_hit(stack, path))
        assert answers() == 1
    stack.reload()
    wait_until(lambda: answers() == 3)
    stack.wait_until_whole()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
def test_new_processes_of_nginx_answer_too(stack, path, number):
    wait_until(lambda: is_hit(stack, path))
    old = set(stack.nginx_workers())
    for pid in [stack.nginx_pid()] if number == signal.SIGHUP else old:
        os.kill(pid, number)
    wait_until(lambda: stack.nginx_workers() and not old & set(stack.nginx_workers()))
    wait_until(lambda: is_hit(stack, path))
    errors = (stack.folder / "log/nginx-error.log").read_text()
    assert "open socket" not in errors
    assert errors.count("[alert]") == (len(old) if number == signal.SIGKILL else 0)


def test_nothing_is_answered_for_a_service_that_was_killed(stack, api, path):
    wait_until(lambda: is_hit(stack, path))
    for pid in [stack.supervisor_pid(), *stack.worker_pids()]:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: api.get(path).status_code == 502)
    assert [api.get(path).status_code for _ in range(20)] == 20 * [502]
    stack.start()
    wait_until(lambda: is_hit(stack, path))


def test_pages_of_another_service_that_takes_the_memory_over_are_answered(stack, api, path, tmp_path):
    [shared] = (stack.folder / "run").glob("versions.?")
    with service_on(stack, tmp_path, shared) as other, worker_of(other) as client:
        for pid in [stack.supervisor_pid(), *stack.worker_pids()]:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: api.get(path).status_code == 502)

        def is_made():  # anew, each time that it has expired: pages that are made soon after a start are not kept for long
            return client.ask(request("GET", path)).status == 200
        wait_until(lambda: is_made() and api.get(path).status_code == 200)
        wait_until(lambda: is_made() and is_hit(stack, path))  # each process of NGINX finds the memory by itself
    wait_until(lambda: api.get(path).status_code == 502)
    stack.start()
    wait_until(lambda: is_hit(stack, path))


def test_nothing_is_answered_for_a_service_that_was_stopped_which_tells_the_hits(stack, api, path):
    wait_until(lambda: is_hit(stack, path))
    asked(stack, 30 * [("GET", path, {})])
    supervisor = stack.supervisor_pid()
    os.kill(supervisor, signal.SIGTERM)
    wait_until(lambda: not os.path.exists(f"/proc/{supervisor}/cwd"))
    wait_until(lambda: api.get(path).status_code == 502)
    told = stack.log()[-1]
    assert told["message"] == "stopped"
    assert told["nginx_hits"] >= 30
    assert told["nginx_misses"] >= 1


def test_why_nginx_cannot_connect_is_told(stack, path):
    pages = stack.folder / "nginx/pages.conf"
    right = pages.read_text()
    workers_socket = re.sub(r'/versions\.\d+"', '/worker0"', right)
    assert workers_socket != right
    reason = re.compile(r'no pages from "[^"]*worker0": cannot connect \(')
    log = stack.folder / "log/nginx-error.log"
    try:
        pages.write_text(workers_socket)
        os.kill(stack.nginx_pid(), signal.SIGHUP)
        wait_until(lambda: reason.search(log.read_text()))
    finally:
        pages.write_text(right)
        os.kill(stack.nginx_pid(), signal.SIGHUP)
    wait_until(lambda: is_hit(stack, path))


# Where NGINX goes without the module

def configured(folder, module, **settings):
    """What configure-nginx.sh says on standard error, where its folder has this module; and what it makes of that."""
    (folder / MODULE).write_bytes(module)
    result = subprocess.run([CHECKOUT / "deploy/configure-nginx.sh", folder], check=True, stderr=subprocess.PIPE,
                            text=True, env={"PATH": os.environ["PATH"], "QA_SHARED_FILE": "/nowhere/versions",
                                            **sanitizer_of_nginx(), **settings})
    return result.stderr, (folder / "module.conf").read_text() + (folder / "pages.conf").read_text()


@pytest.fixture(scope="module")
def module(broken_stack):
    return (broken_stack.folder / "nginx" / MODULE).read_bytes()


def test_a_module_that_fits_is_used_without_a_word(module, tmp_path):
    assert configured(tmp_path, module) == ("", f'load_module {MODULE};\nqa_pages "/nowhere/versions";\n')


@pytest.mark.parametrize("settings", [{"QA_PAGES_IN_NGINX": "false"}, {"QA_SHARED_FILE": ""}])
def test_a_setting_leaves_it_out(module, tmp_path, settings):
    assert configured(tmp_path, module, **settings) == ("", "")


def test_an_nginx_that_does_not_take_the_module_is_told_in_one_line_and_goes_without(tmp_path):
    told, made = configured(tmp_path, b"for another NGINX")
    assert made == ""
    assert re.fullmatch("configure-nginx: NGINX passes every page on to a worker: .*\n", told)
