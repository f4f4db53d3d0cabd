from collections import Counter

import pytest

from synthuterus_bench.cohorts.phantom.patient import draw_exam
from synthuterus_bench.cohorts.phantom.presets import preset_members
from synthuterus_bench.vocab import CLASSES, PresetName, Split


def test_v1_is_balanced_in_every_split():
    people = preset_members(PresetName.V1, 2, 0)
    counts = Counter((one.split, one.orientation) for one in people)
    assert {split: counts[split, CLASSES[0]] for split in Split} == {
        Split.TRAIN: 500,
        Split.VALIDATION: 50,
        Split.TEST: 200,
    }
    assert all(counts[split, name] == counts[split, CLASSES[0]] for split in Split for name in CLASSES)
    assert len({one.index for one in people}) == len(people) == 3000


@pytest.mark.parametrize("name", PresetName)
def test_volumes_are_of_the_first_patients_of_every_split(name):
    images, volumes = ({(one.population, one.index): one for one in preset_members(name, d, 0)} for d in (2, 3))
    assert set(volumes.items()) <= set(images.items())
    for split in Split:
        first = [one for one in images.values() if one.split is split]
        taken = [one for one in volumes.values() if one.split is split]
        assert first[: len(taken)] == taken


def test_a_hospital_is_unbalanced_and_tests_on_the_patients_of_v1():
    people = preset_members(PresetName.HOSPITAL_V1, 2, 0)
    own = [one for one in people if one.split is not Split.TEST]
    assert len(own) == 267
    counts = Counter(one.orientation for one in own)
    assert counts[CLASSES[0]] > 150
    assert min(counts.values()) >= 10
    assert [one for one in people if one.split is Split.TEST] == [
        one for one in preset_members(PresetName.V1, 2, 0) if one.split is Split.TEST
    ]
    assert {one.sessions for one in own} == {1, 2, 3}
    assert not {(one.population, one.index) for one in own} & {
        (one.population, one.index) for one in preset_members(PresetName.V1, 2, 0)
    }


def test_a_patient_seen_again_keeps_her_anatomy_and_changes_her_day():
    people = preset_members(PresetName.HOSPITAL_V1, 2, 0)
    member = next(one for one in people if one.sessions == 3)
    first, second, third = (draw_exam(member, 0, session).anatomy for session in range(3))
    for name in ("corpus_length", "cervix_length", "corpus_radius", "os", "flexion_deg"):
        assert getattr(first.uterus, name) == getattr(second.uterus, name) == getattr(third.uterus, name)
    assert len({one.state.bladder_fill for one in (first, second, third)}) == 3
    assert len({one.uterus.endometrium for one in (first, second, third)}) == 3
