"""The status page in a real browser, Chromium: what it shows, asks for, and says when nobody responds. Skipped where
there is none; `make test-browser` installs it."""

import json
import os
import signal

import pytest

import test_admin
from browser import DESKTOP, PHONE, Browser, needs_chromium
from stack import paused

pytestmark = needs_chromium


@pytest.fixture
def browser(stack):
    with Browser(f"http://localhost:{stack.port + 1}") as browser:
        yield browser


def opened(browser):
    browser.visit("/status")
    browser.wait_for("#badge.good")
    browser.wait_for("#processes tr:nth-child(4)")  # the supervisor, two workers, the admin process


def test_it_shows_the_processes_and_asks_nobody_else(browser, stack):
    opened(browser)
    assert browser.find("#badge").text == "Ready"
    assert "2 of 2 workers ready" in browser.find("#summary").text
    names = browser.texts("#processes th")
    assert names[0] == "supervisor" and sorted(names[1:]) == ["admin process", "worker 0", "worker 1"]
    pids = [int(text) for text in browser.texts("#processes td:nth-child(4)")]
    assert sorted(pids) == sorted([stack.supervisor_pid(), *stack.worker_pids(), *stack.admin_pids()])
    asked_for = browser.run("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert {address.rpartition("/")[2] for address in asked_for} == {"status.css", "status.js", "status.json"}
    assert all(address.startswith(f"http://localhost:{stack.port + 1}/") for address in asked_for)
    assert browser.errors() == []


def test_no_width_moves_the_page_beyond_its_edge(browser):
    opened(browser)
    for width in (320, 360, 414, 600, 768, 1024, 1600):
        browser.wide(width)
        assert browser.page_fits(), width


def test_it_refreshes_itself_and_says_when_nobody_responds(browser, stack):
    opened(browser)
    first = browser.find("#updated").text
    browser.wait_until(lambda: browser.find("#updated").text != first)
    with paused([stack.supervisor_pid(), *stack.admin_pids()]):  # else it is replaced too soon
        browser.wait_until(lambda: "does not respond" in browser.find("#notice").text)
    browser.wait_until(lambda: not browser.find("#notice").is_displayed())


def test_only_what_has_changed_is_read_aloud(browser):
    opened(browser)
    browser.run("""window.observers = [...document.querySelectorAll('[role=status], [role=alert]')].map(live => {
        const observer = new MutationObserver(records => said.push(...records))
        observer.observe(live, {childList: true, characterData: true, subtree: true})
        return observer
    })
    window.said = []""")
    assert browser.texts("[role=status]") == ["Ready"]
    for _ in range(2):
        summary = browser.text("#summary")
        browser.wait_until(lambda: browser.text("#summary") != summary)  # for how long it is up
    assert browser.run("return said.length") == 0
    assert browser.run("""showSilence(new Error('gone'))
        showSilence(new Error('gone'))
        return observers.flatMap(one => one.takeRecords()).length""") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_axe_finds_nothing(browser, scheme, width):
    browser.wide(width)
    browser.prefer(color_scheme=scheme)
    opened(browser)
    browser.wait_for("#figures:not([hidden])")
    assert browser.violations() == []
    browser.run("showSilence(new Error('gone'))")
    assert browser.violations() == []


def test_a_pause_is_told_of(browser, stack):
    """That a pause is in what the page asks for is in test_pause.py."""
    opened(browser)
    pause = {"state": "pausing", "workers": 2, "quiet_workers": 1, "sessions": 3, "calls": 14, "paused_ms": 3200,
             "ends_in_ms": 6800}
    status = {**test_admin.status(stack), "paused": pause}
    badge, summary = browser.run(f"show({json.dumps(status)});"
                                 "return ['#badge', '#summary'].map(one => document.querySelector(one).textContent)")
    assert badge == "Paused"
    assert "for 3\u00a0s, for 6\u00a0s more at most · 1 of 2 workers have no session · 14 calls wait" in summary
    browser.wait_for("#badge.good")
    assert "no session" not in browser.find("#summary").text
    assert browser.errors() == []


def test_a_worker_that_dies_is_told_of(browser, stack):
    opened(browser)
    worker = stack.worker_pids()[0]
    os.kill(worker, signal.SIGKILL)
    browser.wait_until(lambda: any(f"(process {worker}) died by signal 9" in text
                                   for text in browser.texts("#events li")))
    stack.wait_until_whole()
