from collections import Counter

import pytest

from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.errors import StudyError
from synthuterus_bench.study.choice import ANY, choose, quotas
from synthuterus_bench.vocab import CLASSES, Kind, Split
from tests.study.samples import cohort


@pytest.mark.parametrize("n", [2, 4, 10, 11])
def test_quotas_are_even_to_within_one(n):
    wanted = quotas(n, seed=0)
    assert sum(wanted.values()) == n
    assert max(wanted.values()) - min(wanted.values()) <= 1
    assert quotas(n, seed=0, balanced=False) == {ANY: n}


def test_classes_that_get_one_more_hang_on_the_seed():
    assert len({tuple(quotas(10, seed).items()) for seed in range(20)}) > 1


def test_one_image_a_patient_and_the_classes_wanted(sources):
    wanted = quotas(20, seed=1)
    scans = choose(load_cohort(sources[0]), Split.TEST, Kind.REAL, wanted, seed=1)
    assert len({scan.patient_id for scan in scans}) == 20
    assert Counter(scan.orientation for scan in scans) == {name: 5 for name in CLASSES}


def test_another_seed_chooses_others(sources):
    chosen = [
        {scan.scan_id for scan in choose(load_cohort(sources[0]), Split.TEST, Kind.REAL, quotas(10, seed), seed)}
        for seed in (0, 0, 1)
    ]
    assert chosen[0] == chosen[1] != chosen[2]


def test_too_few_patients_of_a_class_say_which(sources):
    with pytest.raises(StudyError, match=r"too few patients in split test: 5 of av-af \(wanted 6\)"):
        choose(load_cohort(sources[0]), Split.TEST, Kind.REAL, dict.fromkeys(CLASSES, 6), seed=0)


def test_training_patients_are_not_taken_for_held_out_ones(tmp_path):
    trained = cohort(tmp_path / "real", Kind.REAL, people=1, each=1, split=Split.TRAIN)
    with pytest.raises(StudyError, match="split test: 0 of av-af"):
        choose(trained, Split.TEST, Kind.REAL, quotas(4, 0), seed=0)
    assert len(choose(trained, Split.TRAIN, Kind.REAL, quotas(4, 0), seed=0)) == 4


def test_generated_scans_are_no_real_ones(sources):
    with pytest.raises(StudyError, match="made by a generator, expected real scans"):
        choose(load_cohort(sources[1]), Split.TRAIN, Kind.REAL, quotas(4, 0), seed=0)


def test_scans_of_patients_are_no_synthetic_ones(sources, tmp_path):
    with pytest.raises(StudyError, match="real-secret-000 is of a patient, expected synthetic scans") as error:
        choose(load_cohort(sources[0]), None, Kind.SYNTHETIC, quotas(4, 0), seed=0)
    assert "synthbench generate" in str(error.value.hint)
    mixed = cohort(tmp_path / "mixed", Kind.SYNTHETIC, patient_id="patient-001")
    with pytest.raises(StudyError, match="is of a patient"):
        choose(mixed, None, Kind.SYNTHETIC, quotas(4, 0), seed=0)
    nameless = cohort(tmp_path / "nameless", Kind.SYNTHETIC, generator=None)
    with pytest.raises(StudyError, match="names no generator"):
        choose(nameless, None, Kind.SYNTHETIC, quotas(4, 0), seed=0)


def test_images_from_elsewhere_that_the_filter_judged_are_synthetic_ones(tmp_path):
    filtered = cohort(tmp_path / "filtered", Kind.SYNTHETIC, generator=None, max_similarity=0.5)
    assert len(choose(filtered, None, Kind.SYNTHETIC, quotas(4, 0), seed=0)) == 4
