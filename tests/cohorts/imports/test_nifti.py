import gzip

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthuterus_bench.cohorts.imports.axes import STANDARD_COSINES, Plane, canonical, plane_of
from synthuterus_bench.cohorts.imports.geometry import orient
from synthuterus_bench.cohorts.imports.nifti import read_nifti, read_unscaled, read_voxels
from synthuterus_bench.cohorts.imports.volume import check_volume, storable
from synthuterus_bench.errors import ScanError
from tests.cohorts.imports.synthetic import SPACING, anatomy, write_nifti


def test_reads_what_was_written(tmp_path):
    volume, oriented = read_nifti(write_nifti(tmp_path / "a.nii.gz"), "a")
    assert oriented
    pixels, spacing = canonical(volume.pixels, volume.affine)
    np.testing.assert_array_equal(pixels, anatomy())
    assert spacing == pytest.approx(SPACING)


def test_nifti_2_reads_like_nifti_1(tmp_path):
    one, _ = read_nifti(write_nifti(tmp_path / "one.nii"), "one")
    two, _ = read_nifti(write_nifti(tmp_path / "two.nii.gz", kind=nibabel.Nifti2Image), "two")
    np.testing.assert_array_equal(one.pixels, two.pixels)
    np.testing.assert_allclose(one.affine, two.affine)


def test_raw_file_with_a_gz_name(tmp_path):
    raw = write_nifti(tmp_path / "a.nii")
    named = tmp_path / "b.nii.gz"
    named.write_bytes(raw.read_bytes())
    np.testing.assert_array_equal(read_nifti(named, "b")[0].pixels, read_nifti(raw, "a")[0].pixels)


def test_slope_is_applied(tmp_path):
    image = nibabel.Nifti1Image(anatomy().astype(np.int16), np.eye(4))
    image.header.set_slope_inter(0.5, 7)
    (tmp_path / "a.nii").write_bytes(image.to_bytes())
    stored = np.asanyarray(nibabel.load(tmp_path / "a.nii").dataobj)
    np.testing.assert_array_equal(read_nifti(tmp_path / "a.nii", "a")[0].pixels, stored)
    assert stored.max() == pytest.approx(anatomy().max() * 0.5 + 7)


def test_a_single_volume_in_four_dimensions_is_3d(tmp_path):
    nibabel.save(nibabel.Nifti1Image(anatomy()[..., None], np.eye(4)), tmp_path / "a.nii")
    assert read_nifti(tmp_path / "a.nii", "a")[0].pixels.shape == anatomy().shape


@pytest.mark.parametrize(
    ("pixels", "found"),
    [
        (np.zeros((8, 8, 8, 2), np.int16), "4D voxels 8 x 8 x 8 x 2"),
        (np.zeros((8, 8), np.int16), "2D voxels 8 x 8"),
        (np.zeros((8, 8, 8), np.complex64), "complex64"),
        (np.zeros((8, 8, 8), [("R", "u1"), ("G", "u1"), ("B", "u1")]), "'R'"),
    ],
)
def test_refuses_what_is_no_gray_volume(tmp_path, pixels, found):
    nibabel.save(nibabel.Nifti1Image(pixels, np.eye(4)), tmp_path / "a.nii")
    with pytest.raises(ScanError, match=found):
        read_nifti(tmp_path / "a.nii", "a.nii")


def test_header_only(tmp_path):
    header = nibabel.Nifti1Header()
    header.set_data_shape((64, 64, 8))
    raw = bytearray(header.binaryblock + bytes(4))
    raw[344:348] = b"ni1\0"
    (tmp_path / "a.hdr").write_bytes(raw)
    with pytest.raises(ScanError, match=r"^a\.hdr: found a header without its voxels, expected"):
        read_nifti(tmp_path / "a.hdr", "a.hdr")


@pytest.mark.parametrize("suffix", ["nii", "nii.gz"])
@settings(max_examples=60, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_every_truncation_is_refused_in_one_line(tmp_path_factory, suffix, share):
    folder = tmp_path_factory.mktemp("cut")
    whole = write_nifti(folder / f"a.{suffix}").read_bytes()
    cut = folder / f"b.{suffix}"
    cut.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ScanError, match=r"^name: found .*, expected .*$") as caught:
        read_nifti(cut, "name")
    assert "\n" not in caught.value.message


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 351), st.integers(0, 255))
def test_a_damaged_header_never_escapes_as_another_error(tmp_path_factory, place, value):
    folder = tmp_path_factory.mktemp("damage")
    raw = bytearray(write_nifti(folder / "a.nii").read_bytes())
    raw[place] = value
    (folder / "a.nii.gz").write_bytes(gzip.compress(bytes(raw)))
    try:
        volume, _ = read_nifti(folder / "a.nii.gz", "a")
    except ScanError:
        return
    assert volume.pixels.ndim == 3


def spoiled(value: float) -> np.ndarray:
    pixels = anatomy().astype(np.float32)
    pixels[3, 30, 30] = value
    return pixels


@pytest.mark.parametrize(
    ("pixels", "order", "found"),
    [
        (spoiled(np.nan), (2, 1, 0), "1 voxels that are NaN"),
        (spoiled(np.inf), (2, 1, 0), "1 voxels that are NaN or infinite"),
        (np.full(anatomy().shape, 7, np.int16), (2, 1, 0), "1 distinct values"),
        (anatomy() // 200, (2, 1, 0), "5 distinct values"),
        (anatomy()[:3], (2, 1, 0), "3 slices"),
        (anatomy()[:, :40], (2, 1, 0), "70 x 40 pixels"),
    ],
)
def test_refuses_what_is_no_scan(tmp_path, pixels, order, found):
    volume, _ = read_nifti(write_nifti(tmp_path / "a.nii.gz", pixels, order), "a")
    with pytest.raises(ScanError, match=rf"^a: found {found}.*, expected"):
        check_volume(volume, "a")


def test_refuses_other_planes(tmp_path):
    stored = nibabel.Nifti1Image(anatomy().transpose(2, 1, 0), np.diag([0.9, 0.8, 4.0, 1.0]))
    nibabel.save(stored, tmp_path / "a.nii")
    volume, _ = read_nifti(tmp_path / "a.nii", "a")
    with pytest.raises(ScanError, match="found axial slices, expected sagittal"):
        check_volume(volume, "a")


def test_sidecar_wins_with_a_warning(tmp_path):
    nibabel.save(nibabel.Nifti1Image(anatomy().transpose(2, 1, 0), np.diag([0.9, 0.8, 4.0, 1.0])), tmp_path / "a.nii")
    volume, oriented = read_nifti(tmp_path / "a.nii", "a")
    turned, warnings = orient(volume, oriented, STANDARD_COSINES[Plane.SAGITTAL], "a")
    assert plane_of(turned.affine) is Plane.SAGITTAL
    assert len(warnings) == 1
    assert "the affine says axial" in warnings[0]
    np.testing.assert_array_equal(canonical(turned.pixels, turned.affine)[0], anatomy())


def test_agreeing_sidecar_leaves_the_affine_alone(tmp_path):
    volume, oriented = read_nifti(write_nifti(tmp_path / "a.nii", flips=(False, True, True)), "a")
    same, warnings = orient(volume, oriented, STANDARD_COSINES[Plane.SAGITTAL], "a")
    assert same is volume
    assert warnings == ()


def test_no_orientation_anywhere_is_refused(tmp_path):
    image = nibabel.Nifti1Image(anatomy(), None)
    image.header.set_zooms(SPACING)
    nibabel.save(image, tmp_path / "a.nii")
    raw = bytearray((tmp_path / "a.nii").read_bytes())
    raw[252:256] = bytes(4)
    (tmp_path / "a.nii").write_bytes(raw)
    volume, oriented = read_nifti(tmp_path / "a.nii", "a")
    assert not oriented
    with pytest.raises(ScanError, match="no orientation"):
        orient(volume, oriented, None, "a")


def test_storable_keeps_values_in_the_smallest_type():
    assert storable(np.array([0.0, 5.0])).dtype == np.int16
    assert storable(np.array([0, 40000])).dtype == np.uint16
    assert storable(np.array([-1, 40000])).dtype == np.int32
    assert storable(np.array([0.5])).dtype == np.float32


def edited(tmp_path, **fields):
    """A good file with header fields overwritten."""
    path = write_nifti(tmp_path / "a.nii")
    raw = bytearray(path.read_bytes())
    header = nibabel.Nifti1Header(bytes(raw[:348]), check=False)
    for name, value in fields.items():
        header[name] = value
    raw[:348] = header.binaryblock
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"dim": [3, 30000, 30000, 30000, 1, 1, 1, 1]}, "30000 x 30000 x 30000 voxels, expected at most"),
        ({"dim": [3, 600, 600, 600, 1, 1, 1, 1]}, "bytes, expected 432000352"),
        ({"dim": [3, -5, 66, 6, 1, 1, 1, 1]}, "3D voxels -5 x 66 x 6"),
        ({"vox_offset": 3e9}, "voxels said to begin at byte 3000000000"),
        ({"vox_offset": np.nan}, ""),
        ({"datatype": 9999}, "no valid NIfTI"),
        ({"pixdim": [1, 1, 1, 1, 0, 0, 0, 0]}, "by the affine and 1 x 1 x 1 by pixdim, expected one spacing"),
        ({"qform_code": 1, "quatern_b": 0.7, "quatern_c": 0, "quatern_d": 0}, "by the qform, expected one orientation"),
        ({"srow_x": [np.nan, 0, 0, 0]}, "an affine that maps to no volume"),
        ({"srow_x": [0, 0, 0, 0]}, "an affine that maps to no volume"),
        ({"srow_y": [0, 0, 4.0, 0]}, "expected"),
    ],
)
def test_headers_that_lie_are_refused(tmp_path, fields, found):
    with pytest.raises(ScanError, match=rf"^a: found .*{found}"):
        read_nifti(edited(tmp_path, **fields), "a")


def test_sheared_axes_are_refused(tmp_path):
    image = nibabel.Nifti1Image(anatomy().transpose(2, 1, 0), None)
    affine = np.array([[0, 0, 4.0, 0], [-0.9, 0.2, 0, 0], [0, -0.775, 0, 0], [0, 0, 0, 1]])
    image.set_sform(affine, 1)
    image.header.set_zooms(np.linalg.norm(affine[:3, :3], axis=0))
    nibabel.save(image, tmp_path / "a.nii")
    with pytest.raises(ScanError, match="found sheared axes, expected right angles"):
        read_nifti(tmp_path / "a.nii", "a")


def test_a_gzip_bomb_is_not_unpacked(tmp_path):
    raw = write_nifti(tmp_path / "a.nii").read_bytes()
    bomb = gzip.compress(raw + bytes(2**25))
    (tmp_path / "b.nii.gz").write_bytes(bomb)
    with pytest.raises(ScanError, match="and more after the voxels, expected none"):
        read_nifti(tmp_path / "b.nii.gz", "b")


@pytest.mark.parametrize(
    ("scale", "found"), [(1000, "steps of 900 mm between pixels"), (0.001, "steps of 0.0009 mm between pixels")]
)
def test_refuses_other_units(tmp_path, scale, found):
    stored = anatomy().transpose(2, 1, 0)
    affine = np.array([[0, 0, 4.0, 0], [-0.9, 0, 0, 0], [0, -0.8, 0, 0], [0, 0, 0, 1]]) * [*[scale] * 3, 1]
    nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(stored), affine), tmp_path / "a.nii")
    volume, _ = read_nifti(tmp_path / "a.nii", "a")
    with pytest.raises(ScanError, match=rf"{found}, expected 0\.1 to 5"):
        check_volume(volume, "a")


def test_unscaled_numbers_are_read_from_memory(tmp_path):
    image = nibabel.Nifti1Image(anatomy().astype(np.int16), np.diag([4, 0.8, 0.9, 1]))
    image.header.set_slope_inter(0.5, 7)
    np.testing.assert_array_equal(read_unscaled(gzip.compress(image.to_bytes()), "a"), anatomy())


def test_voxels_are_read_whatever_the_geometry(tmp_path):
    """As in masks of UMD: 1 mm by pixdim, whatever the affine says."""
    voxels, affine = read_voxels(edited(tmp_path, pixdim=[1, 1, 1, 1, 0, 0, 0, 0]), "a")
    np.testing.assert_array_equal(voxels, anatomy().transpose(2, 1, 0))
    assert affine is None
    assert read_voxels(write_nifti(tmp_path / "b.nii"), "b")[1] is not None
