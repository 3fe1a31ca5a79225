"""The project that the tests share: with each tool that reads docker-compose.yml here, one."""

import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from api import Api  # noqa: E402
from project import Project, running, tools  # noqa: E402


def pytest_configure():
    """A polite kill stops what was started, as Ctrl-C does. What the tests start does not ignore the
    signals that the tests themselves ignore, in the background of a script or behind nohup."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)  # which, other than SIG_IGN, is not inherited


@pytest.fixture(scope="session", params=tools(), ids=" ".join)
def project(request):
    with running(Project(request.param)) as project:
        yield project


@pytest.fixture
def api(project):
    return Api(project.base_url)
