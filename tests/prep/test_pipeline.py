from dataclasses import replace

import numpy as np
import pytest

from synthuterus_bench.cohorts.record import Manifest, Scan
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.window import from_window, to_window
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import CohortError, DataError, ScanError, UsageError
from synthuterus_bench.prep.pipeline import PrepOptions, SliceChoice, chosen, parameters, prepare_cohort, prepare_scan
from synthuterus_bench.repro import digest_file
from synthuterus_bench.vocab import Label, Orientation, Split, View
from tests.cohorts.imports.synthetic import anatomy

SHAPE = (9, 150, 160)
ROI = PrepOptions(View.ROI)
FULL = PrepOptions(View.FULL)


def make_scan(number: int = 0, mask: bool = False, **facts) -> Scan:
    pixels = anatomy(number, SHAPE).astype(np.int16)
    labels = np.zeros(SHAPE, np.uint8)
    labels[5:8, 40:61, 100:121] = Label.MYOMETRIUM
    scan = Scan(
        scan_id=f"scan{number}",
        pixels=pixels,
        spacing_mm=(4.0, 1.2, 1.0),
        split=Split.TRAIN,
        source="made",
        patient_id=f"p{number}",
        orientation=Orientation.RV_AF,
        mask=labels if mask else None,
    )
    return replace(scan, **facts)


def write(root, *scans: Scan, **manifest) -> Cohort:
    facts = {"name": "made", "view": View.FULL, "dims": 3, "intensity": "native", "splits": {}, "digest": ""}
    writer = CohortWriter(root, Manifest(**facts | manifest))
    for scan in scans:
        writer.add(scan)
    return writer.close()


@pytest.mark.parametrize(("options", "side"), [(ROI, 128), (FULL, 256)])
def test_every_image_is_on_the_common_grid_in_the_window(options, side):
    images = [*prepare_scan(make_scan(), options)]
    assert [image.scan_id for image in images] == ["scan0-s03", "scan0-s04", "scan0-s05"]
    for image in images:
        assert image.pixels.shape == (side, side)
        assert image.pixels.dtype == np.uint16
        assert image.spacing_mm == (1.0, 1.0)
        assert image.view is options.view
        assert (image.orientation, image.patient_id) == (Orientation.RV_AF, "p0")


def test_each_image_is_standardised_by_itself():
    """With a body that fills the view, all its pixels have mean 0 and deviation 1."""
    scan = make_scan()
    inside = (scan.pixels + 500).astype(np.int16)
    for image in prepare_scan(replace(scan, pixels=inside), ROI):
        z = from_window(image.pixels)
        assert float(z.mean()) == pytest.approx(0, abs=2e-3)
        assert float(z.std()) == pytest.approx(1, abs=2e-3)


def test_gain_and_offset_of_the_scanner_do_not_matter():
    scan = make_scan()
    other = replace(scan, pixels=(scan.pixels.astype(np.float32) * 3.5 + 40))
    for one, two in zip(prepare_scan(scan, ROI), prepare_scan(other, ROI), strict=True):
        np.testing.assert_allclose(from_window(one.pixels), from_window(two.pixels), atol=1e-3)


def test_roi_lies_around_the_uterus_and_its_slices():
    images = [*prepare_scan(make_scan(mask=True), ROI)]
    assert [image.scan_id for image in images] == ["scan0-s05", "scan0-s06", "scan0-s07"]
    for image in images:
        rows, columns = np.nonzero(image.mask == Label.MYOMETRIUM)
        assert abs(rows.mean() - 64) <= 0.5
        assert abs(columns.mean() - 64) <= 0.5
        assert np.ptp(rows) + 1 == pytest.approx(21 * 1.2, abs=1)
        assert np.ptp(columns) + 1 == 21


def test_full_view_lies_around_the_middle_and_is_padded_with_the_least_value():
    (image,) = prepare_scan(make_scan(mask=True), PrepOptions(View.FULL, slices=SliceChoice.MID))
    outside = np.ones((256, 256), bool)
    outside[38:218, 48:208] = False
    assert len(np.unique(image.pixels[outside])) == 1
    assert image.pixels[outside][0] == image.pixels.min()
    assert (image.mask[outside] == 0).all()


def test_volumes():
    (volume,) = prepare_scan(make_scan(mask=True), PrepOptions(View.ROI, 3))
    assert volume.scan_id == "scan0"
    assert volume.pixels.shape == volume.mask.shape == (24, 128, 128)
    assert volume.spacing_mm == (4.0, 1.0, 1.0)
    slices = np.nonzero(volume.mask == Label.MYOMETRIUM)[0]
    assert {*slices} == {11, 12, 13}


def test_windowed_volumes_are_prepared_like_native_ones():
    scan = make_scan()
    z = (scan.pixels - scan.pixels.mean()) / scan.pixels.std()
    windowed = replace(scan, pixels=to_window(z))
    for one, two in zip(prepare_scan(scan, ROI), prepare_scan(windowed, ROI, windowed=True), strict=True):
        np.testing.assert_allclose(from_window(one.pixels), from_window(two.pixels), atol=2e-3)


@pytest.mark.parametrize(
    ("slices", "central", "found"),
    [
        (SliceChoice.MID, 4, [4]),
        (SliceChoice.CENTRAL3, 4, [3, 4, 5]),
        (SliceChoice.CENTRAL3, 0, [0, 1, 2]),
        (SliceChoice.CENTRAL3, 8, [6, 7, 8]),
        (SliceChoice.ALL, 4, [1, 2, 3, 4, 5, 6, 7, 8]),
    ],
)
def test_chosen(slices, central, found):
    body = np.ones((9, 10, 10), bool)
    body[0] = False
    assert chosen(slices, body, central) == found


def test_cohort_keeps_splits_and_tells_its_parameters(tmp_path):
    source = write(tmp_path / "in", make_scan(0), make_scan(1, split=Split.TEST))
    lines = []
    made = prepare_cohort(source, tmp_path / "out", ROI, lines.append)
    assert made.manifest.splits == {Split.TRAIN: 3, Split.TEST: 3}
    assert (made.manifest.view, made.manifest.dims, made.manifest.intensity) == (View.ROI, 2, "window")
    assert made.manifest.prep == parameters(source, ROI)
    assert made.manifest.prep["input_digest"] == source.manifest.digest
    assert [line.split(":")[0] for line in lines] == ["scan0", "scan1"]


def test_parameters_have_a_digest_of_their_own(tmp_path):
    source = write(tmp_path / "in", make_scan())
    options = [ROI, FULL, PrepOptions(View.ROI, slices=SliceChoice.ALL), PrepOptions(View.ROI, 3)]
    assert len({parameters(source, option)["digest"] for option in options}) == len(options)


def test_a_second_run_gives_the_same_bytes(tmp_path):
    source = write(tmp_path / "in", make_scan())
    one, two = (prepare_cohort(source, tmp_path / name, ROI) for name in "ab")
    assert [digest_file(path) for path in one.files()] == [digest_file(path) for path in two.files()]
    assert one.manifest == two.manifest


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
def test_bad_scans_end_it_and_leave_nothing(tmp_path, pixels, found):
    source = write(tmp_path / "in", make_scan(0), make_scan(1, pixels=pixels))
    with pytest.raises(ScanError, match=rf"^scan1\S*: found {found}.*, expected"):
        prepare_cohort(source, tmp_path / "out", ROI)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_refused_cohorts(tmp_path):
    made = prepare_cohort(write(tmp_path / "in", make_scan()), tmp_path / "out", ROI)
    with pytest.raises(CohortError, match="found a prepared cohort"):
        prepare_cohort(made, tmp_path / "again", ROI)
    flat = make_scan(pixels=anatomy()[0], spacing_mm=(1.0, 1.0))
    with pytest.raises(CohortError, match="2D images, expected volumes"):
        prepare_cohort(write(tmp_path / "flat", flat, dims=2), tmp_path / "again", ROI)
    with pytest.raises(UsageError, match="found view roi"):
        prepare_cohort(write(tmp_path / "roi", make_scan(), view=View.ROI), tmp_path / "again", FULL)
    with pytest.raises(DataError, match="expected nothing there yet"):
        prepare_cohort(write(tmp_path / "in2", make_scan()), tmp_path / "out", ROI)
    assert not (tmp_path / "again").exists()
