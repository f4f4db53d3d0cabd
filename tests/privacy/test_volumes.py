"""Volumes against volumes: what each bound is for. Four slices of a patient make a volume."""

from dataclasses import replace

import numpy as np
import pytest

from synthuterus_bench.cohorts.phantom.population import draw_cohort
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy import calibration
from synthuterus_bench.privacy.filter import Bound, PrivacyFilter
from synthuterus_bench.privacy.index import build_index
from synthuterus_bench.privacy.plants import Strength, Transform, plant
from synthuterus_bench.privacy.scores import score
from synthuterus_bench.vocab import Split

SLICES = 4


@pytest.fixture(scope="module")
def volumes(tmp_path_factory):
    """Twelve patients, four a split."""
    home = tmp_path_factory.mktemp("volumes")
    flat = draw_cohort(home / "flat", scans=48, slices=SLICES, train=0.4, seed=7)
    writer = CohortWriter(home / "volumes", flat.manifest.model_copy(update={"dims": 3, "splits": {}, "digest": ""}))
    scans = list(flat.scans())
    for start in range(0, len(scans), SLICES):
        one = sorted(scans[start : start + SLICES], key=lambda scan: scan.scan_id)
        pixels = np.stack([scan.pixels for scan in one])
        writer.add(replace(one[0], pixels=pixels, mask=None, spacing_mm=(4.0, 1.0, 1.0)))
    writer.close()
    return load_cohort(home / "volumes")


@pytest.fixture(scope="module")
def judge(volumes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "LEAST", SLICES)
        index = build_index(volumes, load_embedder())
    assert index.calibration.of(None).volume < 1
    return PrivacyFilter(load_embedder(), index)


def of(volumes, split):
    return volumes.arrays(split)[0].astype(np.uint16)


def by_volume_alone(judge):
    """The filter with no bound but that of whole volumes."""
    own = judge.index.calibration
    bounds = {name: one.model_copy(update={"readout": 1.0, "layer": 1.0}) for name, one in own.bounds.items()}
    return replace(judge, index=replace(judge.index, calibration=own.model_copy(update={"bounds": bounds})), tau=1.0)


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


def test_slices_in_another_order_are_the_same_volume(judge, volumes):
    train = of(volumes, Split.TRAIN)
    for made in (train, train[:, [2, 0, 3, 1]]):
        scores = score(judge.embedder, judge.index, made)
        assert scores.volume.min() > 0.999
        assert scores.readout.min() > 0.999
    assert {verdict.bound for verdict in by_volume_alone(judge).judge(train[:, ::-1])} == {Bound.VOLUME}


def test_whole_volumes_catch_copies_whose_slices_each_pass_the_papers_bound(judge, volumes):
    made = moved(of(volumes, Split.TRAIN))
    assert score(judge.embedder, judge.index, made).readout.min() < 0.95
    found = by_volume_alone(judge).judge(made)
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
