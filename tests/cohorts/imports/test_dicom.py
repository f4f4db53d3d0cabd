import contextlib
import tracemalloc

import numpy as np
import pydicom
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import DeflatedExplicitVRLittleEndian, EnhancedMRImageStorage, RLELossless

from synthuterus_bench.cohorts.imports.axes import canonical
from synthuterus_bench.cohorts.imports.dicom import decode, read_slice
from synthuterus_bench.cohorts.imports.series import Series, group, read_series
from synthuterus_bench.errors import ScanError
from tests.cohorts.imports.synthetic import SPACING, anatomy, dicom_slice, write_series


def series_of(paths) -> Series:
    slices = [read_slice(path, path.name) for path in paths]
    (series,) = group(slices, {path.parent: "folder" for path in paths})
    return series


def test_reads_what_was_written(tmp_path):
    volume, _ = read_series(series_of(write_series(tmp_path)))
    pixels, spacing = canonical(volume.pixels, volume.affine)
    np.testing.assert_array_equal(pixels, anatomy())
    assert spacing == pytest.approx(SPACING)


@given(st.permutations(range(6)))
@settings(max_examples=10, deadline=None)
def test_order_of_files_does_not_matter(tmp_path_factory, order):
    paths = write_series(tmp_path_factory.mktemp("series"))
    volume, _ = read_series(series_of([paths[index] for index in order]))
    np.testing.assert_array_equal(canonical(volume.pixels, volume.affine)[0], anatomy())


def test_rescale_is_applied(tmp_path):
    volume, _ = read_series(series_of(write_series(tmp_path, RescaleSlope=2, RescaleIntercept=-3)))
    np.testing.assert_array_equal(canonical(volume.pixels, volume.affine)[0], anatomy() * 2.0 - 3)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ({"Modality": "CT"}, "modality CT"),
        ({"SeriesDescription": "t2_localizer"}, "a localizer"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "a localizer"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}, "axial slices"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, "coronal slices"),
        ({"ImageOrientationPatient": None}, "slices without orientation"),
        ({"EchoTime": 11}, "an echo time of 11 ms"),
        ({"BurnedInAnnotation": "YES"}, "text burned into"),
        ({"PhotometricInterpretation": "MONOCHROME1"}, "MONOCHROME1 pixels"),
        ({"NumberOfFrames": 2}, r"a multi-frame file \(2 frames\)"),
        ({"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]}, "orientation or place that is none"),
        ({"ImageOrientationPatient": [0, 1, 0, 0, 1, 0]}, "orientation or place that is none"),
        ({"PixelSpacing": [90, 90]}, "steps of 90 mm between pixels"),
        ({"SpacingBetweenSlices": 2}, r"steps of 4\.00 mm between slices, expected 2\.00 as SpacingBetweenSlices"),
        ({"SamplesPerPixel": 3}, "3 samples of 16 bits a pixel"),
        ({"Rows": 60000, "Columns": 60000}, "60000 x 60000 x 6 voxels, expected at most"),
    ],
)
def test_refuses_by_header(tmp_path, header, found):
    with pytest.raises(ScanError, match=rf"^folder: found {found}"):
        read_series(series_of(write_series(tmp_path, **header)))


def test_mixed_planes(tmp_path):
    paths = write_series(tmp_path)
    one = dicom_slice(anatomy()[0], 0, "1.2.3.4", {"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]})
    one.save_as(paths[0], enforce_file_format=True)
    with pytest.raises(ScanError, match="coronal and sagittal slices in one series"):
        read_series(series_of(paths))


def test_missing_slice(tmp_path):
    paths = write_series(tmp_path, anatomy(shape=(8, 66, 70)))
    with pytest.raises(ScanError, match=r"steps of 4\.00 to 8\.00 mm, expected even ones"):
        read_series(series_of(paths[:3] + paths[4:]))


def test_two_pictures_at_one_place(tmp_path):
    with pytest.raises(ScanError, match="several pictures at one place"):
        read_series(series_of(write_series(tmp_path, ImagePositionPatient=[0, 0, 0])))


def test_too_few_slices(tmp_path):
    with pytest.raises(ScanError, match="found 4 slices, expected a stack of at least 5"):
        read_series(series_of(write_series(tmp_path, anatomy()[:4])))


def test_differing_sizes(tmp_path):
    paths = write_series(tmp_path)
    dicom_slice(anatomy()[0][:-1], 0, "1.2.3.4", {}).save_as(paths[0], enforce_file_format=True)
    with pytest.raises(ScanError, match="differing direction or size"):
        read_series(series_of(paths))


def test_two_series_in_a_folder_stay_apart(tmp_path):
    paths = write_series(tmp_path)
    dicom_slice(anatomy()[0], 9, "9.9", {}).save_as(tmp_path / "z.dcm", enforce_file_format=True)
    slices = [read_slice(path, path.name) for path in [*paths, tmp_path / "z.dcm"]]
    names = [series.name for series in group(slices, {tmp_path: "folder"})]
    assert names == ["000.dcm (and 5 more of its series)", "z.dcm"]


@settings(max_examples=60, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_every_truncation_of_a_slice_ends_its_series_in_one_line(tmp_path_factory, share):
    paths = write_series(tmp_path_factory.mktemp("cut"))
    whole = paths[2].read_bytes()
    paths[2].write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ScanError, match=r"^.+: found .*, expected .*$") as caught:
        read_all(paths)
    assert "\n" not in caught.value.message


def read_all(paths):
    slices = [read_slice(path, path.name) for path in paths]
    assert slices[2].damage
    for series in group(slices, {path.parent: "folder" for path in paths}):
        read_series(series)


def test_gaps_between_slices_are_told(tmp_path):
    _, warnings = read_series(series_of(write_series(tmp_path, SliceThickness=2)))
    assert warnings == ("folder: gaps of 2.0 mm between slices of 2.0 mm",)


@pytest.mark.parametrize("told", [{"SpacingBetweenSlices": 4.0}, {"SliceThickness": 3, "SpacingBetweenSlices": 1}, {}])
def test_usual_steps_are_not(tmp_path, told):
    """Spacing from centre to centre as the standard says, or the gap alone as some scanners do."""
    assert read_series(series_of(write_series(tmp_path, **told)))[1] == ()


def test_slices_shifted_in_their_plane(tmp_path):
    paths = write_series(tmp_path)
    moved = {"ImagePositionPatient": [-SPACING[0] * 5, -40, 60]}
    dicom_slice(anatomy()[5], 5, "1.2.3.4", moved).save_as(paths[5], enforce_file_format=True)
    with pytest.raises(ScanError, match=r"slices shifted by 10\.0 mm in their plane"):
        read_series(series_of(paths))


def test_two_echoes_in_a_series(tmp_path):
    paths = write_series(tmp_path)
    dicom_slice(anatomy()[5], 5, "1.2.3.4", {"EchoTime": 80}).save_as(paths[5], enforce_file_format=True)
    with pytest.raises(ScanError, match=r"echo times 101\.0, 80\.0 in one series"):
        read_series(series_of(paths))


def test_enhanced_multi_frame_is_refused_by_its_name(tmp_path):
    data = dicom_slice(anatomy()[0], 0, "1.2.3.4", {"NumberOfFrames": 6})
    for keyword in ("ImageOrientationPatient", "ImagePositionPatient", "PixelSpacing", "EchoTime"):
        delattr(data, keyword)
    data.PixelData = anatomy().tobytes()
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    data.save_as(tmp_path / "all.dcm", enforce_file_format=True)
    with pytest.raises(ScanError, match=r"^folder: found a multi-frame file \(6 frames\), expected one slice a file$"):
        read_series(series_of([tmp_path / "all.dcm"]))


def test_a_deflated_file_is_refused_unread(tmp_path):
    data = dicom_slice(anatomy()[0], 0, "1.2.3.4", {})
    data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    data.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    with pytest.raises(ScanError, match="found a deflated DICOM file"):
        read_slice(tmp_path / "a.dcm", "a")


def test_looking_at_a_slice_reads_no_pixels(tmp_path):
    """A header may promise pixels that a sparse file does not hold in memory: 32 MB cost next to nothing."""
    path = write_series(tmp_path, np.zeros((1, 4000, 4000), np.uint16))[0]
    tracemalloc.start()
    read_slice(path, "a")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6


def compressed(paths, compressor):
    """The same slices, JPEG-compressed by GDCM or run-length encoded."""
    for path in paths:
        data = pydicom.dcmread(path)
        if compressor == "RLE":
            data.compress(RLELossless)
        else:
            writer = SimpleITK.ImageFileWriter()
            writer.SetFileName(str(path.with_suffix(".tmp.dcm")))
            writer.UseCompressionOn()
            writer.SetCompressor(compressor)
            writer.Execute(SimpleITK.ReadImage(str(path)))
            made = pydicom.dcmread(path.with_suffix(".tmp.dcm"))
            data.PixelData, data.file_meta.TransferSyntaxUID = made.PixelData, made.file_meta.TransferSyntaxUID
            data["PixelData"].VR, data["PixelData"].is_undefined_length = "OB", True
            path.with_suffix(".tmp.dcm").unlink()
        data.save_as(path, enforce_file_format=True)
    return paths


@pytest.mark.parametrize("compressor", ["RLE", "JPEG2000", "JPEG"])
def test_compressed_pixels_are_the_same(tmp_path, compressor):
    volume, _ = read_series(series_of(compressed(write_series(tmp_path), compressor)))
    np.testing.assert_array_equal(canonical(volume.pixels, volume.affine)[0], anatomy())


def test_unused_bits_are_no_signal(tmp_path):
    """Old scanners keep overlays there."""
    header = {"BitsStored": 12, "HighBit": 11}
    volume, _ = read_series(series_of(write_series(tmp_path, anatomy() + np.uint16(0xA000), **header)))
    np.testing.assert_array_equal(canonical(volume.pixels, volume.affine)[0], anatomy())


def test_signed_pixels(tmp_path):
    paths = write_series(tmp_path, anatomy() - np.uint16(900), PixelRepresentation=1)
    volume, _ = read_series(series_of(paths))
    np.testing.assert_array_equal(canonical(volume.pixels, volume.affine)[0], anatomy().astype(int) - 900)


def test_damaged_run_lengths_end(tmp_path):
    """GDCM hangs on some of these."""
    paths = compressed(write_series(tmp_path), "RLE")
    whole = paths[2].read_bytes()
    for seed in range(40):
        raw, random = bytearray(whole), np.random.default_rng(seed)
        for place in random.integers(len(raw) - 4500, len(raw), 3):
            raw[place] = random.integers(256)
        paths[2].write_bytes(raw)
        with contextlib.suppress(ScanError):
            assert decode(read_slice(paths[2], "a")).shape == anatomy()[2].T.shape


def test_a_slice_that_claims_a_gigantic_picture(tmp_path):
    path = write_series(tmp_path, Rows=60000, Columns=60000)[0]
    assert read_slice(path, "a").damage == "found 60000 x 60000 pixels, expected at most 16777216 in all"
