"""The pages in a real browser: nothing fails, nothing leaves the page, sorting, filters and the theme work."""

from pathlib import Path

import pytest

from synthuterus_bench.bench.report import write_report
from synthuterus_bench.board.reported import load_reported
from synthuterus_bench.board.site import build_site
from tests.bench.test_report import details, images
from tests.board.samples import board, entry
from tests.support.browser import contrast, needs_chromium

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    return build_site(board(), tmp_path_factory.mktemp("site") / "out", [], load_reported())


def column(page, place: int) -> list[str]:
    return page.eval_on_selector_all(
        ".board tbody:not([hidden]) tr:not([hidden])", f"rows => rows.map(row => row.cells[{place}].dataset.sort)"
    )


def test_sort_puts_missing_last_both_ways(opened, site):
    page = opened(site)
    head = page.locator(".board thead th", has_text="FID 64")
    for way in ("ascending", "descending"):
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == way
        found = column(page, 4)
        assert found[-1] == ""
        numbers = [float(text) for text in found[:-1]]
        assert numbers == sorted(numbers, reverse=way == "descending")
        assert len(numbers) == 7


def test_sort_by_keyboard(opened, site):
    page = opened(site)
    page.locator(".board thead button").nth(1).focus()
    page.keyboard.press("Enter")
    found = column(page, 1)
    assert found == sorted(found)
    assert found != column(opened(site), 1)


def test_search_and_filters(opened, site):
    page = opened(site)
    page.fill("#search", "CONTROL noise")
    assert len(column(page, 0)) == 1
    assert page.inner_text("#count") == "1 of 8 entries"
    page.fill("#search", "")
    page.select_option("#conditioning", "class")
    assert len(column(page, 0)) == 3
    page.select_option("#view", "full")
    assert column(page, 0) == []


def test_scope_changes_the_numbers(opened, site):
    page = opened(site)
    pooled = column(page, 2)
    page.select_option("#scope", "rv-rf")
    assert len(column(page, 2)) == len(pooled)
    assert column(page, 2) != pooled


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_theme_follows_the_system_then_the_button(opened, site, scheme):
    page = opened(site, color_scheme=scheme)
    ground = lambda: page.evaluate("getComputedStyle(document.body).backgroundColor")
    first = ground()
    page.click("#theme")
    second = ground()
    page.reload()
    assert first != second == ground()
    page.emulate_media(media="print")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert ground() == "rgb(255, 255, 255)"


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_window(opened, site, width):
    for path in (site, *sorted(site.parent.glob("entry/*.html"))[:2]):
        page = opened(path, viewport={"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_page_reads_without_script(opened, site):
    page = opened(site, java_script_enabled=False)
    assert page.locator(".board tbody:visible tr").count() == 8
    assert not page.locator("#controls").is_visible()
    assert not page.locator("#theme").is_visible()


def test_report_shows_every_picture(opened, tmp_path):
    one = entry(results=[entry().as_json()["results"][0]])
    write_report(tmp_path / "report.html", one, details(), images=images(2))
    page = opened(tmp_path / "report.html")
    widths = page.eval_on_selector_all("img", "nodes => nodes.map(node => node.naturalWidth)")
    assert len(widths) == 4 * 2 + 2 * 3
    assert min(widths) > 0
    assert page.locator("img:visible").count() == 4 * 2 + 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(opened, site, scheme):
    page = opened(site, color_scheme=scheme)
    for selector in ("h1", ".cell .ci", ".cell .status", ".tag.warn", ".board a", ".muted", ".rank .status"):
        assert contrast(page, selector) >= 4.5, selector
