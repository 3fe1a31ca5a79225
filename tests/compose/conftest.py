"""The project that the tests share: with each tool that reads docker-compose.yml here, one."""

import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from api import Api  # noqa: E402
from project import Project, tools  # noqa: E402


def pytest_configure():
    """A polite kill takes down what was brought up, as Ctrl-C does; and what the tests start does not
    ignore Ctrl-C because they run in the background of a script."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)


@pytest.fixture(scope="session", params=tools(), ids=" ".join)
def project(request):
    with Project(request.param) as project:
        yield project
        assert not project.addresses_in_logs()
    assert not project.left_behind()


@pytest.fixture
def api(project):
    return Api(project.base_url)
