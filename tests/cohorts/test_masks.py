import nibabel
import numpy as np
import pytest

from synthuterus_bench.cohorts.bids import ScanLabel
from synthuterus_bench.cohorts.candidate import Candidate, read_candidate
from synthuterus_bench.cohorts.finding import NiftiFile
from synthuterus_bench.cohorts.masks import read_mask
from synthuterus_bench.errors import ScanError
from synthuterus_bench.vocab import Label
from tests.cohorts.synthetic import SHAPE, anatomy, write_nifti

THEIRS = {0: Label.BACKGROUND, 1: Label.MYOMETRIUM, 3: Label.MYOMA}


def labels(shape=SHAPE) -> np.ndarray:
    slices, rows, columns = np.indices(shape)
    return (np.where(rows > columns, 1, 0) + np.where((slices == 2) & (rows > columns), 2, 0)).astype(np.uint8)


def save(path, pixels):
    nibabel.save(nibabel.Nifti1Image(pixels, np.eye(4)), path)
    return path


def test_numbers_become_ours(tmp_path):
    mask = read_mask(save(tmp_path / "m.nii.gz", labels()), SHAPE, THEIRS, "a")
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask == Label.MYOMA, labels() == 3)
    np.testing.assert_array_equal(mask == Label.MYOMETRIUM, labels() == 1)


def test_ours_stay(tmp_path):
    path = save(tmp_path / "m.nii", labels().astype(np.float32))
    np.testing.assert_array_equal(read_mask(path, SHAPE, None, "a"), labels())


@pytest.mark.parametrize(
    ("pixels", "known", "found"),
    [
        (labels()[:-1], None, r"5 x 66 x 70 voxels, expected 6 x 66 x 70 as in its image"),
        (labels() + 100, None, r"labels 100, 101, 103, expected 0, 1, 2"),
        (labels() * 0.5, None, r"labels 0\.5, 1\.5, expected"),
        (labels() * 2, THEIRS, r"labels 2, 6, expected 0, 1, 3"),
    ],
)
def test_refuses_another_grid_and_strange_numbers(tmp_path, pixels, known, found):
    with pytest.raises(ScanError, match=rf"^a: mask m\.nii: found {found}"):
        read_mask(save(tmp_path / "m.nii", pixels), SHAPE, known, "a")


def test_missing_mask(tmp_path):
    with pytest.raises(ScanError, match=r"^a: mask none\.nii: found no such file, expected"):
        read_mask(tmp_path / "none.nii", SHAPE, None, "a")


def test_a_candidate_brings_its_mask_in_stored_order(tmp_path):
    image = write_nifti(tmp_path / "a.nii.gz")
    mask = save(tmp_path / "m.nii.gz", labels().transpose(2, 1, 0))
    volume = read_candidate(Candidate(NiftiFile(image, "a", mask, THEIRS), "a", "p", ScanLabel())).volume
    np.testing.assert_array_equal(volume.pixels, anatomy().transpose(2, 1, 0))
    np.testing.assert_array_equal(volume.mask == Label.MYOMA, labels().transpose(2, 1, 0) == 3)
