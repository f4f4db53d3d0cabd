from collections import Counter

import numpy as np
import pytest

from synthuterus_bench.cohorts.phantom.draw import Drawing, draw_scans, standardise
from synthuterus_bench.cohorts.phantom.population import SAMPLE, draw_cohort, sample_members
from synthuterus_bench.cohorts.phantom.presets import Member
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import DataError, UsageError
from synthuterus_bench.vocab import CLASSES, Label, Orientation, Split, View

SHOW_UTERUS = [Label.MYOMETRIUM, Label.ENDOMETRIUM, Label.JUNCTIONAL_ZONE]


def member(index: int, orientation: Orientation | None = None) -> Member:
    return Member(SAMPLE, index, Split.TRAIN, orientation or CLASSES[index % 4])


@pytest.mark.parametrize("orientation", CLASSES)
def test_anterior_is_left_superior_is_up_and_layers_have_their_order(orientation):
    for index in range(6):
        scan = draw_scans(member(index, orientation), Drawing(11, View.FULL, 2, 1))[0]
        image, mask = from_window(scan.pixels), scan.mask
        place = {label: np.argwhere(mask == label).mean(0) for label in Label if (mask == label).sum() > 20}
        assert place[Label.BLADDER][1] < place[Label.RECTUM][1]
        assert place[Label.VAGINA][0] > place[Label.CERVIX][0]
        mean = {label: image[mask == label].mean() for label in Label if (mask == label).any()}
        assert mean[Label.ENDOMETRIUM] > mean[Label.MYOMETRIUM] > mean[Label.JUNCTIONAL_ZONE]
        assert np.percentile(image[mask == Label.BLADDER], 98) > mean[Label.MYOMETRIUM] > mean[Label.MUSCLE]


def test_the_roi_holds_the_whole_uterus():
    for index in range(24):
        scan = draw_scans(member(index), Drawing(2, View.ROI, 2, 1))[0]
        edge = np.r_[scan.mask[0], scan.mask[-1], scan.mask[:, 0], scan.mask[:, -1]]
        assert scan.pixels.shape == (128, 128)
        assert not np.isin(edge, SHOW_UTERUS).any()


def test_slices_of_a_patient_share_anatomy_and_differ_in_noise():
    first, second = draw_scans(member(0), Drawing(0, View.ROI, 2, 2))
    assert (first.slice_mm, second.slice_mm) == (-2.0, 2.0)
    assert first.patient_id == second.patient_id
    assert 0.9 < (first.mask == second.mask).mean() < 1
    assert (first.pixels != second.pixels).mean() > 0.9
    assert abs(first.version_deg - second.version_deg) < 8


def test_the_images_of_a_patient_are_slices_of_her_volume():
    volume = draw_scans(member(1), Drawing(4, View.ROI, 3))[0]
    images = draw_scans(member(1), Drawing(4, View.ROI, 2))
    assert volume.pixels.shape == volume.mask.shape == (24, 128, 128)
    assert volume.spacing_mm == (4.0, 1.0, 1.0)
    assert [scan.slice_mm for scan in images] == [-6.0, -2.0, 2.0, 6.0]
    for index, image in zip(range(10, 14), images, strict=True):
        np.testing.assert_array_equal(volume.mask[index], image.mask)
        assert np.corrcoef(volume.pixels[index].ravel(), image.pixels.ravel())[0, 1] > 0.99999


def test_a_volume_shows_the_uterus_in_its_middle_and_the_side_wall_at_its_ends():
    volume = draw_scans(member(2), Drawing(4, View.FULL, 3))[0]
    uterus = np.isin(volume.mask, SHOW_UTERUS).sum((1, 2))
    assert uterus[:4].sum() == uterus[-4:].sum() == 0
    assert uterus[9:15].min() > 300
    muscle = (volume.mask == Label.MUSCLE).sum((1, 2))
    assert min(muscle[0], muscle[-1]) > 2 * muscle[11]


def test_splits_are_balanced_and_share_no_patient():
    people = sample_members(240, 2)
    assert len({one.index for one in people}) == len(people) == 120
    for split in Split:
        counts = Counter(one.orientation for one in people if one.split is split)
        assert len(set(counts.values())) == 1
        assert len(counts) == 4


@pytest.mark.parametrize("scans", [0, 16, 100, -8])
def test_odd_numbers_of_scans_are_refused(scans):
    with pytest.raises(UsageError, match="multiple of 8"):
        sample_members(scans, 2)


def test_the_number_of_workers_changes_no_byte(cohort, tmp_path):
    again = draw_cohort(tmp_path / "again", scans=72, seed=5, workers=2)
    assert again.manifest == cohort.manifest
    for ours, theirs in zip(cohort.files(), again.files(), strict=True):
        assert ours.read_bytes() == theirs.read_bytes()


def test_another_seed_gives_other_patients(cohort, tmp_path):
    assert draw_cohort(tmp_path / "other", scans=24, seed=6, workers=1).manifest.digest != cohort.manifest.digest


def test_a_folder_that_is_taken_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(DataError, match="expected nothing there"):
        draw_cohort(tmp_path, scans=24, workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_standardised_means_zero_mean_and_unit_deviation_inside_the_body():
    image = np.random.default_rng(0).normal(5, 3, (20, 20)).astype(np.float32)
    body = np.arange(400).reshape(20, 20) > 99
    z = standardise(image, body)[body]
    assert abs(z.mean()) < 1e-5
    assert abs(z.std() - 1) < 1e-5
