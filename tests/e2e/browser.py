"""Chromium, as the tests of the web pages drive it. What needs it is skipped where there is none; `make test-browser`
installs it."""

import contextlib
import functools
import json
import os
import shutil
import subprocess
import tempfile

import pytest

from api import EMAIL, PATIENCE_S
from stack import CHECKOUT

webdriver = pytest.importorskip("selenium.webdriver", reason="no Selenium: make test-browser")
By = pytest.importorskip("selenium.webdriver.common.by").By
Keys = pytest.importorskip("selenium.webdriver.common.keys").Keys
WebDriverWait = pytest.importorskip("selenium.webdriver.support.wait").WebDriverWait
Service = pytest.importorskip("selenium.webdriver.chrome.service").Service

HAS_CHROMIUM = bool(shutil.which("chromedriver") and shutil.which("chromium"))
WHY_SKIPPED = "no Chromium: make test-browser"
needs_chromium = pytest.mark.skipif(not HAS_CHROMIUM, reason=WHY_SKIPPED)
BLOCKED = 2  # Chromium's word for a permission that is not given
PHONE, DESKTOP = 390, 1280


@functools.cache
def axe():
    """The source of axe-core, which npm fetches once."""
    folder = CHECKOUT / "build/axe"
    subprocess.run([CHECKOUT / "scripts/npm-install.sh", CHECKOUT / "tests/axe", folder], check=True)
    return (folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


class Part:
    """A page, or the inside of an element on it."""

    def find_all(self, selector):
        return self._context().find_elements(By.CSS_SELECTOR, selector)

    def find(self, selector):
        return self._context().find_element(By.CSS_SELECTOR, selector)

    def click(self, selector):
        self.find(selector).click()

    def text(self, selector):
        """Of an element, also where it is not displayed."""
        return self.find(selector).get_attribute("textContent")

    def has(self, selector):
        return bool(self.find_all(selector))

    def wait_for(self, selector, gone=False):
        self.wait_until(lambda: self.has(selector) != gone)


class Browser(Part):
    """A browser that knows nothing yet."""

    def __init__(self, base_url, arguments=(), **permissions):
        if not HAS_CHROMIUM:
            pytest.skip(WHY_SKIPPED)
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage",
                         "--force-prefers-reduced-motion",  # scrolls at once
                         *arguments):
            options.add_argument(argument)
        options.add_experimental_option("prefs", {
            f"profile.default_content_setting_values.{name}": value
            for name, value in permissions.items()})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # Chromium leaves the folder of its socket behind.
        self._folder = tempfile.TemporaryDirectory(prefix="atelier-", ignore_cleanup_errors=True)
        service = Service(shutil.which("chromedriver"), env={**os.environ, "TMPDIR": self._folder.name})
        self.driver = webdriver.Chrome(service=service, options=options)
        self._base_url = base_url

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()
        self._folder.cleanup()

    def _context(self):
        return self.driver

    def visit(self, path):
        self.driver.get(path if path.startswith("http") else self._base_url + path)

    def open(self, product, more=""):
        """The demo shop's page of a product, when it shows its questions. Returns the widget."""
        self.visit(f"/demo/?product_id={product}{more}")
        return self.widget()

    def widget(self, number=0):
        """A <product-questions> of the page, when it shows its questions."""
        widget = Widget(self, number)
        widget.wait_until_loaded()
        return widget

    def new_tab(self):
        self.driver.switch_to.new_window("tab")

    def wide(self, width, height=800, scale=2):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                 mobile=width < 600)

    def prefer(self, **features):
        """What the reader prefers: color_scheme="dark"."""
        self.cdp("Emulation.setEmulatedMedia", features=[
            {"name": f"prefers-{name.replace('_', '-')}", "value": value} for name, value in features.items()])

    def cdp(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    def wait_until(self, condition):
        WebDriverWait(self.driver, PATIENCE_S).until(lambda _: condition())

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def texts(self, selector):
        """Of all such elements of the page, also where they are not displayed."""
        return self.run(f"return [...document.querySelectorAll('{selector}')].map(one => one.textContent)")

    def page_fits(self):
        """Whether nothing leads beyond its edge."""
        return self.run("return document.documentElement.scrollWidth <= innerWidth")

    def press(self, *keys):
        """Keys, wherever the focus is."""
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def names(self, *roles):
        """The accessible names of what has one of these roles, in the order of the accessibility tree."""
        nodes = {node["nodeId"]: node for node in self.cdp("Accessibility.getFullAXTree")["nodes"]}

        def below(node):
            if not node["ignored"] and node["role"]["value"] in roles:
                yield node["name"]["value"]
            for child in node.get("childIds", []):
                if child in nodes:
                    yield from below(nodes[child])
        [root] = [node for node in nodes.values() if "parentId" not in node]
        return list(below(root))

    def violations(self):
        """What axe finds wrong, of all its rules. Nothing may have gone wrong before: axe itself breaks the policy."""
        assert self.errors() == []
        if not self.run("return Boolean(window.axe)"):
            self.run(axe())
        found = self.driver.execute_async_script(
            "const done = arguments[0];"
            "axe.run(document, {resultTypes: ['violations']}).then(result => done(result.violations),"
            " problem => done(String(problem)))")
        self.errors()
        return [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found] \
            if isinstance(found, list) else found

    def errors(self):
        return [line for line in self.driver.get_log("browser") if line["level"] == "SEVERE"]


class Widget(Part):
    """The inside of a <product-questions>."""

    def __init__(self, browser, number):
        self._browser, self._number = browser, number

    @property
    def host(self):
        return self._browser.find_all("product-questions")[self._number]

    def _context(self):
        return self.host.shadow_root

    def wait_until(self, condition):
        self._browser.wait_until(condition)

    def is_loaded(self):
        return self.run("return root?.querySelector('.widget')?.checkVisibility() &&"
                        " root.getElementById('area').getAttribute('aria-busy') === 'false'")

    def wait_until_loaded(self):
        self.wait_until(lambda: self._browser.has("product-questions") and self.is_loaded())

    def run(self, script, *arguments):
        """A script, to which `root` is the widget's shadow root."""
        return self._browser.run(f"const root = arguments[0].shadowRoot; {script}", self.host, *arguments)

    def fill(self, body, name="ann", email=EMAIL):
        """The form in which somebody asks or answers, once it is there."""
        self.wait_for(".composer[open]")
        for field, text in (("body", body), ("name", name), ("email", email)):
            self.find(f"#{field}").clear()
            self.find(f"#{field}").send_keys(text)

    def send(self):
        self.click(".composer button.button:not(.plain)")

    def wait_for_notice(self, words):
        self.wait_until(lambda: words in self.text("#notice"))

    def focused(self):
        """What has the focus: its id, or else its classes."""
        return self.run("const one = root.activeElement; return one && (one.id || one.className)")


@contextlib.contextmanager
def browser_of(base_url, **permissions):
    """A browser that has met no error at the end."""
    with Browser(base_url, **permissions) as browser:
        yield browser
        assert browser.errors() == [], json.dumps(browser.errors())
