#!/usr/bin/python3
"""Takes the pictures of the widget in README.md, of a running service with the sample data, in Chromium.
  take-screenshots.py http://localhost:8080 docs/images

Needs what `make test-browser` installs, and pngquant, where it is there, makes the files smaller."""

import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/e2e"))
from browser import Browser  # noqa: E402

PRODUCT = 1
PICTURES = {"widget-desktop": (1000, 760, "light"), "widget-phone": (390, 760, "dark")}


def take(browser, file, width, height, scheme):
    browser.prefer(color_scheme=scheme)
    browser.wide(width, height, scale=1)
    browser.cdp("Emulation.setScrollbarsHidden", hidden=True)
    widget = browser.open(PRODUCT)
    browser.run("document.querySelector('product-questions').scrollIntoView()")
    if scheme == "light":
        widget.click(".question .helpful")
        widget.wait_for(".helpful[aria-pressed=true]")
        widget.run("root.activeElement.blur()")
    browser.wait_until(lambda: widget.run(
        "return [...root.querySelectorAll('img')].every(one => one.complete || one.loading === 'lazy')"))
    browser.driver.save_screenshot(str(file))
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--ext=.png", "64", file], check=True)


def main(base_url, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, (width, height, scheme) in PICTURES.items():
        with Browser(base_url) as browser:
            take(browser, folder / f"{name}.png", width, height, scheme)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: take-screenshots.py BASE_URL FOLDER")
    main(sys.argv[1], Path(sys.argv[2]))
