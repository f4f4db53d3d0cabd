from dataclasses import fields, replace

import numpy as np
import pytest

from synthuterus_bench.cohorts.window import from_window, to_window
from synthuterus_bench.errors import ScanError
from synthuterus_bench.prep import steps, view
from synthuterus_bench.prep.pipeline import Pipeline, PrepOptions, make_pipeline, prepare_scan
from synthuterus_bench.prep.roi import Source
from synthuterus_bench.vocab import Label, Orientation, Otherwise, SliceChoice, View
from tests.cohorts.imports.synthetic import anatomy
from tests.prep.made import BOTH, FULL, ROI, brightest, make_scan


def prepared(scan, options=ROI, **more):
    return prepare_scan(scan, make_pipeline(options), **more).scans


@pytest.mark.parametrize(("options", "side"), [(ROI, 128), (FULL, 256)])
def test_every_image_is_on_the_common_grid_in_the_window(options, side):
    images = prepared(make_scan(), options)
    assert [image.scan_id for image in images] == ["scan0-s03", "scan0-s04", "scan0-s05"]
    assert [image.slice_mm for image in images] == [-4, 0, 4]
    for image in images:
        assert image.pixels.shape == (side, side)
        assert image.pixels.dtype == np.uint16
        assert image.spacing_mm == (1.0, 1.0)
        assert image.view is options.views[0]
        assert (image.orientation, image.patient_id, image.session) == (Orientation.RV_AF, "p0", "day0")


@pytest.mark.parametrize("n4", [False, True])
def test_each_image_is_standardised_by_itself(n4):
    """With a body that fills the view, all its pixels have mean 0 and deviation 1."""
    scan = make_scan()
    inside = (scan.pixels.astype(np.int32) + np.where(scan.pixels > 60, 500, 0)).astype(np.int16)[:, 4:145, 9:]
    for image in prepared(replace(scan, pixels=inside), replace(ROI, n4=n4)):
        z = from_window(image.pixels)
        assert float(z.mean()) == pytest.approx(0, abs=2e-3)
        assert float(z.std()) == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("n4", [False, True])
def test_gain_and_offset_of_the_scanner_do_not_matter(n4):
    scan = make_scan()
    other = replace(scan, pixels=(scan.pixels.astype(np.float32) * 3.5 + 40))
    options = replace(ROI, n4=n4)
    for one, two in zip(prepared(scan, options), prepared(other, options), strict=True):
        np.testing.assert_allclose(from_window(one.pixels), from_window(two.pixels), atol=1e-3)


def test_roi_lies_around_the_uterus_and_its_slices():
    images = prepared(make_scan(mask=True))
    assert [image.scan_id for image in images] == ["scan0-s05", "scan0-s06", "scan0-s07"]
    for image in images:
        rows, columns = np.nonzero(image.mask == Label.MYOMETRIUM)
        assert abs(rows.mean() - 64) <= 0.5
        assert abs(columns.mean() - 64) <= 0.5
        assert np.ptp(rows) + 1 == pytest.approx(21 * 1.2, abs=1)
        assert np.ptp(columns) + 1 == 21


def spotted():
    """A scan without a mask, with one bright spot in slice 6 near the lower back."""
    scan = make_scan()
    scan.pixels[6, 100:103, 110:113] = 9000
    return scan


def test_roi_lies_around_what_the_localiser_finds():
    done = prepare_scan(spotted(), make_pipeline(replace(ROI, otherwise=Otherwise.LOCALISER)), find=brightest)
    assert done.state.place.source is Source.LOCALISER
    assert [image.scan_id for image in done.scans] == ["scan0-s05", "scan0-s06", "scan0-s07"]
    rows, columns = np.unravel_index(done.scans[1].pixels.argmax(), (128, 128))
    assert abs(rows - 64) <= 1
    assert abs(columns - 64) <= 1
    assert done.scans[1].mask is None


def test_the_localiser_is_not_asked_where_a_mask_tells_and_its_silence_means_the_middle():
    options = replace(ROI, otherwise=Otherwise.LOCALISER)
    marked = prepare_scan(make_scan(mask=True), make_pipeline(options), find=lambda z: pytest.fail("asked"))
    assert marked.state.place.source is Source.MASK
    silent = prepare_scan(make_scan(), make_pipeline(options), find=lambda z: None)
    assert silent.state.place.source is Source.MIDDLE
    assert [image.scan_id for image in silent.scans] == [image.scan_id for image in prepared(make_scan())]
    assert prepare_scan(make_scan(), make_pipeline(options)).state.place.source is Source.MIDDLE


def test_the_localiser_sees_the_whole_scan_standardised_at_1_mm():
    seen = []
    options = replace(ROI, otherwise=Otherwise.LOCALISER)
    prepare_scan(make_scan(), make_pipeline(options), find=lambda z: seen.append(z))
    (z,) = seen
    assert z.shape == (9, 180, 160)
    body = prepare_scan(make_scan(), make_pipeline(ROI)).state.body
    assert z[body].mean() == pytest.approx(0, abs=1e-3)
    assert z[body].std() == pytest.approx(1, abs=1e-3)


def test_full_view_lies_around_the_middle_and_is_padded_with_the_least_value():
    (image,) = prepared(make_scan(mask=True), replace(FULL, slices=SliceChoice.MID))
    outside = np.ones((256, 256), bool)
    outside[38:218, 48:208] = False
    assert len(np.unique(image.pixels[outside])) == 1
    assert image.pixels[outside][0] == image.pixels.min()
    assert (image.mask[outside] == 0).all()


def test_both_views_are_those_of_two_runs():
    scan = make_scan(mask=True)
    both = prepared(scan, BOTH)
    apart = [*prepared(scan, FULL), *prepared(scan, ROI)]
    assert [(one.view, one.scan_id) for one in both] == [(one.view, one.scan_id) for one in apart]
    for one, two in zip(both, apart, strict=True):
        np.testing.assert_array_equal(one.pixels, two.pixels)
        np.testing.assert_array_equal(one.mask, two.mask)


def test_volumes():
    (volume,) = prepared(make_scan(mask=True), replace(ROI, dims=3))
    assert volume.scan_id == "scan0"
    assert volume.slice_mm is None
    assert volume.pixels.shape == volume.mask.shape == (24, 128, 128)
    assert volume.spacing_mm == (4.0, 1.0, 1.0)
    slices = np.nonzero(volume.mask == Label.MYOMETRIUM)[0]
    assert {*slices} == {11, 12, 13}


@pytest.mark.parametrize(("n4", "tolerance"), [(False, 2e-3), (True, 1e-2)])
def test_windowed_volumes_are_prepared_like_native_ones(n4, tolerance):
    scan = make_scan()
    z = (scan.pixels - scan.pixels.mean()) / scan.pixels.std()
    windowed, options = replace(scan, pixels=to_window(z)), replace(ROI, n4=n4)
    for one, two in zip(prepared(scan, options), prepared(windowed, options, windowed=True), strict=True):
        np.testing.assert_allclose(from_window(one.pixels), from_window(two.pixels), atol=tolerance)


def every_step():
    options = [PrepOptions(tuple(View)), PrepOptions(tuple(View), 3)]
    return {type(step): step for one in options for each in View for step in make_pipeline(one).steps(each)}


def other(value):
    if isinstance(value, str):
        return value + "x"
    return value + 1


@pytest.mark.parametrize(
    ("step", "name"),
    [(step, one.name) for step in every_step().values() for one in fields(step)],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_the_digest_changes_with_every_parameter(step, name):
    changed = replace(step) if name not in ("low", "high") else type(step)()
    object.__setattr__(changed, name, other(getattr(step, name)))
    digests = [Pipeline((one,), {View.ROI: ()}).digest(View.ROI) for one in (step, changed)]
    assert digests[0] != digests[1]
    facts = Pipeline((changed,), {View.ROI: ()}).facts(View.ROI)
    assert facts[f"01-{step.name}.{name}"] == other(getattr(step, name))


def test_the_digest_changes_with_the_order_and_with_every_option():
    options = [
        ROI,
        replace(ROI, n4=True),
        replace(ROI, dims=3),
        replace(ROI, slices=SliceChoice.ALL),
        replace(ROI, otherwise=Otherwise.LOCALISER),
    ]
    digests = {make_pipeline(one).digest(View.ROI) for one in options} | {make_pipeline(FULL).digest(View.FULL)}
    digests.add(make_pipeline(options[-1], "weights").digest(View.ROI))
    assert len(digests) == 7
    body, resample = steps.FindBody(), steps.Resample()
    orders = [Pipeline(order, {View.ROI: (view.Window(),)}) for order in [(body, resample), (resample, body)]]
    assert orders[0].digest(View.ROI) != orders[1].digest(View.ROI)


def test_the_record_names_the_steps_in_order():
    facts = make_pipeline(PrepOptions()).facts(View.ROI)
    assert facts["steps"] == "body n4 resample body z-score locate crop slices z-score window"
    assert facts["02-n4.levels"] == 3
    assert facts["07-crop.side"] == 128


@pytest.mark.parametrize("n4", [False, True])
def test_a_view_without_body_is_refused(n4):
    pixels = np.zeros((5, 300, 300), np.float32)
    pixels[:, :60, :60] = anatomy(0, (5, 60, 60)) + 300
    with pytest.raises(ScanError, match=r"^scan0: found no slice with 64 pixels of body in view"):
        prepared(make_scan(pixels=pixels, spacing_mm=(4.0, 1.0, 1.0)), replace(ROI, slices=SliceChoice.ALL, n4=n4))
