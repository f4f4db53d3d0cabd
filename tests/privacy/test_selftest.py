from dataclasses import replace

import pytest

from synthuterus_bench.errors import CohortError, DataError
from synthuterus_bench.nets.autoencoder import make_autoencoder, save_autoencoder
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.filter import PrivacyFilter
from synthuterus_bench.privacy.index import build_index
from synthuterus_bench.privacy.plants import Strength, Transform
from synthuterus_bench.privacy.selftest import run_selftest
from synthuterus_bench.privacy.selftest_record import Cell, SelfTest, load_selftest


@pytest.fixture(scope="module")
def judge(cohort):
    return PrivacyFilter(load_embedder(), build_index(cohort, load_embedder()))


@pytest.fixture(scope="module")
def found(judge, cohort):
    return run_selftest(judge, cohort, plants=8, negatives=8)


def test_every_transform_at_every_strength_and_the_mirror_is_what_catches_flips(found, judge):
    assert {(cell.transform, cell.strength) for cell in found.cells} == {
        (kind, strength) for kind in Transform for strength in Strength if kind is not Transform.VAE
    }
    assert all(cell.plants == 8 for cell in found.cells)
    flip = next(cell for cell in found.cells if (cell.transform, cell.strength) == ("flip", 1))
    noise = next(cell for cell in found.cells if (cell.transform, cell.strength) == ("noise", 1))
    assert (flip.caught, flip.unmirrored) == (8, 0)
    assert (noise.caught, noise.unmirrored, noise.caught_by) == (8, 8, {"tau": 8})
    assert (found.negatives, found.false_positives) == (8, 0)
    assert found.reference_digest == judge.index.reference_digest


def test_a_filter_that_sees_nothing_catches_nothing_and_one_that_rejects_all_is_seen_through(judge, cohort):
    blind = run_selftest(replace(judge, tau=1.5), cohort, plants=4, negatives=4)
    assert sum(cell.caught for cell in blind.cells) == blind.false_positives == 0
    assert not blind.passes(0.01)
    harsh = run_selftest(replace(judge, tau=-1.0), cohort, plants=4, negatives=4)
    assert harsh.passes(1.0)
    assert harsh.false_positives == 4
    assert harsh.false_positive_interval[0] > 0.3


def test_a_round_trip_is_planted_where_there_is_an_autoencoder(judge, cohort, tmp_path):
    save_autoencoder(tmp_path / "vae", make_autoencoder((8, 8), patch=4))
    made = run_selftest(judge, cohort, plants=2, negatives=2, autoencoder=tmp_path / "vae")
    assert [cell.strength for cell in made.cells if cell.transform == "VAE round trip"] == [1, 2, 3]
    assert len(made.autoencoder_sha256) == 64


def cell(strength, caught):
    return Cell(transform="shift", strength=strength, plants=400, caught=caught)


def made(*cells):
    return SelfTest(encoder_sha256="a", reference_digest="b", cells=list(cells), negatives=1000, false_positives=9)


def test_the_floor_counts_the_two_milder_strengths_and_needs_one():
    assert made(cell(1, 400), cell(2, 396), cell(3, 0)).passes(0.99)
    assert not made(cell(1, 400), cell(2, 395)).passes(0.99)
    assert made(cell(1, 400), cell(2, 395)).below(0.99) == [cell(2, 395)]
    assert not made(cell(3, 400)).passes(0.0)


def test_saved_and_loaded_it_is_the_same_and_nonsense_is_refused(found, tmp_path):
    found.save(tmp_path / "selftest.json")
    assert load_selftest(tmp_path / "selftest.json") == found
    with pytest.raises(DataError, match="no self-test"):
        load_selftest(tmp_path / "none.json")
    (tmp_path / "selftest.json").write_text('{"cells": 3}')
    with pytest.raises(DataError, match="not a self-test"):
        load_selftest(tmp_path / "selftest.json")
    made(cell(1, 401)).save(tmp_path / "selftest.json")
    with pytest.raises(DataError, match="more was found than planted"):
        load_selftest(tmp_path / "selftest.json")


def test_another_cohort_and_too_few_patients_are_refused(judge, cohort):
    with pytest.raises(CohortError, match=r"expected 1000"):
        run_selftest(judge, cohort)
    other = replace(cohort, manifest=cohort.manifest.model_copy(update={"digest": "0" * 64}))
    with pytest.raises(CohortError, match="found cohort 000000"):
        run_selftest(judge, other, plants=2, negatives=2)
