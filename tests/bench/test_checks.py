"""The check tells every fault at once, and finds planted copies."""

import json
import shutil

import numpy as np
import pytest

from synthuterus_bench.bench import near
from synthuterus_bench.bench.checks import check
from synthuterus_bench.bench.near import Near, closest, near_copies
from synthuterus_bench.cli import run
from synthuterus_bench.cohorts.imagefile import encode_png
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import Fault
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.plants import Strength, Transform, plant
from synthuterus_bench.vocab import CLASSES, Split


def kinds(found):
    return {one.fault for one in found.faults}


def write(root, scans):
    """Windowed images by class, as 16-bit PNG."""
    for name in CLASSES:
        (root / name).mkdir(parents=True)
    for number, (name, pixels) in enumerate(scans):
        (root / name / f"{number:03d}.png").write_bytes(encode_png(pixels))
    return root


def test_plain_images_have_no_fault(folder, cohort, suite, embedder, tmp_path):
    found = check(folder, suite, str(cohort.root), cache=tmp_path, embedder=embedder)
    assert not found.faults
    assert found.per_class == dict.fromkeys(CLASSES, 5)
    assert found.compared == tuple(split for split in Split if cohort.manifest.splits.get(split))
    assert [one.split for one in found.near] == [Split.TRAIN, Split.TEST]


def test_every_fault_at_once(cohort, suite, tmp_path):
    train = [(scan.orientation, scan.pixels) for scan in cohort.scans(Split.TRAIN)]
    blank = np.full((128, 128), 16384, np.uint16)
    blank[0, :5] = 20000
    clipped = train[1][1].copy()
    clipped[:10] = 65535
    root = write(tmp_path / "in", [*train[:20], train[0], (CLASSES[0], blank), (CLASSES[1], clipped)])
    (root / "submission.yaml").write_text("name: x\n")
    found = check(root, suite, str(cohort.root), cache=tmp_path / "cache")
    told = {one.fault: one.message for one in found.faults}
    assert {Fault.COPY, Fault.REPEAT, Fault.BLANK, Fault.RANGE} <= set(told)
    assert told[Fault.COPY].startswith("found 21 images that are train images of the reference")
    assert "and 16 more" in told[Fault.COPY]
    assert told[Fault.REPEAT].startswith("found 1 images that repeat")


def test_a_submission_that_cannot_be_read_says_all_that_is_wrong(folder, cohort, suite, tmp_path):
    (folder / "submission.yaml").write_text("fid: 1\n")
    assert kinds(check(folder, suite, str(cohort.root), cache=tmp_path)) == {Fault.CARD}
    (folder / "submission.yaml").unlink()
    (folder / "av-af" / "0.png").write_bytes(b"x")
    (folder / "rv-rf" / "note.txt").write_text("x")
    found = check(folder, suite, str(cohort.root), cache=tmp_path)
    assert kinds(found) == {Fault.UNREADABLE, Fault.LAYOUT}
    assert not found.per_class


def test_a_generator_is_looked_at_and_not_drawn(tiny_model, suite, tmp_path):
    found = check(tiny_model, suite, "phantom", cache=tmp_path / "cache")
    assert found.draws
    assert not found.faults
    assert not (tmp_path / "cache").exists()
    copy = shutil.copytree(tiny_model, tmp_path / "model")
    (copy / "unet" / "weights.bin").write_bytes(b"pickle")
    assert kinds(check(copy, suite, "phantom", cache=tmp_path / "cache")) == {Fault.UNREADABLE}


@pytest.mark.parametrize("change", [Transform.NOISE, Transform.SHIFT, Transform.GAMMA, Transform.FLIP])
def test_changed_copies_lie_beyond_the_bound_and_fresh_images_do_not(cohort, change):
    embedder = load_embedder()
    parts = {split: cohort.arrays(split)[0] for split in (Split.TRAIN, Split.TEST)}
    codes = {split: embedder(from_window(pixels)).codes for split, pixels in parts.items()}
    z = from_window(parts[Split.TRAIN][:12])
    made = np.stack([plant(image, change, Strength.CLEAR, 0, number) for number, image in enumerate(z)])
    fake, mirrored = (embedder(from_window(each)).codes for each in (made, made[:, :, ::-1]))
    train, test = near_copies(fake, mirrored, codes[Split.TRAIN], codes[Split.TEST], {})
    assert len(train.rows) == 12
    assert train.beyond_chance
    assert not test.beyond_chance
    fresh = codes[Split.TEST]
    assert not near_copies(fresh, fresh, codes[Split.TRAIN], fresh[:0:-1], {})[0].beyond_chance


def test_exact_copies_are_not_counted_twice():
    rng = np.random.default_rng(0)
    train, test, fake = (rng.normal(size=(40, 8)) for _ in range(3))
    train, test, fake = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (train, test, fake))
    fake[:10] = train[:10]
    exact = {Split.TRAIN: np.arange(40) < 4}
    found = near_copies(fake, fake, train, test, exact)[0]
    assert set(range(4, 10)) <= set(found.rows)
    assert not set(range(4)) & set(found.rows)
    assert found.looked == 36


def test_a_count_is_a_fault_only_beyond_chance():
    few = Near(Split.TRAIN, 0.8, (1, 2), looked=800, real=800)
    many = Near(Split.TRAIN, 0.8, tuple(range(10)), looked=800, real=800)
    assert few.expected == pytest.approx(1.6)
    assert not few.beyond_chance
    assert many.beyond_chance
    assert not Near(Split.TRAIN, 0.8, (), looked=0, real=800).beyond_chance
    small = Near(Split.TRAIN, 0.8, tuple(range(5)), looked=100, real=19)
    assert small.expected == 5
    assert near.ALPHA < 1 / 20


def test_the_closest_is_of_either_side():
    real = np.eye(3)
    np.testing.assert_array_equal(closest(np.eye(3)[:1] * 0.5, np.eye(3)[:1], real), [1.0])


def test_the_command_says_it_all_and_ends_with_one(folder, cohort, capsys):
    arguments = ["evaluate", str(folder), "--suite", "demo", "--reference", str(cohort.root), "--check"]
    (folder / "av-af" / "0.png").write_bytes(b"x")
    (folder / "rv-rf" / "note.txt").write_text("x")
    assert run(["--json", *arguments]) == 1
    told = json.loads(capsys.readouterr().out)
    assert not told["ok"]
    assert {one["fault"] for one in told["faults"]} >= {"unreadable", "layout"}
    assert run(arguments) == 1
    assert "unreadable: " in (printed := capsys.readouterr().out)
    assert "faults" in printed


@pytest.mark.parametrize("more", [["--out", "x.json"], ["--report", "x.html"], ["--controls"]])
def test_a_check_writes_nothing(folder, more, capsys):
    assert run(["evaluate", str(folder), "--check", *more]) == 2
    assert run(["evaluate", "--check"]) == 2
