"""The stacks that the tests share. Each is started when a test first asks for it, and stopped at
the end in every case; then its ready-made pages must be right and its logs clean."""

import contextlib
import os
import signal
from pathlib import Path

import pytest

import first_start
import product_pages
import seed
import side_by_side
from api import MAIL_DOMAIN, Api
from stack import Stack, assert_no_sanitizer_report

# Where nobody tests a time limit, none ends a request when the machine stands still; NGINX waits for 15 s.
PATIENT = {"QA_STATEMENT_TIMEOUT_MS": "12000", "QA_REQUEST_TIMEOUT_MS": "13000", "QA_DRAIN_TIMEOUT_MS": "14000",
           "QA_OVERLOAD_AFTER_MS": "12000"}
LOADERIO_TOKEN = "0123456789abcdef"
ORIGINS = "https://shop.example http://localhost:3000"


def pytest_addoption(parser):
    parser.addoption("--take-files", metavar="FOLDER", type=Path, help="share the files of tests with the other runs"
                     " that have the same folder (side_by_side.py)")


def pytest_runtestloop(session):
    taken = session.config.getoption("--take-files", None)  # which is not there if this file was not read first
    return side_by_side.run_next_files(session, taken) if taken else None


def pytest_configure(config):
    config.addinivalue_line("markers", "same_with_sanitizers(why): no line of our C code runs in it that does not run"
                            " in others, so it is left out with SANITIZE=1")
    stop_politely()


def stop_politely():
    """A polite kill stops what was started, as Ctrl-C does. What the tests start does not ignore the
    signals that the tests themselves ignore, in the background of a script or behind nohup."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)  # which, other than SIG_IGN, is not inherited


def pytest_make_parametrize_id(val):
    """Short and printable names for hostile values."""
    return ascii(val)[:60] if isinstance(val, (str, bytes)) else None


def pytest_unconfigure():
    first_start.forget()


def pytest_collection_modifyitems(config, items):
    """The run with sanitizers leaves out what a marker says would be the same again (tests/README.md)."""
    if not os.environ.get("SANITIZE"):
        return
    left_out = [item for item in items if item.get_closest_marker("same_with_sanitizers")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@contextlib.contextmanager
def running(subfolder="state", from_nothing=False, **settings):
    """A stack of its own; `from_nothing`: with a cluster that it makes itself."""
    with first_start.folder_of_a_stack() as folder:
        if not from_nothing:
            first_start.copy_to(folder / subfolder)
        with Stack(folder / subfolder, **settings) as stack:
            yield stack
            product_pages.assert_right(stack)
        assert_clean(stack)


def assert_clean(stack):
    for path in stack.log_files():
        assert_no_sanitizer_report(path)
        assert MAIL_DOMAIN not in path.read_text(errors="replace"), path
    stack.log()  # fails on a line that is no JSON


@pytest.fixture(scope="session")
def stack():
    """The stack as it comes, with two workers and patience."""
    with running(**PATIENT) as stack:
        yield stack


@pytest.fixture(scope="session")
def api(stack):
    return Api(stack.base_url)


@pytest.fixture
def rows(stack):
    """A question with an answer: the id of each."""
    product, question, answer = seed.question_with_answer(stack)
    return {"product": product, "questions": question, "answers": answer}


@pytest.fixture(scope="session")
def port_of_workers(stack):
    """Of an NGINX without our module, in front of the same workers."""
    with stack.another_nginx() as port:
        yield port


@pytest.fixture(params=["hits from NGINX", "hits from workers"])
def front(request, stack, port_of_workers):
    """The service with and without our module."""
    return Api(stack.base_url if request.param == "hits from NGINX" else f"http://127.0.0.1:{port_of_workers}")


@pytest.fixture(scope="session")
def configured_stack():
    """A stack with the settings that change what clients see, in a folder whose path is too long
    for sockets and has blanks."""
    with running(subfolder="a state directory of a " + 15 * "very " + "long path",
                 QA_SAMPLE_PRODUCTS="10", QA_LOADERIO_TOKEN=LOADERIO_TOKEN,
                 QA_CORS_ORIGINS=ORIGINS, QA_CORS_HEADERS="X-Tenant, X-Shop",
                 QA_CORS_CREDENTIALS="true", QA_ANSWERS_PER_QUESTION="3", QA_SERVER_TIMING="true",
                 QA_LOG_SLOW_MS="300", **PATIENT) as stack:
        yield stack


@pytest.fixture(scope="session")
def configured_api(configured_stack):
    return Api(configured_stack.base_url)


@pytest.fixture(scope="session")
def limited_stack():
    with running(QA_SAMPLE_PRODUCTS="10", QA_RATE_LIMIT="5r/s", **PATIENT) as stack:
        yield stack


@pytest.fixture(scope="session")
def proxied_stack():
    """A rate limit, and load balancers in front: two of this machine's addresses, and more networks."""
    with running(QA_SAMPLE_PRODUCTS="10", QA_RATE_LIMIT="5r/s",
                 QA_TRUSTED_PROXIES="127.0.0.1, 127.0.0.4/30 10.0.0.0/8 ::1 fd00::/8", **PATIENT) as stack:
        yield stack


@pytest.fixture(scope="session")
def fault_stack():
    """The stack that tests break; short queues, so that a test can fill one, and time to see who
    waits for a lock."""
    with running(QA_SAMPLE_PRODUCTS="20", QA_QUEUE_LIMIT="20", QA_LOCK_TIMEOUT_MS="1000") as stack:
        yield stack


@pytest.fixture
def victim(fault_stack):
    """A stack to break: whole before each test, and whole again by itself after it."""
    fault_stack.wait_until_whole()
    yield fault_stack
    fault_stack.wait_until_whole()
