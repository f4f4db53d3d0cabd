"""Volumes against volumes: what each bound is for. Four slices of a patient make a volume."""

from dataclasses import replace

import numpy as np
import pytest

from synthuterus_bench.cohorts.phantom.population import draw_cohort
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.calibration import EVERY, Calibration, ClassBounds
from synthuterus_bench.privacy.filter import Bound, PrivacyFilter
from synthuterus_bench.privacy.index import build_index
from synthuterus_bench.privacy.plants import Strength, Transform, plant
from synthuterus_bench.privacy.reference import ReferenceIndex
from synthuterus_bench.privacy.scores import score
from synthuterus_bench.vocab import Split

SLICES = 4


@pytest.fixture(scope="module")
def volumes(tmp_path_factory):
    """Twelve patients, four a split."""
    home = tmp_path_factory.mktemp("volumes")
    flat = draw_cohort(home / "flat", scans=48, slices=SLICES, seed=7)
    writer = CohortWriter(home / "volumes", flat.manifest.model_copy(update={"dims": 3, "splits": {}, "digest": ""}))
    scans = list(flat.scans())
    for start in range(0, len(scans), SLICES):
        one = sorted(scans[start : start + SLICES], key=lambda scan: scan.scan_id)
        pixels = np.stack([scan.pixels for scan in one])
        writer.add(replace(one[0], pixels=pixels, mask=None, spacing_mm=(4.0, 1.0, 1.0)))
    writer.close()
    return load_cohort(home / "volumes")


def bounded(volumes, slices):
    """A filter that bounds slices by ``slices`` and whole volumes by 0.8: four patients are too few to calibrate by."""
    own = ClassBounds(readout=slices, volume=0.8, count=4, rate=0.2)
    index = build_index(volumes, load_embedder())
    assert index.calibration is None
    return PrivacyFilter(
        load_embedder(), replace(index, calibration=Calibration(bounds={EVERY: own}, patients=4, alpha=0.01)), slices
    )


@pytest.fixture(scope="module")
def judge(volumes):
    return bounded(volumes, 0.95)


@pytest.fixture(scope="module")
def by_volume_alone(volumes):
    return bounded(volumes, 1.0)


def of(volumes, split):
    return volumes.arrays(split)[0].astype(np.uint16)


def moved(pixels):
    """Every slice shifted and cropped its own way, and the slices in another order."""
    changed = [
        [_crop(_shift(image, number), 10 * row + number) for number, image in enumerate(volume)]
        for row, volume in enumerate(pixels)
    ]
    return np.array(changed)[:, [2, 0, 3, 1]]


def _shift(image, number):
    return plant(from_window(image), Transform.SHIFT, Strength.STRONG, 0, number)


def _crop(image, number):
    return plant(from_window(image), Transform.CROP, Strength.STRONG, 0, number)


def test_slices_in_another_order_are_the_same_volume(judge, by_volume_alone, volumes):
    train = of(volumes, Split.TRAIN)
    for made in (train, train[:, [2, 0, 3, 1]]):
        scores = score(judge.embedder, judge.index, made)
        assert scores.volume.min() > 0.999
        assert scores.readout.min() > 0.999
    assert {verdict.bound for verdict in by_volume_alone.judge(train[:, ::-1])} == {Bound.VOLUME}


def test_whole_volumes_catch_copies_whose_slices_each_pass_the_papers_bound(judge, by_volume_alone, volumes):
    made = moved(of(volumes, Split.TRAIN))
    assert score(judge.embedder, judge.index, made).readout.min() < 0.95
    found = by_volume_alone.judge(made)
    assert {verdict.bound for verdict in found} == {Bound.VOLUME}


def test_one_copied_slice_in_a_strangers_volume_is_caught_by_slices(judge, volumes):
    made, train = of(volumes, Split.TEST), of(volumes, Split.TRAIN)
    made[:, 2] = train[:, 1]
    for row, verdict in enumerate(judge.judge(made)):
        assert (verdict.bound, verdict.slice_index) == (Bound.TAU, 2)
        assert verdict.neighbour == judge.index.keys[SLICES * row + 1]
        assert verdict.volume_similarity < 0.95


def test_volumes_of_unseen_patients_break_no_bound(judge, volumes):
    fresh = of(volumes, Split.TEST)
    scores = score(judge.embedder, judge.index, fresh)
    assert not any(any(judge.broken(scores, row, None).values()) for row in range(len(fresh)))
    assert {verdict.bound for verdict in judge.judge(fresh)} == {None}


def test_slices_outside_the_scan_count_for_nothing(judge, volumes):
    fresh = of(volumes, Split.TEST)[:2]
    wider = np.concatenate([np.full_like(fresh[:, :2], 9), fresh, np.zeros_like(fresh[:, :1])], 1)
    plain, padded = (score(judge.embedder, judge.index, made) for made in (fresh, wider))
    for name, values in plain.depths.items():
        assert np.allclose(values, padded.depths[name], atol=1e-6)
    assert np.array_equal(padded.slices, plain.slices + 2)


def test_a_training_volume_with_nothing_on_it_has_no_code(judge):
    left = np.flatnonzero(judge.index.volumes != 1)
    keys = [judge.index.keys[row] for row in left]
    index = ReferenceIndex(judge.index.codes[left], keys, "a", "b", volumes=judge.index.volumes[left])
    assert np.array_equal(index.whole.codes, np.delete(judge.index.whole.codes, 1, axis=0))
