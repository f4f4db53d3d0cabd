"""A real browser for pages: nothing may fail in it, nothing may leave the page."""

import os
import re
import shutil
from pathlib import Path

import axe_playwright_python
import pytest

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WITHOUT = "chromium is not installed; run: scripts/install-system-packages"

needs_chromium = pytest.mark.skipif(not os.access(CHROMIUM, os.X_OK), reason=WITHOUT)


@pytest.fixture(scope="module")
def browser():
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed; run: pip install .[dev]")
    with driver.sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def opened(browser):
    """Opens a file; at the end nothing may have failed and nothing but files may have been asked for."""
    said, asked, contexts = [], [], []

    def open_(path: Path, **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert said == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in asked), asked


def serious_faults(page) -> list[str]:
    """What axe-core calls serious or critical in a page as it stands."""
    axe = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
    found = page.evaluate(f"{axe}\n;axe.run(document)")
    assert len(found["passes"]) > 10
    return [one["id"] for one in found["violations"] if one["impact"] in ("serious", "critical")]


def contrast(page, selector: str) -> float:
    """WCAG 2 contrast of an element's text against what is behind it."""
    colours = page.eval_on_selector(
        selector,
        """node => {
          let ground = node;
          while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
          return [getComputedStyle(node).color, getComputedStyle(ground).backgroundColor];
        }""",
    )
    light, dark = sorted((luminance(colour) for colour in colours), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    shares = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
