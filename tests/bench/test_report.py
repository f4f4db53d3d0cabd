import numpy as np
import pytest

from synthuterus_bench.bench.details import Confusion, Details, Histogram, Null
from synthuterus_bench.bench.report import write_report
from synthuterus_bench.cohorts.imagefile import encode_nifti, encode_png
from synthuterus_bench.cohorts.layout import audit_file
from synthuterus_bench.cohorts.record import Manifest, Scan
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import DataError, ScanError
from synthuterus_bench.privacy.log import write_log
from synthuterus_bench.vocab import CLASSES, Config, Split, View
from tests.board.html import Page, faults
from tests.board.samples import NO_INCEPTION, entry

LONG_NAME = "A very long generator name from a group that likes descriptive names, revision 2026-03 (EMA)"


def details(name: str = "supervised, submission") -> Details:
    matrix = Confusion(labels=tuple(map(str, CLASSES)), counts=((9, 1, 0, 0), (0, 8, 1, 1), (0, 0, 7, 3), (1, 1, 1, 7)))
    return Details(
        suite="sample-suite",
        protocol_digest="ab" * 32,
        reference_digest="cd" * 32,
        intensity="window",
        found=dict.fromkeys(CLASSES, 50),
        confusions={f"{name}, seed 0": matrix, f"{name}, seed 1": matrix},
        similarities={name: Histogram(edges=(0.5, 0.75, 1.0), counts={name: (150, 50), "held-out real": (40, 10)})},
        nulls=(Null(metric="kid-embedder", scope="pooled", excess=0.0039, p_value=0.004975, relabellings=200),),
    )


def images(count: int, side: int = 128, dtype=np.uint8) -> dict[str, list[np.ndarray]]:
    rng = np.random.default_rng(3)
    top = np.iinfo(dtype).max
    return {name: [rng.integers(0, top, (side, side), dtype) for _ in range(count)] for name in CLASSES}


def report(tmp_path, found=None, release=None, **pictures) -> Page:
    """A report of one metric."""
    out = tmp_path / "report.html"
    one = entry(results=[entry().as_json()["results"][0]])
    write_report(out, one, found or details(), release, **pictures)
    return Page.read(out)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Page:
    """A report with everything in it."""
    out = tmp_path_factory.mktemp("report") / "report.html"
    write_report(out, entry(LONG_NAME), details(), images=images(12, 256), reference=images(4, 256))
    return Page.read(out)


@pytest.fixture
def release(tmp_path):
    manifest = Manifest(name="r", view=View.ROI, dims=2, intensity="window", splits={}, digest="")
    writer = CohortWriter(tmp_path / "release", manifest)
    for name, pixels in images(3, dtype=np.uint16).items():
        for number, picture in enumerate(pixels):
            writer.add(
                Scan(f"{name}-{number}", picture, (1.0, 1.0), Split.TRAIN, "synthetic", View.ROI, orientation=name)
            )
    root = writer.close().root
    rows = [("accepted", 0.71), ("accepted", 0.82), ("rejected", 0.97)]
    candidates = [{"orientation": "av-af", "decision": word, "max_similarity": value} for word, value in rows]
    write_log(audit_file(root, Config.ROI), {"threshold": 0.95}, candidates)
    return root


def test_every_part_is_there(whole):
    headings = ["What was evaluated", "Images, unselected", "Metrics", "Confusion", "Privacy", "How to reproduce"]
    places = [whole.text.index(heading) for heading in headings]
    assert places == sorted(places)
    assert "Filtered, not proven private" in whole.text
    assert entry(LONG_NAME).id[:12] in whole.text
    assert "0.0108 to 0.0140" in whole.text
    assert "floor −0.0011 to 0.0014" in whole.text
    assert NO_INCEPTION in whole.text
    assert "p 0.005" in whole.text
    assert "synthbench evaluate PATH/TO/IMAGES --suite sample-suite" in whole.text


def test_page_loads_and_runs_nothing_of_others(whole):
    assert faults(whole) == []


def test_first_ten_of_each_class_with_the_reference_beside(whole):
    words = whole.values("alt")
    for name in CLASSES:
        assert sum(word.startswith(f"Submission, {name}") for word in words) == 10
        assert sum(word.startswith(f"Reference, {name}") for word in words) == 4


def test_one_confusion_matrix_a_regime(whole):
    assert "supervised, submission, seed 0" in whole.text
    assert "seed 1" not in whole.text


def test_largest_pictures_stay_under_five_megabytes(tmp_path):
    report(tmp_path, images=images(10, 256), reference=images(10, 256))
    assert 1_000_000 < (tmp_path / "report.html").stat().st_size < 4_500_000


def test_all_forms_of_a_picture_show_the_same(tmp_path):
    pixels = images(1, dtype=np.uint16)["av-af"][0]
    forms = [pixels, encode_png(pixels), np.stack([pixels * 0, pixels, pixels * 0])]
    found = [report(tmp_path, images={"av-af": [form]}).values("src")[0] for form in forms]
    assert len(set(found)) == 1


def test_release_gives_images_and_candidates(tmp_path, release):
    page = report(tmp_path, release=release)
    assert sum(word.startswith("Submission, ") for word in page.values("alt")) == 12
    assert any("accepted: 2 images, rejected: 1 images" in word for word in page.values("alt"))


def test_damaged_audit_log_is_one_line_and_no_report(tmp_path, release):
    log = audit_file(release, Config.ROI)
    log.write_text(log.read_text(encoding="utf-8").replace("0.97", "0.90"))
    with pytest.raises(DataError, match=r"roi\.jsonl: line 5"):
        report(tmp_path, release=release)
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("broken", [b"", b"<svg onload=alert(1)>", encode_nifti(np.ones((2, 4, 4)), (1, 1, 1), False)])
def test_picture_that_is_none_is_refused(tmp_path, broken):
    with pytest.raises(ScanError):
        report(tmp_path, images={"av-af": [broken]})


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "$x^{", "\u202ea"])
def test_hostile_details_are_inert(tmp_path, name):
    page = report(tmp_path, found=details(name))
    assert faults(page) == []
    assert "\u202e" not in page.source


def test_notes_are_shown_and_inert(tmp_path):
    found = details().model_copy(update={"notes": ("classes <b>were</b> measured",)})
    page = report(tmp_path, found)
    assert "Classes <b>were</b> measured." in page.text
    assert faults(page) == []


def test_same_input_same_bytes(tmp_path):
    first = report(tmp_path, images=images(1)).source
    assert report(tmp_path, images=images(1)).source == first
