"""The parts of a report that come from single images and from the paper, in HTML and in Markdown."""

import re

import numpy as np
import pytest

from synthuterus_bench.bench.curves import Projection
from synthuterus_bench.bench.details import NearCopies, Roc
from synthuterus_bench.bench.gallery import Gallery, Neighbour
from synthuterus_bench.bench.report import write_report
from synthuterus_bench.board.paper import beside_paper
from synthuterus_bench.vocab import CLASSES
from tests.bench.test_report import details, images
from tests.board.html import Page, faults
from tests.board.samples import entry

EVIL = "x](javascript:alert(1)) | <script>alert(1)</script> `"


def gallery(real=True):
    rng = np.random.default_rng(0)
    points = {str(name): rng.normal(size=(200, 2)) for name in CLASSES}
    shown = images(10, dtype=np.uint16)
    pairs = {
        name: tuple(Neighbour(one, one, 0.9 - k / 10) for k, one in enumerate(group[:3]))
        for name, group in shown.items()
    }
    return Gallery(
        shown, shown if real else {}, pairs if real else {}, Projection(points if real else {}, points, (0.4, 0.2))
    )


def found():
    grid = tuple(np.linspace(0, 1, 51).round(4).tolist())
    roc = Roc(labels=tuple(map(str, CLASSES)), false_positives=grid, true_positives=(grid,) * 4)
    near = NearCopies(found=12, expected=0.8, bound=0.844, beyond_chance=True)
    return details().model_copy(update={"rocs": {"supervised, submission": roc}, "near": {"train": near}})


def like_the_paper(name="mine"):
    one = entry()
    changes = {
        "suite": one.suite.model_copy(update={"id": "uterus-2d-roi"}),
        "generator": one.generator.model_copy(update={"name": name}),
    }
    return one.model_copy(update=changes)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    out = tmp_path_factory.mktemp("report") / "report.html"
    write_report(out, like_the_paper(), found(), gallery=gallery(), paper=beside_paper(like_the_paper()))
    assert out.stat().st_size < 5_000_000
    return Page.read(out)


def test_the_page_has_every_part_and_no_fault(page):
    headings = ["Images, unselected", "Nearest real images", "Metrics", "Confusion", "ROC curves", "Beside real images"]
    places = [page.text.index(heading) for heading in (*headings, "Beside the paper", "Privacy", "How to reproduce")]
    assert places == sorted(places)
    assert not faults(page)


def test_near_copies_are_marked_and_counted(page):
    assert page.text.count(", a near copy") == 4
    assert "chance explains about 0.8" in page.text


def test_what_the_paper_reports_stands_beside_suites_like_its_own_only(page):
    assert "ddpm2d-class-roi" in page.text
    assert "Reported by the paper" in page.text
    assert beside_paper(entry()) == []


def test_without_a_public_reference_there_are_no_neighbours(tmp_path):
    out = tmp_path / "report.html"
    write_report(out, entry(), found(), gallery=gallery(real=False))
    text = Page.read(out).text
    assert "Nearest real images" not in text
    assert "Reference:" not in text


def test_markdown_says_the_same_and_strangers_stay_text(tmp_path):
    out = tmp_path / "report.md"
    write_report(out, like_the_paper(EVIL), found(), gallery=gallery(), paper=beside_paper(like_the_paper()))
    text = out.read_text(encoding="utf-8")
    assert len(text) < 5_000_000
    assert "<script>" not in text
    assert not re.search(r"(?<!\\)\]\(javascript", text)
    for heading in (
        "Images, unselected",
        "Nearest real images",
        "Metrics",
        "Excess over relabelled real images",
        "Confusion",
        "ROC curves",
        "Beside the paper",
    ):
        assert f"\n## {heading}\n" in text
    assert "0.0025 to 0.0057" in text
    assert "| 0.0039 (p 0.005) |" in text
    used, known = (
        set(re.findall(pattern, text)) for pattern in (r"\]\[(picture-\d+)\]", r"\n\[(picture-\d+)\]: data:")
    )
    assert used == known
    assert len(used) > 90


def test_roc_curves_stand_in_the_order_of_the_suites(tmp_path):
    roc = found().rocs["supervised, submission"]
    names = ["k-means, submission", "supervised, real", "supervised, submission"]
    several = details().model_copy(update={"rocs": dict.fromkeys(names, roc)})
    out = tmp_path / "report.md"
    write_report(out, like_the_paper(), several)
    text = out.read_text(encoding="utf-8").partition("## ROC curves")[2]
    places = [text.index(name) for name in ("supervised, submission", "supervised, real", "k-means, submission")]
    assert places == sorted(places)
