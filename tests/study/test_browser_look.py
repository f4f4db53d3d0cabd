"""What a study shows in a real browser: the view of a scan, every width, contrast and names of what can be used."""

import re

import pytest

from synthuterus_bench.study.report import write_score
from synthuterus_bench.study.score import score_study
from tests.study.reader import SCREENS, begin
from tests.study.samples import answer_file
from tests.support.browser import contrast, needs_chromium, serious_faults

pytestmark = needs_chromium


def picture(page) -> list[int]:
    """The red channel of what the canvas shows."""
    return page.evaluate(
        "(() => { const c = document.getElementById('scan');"
        "return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, k) => k % 4 === 0) })()"
    )


def test_window_zoom_and_reset(opened, built):
    page = opened(built.page)
    begin(page)
    first = picture(page)
    page.keyboard.press("ArrowUp")
    assert sum(picture(page)) > sum(first)
    page.keyboard.press("r")
    assert picture(page) == first
    page.keyboard.press("ArrowRight")
    assert page.input_value("#contrast") == "4"
    page.keyboard.press("+")
    assert "scale(1.25)" in page.evaluate("document.getElementById('scan').style.transform")
    page.keyboard.press("Shift+ArrowRight")
    assert "translate(24px" in page.evaluate("document.getElementById('scan').style.transform")
    page.click("#reset")
    assert picture(page) == first
    box = page.locator("#stage").bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 100, box["y"] + 40)
    page.mouse.up()
    assert int(page.input_value("#brightness")) == 20
    assert sum(picture(page)) > sum(first)
    page.fill("#brightness", "0")
    assert picture(page) == first


def test_stacks_scroll_by_wheel_keys_and_slider(opened, stacks):
    page = opened(stacks.page)
    begin(page)
    shown = lambda: page.inner_text("#slice-number")
    assert shown() == "3 of 5"
    page.keyboard.press(".")
    assert shown() == "4 of 5"
    page.keyboard.press(",")
    page.hover("#stage")
    page.mouse.wheel(0, -100)
    page.wait_for_function("document.getElementById('slice-number').textContent === '2 of 5'")
    page.focus("#slice")
    page.keyboard.press("ArrowRight")
    assert shown() == "3 of 5"
    for _ in range(9):
        page.keyboard.press(".")
    assert shown() == "5 of 5"


def on_every_screen(page, look) -> None:
    """Call ``look`` on the first screen, while reading, between answer and confidence, and at the end."""
    look()
    begin(page)
    look()
    page.keyboard.press("1")
    look()
    page.keyboard.press("1")
    while not page.is_visible("#done"):
        page.keyboard.press("1")
    look()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_window(opened, built, stacks, width):
    for study in (built, stacks):
        page = opened(study.page, viewport={"width": width, "height": 800})
        widths = []
        on_every_screen(page, lambda: widths.append(page.evaluate("document.documentElement.scrollWidth")))  # noqa: B023
        assert len(widths) == 4
        assert max(widths) <= width


def test_every_control_has_a_name_and_text_has_contrast(opened, stacks):
    page = opened(stacks.page)

    def look() -> None:
        nameless = page.evaluate(
            """() => [...document.querySelectorAll("button, input, progress, canvas, [role]")]
              .filter((node) => node.checkVisibility())
              .filter((node) => !(node.innerText || node.getAttribute("aria-label") || (node.labels || []).length
                || ["status", "alert"].includes(node.getAttribute("role"))))
              .map((node) => node.outerHTML)"""
        )
        assert nameless == []
        assert page.evaluate("[...document.querySelectorAll('h1')].filter((n) => n.checkVisibility()).length") == 1
        for selector in ("h1", "p", "legend", ".button:not(:disabled)", ".muted", "kbd", "label", "#said"):
            for node in page.locator(f"{selector}:visible").all()[:3]:
                node.evaluate("node => { node.dataset.looked = '' }")
                if node.inner_text() and not node.evaluate("node => Boolean(node.closest(':disabled'))"):
                    assert contrast(page, "[data-looked]") >= 4.5, node.inner_text()
                node.evaluate("node => { delete node.dataset.looked }")

    on_every_screen(page, look)


@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_serious(opened, built, stacks, tmp_path, width):
    def look(page) -> None:
        assert serious_faults(page) == []

    for study in (built, stacks):
        page = opened(study.page, viewport={"width": width, "height": 800})
        on_every_screen(page, lambda page=page: look(page))
    files = [answer_file(tmp_path / f"{k}.json", built.key, k) for k in range(3)]
    write_score(score_study(built.key_path, files), tmp_path / "score.html")
    look(opened(tmp_path / "score.html", viewport={"width": width, "height": 800}))


def test_the_report_fits_a_phone_and_has_contrast(opened, built, tmp_path):
    files = [answer_file(tmp_path / f"{k}.json", built.key, k) for k in range(3)]
    write_score(score_study(built.key_path, files), tmp_path / "score.html")
    for scheme in ("light", "dark"):
        page = opened(tmp_path / "score.html", viewport={"width": 320, "height": 800}, color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        for selector in ("h1", ".muted", ".cell .ci", ".tag.warn"):
            assert contrast(page, selector) >= 4.5, selector


def test_the_page_says_so_without_script(opened, built):
    page = opened(built.page, java_script_enabled=False)
    assert re.search("needs JavaScript", page.inner_text("main"))
    assert not any(page.is_visible(f"#{name}") for name in SCREENS)
