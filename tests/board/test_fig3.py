import pytest

from synthuterus_bench.board.fig3 import draw_fig3
from synthuterus_bench.board.reported import load_reported
from tests.board.samples import SUITE, entry, sample

ROI = SUITE | {"id": "uterus-2d-roi"}


def named(name: str, **suite: str):
    return entry(suite=ROI | suite, generator=sample()["generator"] | {"name": name})


@pytest.mark.parametrize("name", [r"$\nope$", r"$\frac{1}{", "5 $ or 6 $", "$x^2$", "{}_^%", r"a\$b$"])
def test_names_of_strangers_are_no_formulas(name):
    entries = [named(name), named("plain", reference=name)]
    assert draw_fig3(entries, load_reported()).startswith(b"\x89PNG")


def test_a_formula_is_drawn_as_its_letters(monkeypatch):
    from matplotlib.mathtext import MathTextParser

    def never(*_, **__):
        raise AssertionError("a stranger's text was read as a formula")

    monkeypatch.setattr(MathTextParser, "parse", never)
    assert draw_fig3([named("$x^2$", reference="$y^2$")], load_reported()).startswith(b"\x89PNG")


def test_the_setting_is_put_back():
    from matplotlib import rcParams

    before = rcParams["text.parse_math"]
    draw_fig3([named("$x$")], [])
    assert rcParams["text.parse_math"] == before


def test_a_regime_without_values_says_so(monkeypatch):
    from matplotlib.figure import Figure

    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: drawn.append(figure))
    results = sample()["results"]
    gain = next(one for one in results if one["metric"] == "macro-f1-gain" and one["scope"] == "pooled")
    gone = {"status": "unavailable", "reason": "weights not at hand", "value": None, "ci": None, "floor": None}
    missing = gain | gone | {"params": gain["params"] | {"regime": "pretrained"}}
    draw_fig3([entry(suite=ROI, results=[*results, missing])], [])
    panels = {axes.get_title("left"): [text.get_text() for text in axes.texts] for axes in drawn[0].axes}
    assert panels == {"supervised": [], "pretrained": ["no value"]}
