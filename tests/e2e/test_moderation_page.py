"""The moderation page in a real browser, Chromium. Skipped where there is none; `make test-browser` installs it. The
folder SCREENSHOTS gets pictures of it."""

import os

import pytest

import seed
from api import QUESTION, Api, new_product
from browser import DESKTOP, PHONE, Browser, needs_chromium
from conftest import PATIENT, running
from moderation import EMIL, ERNA, HOSTILE, Items, moderate, report

pytestmark = needs_chromium
SHOTS = os.environ.get("SCREENSHOTS")


@pytest.fixture(scope="module")
def stack():
    with running(QA_MODERATION_TOKENS=f"Erna:{ERNA} Emil:{EMIL}", **PATIENT) as stack:
        yield stack


@pytest.fixture(scope="module")
def api(stack):
    return Api(stack.base_url)


@pytest.fixture
def page(stack):
    with Browser(f"http://localhost:{stack.port + 1}") as browser:
        yield browser
        assert browser.errors() == []


def sign_in(page, token=ERNA):
    page.visit("/moderation")
    page.wait_for("#sign-in:not([hidden])")
    page.find("#token").send_keys(token + "\n")


def product_of(stack, api, *reports):
    """A product with a question for each number of reports; their names, in this order."""
    product = new_product()
    ids = seed.questions(stack, product, [0] * len(reports))
    for identifier, times in zip(ids, reports):
        for _ in range(times):
            report(api, f"questions/{identifier}", {"reason": "spam"})
    return product, [f"questions/{identifier}" for identifier in ids]


def open_product(page, product, count):
    """The queue of a product, when it shows so many items and the details of the first."""
    sign_in(page)
    page.wait_for("#filters:not([hidden])")
    page.find("#product").send_keys(f"{product}\n")
    page.wait_until(lambda: len(page.texts("#items li")) == count
                    and all(f"product {product}" in text for text in page.texts("#items li")))
    wait_for_detail(page)


def wait_for_detail(page):
    """Until the details are those of what is chosen, and no list is loading."""
    def is_shown():
        if page.run("return document.getElementById('queue').ariaBusy") == "true":
            return False
        chosen = page.run("return document.querySelector('#items [aria-current=true] .more')?.textContent ?? ''")
        kind, _, number = page.find("#detail-title").text.partition(" ")
        return f"{kind.lower()}s/{number}" in chosen
    page.wait_until(is_shown)


def chosen(page):
    return page.run("return document.querySelector('#items [aria-current=true] .more').textContent")


def press(page, key):
    page.run("document.activeElement.blur()")
    page.find("body").send_keys(key)


def hold(page, path):
    """Has the page note in `asked` what it asks for. Responses wait in `held` where the path begins with this."""
    page.run("""const [start] = arguments, real = window.fetch
        window.asked = []
        window.held = []
        window.fetch = async (path, options) => {
            asked.push(path)
            if (!path.startsWith(start)) return real(path, options)
            const response = await real(path, {...options, signal: undefined})
            const body = await response.json()
            await new Promise((resolve, reject) => held.push({path, resolve, reject}))
            return {ok: response.ok, status: response.status, json: async () => body}
        }""", path)


def release(page, text=""):
    """The first response that waits for what has this text in its path, when there is one."""
    page.wait_until(lambda: page.run("""const index = held.findIndex(one => one.path.includes(arguments[0]))
        if (index >= 0) held.splice(index, 1)[0].resolve()
        return index >= 0""", text))


def decisions(page):
    return page.run("return asked.filter(path => path === '/moderation/decisions').length")


def state_of(stack, item):
    return moderate(stack, "show", item, "--json")["item"]["state"]


def test_a_wrong_token_is_told_and_a_right_one_is_kept_for_the_tab_alone(page):
    sign_in(page, "no such token")
    page.wait_until(lambda: "not known" in page.find("#notice").text)
    assert [line["message"] for line in page.errors() if "401" not in line["message"]] == []
    page.find("#token").send_keys(ERNA + "\n")
    page.wait_for("#work:not([hidden])")
    page.visit("/moderation")
    page.wait_for("#work:not([hidden])")
    assert page.run("return [document.cookie, localStorage.length]") == ["", 0]
    page.find("#search").send_keys("a text")
    page.click("#sign-out")
    page.wait_for("#sign-in:not([hidden])")
    assert page.run("return [sessionStorage.length, document.getElementById('search').value]") == [0, ""]
    page.new_tab()
    page.visit("/moderation")
    page.wait_for("#sign-in:not([hidden])")


def test_the_queue_is_worked_through_by_keys_alone(page, stack, api):
    product, [one, other, third] = product_of(stack, api, 5, 4, 3)
    open_product(page, product, 3)
    assert one in chosen(page)
    press(page, "j")
    page.wait_until(lambda: other in chosen(page))
    wait_for_detail(page)
    press(page, "a")
    page.wait_until(lambda: len(page.texts("#items li")) == 2 and third in chosen(page))
    assert f"Approved: {other}" in page.find("#done-text").text
    press(page, "u")
    page.wait_until(lambda: len(page.texts("#items li")) == 3)
    assert stack.sql("SELECT state::text FROM moderated_items WHERE kind = 'question' AND item_id = %s",
                     int(other.rpartition("/")[2])) == [("open",)]
    page.wait_until(lambda: other in chosen(page))
    wait_for_detail(page)
    press(page, "k")
    page.wait_until(lambda: one in chosen(page))
    wait_for_detail(page)
    press(page, "h")
    page.wait_until(lambda: len(page.texts("#items li")) == 2)
    assert moderate(stack, "show", one, "--json")["item"]["state"] == "hidden"


def test_what_shoppers_write_is_text_and_nothing_else(page, stack, api):
    items = Items(stack, body=HOSTILE, asker_name=HOSTILE[:60])
    report(api, items.questions, {"reason": "other", "note": HOSTILE})
    open_product(page, items.product, 1)
    assert page.find("#facts .text").text == HOSTILE
    assert HOSTILE in page.texts("#surroundings .text")
    assert page.run("return document.querySelectorAll('img, main script, main [style]').length") == 0
    assert page.run("return document.title") == "Moderation of Atelier Q&A"


def test_an_item_is_shown_with_its_surroundings_and_a_note_goes_into_the_log(page, stack, api):
    items = Items(stack, body="Where is it made?")
    report(api, items.answers, {"reason": "wrong-product", "note": "another watch"})
    open_product(page, items.product, 1)
    assert "Its question" in page.texts("#surroundings h3")
    assert "Where is it made?" in page.texts("#surroundings .text")
    assert "another watch" in page.texts("#surroundings .text")
    page.find("#note").send_keys("not ours")
    page.click("[data-action=hide]")
    page.wait_until(lambda: "Hidden" in page.find("#done-text").text)
    page.click("#show-log")
    page.wait_for("#log:not([hidden])")
    first = page.texts("#entries tr:first-child td")
    assert first[1:4] == ["Erna", "hide", items.answers] and first[6] == "not ours"
    page.click("#close-log")
    page.wait_for("#work:not([hidden])")


def test_to_erase_has_to_be_confirmed(page, stack, api):
    items = Items(stack, body="my number is 555")
    report(api, items.questions)
    open_product(page, items.product, 1)
    press(page, "e")
    page.wait_for("#erase-dialog[open]")
    assert page.find("#erase-title").text == f"Erase question {items.question} for good?"
    page.click("#erase-dialog [value=no]")
    page.wait_for("#erase-dialog[open]", gone=True)
    assert moderate(stack, "show", items.questions, "--json")["item"]["body"] == "my number is 555"
    press(page, "e")
    page.wait_for("#erase-dialog[open]")
    page.click("#erase-dialog [value=yes]")
    page.wait_until(lambda: "Erased" in page.find("#done-text").text)
    assert moderate(stack, "show", items.questions, "--json")["item"]["body"] == "[removed]"
    assert not page.find("#undo").is_displayed()


def test_nothing_is_decided_about_an_item_that_is_not_shown(page, stack, api):
    product, [one, other] = product_of(stack, api, 2, 1)
    open_product(page, product, 2)
    hold(page, "/moderation/item?")
    press(page, "j")
    page.wait_until(lambda: other in chosen(page))
    press(page, "h")
    press(page, "e")
    assert not page.find("#actions").is_displayed() and not page.has("#erase-dialog[open]")
    assert page.find("#facts").text == "" and decisions(page) == 0
    page.wait_until(lambda: page.run("return held.length") == 1)
    page.run("held.pop().reject(new TypeError('lost'))")
    page.wait_until(lambda: "does not respond (lost)" in page.find("#notice").text)
    press(page, "h")
    assert not page.find("#actions").is_displayed() and decisions(page) == 0
    page.click("#items [aria-current=true]")
    release(page)
    wait_for_detail(page)
    press(page, "h")
    page.wait_until(lambda: f"Hidden: {other}" in page.find("#done-text").text)
    assert [state_of(stack, item) for item in (one, other)] == ["open", "hidden"]


def test_a_key_that_is_held_decides_once(page, stack, api):
    product, [one, other, third] = product_of(stack, api, 3, 2, 1)
    open_product(page, product, 3)
    hold(page, "nothing")
    page.run("document.activeElement.blur()")

    def key_down(key, repeated):
        page.cdp("Input.dispatchKeyEvent", type="keyDown", key=key, text=key, autoRepeat=repeated)
    key_down("a", False)
    page.wait_until(lambda: len(page.texts("#items li")) == 2)
    wait_for_detail(page)
    key_down("a", True)
    key_down("u", True)
    assert decisions(page) == 1
    key_down("j", True)  # goes on through the queue all the same
    page.wait_until(lambda: third in chosen(page))
    assert [state_of(stack, item) for item in (one, other, third)] == ["approved", "open", "open"]


def test_keys_that_come_while_a_page_is_loaded_skip_none(page, stack, api):
    product, _ = product_of(stack, api, *[1] * 41)
    open_product(page, product, 20)
    page.click("#items li:last-child button")
    wait_for_detail(page)
    hold(page, "/moderation/items?")
    press(page, "j")
    press(page, "j")
    release(page)
    release(page)
    page.wait_until(lambda: page.run("return document.getElementById('queue').ariaBusy") == "false")
    assert page.find("#page-number").text == "Page 2"
    page.click("#next")
    release(page)
    page.wait_until(lambda: page.find("#page-number").text == "Page 3" and len(page.texts("#items li")) == 1)


def test_a_list_that_comes_late_does_not_replace_a_newer_one(page, stack, api):
    product, names = product_of(stack, api, 2, 1)
    moderate(stack, "hide", names[1])
    open_product(page, product, 1)
    hold(page, "/moderation/items?")
    for show in ("all", "hidden"):
        page.run("document.getElementById('show').value = arguments[0];"
                 "document.getElementById('show').dispatchEvent(new Event('change'))", show)
    release(page, "show=hidden")
    page.wait_until(lambda: len(page.texts("#items li")) == 1 and names[1] in chosen(page))
    release(page, "show=all")
    assert len(page.texts("#items li")) == 1 and names[1] in chosen(page)


def test_who_signs_in_after_somebody_else_finds_nothing_to_undo(page, stack, api):
    product, [name] = product_of(stack, api, 1)
    open_product(page, product, 1)
    press(page, "a")
    page.wait_until(lambda: "Approved" in page.find("#done-text").text)
    page.click("#show-log")
    page.wait_for("#log:not([hidden])")
    page.run("sessionStorage.setItem('atelier-qa moderation token', 'x')")
    page.click("#close-log")
    page.wait_for("#sign-in:not([hidden])")
    assert page.texts("#entries tr") == []
    page.find("#token").send_keys(EMIL + "\n")
    page.wait_for("#work:not([hidden])")
    hold(page, "nothing")
    press(page, "u")
    assert decisions(page) == 0
    assert state_of(stack, name) == "approved"
    assert all("401" in line["message"] for line in page.errors())


def test_search_filter_and_pages_lead_to_what_is_wanted(page, stack, api):
    product, names = product_of(stack, api, *[1] * 23)
    open_product(page, product, 20)
    assert page.find("#total").text == "23 items"
    page.click("#next")
    page.wait_until(lambda: len(page.texts("#items li")) == 3)
    wait_for_detail(page)
    press(page, "k")  # from the first of a page to the page before
    page.wait_until(lambda: len(page.texts("#items li")) == 20)
    moderate(stack, "hide", names[4])
    page.run("document.getElementById('show').value = 'hidden';"
             "document.getElementById('show').dispatchEvent(new Event('change'))")
    page.wait_until(lambda: len(page.texts("#items li")) == 1 and names[4] in chosen(page))
    press(page, "/")
    page.wait_until(lambda: page.run("return document.activeElement.id") == "search")
    page.find("#search").send_keys("no such text\n")
    page.wait_until(lambda: page.find("#nothing").is_displayed())


def test_what_waits_is_found_and_approved(page, stack, api):
    product = new_product()
    moderate(stack, "hold", f"products/{product}")
    response = api.post("/qa/questions", json={**QUESTION, "product_id": product})
    assert response.status_code == 202
    open_product(page, product, 1)
    assert "New" in chosen(page) and "waiting, not shown" in chosen(page)
    page.run("document.getElementById('show').value = 'waiting';"
             "document.getElementById('show').dispatchEvent(new Event('change'))")
    page.wait_until(lambda: len(page.texts("#items li")) == 1)
    wait_for_detail(page)
    press(page, "a")
    page.wait_until(lambda: "Approved" in page.find("#done-text").text)
    assert [one["question_id"] for one in api.questions(product)] == [response.json()["question_id"]]
    page.wait_until(lambda: page.find("#nothing").is_displayed())
    press(page, "u")
    page.wait_until(lambda: "Undone" in page.find("#done-text").text)
    assert api.questions(product) == []


def test_products_are_held_and_released(page, stack, api):
    product, _ = product_of(stack, api, 1)

    def rows():
        return [row for row in page.texts("#held tr") if row.startswith(str(product))]

    open_product(page, product, 1)
    page.click("#show-products")
    page.wait_for("#products:not([hidden])")
    assert page.run("return document.getElementById('hold-product').value") == str(product)
    page.find("#hold-note").send_keys("recalled\n")
    page.wait_until(lambda: page.find("#done-text").text == f"Held: products/{product}.")
    page.wait_until(rows)
    assert "Erna" in rows()[0] and "recalled" in rows()[0]
    assert api.post("/qa/questions", json={**QUESTION, "product_id": product}).status_code == 202
    page.find("#hold-product").send_keys("0\n")
    page.wait_until(lambda: "products/ID" in page.find("#notice").text)
    page.click(f"#held [data-product='{product}']")
    page.wait_until(lambda: page.find("#done-text").text == f"Released: products/{product}.")
    page.wait_until(lambda: not rows())
    assert api.post("/qa/questions", json={**QUESTION, "product_id": product}).status_code == 201
    page.click("#close-products")
    page.wait_for("#work:not([hidden])")
    page.click("#show-log")
    page.wait_for("#log:not([hidden])")
    assert page.texts("#entries tr:first-child td")[1:6] == ["Erna", "release", f"products/{product}", "", ""]
    assert all("400" in line["message"] for line in page.errors())


def test_what_somebody_else_decided_meanwhile_is_not_undone(page, stack, api):
    product, [name] = product_of(stack, api, 2)
    open_product(page, product, 1)
    press(page, "a")
    page.wait_until(lambda: "Approved" in page.find("#done-text").text)
    moderate(stack, "hide", name)
    page.click("#undo")
    page.wait_until(lambda: "meanwhile" in page.find("#notice").text)
    assert moderate(stack, "show", name, "--json")["item"]["state"] == "hidden"
    assert all("409" in line["message"] for line in page.errors())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_axe_finds_nothing_and_no_width_moves_the_page_beyond_its_edge(page, stack, api, scheme, width):
    items = Items(stack, body=HOSTILE + "x" * 300)
    report(api, items.questions, {"reason": "spam", "note": "w" * 200})
    report(api, items.answers)
    page.wide(width)
    page.prefer(color_scheme=scheme)
    page.visit("/moderation")
    page.wait_for("#sign-in:not([hidden])")
    assert page.violations() == []
    open_product(page, items.product, 2)
    assert page.violations() == []
    assert page.page_fits()
    if SHOTS:
        page.driver.save_screenshot(f"{SHOTS}/moderation-{scheme}-{width}.png")
    press(page, "e")
    page.wait_for("#erase-dialog[open]")
    assert page.violations() == []
    page.click("#erase-dialog [value=no]")
    moderate(stack, "hold", f"products/{items.product}", "--note", "w" * 200)
    page.click("#show-products")
    page.wait_for("#products:not([hidden])")
    assert page.violations() == []
    assert page.run("return document.documentElement.scrollWidth - innerWidth") <= 0
    if SHOTS:
        page.driver.save_screenshot(f"{SHOTS}/products-{scheme}-{width}.png")
    page.click("#show-log")
    page.wait_for("#log:not([hidden])")
    assert page.violations() == []
    assert page.page_fits()
