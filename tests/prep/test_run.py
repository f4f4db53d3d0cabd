from dataclasses import replace

import numpy as np
import pytest

from synthuterus_bench.errors import CohortError, DataError, ScanError, UsageError, WeightsError
from synthuterus_bench.prep import work
from synthuterus_bench.prep.pipeline import make_pipeline
from synthuterus_bench.prep.roi import Source
from synthuterus_bench.prep.run import prepare_cohort
from synthuterus_bench.vocab import Label, Otherwise, SliceChoice, Split, View
from tests.cohorts.imports.synthetic import anatomy
from tests.prep.made import BOTH, FULL, ROI, SHAPE, STAND_IN, contents, make_scan, write

SEARCHED = replace(ROI, otherwise=Otherwise.LOCALISER)


def stand_in():
    return STAND_IN


def missing():
    raise WeightsError("no such file", "--roi middle")


def left_over(tmp_path):
    return sorted(path.name for path in tmp_path.iterdir() if path.name not in ("in", "out"))


def test_cohort_keeps_splits_and_tells_its_steps(tmp_path):
    source = write(tmp_path / "in", make_scan(0), make_scan(1, split=Split.TEST))
    lines = []
    made = prepare_cohort(source, tmp_path / "out", ROI, tell=lines.append)
    manifest = made.cohorts[View.ROI].manifest
    assert manifest.splits == {Split.TRAIN: 3, Split.TEST: 3}
    assert (manifest.view, manifest.dims, manifest.intensity) == (View.ROI, 2, "window")
    assert manifest.prep.items() >= make_pipeline(ROI).facts(View.ROI).items()
    assert manifest.prep["input_digest"] == source.manifest.digest
    assert lines == []
    assert left_over(tmp_path) == []


def test_both_views_lie_side_by_side_and_are_those_of_two_runs(tmp_path):
    source = write(tmp_path / "in", make_scan(0, mask=True), make_scan(1))
    made = prepare_cohort(source, tmp_path / "out", BOTH)
    for options in (ROI, FULL):
        (view,) = options.views
        prepare_cohort(source, tmp_path / view, options)
        assert made.cohorts[view].root == tmp_path / "out" / view
        assert contents(tmp_path / "out" / view) == contents(tmp_path / view)


def test_where_each_uterus_came_from_is_counted(tmp_path):
    spotted = make_scan(1)
    spotted.pixels[6, 100:103, 110:113] = 9000
    bladder = np.zeros(SHAPE, np.uint8)
    bladder[4, 50:60, 50:60] = Label.BLADDER
    scans = [make_scan(0, mask=True), spotted, make_scan(2), replace(make_scan(3), mask=bladder)]
    lines = []
    made = prepare_cohort(
        write(tmp_path / "in", *scans), tmp_path / "out", SEARCHED, locate=stand_in, tell=lines.append
    )
    assert made.sources == {Source.MASK: 1, Source.LOCALISER: 1, Source.MIDDLE: 2}
    prep = made.cohorts[View.ROI].manifest.prep
    assert [prep[f"roi_from_{name}"] for name in ("mask", "localiser", "middle")] == [1, 1, 2]
    assert prep["04-locate.localiser"] == STAND_IN.sha256
    assert lines == [f"scan{k}: found no uterus; took the middle of the scan" for k in (2, 3)]


def test_a_localiser_is_asked_for_only_where_a_mask_is_missing(tmp_path):
    marked = write(tmp_path / "in", make_scan(0, mask=True))
    assert prepare_cohort(marked, tmp_path / "out", SEARCHED, locate=missing).sources[Source.MASK] == 1
    with pytest.raises(WeightsError, match="no such file"):
        prepare_cohort(write(tmp_path / "in2", make_scan(0)), tmp_path / "out2", SEARCHED, locate=missing)
    assert not (tmp_path / "out2").exists()


@pytest.mark.parametrize("options", [replace(BOTH, n4=True), replace(SEARCHED, dims=3)])
def test_workers_do_not_change_a_byte(tmp_path, options):
    source = write(tmp_path / "in", *(make_scan(k, mask=k == 1) for k in range(4)))
    for workers in (1, 2):
        prepare_cohort(source, tmp_path / f"out{workers}", options, workers=workers, locate=stand_in)
    assert contents(tmp_path / "out1") == contents(tmp_path / "out2")


def test_what_is_done_is_not_done_again(tmp_path, monkeypatch):
    """A scan that cannot be prepared ends a run; when it is mended, the others are there already."""
    bad = make_scan(2, pixels=np.full(SHAPE, 3, np.int16))
    broken = write(tmp_path / "broken", make_scan(0), make_scan(1), bad)
    with pytest.raises(ScanError, match="scan2: found a constant volume"):
        prepare_cohort(broken, tmp_path / "out", ROI)
    assert not (tmp_path / "out").exists()
    assert left_over(tmp_path) == [".out.work", "broken"]
    mended = write(tmp_path / "in", make_scan(0), make_scan(1), make_scan(2))
    prepare_cohort(mended, tmp_path / "undisturbed", ROI)
    done = []
    monkeypatch.setattr(work, "prepare_scan", lambda scan, *rest: done.append(scan.scan_id) or original(scan, *rest))
    prepare_cohort(mended, tmp_path / "out", ROI)
    assert done == ["scan2"]
    assert contents(tmp_path / "out") == contents(tmp_path / "undisturbed")
    assert ".out.work" not in left_over(tmp_path)


original = work.prepare_scan


def test_other_options_use_nothing_of_an_unfinished_run(tmp_path):
    scans = [make_scan(0), make_scan(1, pixels=np.full(SHAPE, 3, np.int16))]
    with pytest.raises(ScanError):
        prepare_cohort(write(tmp_path / "broken", *scans), tmp_path / "out", ROI)
    source = write(tmp_path / "in", make_scan(0))
    prepare_cohort(source, tmp_path / "out", replace(ROI, slices=SliceChoice.ALL))
    prepare_cohort(source, tmp_path / "other", replace(ROI, slices=SliceChoice.ALL))
    assert contents(tmp_path / "out") == contents(tmp_path / "other")


@pytest.mark.parametrize("damage", [b"", b"{}", None])
def test_damaged_files_are_made_again(tmp_path, damage):
    bad = make_scan(1, pixels=np.full(SHAPE, 3, np.int16))
    with pytest.raises(ScanError):
        prepare_cohort(write(tmp_path / "broken", make_scan(0), bad), tmp_path / "out", ROI)
    (file,) = (tmp_path / ".out.work").rglob("*.json")
    file.unlink() if damage is None else file.write_bytes(damage)
    source = write(tmp_path / "in", make_scan(0))
    prepare_cohort(source, tmp_path / "out", ROI)
    prepare_cohort(source, tmp_path / "other", ROI)
    assert contents(tmp_path / "out") == contents(tmp_path / "other")


def test_a_finished_run_is_finished(tmp_path):
    source = write(tmp_path / "in", make_scan())
    first = prepare_cohort(source, tmp_path / "out", ROI)
    (tmp_path / ".out.work").mkdir()
    assert prepare_cohort(source, tmp_path / "out", ROI) == first
    assert not (tmp_path / ".out.work").exists()
    with pytest.raises(DataError, match="too late for a report"):
        prepare_cohort(source, tmp_path / "out", ROI, report=tmp_path / "page.html")
    with pytest.raises(DataError, match="expected nothing there yet"):
        prepare_cohort(source, tmp_path / "out", FULL)


def spoiled(value: float) -> np.ndarray:
    pixels = anatomy(0, SHAPE).astype(np.float32)
    pixels[4, 40, 40] = value
    return pixels


@pytest.mark.parametrize(
    ("pixels", "found"),
    [
        (spoiled(np.nan), "1 voxels that are NaN"),
        (spoiled(np.inf), "1 voxels that are NaN or infinite"),
        (np.full(SHAPE, 3, np.int16), "a constant volume"),
    ],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_bad_scan_ends_it_with_its_name(tmp_path, pixels, found, workers):
    source = write(tmp_path / "in", make_scan(0), make_scan(1, pixels=pixels))
    with pytest.raises(ScanError, match=rf"^scan1\S*: found {found}.*, expected"):
        prepare_cohort(source, tmp_path / "out", ROI, workers=workers)
    assert left_over(tmp_path) == [".out.work"]


def test_refused_cohorts(tmp_path):
    made = prepare_cohort(write(tmp_path / "in", make_scan()), tmp_path / "out", ROI).cohorts[View.ROI]
    with pytest.raises(CohortError, match="found a prepared cohort"):
        prepare_cohort(made, tmp_path / "again", ROI)
    flat = make_scan(pixels=anatomy()[0], spacing_mm=(1.0, 1.0))
    for intensity, advice in (("native", "synthbench cohort import"), ("window", "ready to train on")):
        images = write(tmp_path / intensity, flat, dims=2, intensity=intensity)
        with pytest.raises(CohortError, match="2D images, expected volumes") as refusal:
            prepare_cohort(images, tmp_path / "again", ROI)
        assert advice in refusal.value.hint
    for options in (FULL, BOTH):
        with pytest.raises(UsageError, match="found view roi"):
            prepare_cohort(
                write(tmp_path / f"{len(options.views)}", make_scan(), view=View.ROI), tmp_path / "again", options
            )
    assert not (tmp_path / "again").exists()
