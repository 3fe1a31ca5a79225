"""The demo shop in a real browser: what it shows of a product, and that its widget works. Skipped where there is no
Chromium; `make test-browser` installs it."""

import pytest

from api import new_product
from browser import BLOCKED, Browser, browser_of, needs_chromium

pytestmark = needs_chromium


@pytest.fixture
def browser(stack):
    with browser_of(stack.base_url) as browser:
        yield browser


@pytest.fixture
def asked(api):
    """A product with two questions and an answer: its number, and their selectors."""
    product = new_product()
    question = api.add_question(product, body="Does it shrink in the wash?")["question_id"]
    other = api.add_question(product, body="In which colours?")["question_id"]
    answer = api.add_answer(question)["answer_id"]
    return product, f"#question-{question}", f"#question-{other}", f"#answer-{answer}"


@pytest.mark.parametrize("product", range(1, 6))
def test_all_photos_of_the_sample_are_shown_and_nothing_is_asked_of_another_host(
        browser, stack, product):
    widget = browser.open(product)
    widget.run("for (const image of root.querySelectorAll('img')) image.loading = 'eager'")
    browser.wait_until(lambda: widget.run("return [...root.querySelectorAll('img')].every(i => i.complete)"))
    widths = widget.run("return [...root.querySelectorAll('img')].map(image => image.naturalWidth)")
    assert widths and all(widths)
    assert not widget.has(".photos svg")
    asked_for = browser.run(
        "return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert all(address.startswith(f"{stack.base_url}/") for address in asked_for)


def test_the_product_has_the_colour_and_the_kind_of_its_photos(browser):
    widget = browser.open(1)
    browser.wait_for("#product-details:not([hidden])")
    picture, colour = browser.run("""return [
        document.getElementById('product-picture').getAttribute('href'),
        document.getElementById('product-colour').textContent]""")
    photos = widget.run("return [...root.querySelectorAll('.photos img')].map(image => image.getAttribute('src'))")
    kind, tint = picture.partition("#")[2], colour.lower().replace(" ", "-").replace("é", "e")
    assert photos and all(f"/photos/{kind}/{tint}-" in photo for photo in photos)


@pytest.mark.parametrize("number", ["0", "2147483648", "x", "1e3"])
def test_a_wrong_number_is_told_beside_its_field(browser, number):
    browser.visit(f"/demo/?product_id={number}")
    browser.wait_for("#number[aria-invalid=true]")
    assert "from 1 to 2147483647" in browser.text("#number-error")
    assert not browser.find("product-questions").is_displayed()


def test_what_is_asked_is_in_the_address_of_the_page_and_found_by_it(browser, asked):
    product, *_ = asked
    widget = browser.open(product)
    widget.click("#ask")
    widget.fill("Is it warm?")
    widget.send()
    browser.wait_until(lambda: "#question-" in browser.driver.current_url)
    selector = "#" + browser.driver.current_url.partition("#")[2]
    assert widget.text(f"{selector} .text") == "Is it warm?"
    browser.driver.refresh()
    widget = browser.widget()
    widget.wait_for(f"{selector}.pointed")
    assert widget.focused() == selector[1:]


def pressed(widget, item):
    return widget.find(f"{item} .helpful").get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize("come_back", [lambda browser: None, Browser.new_tab],
                         ids=["reload", "another tab"])
def test_a_vote_is_remembered_and_given_once(browser, api, asked, come_back):
    product, question, other, answer = asked
    widget = browser.open(product)
    for item in (question, answer):
        assert not pressed(widget, item)
        widget.click(f"{item} .helpful")
        widget.wait_for(f"{item} .helpful[aria-pressed=true]")
    come_back(browser)
    widget = browser.open(product)
    assert pressed(widget, question) and pressed(widget, answer) and not pressed(widget, other)
    widget.click(f"{other} .helpful")
    widget.wait_for(f"{other} .helpful[aria-pressed=true]")
    assert [each["question_helpfulness"] for each in api.questions(product)] == [1, 1]
    assert widget.text("#notice") == ""


def test_a_vote_of_another_tab_is_not_given_twice(browser, api, asked):
    product, question, _, _ = asked
    browser.open(product)
    first = browser.driver.current_window_handle
    browser.new_tab()
    widget = browser.open(product)
    widget.click(f"{question} .helpful")
    widget.wait_for(f"{question} .helpful[aria-pressed=true]")
    browser.driver.switch_to.window(first)
    widget = browser.widget()
    assert not pressed(widget, question)
    widget.click(f"{question} .helpful")
    widget.wait_for(f"{question} .helpful[aria-pressed=true]")
    assert max(each["question_helpfulness"] for each in api.questions(product)) == 1


def test_a_browser_that_keeps_nothing_is_told_that_the_vote_will_be_forgotten(stack, asked):
    product, question, _, _ = asked
    with browser_of(stack.base_url, cookies=BLOCKED) as browser:
        widget = browser.open(product)
        widget.click(f"{question} .helpful")
        widget.wait_for(f"{question} .helpful[aria-pressed=true]")
        assert "will not remember" in widget.text("#notice")
        assert not pressed(browser.open(product), question)


def test_what_was_reported_and_comes_back_cannot_be_reported_again(browser, stack, api, asked):
    product, question, other, _ = asked
    widget = browser.open(product)
    widget.click(f"{question} .report")
    widget.click(".reporter button[value=report]")
    widget.wait_for(question, gone=True)
    identifier = int(question.rpartition("-")[2])
    stack.sql("UPDATE questions SET reported = false WHERE id = %s", identifier)
    api.vote("questions", identifier)  # so that no cache has the page from before
    widget = browser.open(product)
    button = widget.find(f"{question} .report")
    assert button.text == "Reported" and not button.is_enabled()
    assert widget.find(f"{other} .report").is_enabled()


def test_a_search_that_finds_nothing_says_so_and_leads_back(browser, asked):
    product, question, other, _ = asked
    widget = browser.open(product)
    field = widget.find("#search")
    field.send_keys("COLOURS")
    widget.wait_until(lambda: widget.text("#total").startswith("1 question found"))
    assert widget.find(other).is_displayed() and not any(one.is_displayed() for one in widget.find_all(question))
    field.send_keys("zzz")
    widget.wait_until(lambda: widget.text("#total").startswith("0 questions found"))
    assert widget.text("#none p") == "Nothing was found."
    widget.click("#none button")
    widget.wait_until(lambda: widget.has(question) and widget.find(question).is_displayed())
    assert field.get_attribute("value") == "" and not widget.find("#none").is_displayed()
    assert widget.find(other).is_displayed() and widget.focused() == "search"


def test_no_width_moves_report_below_helpful_or_the_page_beyond_its_edge(browser):
    widget = browser.open(2)
    for width in (*range(320, 600, 20), 768, 900, 1280):
        browser.wide(width)
        lines = widget.run("""return [...root.querySelectorAll('.foot')].map(foot =>
            [...foot.querySelectorAll('button')].map(one => one.getBoundingClientRect().top))""")
        assert lines and all(helpful == report for helpful, report in lines), width
        assert browser.page_fits(), width


def test_the_shop_shows_the_questions_in_another_language(browser):
    widget = browser.open(1, "&lang=ja")
    assert widget.text("#heading") == "質問と回答"
    browser.run("""const one = document.getElementById('language')
        one.value = 'ar'
        one.dispatchEvent(new Event('change'))""")
    browser.wait_until(lambda: widget.text("#heading") == "الأسئلة والأجوبة")
    assert browser.run("return document.documentElement.lang") == "en"
