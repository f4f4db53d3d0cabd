import shutil

import nibabel
import numpy as np
import pytest
from PIL import Image

from synthuterus_bench.bench.reading import load_submission
from synthuterus_bench.cohorts.imagefile import canonical_affine, encode_nifti, encode_png
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.cohorts.window import from_window, to_window
from synthuterus_bench.errors import SubmissionError
from synthuterus_bench.vocab import CLASSES, View
from tests.release.made import make_release


def refused(root, suite):
    with pytest.raises(SubmissionError) as caught:
        load_submission(root, suite)
    return f"{caught.value.message} | {caught.value.hint}"


def rewrite(folder, make):
    """Write every image anew by ``make(path, gray)``."""
    for path in sorted(folder.rglob("*.png")):
        gray = np.array(Image.open(path))
        path.unlink()
        make(path, gray)


def test_reads_eight_bit_and_makes_z_scores(folder, suite):
    found = load_submission(folder, suite)
    assert found.pixels.shape == (20, 128, 128)
    assert found.intensity == "standardised"
    assert found.per_class == dict.fromkeys(CLASSES, 5)
    z = from_window(found.pixels)
    np.testing.assert_allclose(z.mean((1, 2)), 0, atol=0.05)


def test_sixteen_bit_of_this_project_comes_back_to_the_bit(folder, suite, images):
    z = {name: (group - group.mean()) / group.std() for name, group in images.items()}
    rewrite(folder, lambda path, gray: path.write_bytes(encode_png(to_window(z[path.parent.name][int(path.stem)]))))
    found = load_submission(folder, suite)
    assert found.intensity == "window"
    expected = {to_window(image).tobytes() for group in z.values() for image in group}
    assert {image.tobytes() for image in found.pixels} == expected


def test_sixteen_bit_of_a_scanner_is_z_scored_like_eight_bit(folder, suite):
    eight = load_submission(folder, suite)
    rewrite(folder, lambda path, gray: path.write_bytes(encode_png(gray.astype(np.uint16) * 4)))
    sixteen = load_submission(folder, suite)
    assert sixteen.intensity == "standardised"
    places = [np.argsort([image.astype(float).sum() for image in found.pixels]) for found in (eight, sixteen)]
    np.testing.assert_allclose(from_window(eight.pixels[places[0]]), from_window(sixteen.pixels[places[1]]), atol=0.01)


@pytest.mark.parametrize("spacing", [1.0, 2.0])
def test_nifti_volumes_give_their_middle_slice_at_one_millimetre(folder, suite, spacing):
    step = int(spacing)

    def make(path, gray):
        slices = np.stack([np.full_like(gray, 3), gray, np.full_like(gray, 9)])[:, ::step, ::step].astype(np.int16)
        image = nibabel.Nifti1Image(slices, canonical_affine(slices.shape, (4.0, spacing, spacing)))
        nibabel.save(image, path.with_suffix(".nii.gz"))

    plain = load_submission(folder, suite)
    rewrite(folder, make)
    found = load_submission(folder, suite)
    assert found.pixels.shape == plain.pixels.shape
    sums = [sorted(from_window(x.pixels)[:, 64:].mean((1, 2))) for x in (plain, found)]
    np.testing.assert_allclose(*sums, atol=1e-3 if spacing == 1 else 0.2)


def test_flat_nifti_is_taken_as_stored(folder, suite):
    plain = load_submission(folder, suite)
    rewrite(folder, lambda path, gray: nibabel.save(nibabel.Nifti1Image(gray, np.eye(4)), path.with_suffix(".nii")))
    found = load_submission(folder, suite)
    assert {image.tobytes() for image in found.pixels} == {image.tobytes() for image in plain.pixels}


def test_names_and_order_of_files_do_not_matter(folder, suite):
    first = load_submission(folder, suite)
    for path in sorted(folder.rglob("*.png")):
        path.rename(path.with_name(f"{9 - int(path.stem)}x.png"))
    (folder / "av-af").rename(folder / "AV_AF")
    (folder / ".DS_Store").write_text("x")
    again = load_submission(folder, suite)
    np.testing.assert_array_equal(first.pixels, again.pixels)
    assert first.manifest_sha256 == again.manifest_sha256


def test_a_suite_takes_its_share(folder, suite):
    small = suite.model_copy(update={"n_per_class": 3})
    found = load_submission(folder, small)
    assert found.per_class == dict.fromkeys(CLASSES, 3)
    assert found.found == dict.fromkeys(CLASSES, 5)


def test_a_cohort_is_a_submission(cohort, suite):
    found = load_submission(cohort.root, suite)
    assert found.per_class == dict.fromkeys(CLASSES, 8)
    assert found.manifest_sha256 == cohort.manifest.digest
    assert found.generator.name == "phantom-v1"
    assert len(set(found.units)) < len(found.units)


def test_nothing_there_or_not_a_folder(tmp_path, suite):
    (tmp_path / "file").write_text("x")
    assert "nothing there" in refused(tmp_path / "none", suite)
    assert "found a file" in refused(tmp_path / "file", suite)


def test_empty_folder_and_folder_of_files(tmp_path, suite):
    assert "empty folder" in refused(tmp_path, suite)
    (tmp_path / "a.png").write_bytes(b"")
    assert "no subfolder" in refused(tmp_path, suite)


def test_missing_and_unknown_classes_are_listed(folder, suite):
    (folder / "rv-rf").rename(folder / "sideways")
    message = refused(folder, suite)
    assert "found classes av-af, av-rf, rv-af, sideways; expected av-af, av-rf, rv-af, rv-rf" in message


def test_a_class_without_images_or_with_too_few(folder, suite):
    for path in sorted((folder / "av-rf").iterdir())[1:]:
        path.unlink()
    assert "found 1 images of av-rf" in refused(folder, suite)
    (folder / "av-rf" / "0.png").unlink()
    assert "no images" in refused(folder, suite)


def bad_image(kind, folder):
    path = folder / "rv-af" / "3.png"
    if kind == "colour":
        Image.fromarray(np.zeros((128, 128, 3), np.uint8)).save(path)
    elif kind == "constant":
        path.write_bytes(encode_png(np.full((128, 128), 7, np.uint8)))
    elif kind == "size":
        path.write_bytes(encode_png(np.arange(64 * 128, dtype=np.uint8).reshape(64, 128)))
    elif kind == "damaged":
        path.write_bytes(path.read_bytes()[:200])
    elif kind == "jpeg":
        path.rename(path.with_suffix(".jpg"))
    elif kind == "nan":
        path.unlink()
        values = np.full((128, 128), np.nan, np.float32)
        nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path.with_suffix(".nii"))
    elif kind == "axial":
        path.unlink()
        values = np.random.default_rng(0).normal(size=(128, 128, 9)).astype(np.float32)
        nibabel.save(nibabel.Nifti1Image(values, np.diag([1, 1, 4, 1])), path.with_suffix(".nii"))
    elif kind == "no nifti":
        path.rename(path.with_suffix(".nii.gz"))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("colour", "mode RGB"),
        ("constant", "constant image"),
        ("size", "64 x 128"),
        ("damaged", "not a readable PNG"),
        ("jpeg", "found .jpg"),
        ("nan", "NaN"),
        ("axial", "axial"),
        ("no nifti", "NIfTI"),
    ],
)
def test_one_bad_image_is_named(folder, suite, kind, words):
    bad_image(kind, folder)
    message = refused(folder, suite)
    assert words in message
    assert "3." in message


def test_all_of_a_wrong_size(folder, suite):
    rewrite(folder, lambda path, gray: path.write_bytes(encode_png(gray[:100, :100].copy())))
    assert "100 x 100" in refused(folder, suite)


def test_a_cohort_of_another_view(cohort, suite):
    assert "found view roi, expected full" in refused(cohort.root, suite.model_copy(update={"view": View.FULL}))


def test_a_broken_cohort(tmp_path, suite):
    (tmp_path / "cohort.json").write_text("{")
    assert "not a cohort manifest" in refused(tmp_path, suite)


def test_windowed_nifti_of_this_project(folder, suite, images):
    z = {name: (group - group.mean()) / group.std() for name, group in images.items()}

    def make(path, gray):
        pixels = to_window(z[path.parent.name][int(path.stem)])[None].repeat(5, 0)
        path.with_suffix(".nii.gz").write_bytes(encode_nifti(pixels, (4.0, 1.0, 1.0), windowed=True))

    rewrite(folder, make)
    found = load_submission(folder, suite)
    expected = {to_window(image).tobytes() for group in z.values() for image in group}
    assert found.intensity == "window"
    assert {image.tobytes() for image in found.pixels} == expected


def test_of_a_release_the_config_of_the_suites_view(suite, tmp_path):
    full = make_release(tmp_path / "synthuterus", "ddpm2d-ct-full", scans=8)
    roi = make_release(tmp_path / "roi", scans=16)
    shutil.copytree(roi / "roi", full / "roi")
    shutil.copyfile(roi / "audit" / "roi.jsonl", full / "audit" / "roi.jsonl")
    two = suite.model_copy(update={"n_per_class": 2, "min_per_class": 2})
    found = load_submission(full, two)
    assert found.pixels.shape == (8, 128, 128)
    assert found.found == dict.fromkeys(CLASSES, 4)
    assert found.manifest_sha256 == load_cohort(full / "roi").manifest.digest
    assert found.provenance.privacy.generated == 17
    assert load_submission(full / "roi", two).manifest_sha256 == found.manifest_sha256
    wide = load_submission(full, two.model_copy(update={"view": View.FULL, "size": 256}))
    assert wide.pixels.shape == (8, 256, 256)
