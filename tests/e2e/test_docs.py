"""The documentation: what it links to is there, and its front page stays short."""

import re
import subprocess

import pytest

from stack import CHECKOUT

pytestmark = pytest.mark.same_with_sanitizers("text")

PAGES = [path for folder in ("", "docs", "docs/decisions", "tests")
         for path in sorted((CHECKOUT / folder).glob("*.md"))]


def anchors(page):
    """Of the headings, as GitHub makes them."""
    headings = re.findall("^#+ (.*)", re.sub("```.*?```", "", page.read_text(), flags=re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_every_link_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match("[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_every_file_that_is_named_is_there(page):
    folders = "deploy|docs|include|k6|scripts|sql|src|tests|web"
    for name in re.findall(rf"`((?:{folders})/[\w./-]+)`", page.read_text()):
        assert (CHECKOUT / name).exists(), name


def test_every_function_that_the_architecture_names_is_in_its_file():
    named = re.findall(r"`(src/[\w/]+\.c)`, `(\w+)`", (CHECKOUT / "docs/architecture.md").read_text())
    assert len(named) > 5
    for path, function in named:
        assert re.search(rf"\b{function}\(", (CHECKOUT / path).read_text()), (path, function)


def test_the_front_page_has_at_most_900_words():
    assert len((CHECKOUT / "README.md").read_text().split()) <= 900


def test_the_commands_of_the_front_page_work(stack):
    section = (CHECKOUT / "README.md").read_text().partition("## The API")[2]
    [commands] = re.findall("```sh\n(.*?)```", section, re.S)[:1]
    commands = commands.replace("http://localhost:8080", stack.base_url)
    assert commands.count("\ncurl ") == 5
    subprocess.run(["sh", "-eu", "-c", commands.replace("\ncurl ", "\ncurl --fail --silent --show-error ")],
                   check=True, stdout=subprocess.DEVNULL)
