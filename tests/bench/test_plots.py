import base64
from xml.etree import ElementTree

import pytest

from synthuterus_bench.bench.plots import Dot, confusion_matrix, metric_dots, similarity_histogram

EDGES, COUNTS = [0.5, 0.7, 0.9, 1.0], {"kept": [3, 8, 0], "rejected": [0, 1, 4]}
FIGURES = {
    "histogram": lambda word: similarity_histogram(EDGES, {**COUNTS, word: [1, 1, 1]}, 0.93),
    "confusion": lambda word: confusion_matrix(["a", word], [[8, 2], [0, 0]]),
    "dots": lambda word: metric_dots(word, [Dot("pooled", 1.0, (0.5, 1.5), (0.0, 0.4)), Dot(word, 2.0)], "lower"),
}


def svg(address: str) -> str:
    assert address.startswith("data:image/svg+xml;base64,")
    return base64.b64decode(address.split(",")[1]).decode()


def texts(source: str) -> list[str]:
    return [
        "".join(node.itertext()) for node in ElementTree.fromstring(source).iter("{http://www.w3.org/2000/svg}text")
    ]


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_same_data_same_bytes(draw):
    first, again, other = draw("third"), draw("third"), draw("fourth")
    assert first == again
    assert first.light != first.dark
    assert first.light != other.light


@pytest.mark.parametrize("word", ["<script>alert(1)</script>", "$x^{", "a & b", "\u202eb", "%s"])
@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_labels_of_strangers_are_only_text(draw, word):
    figure = draw(word)
    for source in (svg(figure.light), svg(figure.dark)):
        assert any(word.replace("\u202e", "\ufffd") in text for text in texts(source))
        assert "<script" not in source
        assert "\u202e" not in source


def test_no_date_and_no_font_of_one_machine():
    source = svg(FIGURES["dots"]("x").light)
    assert "dc:date" not in source
    assert "DejaVu" not in source


def test_threshold_is_written():
    assert "τ = 0.930" in texts(svg(similarity_histogram(EDGES, COUNTS, 0.93).light))
    assert not any("τ" in text for text in texts(svg(similarity_histogram(EDGES, COUNTS).light)))


def test_confusion_writes_counts_and_row_shares():
    figure = confusion_matrix(["a", "b"], [[8, 2], [0, 0]])
    found = texts(svg(figure.light))
    assert [text for text in found if text.isdigit()] == ["8", "2", "0", "0"]
    assert [text for text in found if text.endswith("%")] == ["80%", "20%", "0%", "0%"]
    assert figure.alt == "Confusion matrix of 10 images, 80% on the diagonal."


def test_alternative_text_says_the_values():
    assert metric_dots("KID", [Dot("pooled", 0.0041)]).alt == "KID. pooled 0.0041"
    assert "kept: 11 images, rejected: 5 images" in similarity_histogram(EDGES, COUNTS).alt


def test_empty_histogram_is_drawn():
    assert svg(similarity_histogram(EDGES, {"kept": [0, 0, 0]}, 0.95).light)


def test_a_set_without_images_has_its_own_key():
    """As hatched as its bars would be, not in the colour of the others."""
    source = svg(similarity_histogram(EDGES, {"kept": [3, 2, 1], "rejected": [0, 0, 0]}, 0.95).light)
    assert "rejected" in texts(source)
    assert "<pattern" in source
