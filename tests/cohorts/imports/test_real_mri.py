"""Real scans, when they lie beside the project: ``../shared/real-mri``."""

import json
import re
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from scipy.ndimage import gaussian_filter

from synthuterus_bench.cohorts.imports.importing import ImportOptions, import_folder
from synthuterus_bench.cohorts.imports.verdict import tally
from synthuterus_bench.prep.intensity import body_mask
from synthuterus_bench.vocab import Orientation, Sequence, Vendor
from tests.cohorts.imports.test_scrub import every_byte

REAL = Path(__file__).parents[4] / "shared" / "real-mri"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="no real scans in ../shared/real-mri")

BIDS = "gravid-haste-bids/sub-01/anat"
PROSTATE = "prostatex/ProstateX-000"
REFUSED = {
    f"{BIDS}/sub-01_run-3_T2w.nii.gz": "axial slices by its sidecar (the affine says coronal), expected sagittal ones",
    "not-mri/gynecology-mri_is_ultrasound.png": "a picture (RGB, 652 x 132 pixels), expected a scan volume",
    "odd-headers/CT_small.dcm": "modality CT, expected MR",
    "odd-headers/MR_small.dcm (and 3 more of its series)": "axial slices, expected sagittal ones",
    "odd-headers/MR_truncated.dcm": "8130 bytes of pixels, expected 8192 (truncated)",
    "odd-headers/anatomical.nii": "axial slices, expected sagittal ones",
    "odd-headers/example4d.nii.gz": "4D voxels 128 x 96 x 24 x 2, expected 3D",
    "odd-headers/example_nifti2.nii.gz": "4D voxels 32 x 20 x 12 x 2, expected 3D",
    "odd-headers/nifti1.hdr": "a header without its voxels, expected a single .nii or .nii.gz",
    "odd-headers/slicethickness_empty_string.dcm": "an echo time of 3.66 ms, expected T2-weighting",
    "odd-headers/standard.nii.gz": "coronal slices, expected sagittal ones",
    f"{PROSTATE}1/07-08-2011/1.000000-t2localizer-75055": "a localizer, expected a sagittal T2 stack",
    "umd-slice/umd_055_s013_as_published.png": "a picture (L, 322 x 322 pixels), expected a scan volume",
    "umd-slice/umd_055_s013_myoma_gt_upright.png": "a picture (L, 322 x 322 pixels), expected a scan volume",
    "umd-slice/umd_055_s013_upright.png": "a picture (L, 322 x 322 pixels), expected a scan volume",
}
TAKEN = [
    f"{BIDS}/sub-01_run-1_T2w.nii.gz",
    f"{PROSTATE}0/07-07-2011/3.000000-t2tsesag-87368",
    f"{PROSTATE}1/07-08-2011/4.000000-t2tsesag-22089",
]


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    verdicts = []
    out = tmp_path_factory.mktemp("real") / "cohort"
    cohort = import_folder(REAL, out, ImportOptions(), verdicts.append)
    return cohort, {verdict.name: verdict for verdict in verdicts}


@pytest.fixture(scope="module")
def by_name(imported):
    cohort, verdicts = imported
    scans = {scan.scan_id: scan for scan in cohort.scans()}
    return {name: scans[verdicts[name].scan_id] for name in TAKEN}


def test_verdicts(imported):
    _, verdicts = imported
    assert sorted(verdicts) == sorted([*REFUSED, *TAKEN])
    for name, found in REFUSED.items():
        assert verdicts[name].scan_id is None
        assert verdicts[name].reason.startswith(f"{name}: found {found}")
        assert "\n" not in verdicts[name].reason


def test_only_the_contradicted_affine_is_warned_of(imported):
    _, verdicts = imported
    assert [name for name, verdict in verdicts.items() if verdict.warnings] == TAKEN[:1]
    first, second = verdicts[TAKEN[0]].warnings
    assert "took sagittal slices from the sidecar (the affine says axial)" in first
    assert second.endswith("oblique by 7.0 degrees; resampled to straight axes")


def test_counts_by_kind(imported):
    _, verdicts = imported
    counts = tally(verdicts.values())
    assert counts.imported == 3
    assert counts.as_text() == (
        "refused 15: 4 pictures, 3 axial, 2 damaged, 2 not 3D, 1 coronal, 1 localizer, 1 not MR, 1 not T2"
    )


def test_sessions_are_pseudonyms_of_dicom_studies(by_name):
    gravid, *prostates = by_name.values()
    assert gravid.session is None
    assert len({scan.session for scan in prostates}) == 2
    assert all(re.fullmatch("[0-9a-f]{12}", scan.session) for scan in prostates)


def test_facts(by_name):
    gravid, *prostates = by_name.values()
    assert (gravid.field_strength, gravid.sequence, gravid.vendor) == (1.5, Sequence.HASTE, Vendor.SIEMENS)
    assert gravid.spacing_mm == pytest.approx((3.3, 1.125, 1.125), abs=1e-3)
    assert gravid.pixels.shape == (38, 322, 327)
    for scan in prostates:
        assert (scan.field_strength, scan.sequence, scan.vendor) == (3.0, Sequence.TSE, Vendor.SIEMENS)
        assert scan.spacing_mm == pytest.approx((3.6, 0.5625, 0.5625), abs=1e-3)
        assert scan.pixels.shape == (19, 320, 320)
    assert {scan.orientation for scan in by_name.values()} == {Orientation.AMBIGUOUS}
    assert len({scan.patient_id for scan in by_name.values()}) == 3


def test_gravid_scan_shows_anterior_left_and_superior_up(by_name):
    """Seen in its pictures: the file stores columns front to back, rows head to foot, slices left to right.

    Turned by 7 degrees about its centre, the middle slice still looks like the stored middle.
    """
    stored = np.asanyarray(nibabel.load(REAL / TAKEN[0]).dataobj).transpose(2, 1, 0).astype(float)
    pixels = by_name[TAKEN[0]].pixels
    middle = gaussian_filter(pixels[18:20].astype(float).mean(0), 4)[1:321, 3:323]
    turned = [np.corrcoef(middle.ravel(), gaussian_filter(other, 4).ravel())[0, 1] for other in four_ways(stored)]
    assert np.argmax(turned) == 0
    assert turned[0] > 0.95
    body = body_mask(pixels.astype(np.float32), "gravid")
    assert body[16:22, :, :43].mean() < 0.05 < 0.5 < body[16:22, :, -83:-43].mean()


def four_ways(stored):
    middle = stored[10:12].mean(0)
    return [middle, middle[::-1], middle[:, ::-1], middle[::-1, ::-1]]


def test_straightened_back_stands_upright(by_name):
    """The scan was turned about the body's axis: in its own grid the skin of the back drifts from slice to slice."""
    stored = np.asanyarray(nibabel.load(REAL / TAKEN[0]).dataobj).transpose(2, 1, 0)
    own, straight = drift_of_back(stored[2:16]), drift_of_back(by_name[TAKEN[0]].pixels[10:24])
    assert own == pytest.approx(-0.48, abs=0.05)
    assert abs(straight) < 0.5 * abs(own)


def drift_of_back(slices):
    """Pixels a slice by which the end of the bright fat of the back moves, half-way up."""
    fat = slices[:, 150:170].mean(1)
    ends = [np.flatnonzero(one > 0.5 * np.percentile(fat, 99)).max() for one in fat]
    return np.polyfit(range(len(ends)), ends, 1)[0]


@pytest.mark.parametrize("name", TAKEN[1:])
def test_prostate_scans_keep_the_scanners_rows_and_turn_its_slices(by_name, name):
    """Their cosines say rows down, columns back, and slices from right to left."""
    files = sorted((REAL / name).glob("*.dcm"))
    stack = np.stack([pydicom.dcmread(file).pixel_array for file in files])
    np.testing.assert_array_equal(by_name[name].pixels, stack[::-1])


def test_nothing_of_headers_survives(imported):
    cohort, _ = imported
    content = every_byte(cohort.root)
    needles = set()
    for path in (REAL / BIDS).glob("*.json"):
        needles |= {value for value in json.loads(path.read_text(encoding="utf-8")).values() if isinstance(value, str)}
    for name in TAKEN[1:]:
        data = pydicom.dcmread(next((REAL / name).glob("*.dcm")), stop_before_pixels=True)
        needles |= {str(element.value) for element in data.iterall() if element.VR != "SQ"}
        needles |= {*name.split("/")}
    needles = {needle for needle in needles if len(needle) > 4 and not needle.lower().startswith("siemens")}
    assert {"Radiologie_CHUV", "AWP41200", "17:00:58.777500", "ProstateX-0001"} <= needles
    assert [needle for needle in needles if needle.encode() in content] == []
