"""The demo page in a real browser, Chromium: what it shows, remembers and asks for. Skipped where
there is none; `make test-browser` installs it."""

import shutil

import pytest

from api import new_product

webdriver = pytest.importorskip("selenium.webdriver", reason="no Selenium: make test-browser")
By = pytest.importorskip("selenium.webdriver.common.by").By
WebDriverWait = pytest.importorskip("selenium.webdriver.support.wait").WebDriverWait
Service = pytest.importorskip("selenium.webdriver.chrome.service").Service

pytestmark = pytest.mark.skipif(not shutil.which("chromedriver") or not shutil.which("chromium"),
                                reason="no Chromium: make test-browser")
BLOCKED = 2  # Chromium's word for a permission that is not given


class Browser:
    """A browser that knows nothing yet."""

    def __init__(self, base_url, **permissions):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage",
                         "--force-prefers-reduced-motion"):  # scrolls at once
            options.add_argument(argument)
        options.add_experimental_option("prefs", {
            f"profile.default_content_setting_values.{name}": value
            for name, value in permissions.items()})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self._driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")),
                                        options=options)
        self._base_url = base_url

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._driver.quit()

    def open(self, product):
        """The product's page, when it shows its questions."""
        self._driver.get(f"{self._base_url}/demo/?product_id={product}")
        self.wait_for("#question-area[aria-busy=false]")

    def visit(self, path):
        self._driver.get(self._base_url + path)

    def new_tab(self):
        self._driver.switch_to.new_window("tab")

    def wide(self, width):
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": 800, "deviceScaleFactor": 2, "mobile": width < 600})

    def find(self, selector):
        return self._driver.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector):
        self.find(selector).click()

    def wait_for(self, selector, gone=False):
        self.wait_until(lambda: bool(self._driver.find_elements(By.CSS_SELECTOR, selector)) != gone)

    def wait_until(self, condition):
        WebDriverWait(self._driver, 60).until(lambda _: condition())

    def run(self, script):
        return self._driver.execute_script(script)

    def errors(self):
        return [line for line in self._driver.get_log("browser") if line["level"] == "SEVERE"]


@pytest.fixture
def browser(stack):
    with Browser(stack.base_url) as browser:
        yield browser
        assert browser.errors() == []


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
    browser.open(product)
    browser.run("for (const image of document.images) image.loading = 'eager'")
    browser.wait_until(lambda: browser.run("return [...document.images].every(i => i.complete)"))
    widths = browser.run("return [...document.images].map(image => image.naturalWidth)")
    assert widths and all(widths)
    assert browser.run("return document.querySelectorAll('.photos svg').length") == 0
    asked_for = browser.run(
        "return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert all(address.startswith(f"{stack.base_url}/") for address in asked_for)


def test_the_product_has_the_colour_and_the_kind_of_its_photos(browser):
    browser.open(1)
    picture, colour, photos = browser.run("""return [
        document.getElementById('product-picture').getAttribute('href'),
        document.getElementById('product-colour').textContent,
        [...document.querySelectorAll('.photos img')].map(image => image.getAttribute('src'))]""")
    kind, tint = picture.partition("#")[2], colour.lower().replace(" ", "-").replace("é", "e")
    assert all(f"/photos/{kind}/{tint}-" in photo for photo in photos)


def pressed(browser, item):
    return browser.find(f"{item} .helpful").get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize("come_back", [lambda browser: None, Browser.new_tab],
                         ids=["reload", "another tab"])
def test_a_vote_is_remembered_and_given_once(browser, api, asked, come_back):
    product, question, other, answer = asked
    browser.open(product)
    for item in (question, answer):
        assert not pressed(browser, item)
        browser.click(f"{item} .helpful")
        browser.wait_for(f"{item} .helpful[aria-pressed=true]")
    come_back(browser)
    browser.open(product)
    assert pressed(browser, question) and pressed(browser, answer) and not pressed(browser, other)
    browser.click(f"{question} .helpful")
    browser.click(f"{other} .helpful")  # answered after the former would be
    browser.wait_for(f"{other} .helpful[aria-pressed=true]")
    assert [each["question_helpfulness"] for each in api.questions(product)] == [1, 1]
    assert browser.find("#notice").text == ""


def test_a_browser_that_keeps_nothing_is_told_that_the_vote_will_be_forgotten(stack, asked):
    product, question, _, _ = asked
    with Browser(stack.base_url, cookies=BLOCKED) as browser:
        browser.open(product)
        browser.click(f"{question} .helpful")
        browser.wait_for(f"{question} .helpful[aria-pressed=true]")
        assert "will not remember" in browser.find("#notice").text
        browser.open(product)
        assert not pressed(browser, question)
        assert browser.errors() == []


def test_what_was_reported_and_comes_back_cannot_be_reported_again(browser, stack, api, asked):
    product, question, other, _ = asked
    browser.open(product)
    browser.click(f"{question} .report")
    browser.click("#reporter [data-close=report]")
    browser.wait_for(question, gone=True)
    identifier = int(question.rpartition("-")[2])
    stack.sql("UPDATE questions SET reported = false WHERE id = %s", identifier)
    api.vote("questions", identifier)  # so that no cache has the page from before
    browser.open(product)
    button = browser.find(f"{question} .report")
    assert button.text == "Reported" and not button.is_enabled()
    assert browser.find(f"{other} .report").is_enabled()


def test_a_search_that_finds_nothing_says_so_at_the_field_and_in_the_list(browser, asked):
    product, question, other, _ = asked
    browser.open(product)
    field = browser.find("#search")
    field.send_keys("COLOURS")
    assert browser.find("#search-result").text == "1 found in 2 questions"
    assert browser.find(other).is_displayed() and not browser.find(question).is_displayed()
    field.send_keys("zzz")
    assert browser.find("#search-result").text == "Nothing found in 2 questions"
    assert browser.find("#no-match-text").text == "Nothing found in 2 questions."
    browser.click("#show-all")
    assert field.get_attribute("value") == "" and not browser.find("#no-match").is_displayed()
    assert browser.find(question).is_displayed() and browser.find(other).is_displayed()


def test_no_width_moves_report_below_helpful_or_the_page_beyond_its_edge(browser):
    browser.open(2)
    for width in (*range(320, 600, 20), 768, 900, 1280):
        browser.wide(width)
        lines = browser.run("""return [...document.querySelectorAll('.foot')].map(foot =>
            [...foot.querySelectorAll('button')].map(one => one.getBoundingClientRect().top))""")
        assert lines and all(helpful == report for helpful, report in lines), width
        assert browser.run("return document.documentElement.scrollWidth - innerWidth") <= 0, width
