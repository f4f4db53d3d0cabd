import itertools
import re

import pytest

from synthuterus_bench.board.fig3 import draw_fig3
from synthuterus_bench.board.paper import paper_tables
from synthuterus_bench.board.reported import load_reported
from synthuterus_bench.board.sheets import Line, Sheet, as_latex, as_markdown, latex
from synthuterus_bench.board.shown import Shown, shown_of
from synthuterus_bench.errors import DataError
from tests.board.samples import FLOORS, SUITE, board, entry, sample

ROI = SUITE | {"id": "uterus-2d-roi"}


def of_roi(name="ddpm2d-ct-roi", **changes):
    return entry(name, suite=ROI, **changes)


def line(sheet, *starts):
    (found,) = [each for each in sheet.lines if each.texts[: len(starts)] == starts]
    return found


@pytest.fixture(scope="module")
def tables():
    return paper_tables([of_roi(), of_roi("ddpm2d-class-roi")], load_reported())


def test_table_one_has_every_orientation_and_the_papers_numbers_marked(tables):
    one = tables[0]
    ours = line(one, "ddpm2d-ct-roi", "FID 64 ↓", "a")
    assert [float(text) for text in ours.texts[3:]] == pytest.approx(
        [0.92 * (1.11 + 0.11 * k) for k in range(4)], abs=0.01
    )
    theirs = line(one, "ddpm2d-ct-roi", "FID (layer not stated) ↓", "reported")
    assert theirs.reported
    assert theirs.texts[3:] == ("1.05", "0.33", "0.25", "0.65")
    assert not ours.reported
    assert any("not measured here" in note for note in one.notes)


def test_table_two_averages_the_orientations(tables):
    two = tables[1]
    ours = line(two, "ddpm2d-ct-roi", "roi", "ct", "ddpm2d", "a")
    fid = float(ours.texts[two.heads.index("FID 64 ↓")])
    assert fid == pytest.approx(0.92 * (1 + 0.11 * 2.5), abs=0.01)
    assert "[" in ours.texts[two.heads.index("LPIPS ↓")]
    reported = [each for each in two.lines if each.reported]
    assert len(reported) == 4
    assert ours.texts[-2:] == ("0.57", "0.38")
    assert line(two, "ldm2d-uncond-roi").texts[-2:] == ("2.17", "0.35")
    assert all(len(each.texts) == len(two.heads) for each in two.lines)


def test_the_interval_of_an_average_is_that_of_independent_parts(tables):
    from synthuterus_bench.board.paper import _average

    found = _average(Shown(of_roi(), "a"), "lpips")
    halves = [2 * 0.008 * (1.11 + 0.11 * k) for k in range(4)]
    assert found.ci.high - found.value == pytest.approx(sum(half**2 for half in halves) ** 0.5 / 4, rel=1e-4)


def test_nothing_reported_beside_another_suite():
    for sheet in paper_tables([entry()], load_reported()):
        assert not any(each.reported for each in sheet.lines)
        assert "not measured here" not in " ".join(sheet.notes)


def test_letters_tell_protocols_apart():
    other = entry("ldm2d-ct-roi", suite=ROI | {"protocol_digest": "ef" * 32})
    shown, notes = shown_of([of_roi(), other])
    assert {one.protocol for one in shown} == {"a", "b"}
    assert notes[-1] == "Rows of different letters are not comparable."


def test_real_images_stand_below_in_the_downstream_table(tables):
    three = tables[2]
    assert three.heads[3:] == ("supervised ↑",)
    low, high = FLOORS["macro-f1-gain"]
    floor = line(three, "ddpm2d-ct-roi", "real images").texts[3]
    assert floor == f"{(low + high) / 2:.2f} [−{-low:.2f} to {high:.2f}]"


def test_without_a_fid_the_stand_in_keeps_its_own_name():
    values = {metric: value for metric, value in [("fd-embedder", 6.3), ("lpips", 0.35)]}
    from tests.board.samples import results_of

    sheets = paper_tables([of_roi(results=results_of(values))], [])
    assert "Embedder FD ↓" in sheets[1].heads
    assert not any("FID" in text for each in sheets[0].lines for text in each.texts)


def test_markdown_and_latex_are_whole_and_strangers_names_are_harmless():
    evil = of_roi(generator=sample()["generator"] | {"name": r"a|b \input{x} $%_^~ <b>[l](u)"})
    sheets = paper_tables([evil, *board()], load_reported())
    text = as_markdown(sheets)
    rows = [row for row in text.splitlines() if row.startswith("|")]
    for _, group in itertools.groupby(rows, key=lambda row: len(re.findall(r"(?<!\\)\|", row))):
        assert len(list(group)) > 2
    assert r"a\|b" in text
    assert "<b>" not in text
    tex = as_latex(sheets)
    assert r"\input" not in tex
    assert r"\textbackslash{}input\{x\} \$\%\_\textasciicircum{}\textasciitilde{}" in tex
    for table in tex.split(r"\begin{table}")[1:]:
        body = table.split(r"\toprule")[1].split(r"\bottomrule")[0]
        columns = len(re.search(r"\\begin{tabular}{(\w+)}", table)[1])
        for row in body.split(r"\\")[:-1]:
            assert len(re.findall(r"(?<!\\)&", row)) == columns - 1


def test_latex_of_every_sign():
    assert latex("5 % ↓ −1 × 10⁻ & #") == r"5 \% $\downarrow$ $-$1 $\times$ 10⁻ \& \#"
    sheet = Sheet("t", ("a", "b"), (Line(("x", "1"), reported=True),))
    assert r"\emph{x} & \emph{1} \\" in as_latex([sheet])
    assert "| *x* | *1* |" in as_markdown([sheet])


def test_fig3_is_a_picture_and_the_same_bytes_again():
    entries = [of_roi(), of_roi("ddpm2d-class-roi")]
    page = draw_fig3(entries, load_reported())
    assert page.startswith(b"\x89PNG")
    assert page == draw_fig3(entries[::-1], load_reported())


def test_nothing_to_draw_is_said():
    from tests.board.samples import results_of

    with pytest.raises(DataError, match="macro-f1-gain"):
        draw_fig3([of_roi(results=results_of({"lpips": 0.3}))], [])
