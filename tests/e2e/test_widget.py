"""<product-questions> in a real browser: what a shop and its shoppers are promised (docs/widget.md). Skipped where
there is no Chromium; `make test-browser` installs it."""

import base64
import hashlib
import json
import re

import pytest

import seed
from api import assert_problem, new_product
from browser import DESKTOP, PHONE, Keys, browser_of
from moderation import moderate
from shop import Network, Shop
from stack import CHECKOUT
from test_hostile_text import TEXTS

VERSIONS = sorted((CHECKOUT / "web/widget").iterdir(),
                  key=lambda folder: [int(part) for part in folder.name.split(".")])
NEWEST = VERSIONS[-1]
FILES = {"product-questions.js": "text/javascript", "product-questions.css": "text/css"}
LANGUAGES = {"en": "Questions & answers", "de": "Fragen & Antworten", "es": "Preguntas y respuestas",
             "ja": "質問と回答", "ar": "الأسئلة والأجوبة"}

PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark"><title>A shop</title>
  <link rel="stylesheet" href="style.css">
  {embedding}
</head>
<body><main><h1>A product</h1>{body}</main></body>
</html>"""


@pytest.fixture(scope="module")
def only_browser(stack):
    with browser_of(stack.base_url) as browser:
        yield browser


@pytest.fixture
def browser(only_browser):
    """One that knows nothing and prefers nothing."""
    only_browser.visit("/demo/favicon.svg")
    only_browser.run("localStorage.clear()")
    only_browser.prefer()
    only_browser.wide(DESKTOP)
    only_browser.cdp("Network.enable")
    yield only_browser
    only_browser.cdp("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1,
                     uploadThroughput=-1)


@pytest.fixture
def clean(browser):
    """The same, which must have met no error at the end."""
    browser.errors()
    yield browser
    assert browser.errors() == []


@pytest.fixture
def network(stack):
    with Network(stack.base_url) as network:
        yield network


@pytest.fixture
def shop(stack, network):
    with Shop(stack.base_url, network.address) as shop:
        yield shop


def embedding(base_url):
    """The lines of README.md that go into the head of a page."""
    text = (CHECKOUT / "README.md").read_text()
    [block] = re.findall(r"```html\n(.*?)```", text, re.S)
    lines = block.replace("https://qa.shop.example", base_url).splitlines()
    assert len(lines) == 3 and lines[2].startswith("<product-questions ")
    return "\n".join(lines[:2])


@pytest.fixture
def embed(stack, shop, clean):
    """Opens a page of the shop with these elements in it. Returns the first widget. `service` serves its module."""
    def embed(*elements, service=stack.base_url):
        shop.page = PAGE.format(embedding=embedding(service), body="\n".join(elements))
        clean.visit(shop.address)
        return clean.widget()
    return embed


def a_widget(product, **attributes):
    more = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<product-questions product-id="{product}"{more}></product-questions>'


@pytest.fixture
def asked(api):
    """A product with a question that has an answer, and the ids of both."""
    product = new_product()
    question = api.add_question(product, body="Does it shrink in the wash?")["question_id"]
    return product, question, api.add_answer(question, body="Not mine.")["answer_id"]


# ---- Files ----

@pytest.mark.parametrize("folder", VERSIONS, ids=lambda folder: folder.name)
@pytest.mark.parametrize("file", FILES)
def test_a_version_is_kept_by_browsers_for_a_year_and_usable_from_any_origin(api, folder, file):
    response = api.get(f"/widget/{folder.name}/{file}", headers={"Accept-Encoding": "gzip"})
    assert response.status_code == 200
    assert response.content == (folder / file).read_bytes()
    assert response.headers["Content-Type"] == f"{FILES[file]}; charset=utf-8"
    assert response.headers["Content-Encoding"] == "gzip"
    assert set(response.headers["Cache-Control"].split(", ")) == {"max-age=31536000", "immutable"}
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    again = api.get(f"/widget/{folder.name}/{file}", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


def test_the_first_number_of_a_version_leads_to_the_newest_of_these(api):
    assert {folder.name.partition(".")[0] for folder in VERSIONS} == {"1"}
    for file in FILES:
        response = api.get(f"/widget/1/{file}", allow_redirects=False)
        assert response.status_code == 302
        assert response.headers["Location"] == f"/widget/{NEWEST.name}/{file}"
        assert response.headers["Cache-Control"] == "max-age=3600"
        assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["/widget/", "/widget/1.0.0/", "/widget/1.0.0/other.js",
                                  "/widget/9.9.9/product-questions.js"])
def test_what_is_not_there_is_a_problem_that_no_browser_keeps(api, path):
    response = api.get(path)
    assert_problem(response, 404)
    assert "max-age" not in response.headers.get("Cache-Control", "")


def test_a_file_is_only_read(api):
    response = api.post(f"/widget/{NEWEST.name}/product-questions.js")
    assert_problem(response, 405)
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("folder", VERSIONS, ids=lambda folder: folder.name)
def test_a_version_is_what_its_documented_digest_says(folder):
    """Who changes a published version notices it here."""
    digest = base64.b64encode(hashlib.sha384((folder / "product-questions.js").read_bytes()).digest()).decode()
    assert f"| {folder.name} | `sha384-{digest}` |" in (CHECKOUT / "docs/widget.md").read_text()


@pytest.mark.parametrize("file", ["web/index.html", "README.md", "docs/widget.md", "tests/e2e/test_installation.py"])
def test_who_names_the_widget_names_the_newest_version(file):
    assert set(re.findall(r"widget/([0-9.]+)/product-questions\.\w+", (CHECKOUT / file).read_text())) == {NEWEST.name}


def test_it_parses_no_markup():
    source = (NEWEST / "product-questions.js").read_text()
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "setHTML", "parseHTML", "document.write", "DOMParser",
                "createContextualFragment", "srcdoc", "eval(", "new Function", "style=", ".style"):
        assert way not in source, way


# ---- In any page ----

def test_a_page_of_another_origin_with_a_strict_policy_shows_and_writes(embed, api, asked):
    product, question, _ = asked
    widget = embed(a_widget(product))
    assert widget.text(f"#question-{question} .text") == "Does it shrink in the wash?"
    widget.click("#ask")
    widget.fill("Is it warm?")
    widget.send()
    widget.wait_for_notice("Your question is published.")
    widget.click(f"#question-{question} > .foot .helpful")
    widget.wait_for(f"#question-{question} > .foot .helpful[aria-pressed=true]")
    assert {one["question_body"]: one["question_helpfulness"] for one in api.questions(product)} == {
        "Does it shrink in the wash?": 1, "Is it warm?": 0}


def test_neither_the_page_nor_the_widget_changes_the_others_looks(shop, embed, clean, asked):
    product, question, _ = asked
    looks = """const looks = one => Object.fromEntries(['color', 'fontSize', 'display', 'padding', 'borderTopWidth',
        'textTransform', 'letterSpacing', 'textAlign', 'lineHeight', 'width', 'float'].map(
        name => [name, getComputedStyle(one)[name]]));"""
    look = looks + """return ['.text', '.helpful', '#ask', '#search', '.byline', '#heading', '.answers'].map(
        one => looks(root.querySelector(one)))"""
    outside = looks + "return looks(document.getElementById('outside'))"
    alike = '<p class="text message button" id="outside">Outside</p>'
    shop.style = "body { font: 16px/1.5 sans-serif }"
    plain = embed(a_widget(product), alike).run(look)
    plain_outside = clean.run(outside)
    shop.style += """
        .text, .helpful, .button, .question, .widget, button, h2, h3, p, input, ol { color: red !important;
            padding: 40px !important; border: 9px solid red !important; display: none; float: right; font-size: 40px }
        body { text-transform: uppercase; letter-spacing: 9px; text-align: end; line-height: 3 }"""
    assert embed(a_widget(product), alike).run(look) == plain
    shop.style = "body { font: 16px/1.5 sans-serif }"
    shop.page = PAGE.format(embedding="", body=alike)
    clean.visit(shop.address)
    assert clean.run(outside) == plain_outside


def test_a_shop_sets_colours_and_fonts_by_custom_properties(shop, embed, asked):
    product, question, _ = asked
    shop.style = """product-questions { --pq-accent: rgb(1, 2, 3); --pq-radius: 3px; --pq-button-radius: 4px;
        --pq-font: monospace; --pq-heading-font: cursive; --pq-card: rgb(250, 250, 250) }"""
    widget = embed(a_widget(product))
    styles = widget.run("""const style = one => getComputedStyle(root.querySelector(one))
        return [style('#ask').backgroundColor, style('#ask').borderTopLeftRadius,
            style('.question').borderTopLeftRadius, style('.text').fontFamily, style('#heading').fontFamily,
            style('.question').backgroundColor]""")
    assert styles == ["rgb(1, 2, 3)", "4px", "3px", "monospace", "cursive", "rgb(250, 250, 250)"]


def test_every_custom_property_is_documented_and_every_documented_one_used():
    used = set(re.findall(r"var\((--pq-[\w-]+)", (NEWEST / "product-questions.css").read_text()))
    told = set(re.findall(r"`(--pq-[\w-]+)`", (CHECKOUT / "docs/widget.md").read_text()))
    assert used == told and len(used) > 10


def test_two_widgets_on_one_page_are_apart(embed, clean, api, asked):
    product, question, _ = asked
    other_product = new_product()
    other = api.add_question(other_product, body="Wie warm ist er?")["question_id"]
    embed(a_widget(product), a_widget(other_product, lang="de"))
    first, second = clean.widget(0), clean.widget(1)
    assert first.text("#heading") == LANGUAGES["en"] and second.text("#heading") == LANGUAGES["de"]
    assert not first.has(f"#question-{other}") and not second.has(f"#question-{question}")
    second.click(f"#question-{other} .reply")
    second.fill("Sehr.")
    assert not first.find(".composer").is_displayed()
    second.send()
    second.wait_for_notice("Ihre Antwort ist veröffentlicht.")
    assert first.text("#notice") == ""
    assert [one["body"] for one in api.answers(other)] == ["Sehr."]
    first.find("#search").send_keys("zzz")
    first.wait_for("#none:not([hidden])")
    assert second.find(f"#question-{other}").is_displayed()


def test_attributes_can_change_and_the_last_ones_count(embed, clean, api, asked):
    product, question, _ = asked
    products = [new_product() for _ in range(5)]
    asked_last = api.add_question(products[-1])["question_id"]
    widget = embed(a_widget(product))
    clean.run("""window.loads = []
        const one = document.querySelector('product-questions')
        one.addEventListener('qa-load', event => loads.push(event.detail.questions.map(each => each.question_id)))
        for (const product of arguments[0]) { one.productId = product; await null; await null }
        one.lang = 'es'""".join(["return (async () => {", "})()"]), products)
    widget.wait_until(lambda: widget.is_loaded() and widget.has(f"#question-{asked_last}"))
    assert widget.text("#heading") == LANGUAGES["es"]
    assert clean.run("return loads") == [[asked_last]]


def test_it_tells_the_page_what_happens(embed, clean, asked):
    product, question, answer = asked
    widget = embed(a_widget(product))
    clean.run("""window.told = []
        for (const name of ['load', 'ask', 'answer', 'vote', 'report']) {
            document.addEventListener(`qa-${name}`, event => told.push([name, event.detail]))
        }
        return document.querySelector('product-questions').reload()""")
    widget.click(f"#answer-{answer} .helpful")
    widget.wait_for(f"#answer-{answer} .helpful[aria-pressed=true]")
    widget.click(f"#question-{question} > .after .reply")
    widget.fill("Mine does.")
    widget.send()
    widget.wait_for_notice("published")
    widget.click(f"#question-{question} > .foot .report")
    widget.click(".reporter button[value=report]")
    widget.wait_for_notice("The shop is told")
    told = clean.run("return told")
    assert [name for name, _ in told] == ["load", "vote", "answer", "report"]
    assert [one["question_id"] for one in told[0][1]["questions"]] == [question]
    assert (told[1][1]["kind"], told[1][1]["id"]) == ("answer", answer)
    assert told[2][1]["body"] == "Mine does." and told[2][1]["status"] == 201
    assert (told[3][1]["kind"], told[3][1]["id"]) == ("question", question)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_waits_for_the_shop_is_not_shown_and_its_writer_is_told(stack, embed, clean, api, asked, language):
    product, question, answer = asked
    moderate(stack, "hold", f"products/{product}")
    widget = embed(a_widget(product, lang=language))
    clean.run("""window.told = []
        for (const name of ['ask', 'answer']) {
            document.addEventListener(`qa-${name}`, event => told.push([name, event.detail.status]))
        }""")
    words = clean.run(f"return customElements.get('product-questions').languages['{language}'].waits")
    widget.click("#ask")
    widget.fill("Is it blue?")
    widget.send()
    widget.wait_for_notice(words)
    widget.click(f"#question-{question} > .after .reply")
    widget.fill("It is.")
    widget.send()
    widget.wait_for(".composer[open]", gone=True)
    widget.wait_for_notice(words)
    assert clean.run("return told") == [["ask", 202], ["answer", 202]]
    assert "Is it blue?" not in widget.text("#list") and "It is." not in widget.text("#list")
    assert [one["question_id"] for one in api.questions(product)] == [question]
    assert [one["answer_id"] for one in api.answers(question)] == [answer]


def test_who_is_known_to_the_shop_need_not_write_it_again(embed, clean, asked):
    product, question, _ = asked
    widget = embed(a_widget(product, product_name="Alder tent"))
    clean.run("document.querySelector('product-questions').shopper = {name: 'Ann', email: 'ann@mail.example'}")
    widget.click("#ask")
    assert widget.text(".composer .context") == "Alder tent"
    values = [widget.find(f"#{field}").get_attribute("value") for field in ("name", "email")]
    assert values == ["Ann", "ann@mail.example"]


# ---- What shoppers write ----

HOSTILE = [text for text in TEXTS if "\0" not in text] + [
    "<img src=x onerror=\"window.hacked = true\">", "\"><svg onload=window.hacked=true>",
    "<script>window.hacked = true</script>", "javascript:window.hacked=true",
    "{{constructor.constructor('window.hacked=true')()}}", "<iframe srcdoc='<script>top.hacked=true</script>'>"]


def test_hostile_text_is_shown_as_it_was_written_and_never_becomes_markup(stack, embed, clean):
    product = new_product()
    for text in reversed(HOSTILE):
        [question] = seed.questions(stack, product, [0], body=text, asker_name=text[:60])
        seed.answers(stack, question, [0], body=text, answerer_name=text[:60])
    widget = embed(a_widget(product, page_size=100))
    shown = widget.run("return [...root.querySelectorAll('.question > .text')].map(one => one.textContent)")
    assert shown == list(reversed(HOSTILE))
    answers = widget.run("return [...root.querySelectorAll('.answer > .text')].map(one => one.textContent)")
    assert answers == list(reversed(HOSTILE))
    assert widget.run("return root.querySelectorAll('script, iframe, .text *, bdi *, img').length") == 0
    widget.click(".question .report")
    assert widget.text(".reporter .context") == HOSTILE[-1]
    assert not clean.run("return window.hacked")
    assert clean.page_fits()


@pytest.mark.parametrize("address", ["javascript:alert(1)", "JaVaScRiPt://a/%0aalert(1)", "data:text/html,<b>",
                                     "blob:a", "ftp://a/b"])
def test_a_photo_leads_to_http_or_nowhere_whatever_a_service_says(network, embed, clean, api, asked, address):
    product, question, _ = asked
    api.add_answer(question, body="Look.", photos=["https://img.example/1.jpg", "/photos/none.svg"])
    network.change = lambda content: content.replace(b"https://img.example/1.jpg", address.encode())
    widget = embed(a_widget(product, api=network.address))
    links = widget.run("return [...root.querySelectorAll('.photos a')].map(one => one.protocol)")
    assert set(links) <= {"http:"}
    drawing = ".photos li:first-child [role=img]"
    assert widget.find(drawing).get_attribute("aria-label") == "This photo cannot be shown"
    clean.errors()  # this shop's policy allows no photos from there


def test_a_photo_that_cannot_be_shown_is_a_drawing(embed, clean, api, asked):
    product, question, _ = asked
    api.add_answer(question, photos=["/photos/none.svg", "localhost:1/x.png"])
    widget = embed(a_widget(product))
    widget.run("for (const image of root.querySelectorAll('img')) image.loading = 'eager'")
    widget.wait_until(lambda: len(widget.find_all(".photos [role=img]")) == 2)
    clean.errors()  # those of the photos


# ---- Votes and reports ----

def helpfulness(api, product):
    return [one["question_helpfulness"] for one in api.questions(product)]


def test_a_vote_can_be_taken_back_and_counts_once_whatever_the_browser_forgets(embed, clean, api, asked):
    product, question, _ = asked
    button = f"#question-{question} > .foot .helpful"
    widget = embed(a_widget(product))
    for pressed in ("true", "false", "true"):
        widget.click(button)
        widget.wait_for(f"{button}[aria-pressed={pressed}]")
        assert helpfulness(api, product) == [int(pressed == "true")]
        assert widget.text(f"{button} .count") == str(int(pressed == "true"))
    clean.run("for (const key of Object.keys(localStorage)) if (key.includes(' vote ')) localStorage.removeItem(key)")
    widget = embed(a_widget(product))
    widget.click(button)
    widget.wait_for(f"{button}[aria-pressed=true]")
    assert helpfulness(api, product) == [1]


def test_a_vote_without_a_token_stays(embed, clean, api, asked):
    """One that an older page gave."""
    product, question, _ = asked
    api.vote("questions", question)
    [date] = [one["question_date"] for one in api.questions(product)]
    button = f"#question-{question} > .foot .helpful"
    widget = embed(a_widget(product))
    clean.run("localStorage.setItem(`atelier-qa vote question ${arguments[0]} ${arguments[1]}`, '')", question, date)
    embed(a_widget(product))
    widget.click(button)
    widget.wait_for_notice("cannot be taken back")
    assert widget.find(button).get_attribute("aria-pressed") == "true"
    assert helpfulness(api, product) == [1]
    clean.errors()  # the 404


def test_shoppers_whom_the_shop_knows_vote_by_its_tokens(embed, clean, api, asked):
    product, question, _ = asked
    button = f"#question-{question} > .foot .helpful"
    for shopper, votes in (("a" * 16, 1), ("b" * 64, 2), ("a" * 16, 2)):
        widget = embed(a_widget(product))
        clean.run("localStorage.clear(); document.querySelector('product-questions').voter = arguments[0]", shopper)
        widget = embed(a_widget(product))
        clean.run("document.querySelector('product-questions').voter = arguments[0]", shopper)
        widget.click(button)
        widget.wait_for(f"{button}[aria-pressed=true]")
        assert helpfulness(api, product) == [votes]


def test_a_report_says_why(stack, embed, clean, asked):
    product, question, _ = asked
    widget = embed(a_widget(product))
    widget.click(f"#question-{question} > .foot .report")
    widget.click(".reporter [value=personal-data]")
    widget.find("#note").send_keys("It names a colleague.")
    widget.click(".reporter button[value=report]")
    widget.wait_for_notice("The shop is told")
    assert stack.sql("SELECT reason::text, note::text, voter IS NOT NULL FROM reports"
                     " WHERE kind = 'question' AND item_id = %s", question) == [
        ("personal-data", "It names a colleague.", True)]


def ids_of(widget, kind):
    return [int(one.get_attribute("id").partition("-")[2]) for one in widget.find_all(f".{kind}")]


def report(widget, item):
    widget.click(f"#{item} > .foot .report")
    widget.wait_for(".reporter[open]")
    widget.click(".reporter button[value=report]")


def test_a_report_of_what_is_no_longer_listed_changes_neither_the_list_nor_the_total(
        network, embed, clean, api, asked):
    product, question, _ = asked
    other = api.add_question(product, body="In which colours?")["question_id"]
    widget = embed(a_widget(product), service=network.address)
    with network.holding("PUT"):
        report(widget, f"question-{question}")
        widget.wait_until(lambda: network.seen("PUT"))
        widget.find("#search").send_keys("colours")
        widget.wait_until(lambda: widget.text("#total") == "1 question found" and widget.is_loaded())
    widget.wait_for_notice("The shop is told")
    assert widget.text("#total") == "1 question found"
    assert [one.get_attribute("id") for one in widget.find_all(".question")] == [f"question-{other}"]
    assert widget.focused() == "search"


def test_a_report_is_sent_once_however_often_its_button_is_pressed(network, embed, clean, asked):
    product, question, _ = asked
    widget = embed(a_widget(product), service=network.address)
    with network.holding("PUT"):
        report(widget, f"question-{question}")
        widget.wait_until(lambda: network.seen("PUT"))
        widget.click(f"#question-{question} > .foot .report")
        assert not widget.has(".reporter[open]")
        assert widget.focused() == "report"
    widget.wait_for(f"#question-{question}", gone=True)
    widget.wait_for_notice("The shop is told")


def test_a_vote_is_sent_once_however_often_its_button_is_pressed(network, embed, clean, api, asked):
    product, question, _ = asked
    button = f"#question-{question} > .foot .helpful"
    widget = embed(a_widget(product), service=network.address)
    with network.holding("PUT"):
        widget.click(button)
        widget.wait_until(lambda: network.seen("PUT"))
        widget.click(button)
    widget.wait_for(f"{button}[aria-pressed=true]")
    assert len(keys(network, "PUT")) == 1 and network.seen("DELETE") == []
    assert helpfulness(api, product) == [1]


# ---- All answers ----

def more_answers(widget):
    return [one for one in widget.find_all(".after button:not(.reply)") if one.is_displayed()]


def at_most(number):
    """A service with QA_ANSWERS_PER_QUESTION=`number`."""
    def change(content):
        page = json.loads(content or "{}")
        if not isinstance(page, dict) or "product_id" not in page:
            return content
        for question in page["results"]:
            question["answers"] = dict(sorted(
                question["answers"].items(), key=lambda one: (-one[1]["helpfulness"], one[1]["id"]))[:number])
        return json.dumps(page).encode()
    return change


def assert_all_can_be_reached(widget, answers):
    while ids_of(widget, "answer") != answers:
        shown = len(ids_of(widget, "answer"))
        widget.wait_until(lambda: more_answers(widget))
        [more] = more_answers(widget)
        more.click()
        widget.wait_until(lambda: len(ids_of(widget, "answer")) > shown)
    widget.wait_until(lambda: not more_answers(widget))


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_all_answers_can_be_reached_however_few_come_with_their_question(stack, network, embed, clean, number):
    clean.wide(DESKTOP, height=3000, scale=1)  # all is in view
    product = new_product()
    question, _ = seed.questions(stack, product, [1, 0])
    answers = seed.answers(stack, question, range(12, 0, -1))
    network.change = at_most(number)
    widget = embed(a_widget(product, api=network.address))
    assert ids_of(widget, "answer") == answers[:min(number, 2)]
    assert_all_can_be_reached(widget, answers)


def test_all_answers_can_be_reached_of_a_question_that_was_found_or_pointed_at(stack, network, shop, embed, clean):
    clean.wide(DESKTOP, height=3000, scale=1)
    product = new_product()
    [question] = seed.questions(stack, product, [0])
    answers = seed.answers(stack, question, range(12, 1, -1)) + seed.answers(stack, question, [0], body="A zebra.")
    answers = seed.answers(stack, question, [20], body="Like a zebra.") + answers
    network.change = at_most(4)
    widget = embed(a_widget(product, api=network.address))
    widget.find("#search").send_keys("zebra")
    widget.wait_until(lambda: ids_of(widget, "answer") == answers[:4])
    assert_all_can_be_reached(widget, answers)
    clean.visit(f"{shop.address}/#answer-{answers[3]}")
    clean.driver.refresh()
    widget = clean.widget()
    widget.wait_for(f"#answer-{answers[3]}.pointed")
    assert ids_of(widget, "answer") == answers[:4]
    assert_all_can_be_reached(widget, answers)


@pytest.mark.parametrize("numbers, asked_for", [([3, 2, 0], []), ([2, 1, 0], ["counts"]), ([0, 0], ["counts"])])
def test_what_has_all_its_answers_costs_no_request_or_one(stack, network, embed, clean, numbers, asked_for):
    product = new_product()
    for question, number in zip(seed.questions(stack, product, [0] * len(numbers)), numbers):
        seed.answers(stack, question, range(number))
    clean.wide(DESKTOP, height=3000, scale=1)
    widget = embed(a_widget(product, api=network.address))

    def other_requests():
        return [path for _, path, _ in network.seen("GET") if not path.startswith("/qa/questions?")]
    widget.wait_until(lambda: len(other_requests()) >= len(asked_for))
    widget.click(".helpful")
    widget.wait_for(".helpful[aria-pressed=true]")  # all that was asked for is there by then
    assert other_requests() == [f"/qa/{path}?product_ids={product}" for path in asked_for]
    assert len(more_answers(widget)) == len([number for number in numbers if number > 2])


# ---- By keyboard, and read aloud ----

def test_everything_can_be_done_with_the_keyboard_and_the_focus_is_never_lost(embed, clean, api, asked):
    product, question, answer = asked
    widget = embed(a_widget(product))
    clean.run("document.querySelector('h1').tabIndex = -1; document.querySelector('h1').focus()")
    visited = []
    for _ in range(12):
        clean.press(Keys.TAB)
        visited.append(widget.focused())
    order = ["ask", "search", "sort", "show", "helpful", "report", "helpful", "report", "link reply"]
    assert visited[:len(order)] == order

    def tab_to(name):
        for _ in range(30):
            if widget.focused() == name:
                return
            clean.press(Keys.TAB)
        raise AssertionError(name)

    def restart():
        clean.run("document.querySelector('h1').focus()")

    # ask
    restart()
    tab_to("ask")
    clean.press(Keys.ENTER)
    widget.wait_until(lambda: widget.focused() == "body")
    clean.press(Keys.TAB, Keys.TAB, "x@y", Keys.ENTER)  # refused: the first wrong field gets the focus
    widget.wait_until(lambda: widget.focused() == "body" and widget.text("#body-error"))
    clean.press("By keyboard?", Keys.TAB, "ann", Keys.ENTER)
    widget.wait_for_notice("published")
    [asked_now] = [one["question_id"] for one in api.questions(product) if one["question_body"] == "By keyboard?"]
    assert widget.focused() == f"question-{asked_now}"
    # vote
    clean.press(Keys.TAB)
    assert widget.focused() == "helpful"
    clean.press(Keys.SPACE)
    widget.wait_for(f"#question-{asked_now} .helpful[aria-pressed=true]")
    assert widget.focused() == "helpful"
    # cancel a report: the focus comes back
    clean.press(Keys.TAB, Keys.ENTER)
    widget.wait_for(".reporter[open]")
    clean.press(Keys.ESCAPE)
    widget.wait_for(".reporter[open]", gone=True)
    assert widget.focused() == "report"
    # report: the focus goes to what has its place
    clean.press(Keys.ENTER)
    widget.wait_for(".reporter[open]")
    clean.press(Keys.SPACE)  # the first reason
    for _ in range(10):
        if widget.focused() == "button":
            break
        clean.press(Keys.TAB)
    clean.press(Keys.ENTER)
    widget.wait_for(f"#question-{asked_now}", gone=True)
    assert widget.focused() == f"question-{question}"
    # another order
    restart()
    tab_to("sort")
    clean.press(Keys.ARROW_DOWN)
    widget.wait_until(lambda: widget.is_loaded() and widget.find("#sort").get_attribute("value") == "newest")
    assert widget.focused() == "sort"


def test_more_questions_lead_on_from_where_the_reader_was(stack, embed):
    product = new_product()
    ids = seed.questions(stack, product, range(12, 0, -1))
    widget = embed(a_widget(product))

    def shown():
        return widget.run("return [...root.querySelectorAll('.question')].map(one => Number(one.id.split('-')[1]))")
    assert shown() == ids[:5]
    for page in (2, 3):
        widget.click("#more")
        widget.wait_until(lambda: len(shown()) == min(12, 5 * page))
        assert widget.focused() == f"question-{ids[5 * (page - 1)]}"
    assert shown() == ids
    assert not widget.find("#more").is_displayed()


def test_names_and_roles_tell_what_is_there(embed, clean, api, asked):
    product, question, answer = asked
    api.vote("answers", answer, 2)
    widget = embed(a_widget(product))
    assert clean.names("region") == ["Questions & answers"]
    assert clean.names("searchbox") == ["Search questions and answers"]
    assert clean.names("combobox") == ["Sort by", "Show"]
    assert clean.names("heading") == ["A product", "Questions & answers", "Does it shrink in the wash?"]
    assert clean.names("button") == ["Ask a question", "Helpful (0 votes)", "Report", "Helpful (2 votes)", "Report",
                                     "Answer this question"]
    widget.click("#ask")
    widget.wait_for(".composer[open]")
    assert clean.names("dialog") == ["Ask a question"]
    assert clean.names("textbox") == ["Your question", "Your name", "Your e-mail"]
    widget.click(".composer .plain")
    widget.click(f"#answer-{answer} .report")
    assert clean.names("alertdialog") == ["Report this answer?"]
    assert len(clean.names("radio")) == 5
    assert clean.names("textbox") == ["A note to the shop (optional)"]


def test_what_changes_is_announced(embed, clean, asked):
    product, question, _ = asked
    widget = embed(a_widget(product))
    live = widget.run("return ['#total', '#notice', '.composer [role=alert]'].map(one => root.querySelector(one).role)")
    assert live == ["status", "status", "alert"]
    widget.click("#ask")
    widget.send()
    described = widget.run("""const one = root.activeElement
        return [one.id, one.getAttribute('aria-invalid'), one.getAttribute('aria-describedby').split(' ')
            .map(id => root.getElementById(id).textContent).join(' ')]""")
    assert described == ["body", "true", "0 of 1,000 characters Please fill this in."]


def test_the_heading_level_is_the_pages_choice(embed, clean, asked):
    widget = embed(a_widget(asked[0], heading_level=3))
    assert widget.find("#heading").tag_name == "h3" and widget.find(".question > .text").tag_name == "h4"


# ---- Languages ----

@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text_and_its_own_plural_forms(clean, embed, asked, language):
    embed(a_widget(asked[0], lang=language))
    missing, forms = clean.run("""
        const all = customElements.get('product-questions').languages
        const mine = all[arguments[0]]
        const values = text => [...JSON.stringify(text).matchAll(/\\{(\\w+)\\}/g)].map(match => match[1])
        const missing = Object.keys(all.en).filter(name => !mine[name] ||
            values(all.en[name]).some(value => value !== 'n' && !values(mine[name]).includes(value)))
        const plural = new Intl.PluralRules(arguments[0]).resolvedOptions().pluralCategories
        const forms = Object.values(mine).filter(one => one.other).every(one =>
            plural.every(category => one[category] || category === 'many' && arguments[0] === 'es'))
        return [missing.concat(Object.keys(mine).filter(name => !(name in all.en))), forms]""", language)
    assert missing == [] and forms


@pytest.mark.parametrize("asked_for, language, direction", [
    *((language, language, "rtl" if language == "ar" else "ltr") for language in LANGUAGES),
    ("de-AT", "de", "ltr"), ("ar-EG", "ar", "rtl"), ("fr", "en", "ltr"), ("x_y", "en", "ltr")])
def test_it_speaks_the_language_that_is_asked_for_or_english(embed, asked, asked_for, language, direction):
    widget = embed(a_widget(asked[0], lang=asked_for))
    assert widget.text("#heading") == LANGUAGES[language]
    section = widget.find(".widget")
    assert (section.get_attribute("lang"), section.get_attribute("dir")) == (language, direction)


def test_without_an_attribute_it_speaks_the_pages_language(embed, asked):
    widget = embed(f'<div lang="es">{a_widget(asked[0])}</div>')
    assert widget.text("#heading") == LANGUAGES["es"]


@pytest.mark.parametrize("language, votes", [
    ("en", ["0 votes", "1 vote", "2 votes"]), ("de", ["0 Stimmen", "1 Stimme", "2 Stimmen"]),
    ("es", ["0 votos", "1 voto", "2 votos"]),
    ("ja", ["0票", "1票", "2票"]), ("ar", ["لا أصوات", "صوت واحد", "صوتان"])])
def test_numbers_and_dates_are_the_languages_own(stack, embed, clean, language, votes):
    product = new_product()
    seed.questions(stack, product, [2, 1, 0], created_at="2018-10-18T12:00:00Z")
    widget = embed(a_widget(product, lang=language))
    told = widget.run("return [...root.querySelectorAll('.helpful .unseen')].map(one => one.textContent)")
    assert told == [f"({text})" for text in reversed(votes)]
    dates = widget.run("return [...root.querySelectorAll('time')].map(one => one.textContent)")
    assert set(dates) == {clean.run("return new Intl.DateTimeFormat(arguments[0], {dateStyle: 'medium'})"
                                    ".format(new Date('2018-10-18T12:00:00Z'))", language)}


def test_a_shop_adds_a_language(embed, clean, asked):
    widget = embed(a_widget(asked[0]))
    clean.run("""customElements.get('product-questions').languages.fr = {direction: 'ltr', heading: 'Questions et réponses'}
        document.querySelector('product-questions').lang = 'fr'""")
    widget.wait_until(lambda: widget.text("#heading") == "Questions et réponses")
    assert widget.text("#ask") == "Ask a question"  # what it lacks is English


def test_what_was_written_stays_when_the_language_changes_and_goes_with_the_product(embed, clean, asked):
    widget = embed(a_widget(asked[0]))
    widget.click("#ask")
    widget.fill("Is it wa", name="ann")
    for attribute, value, heading, left in (("lang", "de", "de", ["Is it wa", "ann"]),
                                            ("product-id", new_product(), "de", ["", ""])):
        clean.run("document.querySelector('product-questions').setAttribute(...arguments)", attribute, value)
        widget.wait_until(lambda: widget.is_loaded() and not widget.has(".composer[open]"))
        assert widget.text("#heading") == LANGUAGES[heading]
        widget.click("#ask")
        assert [widget.find(f"#{field}").get_attribute("value") for field in ("body", "name")] == left


def test_a_language_from_right_to_left_is_laid_out_so(embed, clean, asked):
    product, question, _ = asked
    widget = embed(a_widget(product, lang="ar"))
    for width in (PHONE, DESKTOP):
        clean.wide(width)
        heading, ask, answers = widget.run("""return ['#heading', '#ask', '.answers'].map(one => {
            const {left, right} = root.querySelector(one).getBoundingClientRect(); return {left, right}})""")
        border = widget.run("""const {borderLeftWidth, borderRightWidth} = getComputedStyle(root.querySelector('.answers'))
            return [borderLeftWidth, borderRightWidth]""")
        assert border == ["0px", "3px"]
        assert width == PHONE or ask["right"] < heading["left"]
        assert clean.page_fits()


# ---- For every eye ----

@pytest.mark.parametrize("width", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ar"], ids=["from left", "from right"])
def test_axe_finds_nothing(clean, stack, api, scheme, width, language):
    clean.prefer(color_scheme=scheme)
    clean.wide(width)
    widget = clean.open(1, f"&lang={language}")
    assert clean.violations() == []
    widget.click(".question .helpful")
    widget.wait_for(".helpful[aria-pressed=true]")
    assert clean.violations() == []
    widget.click("#ask")
    widget.send()
    widget.wait_for(".composer[open] [aria-invalid=true]")
    assert clean.violations() == []
    widget.click(".composer .plain")
    widget.click(".question .report")
    widget.wait_for(".reporter[open]")
    assert clean.violations() == []
    widget.click(".reporter .plain")
    widget.find("#search").send_keys("zzzzzz")
    widget.wait_for("#none:not([hidden])")
    assert clean.violations() == []


def test_light_and_dark_are_as_the_page_is(shop, embed, clean, asked):
    """A page that knows no dark stays light, whatever the reader prefers."""
    background = "return getComputedStyle(root.querySelector('.question')).backgroundColor"
    clean.prefer(color_scheme="light")
    light = embed(a_widget(asked[0])).run(background)
    clean.prefer(color_scheme="dark")
    dark = embed(a_widget(asked[0])).run(background)
    assert light != dark
    shop.style = ":root { color-scheme: light }"
    assert embed(a_widget(asked[0])).run(background) == light
    shop.style = "product-questions { color-scheme: dark }"
    clean.prefer(color_scheme="light")
    assert embed(a_widget(asked[0])).run(background) == dark


def test_nothing_moves_for_who_prefers_that(embed, clean, asked):
    moves = """const one = root.querySelector('.question'); one.classList.add('pointed')
        return getComputedStyle(one).animationName"""
    clean.prefer(reduced_motion="no-preference")
    assert embed(a_widget(asked[0])).run(moves) == "point"
    clean.prefer(reduced_motion="reduce")
    assert embed(a_widget(asked[0])).run(moves) == "none"


@pytest.mark.parametrize("place", [240, 320, 500, 900])
def test_it_fits_into_a_column_of_any_width(embed, clean, asked, place):
    widget = embed(f'<div id="place">{a_widget(asked[0])}</div>')
    clean.run("document.getElementById('place').style.width = `${arguments[0]}px`", place)
    beyond = widget.run("""const edge = root.host.getBoundingClientRect().right
        return [...root.querySelectorAll('.layout *:not(.unseen)')]
            .filter(one => one.getBoundingClientRect().right > edge + 1).map(one => one.id || one.className)""")
    assert beyond == []


# ---- A network that fails ----

def test_a_slow_network_shows_that_something_comes(network, embed, clean, asked):
    product, question, _ = asked
    network.delay_s = 1.5
    clean.visit("/demo/favicon.svg")
    widget = embed(a_widget(product, api=network.address))
    assert widget.has(f"#question-{question}")
    clean.run("document.querySelector('product-questions').reload()")
    assert not widget.is_loaded()
    assert widget.has(f"#question-{question}")  # what was there stays, until the new is there
    widget.wait_until_loaded()


def test_a_list_is_asked_for_again_until_the_service_is_back(network, embed, clean, browser, asked):
    product, question, _ = asked
    widget = embed(a_widget(product, api=network.address))
    network.is_down = True
    clean.run("document.querySelector('product-questions').reload()")
    widget.wait_for_notice("Trying again")
    network.is_down = False
    widget.wait_until(lambda: widget.is_loaded() and widget.text("#notice") == "")
    assert widget.has(f"#question-{question}")
    browser.errors()  # those of the network


def again(widget, place):
    [button] = [one for one in widget.find_all(f"{place} button") if one.text == "Try again"]
    return button


def test_when_the_service_stays_away_it_can_be_tried_by_hand(network, embed, browser, asked):
    product, question, _ = asked
    widget = embed(a_widget(product, api=network.address))
    network.is_down = True
    browser.run("document.querySelector('product-questions').reload()")
    widget.wait_for_notice("The service could not be reached.")
    assert widget.has(f"#question-{question}")
    network.is_down = False
    again(widget, "#notice").click()
    widget.wait_until(lambda: widget.is_loaded() and widget.text("#notice") == "")
    assert widget.focused() == "heading"
    browser.errors()


def ask_while_it_is_away(network, widget, text, told):
    """Until the form tells this. The service stays away."""
    widget.click("#ask")
    widget.fill(text)
    network.is_down = True
    widget.send()
    widget.wait_until(lambda: told in widget.text(".composer [role=alert]"))


def test_what_may_have_been_saved_is_not_sent_again_to_a_service_that_would_apply_it_twice(
        network, embed, browser, api, asked):
    product, _, _ = asked
    network.hidden = "Total-Count"
    widget = embed(a_widget(product, api=network.address))
    ask_while_it_is_away(network, widget, "Once?", "It may have been saved")
    assert [one.text for one in widget.find_all(".composer [role=alert] button")] == ["Dismiss"]
    assert widget.find("#body").get_attribute("value") == "Once?"
    network.is_down = False
    assert [one["question_body"] for one in api.questions(product)].count("Once?") == 0
    browser.errors()


def keys(network, method):
    return {headers["Idempotency-Key"] for _, _, headers in network.seen(method)}


def test_what_was_sent_while_the_service_was_away_arrives_once(network, embed, browser, api, asked):
    product, _, _ = asked
    widget = embed(a_widget(product), service=network.address)
    ask_while_it_is_away(network, widget, "Once?", "Trying again")
    network.is_down = False
    widget.wait_for_notice("Your question is published.")
    assert [one["question_body"] for one in api.questions(product)].count("Once?") == 1
    browser.errors()


@pytest.mark.parametrize("losses", [1, 2, 3])
def test_what_was_saved_but_whose_response_was_lost_is_not_posted_twice(
        network, embed, browser, api, asked, losses):
    product, question, _ = asked
    widget = embed(a_widget(product), service=network.address)
    widget.click(f"#question-{question} > .after .reply")
    widget.fill("Once.")
    network.lost = ["POST"] * losses
    widget.send()
    widget.wait_for_notice("Your answer is published.")
    assert network.lost == [] and len(network.seen("POST")) > losses
    assert len(keys(network, "POST")) == 1
    assert [one["body"] for one in api.answers(question)].count("Once.") == 1
    browser.errors()


def test_who_gives_up_and_tries_again_by_hand_does_not_post_twice(network, embed, browser, api, asked):
    product, question, _ = asked
    widget = embed(a_widget(product), service=network.address)
    widget.click("#ask")
    widget.fill("Once?")
    network.lost = ["POST"] * 100
    widget.send()
    widget.wait_until(lambda: "could not be reached" in widget.text(".composer [role=alert]"))
    assert [one["question_body"] for one in api.questions(product)].count("Once?") == 1
    network.lost = []
    again(widget, ".composer [role=alert]").click()
    widget.wait_for_notice("Your question is published.")
    assert len(keys(network, "POST")) == 1
    assert [one["question_body"] for one in api.questions(product)].count("Once?") == 1
    browser.errors()


def bodies(api, product):
    return sorted(one["question_body"] for one in api.questions(product))


@pytest.mark.parametrize("opens_another", [True, False], ids=["another form is open", "no form is open"])
def test_what_fails_after_its_form_was_closed_is_told_outside_and_tried_again_as_it_was(
        network, embed, browser, api, asked, opens_another):
    product, question, answer = asked
    widget = embed(a_widget(product), service=network.address)
    ask_while_it_is_away(network, widget, "Is it warm?", "Trying again")
    widget.click(".composer .plain")
    widget.wait_for(".composer[open]", gone=True)
    if opens_another:
        widget.click(f"#question-{question} > .after .reply")
        widget.find("#body").send_keys("It is no")
    widget.wait_for_notice("The service could not be reached.")
    assert widget.text(".composer [role=alert]") == ""
    if opens_another:
        widget.click(".composer .plain")
    network.is_down = False
    again(widget, "#notice").click()
    widget.wait_for_notice("Your question is published.")
    assert bodies(api, product) == ["Does it shrink in the wash?", "Is it warm?"]
    assert [one["answer_id"] for one in api.answers(question)] == [answer]
    widget.click("#ask")
    assert widget.find("#body").get_attribute("value") == ""
    widget.click(".composer .plain")
    widget.click(f"#question-{question} > .after .reply")
    assert widget.find("#body").get_attribute("value") == ("It is no" if opens_another else "")
    browser.errors()


def test_what_is_tried_again_in_its_form_is_what_is_there_and_is_checked(network, embed, browser, api, asked):
    product, _, _ = asked
    widget = embed(a_widget(product), service=network.address)
    ask_while_it_is_away(network, widget, "Is it wram?", "could not be reached")
    network.is_down = False
    for email, body in (("nobody", "Is it warm?"), ("ann@mail.example", "Is it warm?")):
        widget.fill(body, email=email)
        again(widget, ".composer [role=alert]").click()
        if email == "nobody":
            widget.wait_until(lambda: widget.focused() == "email" and widget.text("#email-error"))
    widget.wait_for_notice("Your question is published.")
    assert bodies(api, product) == ["Does it shrink in the wash?", "Is it warm?"]
    browser.errors()


def sent_from_a_form_that_is_opened_again(network, widget):
    """Asks "Once?". When this returns the form is open anew, and there is no response yet."""
    widget.click("#ask")
    widget.fill("Once?")
    widget.send()
    widget.wait_until(lambda: network.seen("POST"))
    widget.click(".composer .plain")
    widget.wait_for(".composer[open]", gone=True)
    widget.click("#ask")
    assert widget.find("#body").get_attribute("value") == "Once?"


def test_a_form_that_is_opened_again_is_closed_when_its_text_has_arrived(network, embed, api, asked):
    product, _, _ = asked
    widget = embed(a_widget(product), service=network.address)
    with network.holding("POST"):
        sent_from_a_form_that_is_opened_again(network, widget)
        widget.send()  # which does nothing, as it is under way
    widget.wait_for_notice("Your question is published.")
    widget.wait_for(".composer[open]", gone=True)
    widget.click("#ask")
    assert widget.find("#body").get_attribute("value") == ""
    assert len(keys(network, "POST")) == 1
    assert [one["question_body"] for one in api.questions(product)].count("Once?") == 1


def test_a_form_that_has_another_text_meanwhile_stays_open(network, embed, api, asked):
    product, _, _ = asked
    widget = embed(a_widget(product), service=network.address)
    with network.holding("POST"):
        sent_from_a_form_that_is_opened_again(network, widget)
        widget.fill("Another?")
    widget.wait_until(lambda: "Your question is published." in widget.text(".composer [role=alert]"))
    assert widget.find("#body").get_attribute("value") == "Another?"
    widget.send()
    widget.wait_for(".composer[open]", gone=True)
    assert bodies(api, product) == ["Another?", "Does it shrink in the wash?", "Once?"]


def test_what_is_sent_twice_in_a_moment_is_posted_once(network, embed, clean, api, asked):
    product, question, _ = asked
    widget = embed(a_widget(product), service=network.address)
    widget.click(f"#question-{question} > .after .reply")
    widget.fill("Once.")
    with network.holding("POST"):
        widget.send()
        widget.wait_until(lambda: network.seen("POST"))
        widget.send()
    widget.wait_for_notice("Your answer is published.")
    widget.wait_for(".composer[open]", gone=True)
    assert len(network.seen("POST")) == 1
    assert [one["body"] for one in api.answers(question)].count("Once.") == 1


def test_an_older_search_that_ends_later_changes_nothing(stack, network, embed, clean):
    product = new_product()
    seed.questions(stack, product, [3, 2, 1], body="Would a zebra wear it?")
    [last] = seed.questions(stack, product, [0], body="In which colours?")
    widget = embed(a_widget(product, api=network.address))
    search = widget.find("#search")
    with network.holding("GET", "q=zebra"):
        search.send_keys("zebra")
        widget.wait_until(lambda: any("q=zebra" in path for _, path, _ in network.requests))
        search.clear()
        search.send_keys("colours")
        widget.wait_until(lambda: widget.text("#total") == "1 question found")
    clean.wait_until(lambda: any("q=zebra" in name for name in clean.run(
        "return performance.getEntriesByType('resource').map(entry => entry.name)")))
    assert ids_of(widget, "question") == [last]
    report(widget, f"question-{last}")
    widget.wait_until(lambda: widget.text("#total") == "0 questions found")


def test_votes_are_counted_once_though_responses_are_lost(network, embed, browser, api, asked):
    product, question, _ = asked
    button = f"#question-{question} > .foot .helpful"
    widget = embed(a_widget(product), service=network.address)
    for method, pressed, count in (("PUT", "true", 1), ("DELETE", "false", 0), ("PUT", "true", 1)):
        network.lost = [method, method]
        widget.click(button)
        widget.wait_for(f"{button}[aria-pressed={pressed}]")
        assert helpfulness(api, product) == [count] and network.lost == []
    browser.errors()


def test_the_total_and_a_search_are_of_all_questions_and_not_only_of_the_loaded(stack, embed, clean):
    product = new_product()
    seed.questions(stack, product, range(12, 1, -1))
    [last] = seed.questions(stack, product, [0], body="Would a zebra wear it?")
    widget = embed(a_widget(product))
    assert widget.text("#total") == "12 questions"
    assert not widget.has(f"#question-{last}")
    widget.find("#search").send_keys("zebra")
    widget.wait_until(lambda: widget.text("#total") == "1 question found")
    assert [one.get_attribute("id") for one in widget.find_all(".question")] == [f"question-{last}"]
    assert widget.text("mark").lower() == "zebra"
    assert widget.focused() == "search"
