import nibabel
import numpy as np
import pytest

from synthuterus_bench.cohorts.imports.bids import ScanLabel
from synthuterus_bench.cohorts.imports.candidate import Candidate, read_candidate
from synthuterus_bench.cohorts.imports.finding import NiftiFile
from synthuterus_bench.cohorts.imports.masks import read_mask
from synthuterus_bench.cohorts.imports.volume import Volume
from synthuterus_bench.errors import ScanError
from synthuterus_bench.vocab import Label
from tests.cohorts.imports.synthetic import SHAPE, SPACING, anatomy, reordered, write_nifti

IMAGE = Volume(anatomy(), reordered(anatomy(), SPACING, (0, 1, 2), (False, False, False))[1])
THEIRS = {0: Label.BACKGROUND, 1: Label.MYOMETRIUM, 3: Label.MYOMA}


def labels(shape=SHAPE) -> np.ndarray:
    slices, rows, columns = np.indices(shape)
    return (np.where(rows > columns, 1, 0) + np.where((slices == 2) & (rows > columns), 2, 0)).astype(np.uint8)


def save(path, pixels, affine=None):
    nibabel.save(nibabel.Nifti1Image(pixels, np.eye(4) if affine is None else affine), path)
    return path


def test_numbers_become_ours(tmp_path):
    mask, doubts = read_mask(save(tmp_path / "m.nii.gz", labels()), IMAGE, THEIRS, "a")
    assert doubts == ()
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask == Label.MYOMA, labels() == 3)
    np.testing.assert_array_equal(mask == Label.MYOMETRIUM, labels() == 1)


def test_ours_stay(tmp_path):
    path = save(tmp_path / "m.nii", labels().astype(np.float32))
    np.testing.assert_array_equal(read_mask(path, IMAGE, None, "a")[0], labels())


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
        read_mask(save(tmp_path / "m.nii", pixels), IMAGE, known, "a")


def test_missing_mask(tmp_path):
    with pytest.raises(ScanError, match=r"^a: mask none\.nii: found no such file, expected"):
        read_mask(tmp_path / "none.nii", IMAGE, None, "a")


def test_a_candidate_brings_its_mask_in_stored_order(tmp_path):
    image = write_nifti(tmp_path / "a.nii.gz")
    mask = save(tmp_path / "m.nii.gz", labels().transpose(2, 1, 0))
    volume = read_candidate(Candidate(NiftiFile(image, "a", mask, THEIRS), "a", "p", ScanLabel())).volume
    np.testing.assert_array_equal(volume.pixels, anatomy().transpose(2, 1, 0))
    np.testing.assert_array_equal(volume.mask == Label.MYOMA, labels().transpose(2, 1, 0) == 3)


@pytest.mark.parametrize(
    ("turn", "doubted"), [((1, 1, 1, 1), False), ((-1, 1, 1, 1), True), ((1, -1, -1, 1), True), ((9, -1, 1, 1), False)]
)
def test_other_axes_at_the_same_spacing_are_doubted(tmp_path, turn, doubted):
    """A header of another spacing than the image's is worth nothing, as in UMD; one of the same was meant."""
    path = save(tmp_path / "m.nii", labels(), IMAGE.affine @ np.diag(turn))
    mask, doubts = read_mask(path, IMAGE, None, "a")
    np.testing.assert_array_equal(mask, labels())
    assert bool(doubts) is doubted
    assert all("; took it voxel by voxel" in line for line in doubts)
