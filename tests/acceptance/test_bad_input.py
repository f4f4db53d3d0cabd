"""Bad input and bad disks: one clear line, the right exit code, no traceback, nothing left behind."""

import shutil

import nibabel
import numpy as np
import pytest
from PIL import Image

from synthuterus_bench.cli import run
from synthuterus_bench.cohorts.imagefile import canonical_affine, encode_png
from synthuterus_bench.vocab import CLASSES


def explained(said):
    """The one line of an error."""
    assert "Traceback" not in said.err
    (line,) = [line for line in said.err.splitlines() if line.startswith("error: ")]
    return line


@pytest.fixture
def submission(tmp_path):
    """Two images for each class."""
    rng = np.random.default_rng(0)
    for name in CLASSES:
        for k in range(2):
            path = tmp_path / "images" / name / f"{k}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_png(rng.integers(1, 255, (128, 128), np.uint8)))
    return tmp_path / "images"


def missing(root):
    shutil.rmtree(root)


def empty(root):
    missing(root)
    root.mkdir()


def three_classes(root):
    shutil.rmtree(root / "rv-rf")


def photos(root):
    for path in root.rglob("*.png"):
        Image.fromarray(np.random.default_rng(1).integers(0, 255, (128, 128, 3), np.uint8)).save(path)


def nan_volume(root):
    volume = np.random.default_rng(2).normal(size=(5, 128, 128)).astype(np.float32)
    volume[2, 64, 64] = np.nan
    nibabel.save(nibabel.Nifti1Image(volume, canonical_affine(volume.shape, (4.0, 1.0, 1.0))), root / "av-rf/x.nii.gz")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (missing, "images: found nothing there, expected a folder of images, a release or a cohort"),
        (empty, "images: found an empty folder, expected a submission"),
        (three_classes, "images: found classes av-af, av-rf, rv-af; expected av-af, av-rf, rv-af, rv-rf"),
        (photos, "images/av-af/0.png: found a PNG of mode RGB, expected 8 or 16 bit gray"),
        (nan_volume, "images/av-rf/x.nii.gz: found NaN or infinite values, expected finite ones"),
    ],
    ids=["missing", "empty", "three classes", "photos", "NaN volume"],
)
def test_submissions(submission, tmp_path, monkeypatch, capsys, spoil, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYNTHBENCH_CACHE", str(tmp_path / "cache"))
    spoil(submission)
    before = sorted(tmp_path.rglob("*"))
    assert run(["evaluate", "images", "--suite", "demo", "--out", "made/entry.json"]) == 1
    said = capsys.readouterr()
    assert explained(said)
    assert message in said.err
    assert sorted(tmp_path.rglob("*")) == before


def commands(cohort, tiny_model, disk):
    itself = [str(cohort.root), "--reference", str(cohort.root)]
    tiny = ["--checkpoint", str(tiny_model), "--steps", "1", "--scans", "8", "--tau", "1", "--workers", "1"]
    return {
        "phantom": ["cohort", "phantom", "--scans", "24", "--workers", "1", "--out", str(disk / "made")],
        "generate": ["generate", *tiny, "--out", str(disk / "made")],
        "evaluate": ["evaluate", *itself, "--suite", "demo", "--out", str(disk / "made.json")],
    }


@pytest.mark.parametrize("command", ["phantom", "generate", "evaluate"])
def test_a_read_only_disk(cohort, tiny_model, disk, capsys, command):
    place = disk("ro")
    assert run(["--quiet", *commands(cohort, tiny_model, place)[command]]) == 1
    line = explained(capsys.readouterr())
    assert line.startswith(f"error: {place}/")
    assert line.endswith(": read-only file system")
    assert ".partial" not in line


@pytest.mark.parametrize("command", ["phantom", pytest.param("evaluate", marks=pytest.mark.slow)])
def test_a_full_disk(cohort, tiny_model, disk, capsys, command):
    place = disk("size=4k")
    assert run(["--quiet", *commands(cohort, tiny_model, place)[command]]) == 1
    line = explained(capsys.readouterr())
    assert line.startswith(f"error: {place}/made")
    assert line.endswith(": disk full")
    assert list(place.iterdir()) == []


def test_a_wrong_command_leaves_no_work(cohort, tiny_model, tmp_path, capsys):
    """The index of a reference is kept for a second run, but not of a run that can never be."""
    fixed = ["--checkpoint", str(tiny_model), "--reference", str(cohort.root), "--out", str(tmp_path / "made")]
    assert run(["generate", *fixed, "--scans", "10"]) == 2
    assert "--scans 10" in explained(capsys.readouterr())
    assert list(tmp_path.iterdir()) == []
