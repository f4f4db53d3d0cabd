"""The shipped localiser: what it finds on patients it never saw, and on pictures with nothing in them."""

import numpy as np
import pytest

from synthuterus_bench.cohorts.phantom.population import draw_cohort
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.nets.segmenter import load_localiser, parts_of
from synthuterus_bench.prep.localise import locate
from synthuterus_bench.prep.spatial import crop
from synthuterus_bench.repro import stream
from synthuterus_bench.training.negatives import Negative, negative
from synthuterus_bench.vocab import View


@pytest.fixture(scope="module", params=[*View])
def unseen(request, tmp_path_factory):
    out = tmp_path_factory.mktemp("unseen") / "cohort"
    return list(draw_cohort(out, scans=200, view=request.param, seed=777_001, workers=1).scans())[:100]


def z_of(scan):
    return from_window(scan.pixels)[None]


def test_one_unseen_patient_is_found(cohort):
    scan = next(cohort.scans())
    located = locate(z_of(scan), load_localiser())
    assert located is not None
    assert located.mask.shape == (1, 128, 128)
    assert located.confidence > 0.75


@pytest.mark.slow
def test_the_uterus_of_unseen_patients_is_drawn_and_boxed(unseen):
    dice, contained = [], []
    for scan in unseen:
        truth = parts_of(scan.mask[None])[0, :3].any(0)
        located = locate(z_of(scan), load_localiser())
        drawn = parts_of(located.mask)[0, :3].any(0) if located else np.zeros_like(truth)
        dice.append(2 * (drawn & truth).sum() / (drawn.sum() + truth.sum()))
        box = crop(truth, located.centre[1:], (128, 128), fill=False) if located else np.zeros(1)
        contained.append(box.sum() == truth.sum())
    assert np.mean(dice) >= 0.90
    assert np.mean(contained) >= 0.98


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*Negative])
def test_nothing_is_found_where_nothing_is(unseen, kind):
    spoilt = [negative(kind, z_of(scan)[0], stream(777_002, kind, i)) for i, scan in enumerate(unseen)]
    assert np.mean([locate(z[None], load_localiser()) is not None for z in spoilt]) < 0.10
