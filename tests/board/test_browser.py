"""The pages in a real browser: nothing fails, nothing leaves the page, every control works, by keyboard too."""

import csv
import time
from pathlib import Path

import pytest

from benchmarks.board import look_at, many_entries
from synthuterus_bench.bench.digits import Digits
from synthuterus_bench.bench.report import write_report
from synthuterus_bench.board.badges import Verification
from synthuterus_bench.board.paper import beside_paper
from synthuterus_bench.board.reported import load_reported
from synthuterus_bench.board.site import Material, build_site
from tests.bench.test_report import details, images
from tests.bench.test_report_parts import found, gallery, like_the_paper
from tests.board.samples import SUITE, board, entry
from tests.board.test_badges import verification
from tests.support.browser import contrast, needs_chromium, serious_faults

pytestmark = needs_chromium

CHECKED = "ldm2d-ct-roi"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """Two tables; one entry verified, one found to differ."""
    other = entry("ddpm2d-class-roi", suite={**SUITE, "id": "other-suite"}, submitter="=HYPERLINK()")
    said = {
        entry(CHECKED).id: [Verification.model_validate(verification(entry(CHECKED).id))],
        entry("ddpm2d-class-roi").id: [
            Verification.model_validate(verification(entry("ddpm2d-class-roi").id, verdict="differs"))
        ],
    }
    material = Material(reported=load_reported(), verifications=said)
    return build_site([*board(), other], tmp_path_factory.mktemp("site") / "out", material)


@pytest.fixture
def index(opened, site):
    """The index with the larger of the two tables chosen."""
    page = opened(site)
    page.select_option("#table", label="sample-suite v1, against phantom-roi-sample")
    return page


def column(page, place: int) -> list[str]:
    """First line of each cell of the ranked part."""
    cells = "rows => rows.map(row => (row.cells[%d].querySelector('.value, .status, bdi')).textContent)"
    return page.eval_on_selector_all("#rows tr", cells % place)


def numbers(texts: list[str]) -> list[float]:
    return [float(text.replace("\u2212", "-")) for text in texts if text != "unavailable"]


def test_sort_puts_missing_last_both_ways(index):
    head = index.locator(".board thead th", has_text="FID 2048")
    for way in ("ascending", "descending"):
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == way
        found = column(index, 4)
        assert found[-1] == "unavailable"
        assert len(numbers(found)) == 5
        assert numbers(found) == sorted(numbers(found), reverse=way == "descending")


def test_higher_is_better_sorts_downwards_first(index):
    head = index.locator(".board thead th", has_text="Valid anatomy")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert index.locator(".board thead th[aria-sort]").count() == 1


def test_everything_by_keyboard_alone(index):
    """From the top of the page: past the link that skips, to the search, a select, a column, a header."""
    seen = []
    for _ in range(40):
        index.keyboard.press("Tab")
        here = index.evaluate("[document.activeElement.id, document.activeElement.textContent.trim()]")
        seen.append(here[0] or here[1])
        if here[0] == "search":
            index.keyboard.type("ddpm2d")
        elif here[0] == "told":
            index.keyboard.press("c")
        elif here[1] == "Columns":
            index.keyboard.press("Enter")
        elif here[1] == "Generator":
            index.keyboard.press("Enter")
            break
    assert column(index, 1) == ["ddpm2d-class-roi"]
    assert {"search", "scope", "told", "view", "family", "checked", "usual-columns", "region"} <= set(seen)
    assert index.locator("#choices input").first.is_visible()
    assert index.evaluate("document.activeElement.closest('th').getAttribute('aria-sort')") == "ascending"


def test_search_and_filters_leave_the_controls(index):
    index.fill("#search", "LDM2D ct")
    assert column(index, 1) == ["ldm2d-ct-roi"]
    assert index.inner_text("#count") == "1 of 6 entries, 2 controls"
    assert index.locator("#controls-rows th").count() == 2
    index.fill("#search", "")
    index.select_option("#told", "class")
    assert len(column(index, 1)) == 3
    index.select_option("#family", "ddpm3d")
    assert column(index, 1) == ["ddpm3d-class-roi"]
    index.fill("#search", "nothing like it")
    assert column(index, 1) == []
    assert index.locator("#controls-rows th").count() == 2


def test_badges_and_their_filter(index):
    assert index.locator("#rows tr", has_text=CHECKED).locator(".badge").inner_text() == "✓ recomputed"
    index.select_option("#checked", "differs")
    assert column(index, 1) == ["ddpm2d-class-roi"]
    assert index.locator("#rows .badge").inner_text() == "✗ differs"


def test_scope_and_table_change_what_is_shown(index):
    pooled = column(index, 2)
    index.select_option("#scope", "rv-rf")
    assert len(column(index, 2)) == len(pooled)
    assert column(index, 2) != pooled
    index.select_option("#table", index=0)
    assert column(index, 1) == ["ddpm2d-class-roi"]
    assert index.input_value("#scope") == "pooled"


def test_columns_are_chosen(index):
    usual = index.locator(".board thead th").count()
    index.click(".chooser summary")
    index.locator("#choices label", has_text="FID 64").locator("input").check()
    assert index.locator(".board thead th").count() == usual + 1
    index.click("#all-columns")
    assert index.locator(".board thead th").count() == 2 + index.locator("#choices input").count()
    index.click("#usual-columns")
    assert index.locator(".board thead th").count() == usual


def test_tiers_and_ranks_are_written(index):
    assert column(index, 0) == ["Tier 1", "Tier 1", "Tier 2", "Tier 2", "Tier 3", "Tier 4"]
    assert index.locator("#rows .place").first.inner_text() == "rank 1–2 of 6"


def saved(page, selector: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.click(selector)
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_downloads(index, site, tmp_path):
    index.fill("#search", "ldm2d")
    with saved(index, "#save", tmp_path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["generator"] for row in rows] == ["ldm2d-ct-roi", "control: real half", "control: noise"]
    assert (rows[0]["kid-embedder"], rows[0]["kid-embedder low"]) == ("0.0062", "0.0046")
    for link, kind in (("#as-csv", "csv"), ("#as-json", "json")):
        href = index.get_attribute(link, "href")
        assert (site.parent / href).suffix == f".{kind}"
        assert "ldm2d-ct-roi" in (site.parent / href).read_text(encoding="utf-8")
        assert index.get_attribute(link, "download") is not None


def test_a_saved_text_is_no_formula(opened, site, tmp_path):
    page = opened(site)
    page.evaluate("() => { document.body.dataset.csv = quoted('=1+1') + quoted('a\"b,c') + quoted(-1.5) }")
    assert page.get_attribute("body", "data-csv") == '\'=1+1"a""b,c"-1.5'


@pytest.mark.parametrize("digits", [Digits(0, 2), Digits(3, 1), Digits(6, 0), Digits(0, 4)])
def test_numbers_are_written_as_python_writes_them(opened, site, digits):
    page = opened(site)
    values = [0.0, -0.0, 0.00004, -0.00004, 1.005, -12.3456, 0.0041, 411.96, 999_999.4]
    values = [value for value in values if abs(value) * 10**digits.power < 1e6]
    column = {"power": digits.power, "decimals": digits.decimals}
    found = page.evaluate("([values, column]) => values.map((value) => written(value, column))", [values, column])
    assert found == [digits.text(value) for value in values]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_theme_follows_the_system_then_the_button(opened, site, scheme):
    page = opened(site, color_scheme=scheme)
    ground = lambda: page.evaluate("getComputedStyle(document.body).backgroundColor")
    first = ground()
    page.click("#theme")
    second = ground()
    page.reload()
    page.wait_for_function("document.documentElement.dataset.theme")
    assert first != second == ground()
    page.emulate_media(media="print")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert ground() == "rgb(255, 255, 255)"


def pages(site: Path) -> list[Path]:
    """One of each kind; of entries one verified and one with a long name."""
    names = [CHECKED, next(one.generator.name for one in board() if one.generator.name.startswith("A very"))]
    return [site, site.parent / "paper.html", *(site.parent / "entry" / f"{entry(name).id}.html" for name in names)]


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_window(opened, site, width):
    for path in pages(site):
        page = opened(path, viewport={"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path.name


def test_a_phone_can_sort(opened, site):
    page = opened(site, viewport={"width": 390, "height": 800})
    page.select_option("#table", index=1)
    page.select_option("#sort", label="Embedder KID")
    found = numbers(column(page, 2))
    assert found == sorted(found)
    page.click("#way")
    assert numbers(column(page, 2)) == found[::-1]


def test_page_reads_without_script(opened, site):
    page = opened(site, java_script_enabled=False)
    assert page.locator("noscript tbody tr").count() == 9
    assert page.locator("noscript a", has_text="ldm2d-ct-roi").count() == 1
    assert not page.locator("#board").is_visible()
    assert not page.locator("#theme").is_visible()


def test_an_empty_board_opens(opened, tmp_path):
    page = opened(build_site([], tmp_path / "site", Material()))
    assert "No entries yet" in page.inner_text("main")


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
    page.select_option("#table", index=1)
    selectors = (".cell .ci", ".cell .status", ".tag.warn", ".board a", ".muted", ".rank .status", ".rank .place")
    for selector in ("h1", *selectors, "#rows .badge.verified", "#rows .badge.differs", "#rows .badge.declared"):
        assert contrast(page, selector) >= 4.5, selector


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (390, "light"),
        (1280, "dark"),
        pytest.param(390, "dark", marks=pytest.mark.slow),
        pytest.param(1280, "light", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing_serious(opened, site, tmp_path, width, scheme):
    paper = beside_paper(like_the_paper())
    write_report(tmp_path / "report.html", like_the_paper(), found(), gallery=gallery(), paper=paper)
    for path in [*pages(site), tmp_path / "report.html"]:
        page = opened(path, viewport={"width": width, "height": 800}, color_scheme=scheme)
        for summary in page.locator("summary:visible").all():
            summary.click()
        assert serious_faults(page) == [], path.name


@pytest.mark.slow
def test_a_thousand_entries_are_quick(opened, tmp_path):
    """In seconds of the processor, so that a busy machine fails nothing; only the first paint is by the clock."""
    entries = many_entries(1000)
    start = time.process_time()
    index = build_site(entries, tmp_path / "site", Material(reported=load_reported()))
    assert time.process_time() - start < 40
    assert index.stat().st_size < 5_000_000
    took = look_at(opened(index))
    assert took["first_paint_ms"] < 2000
    assert took["sort_cpu_ms"] < 150
    assert took["search_cpu_ms"] < 150
