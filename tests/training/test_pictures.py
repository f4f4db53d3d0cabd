import numpy as np
import pytest

from synthuterus_bench.errors import CohortError
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.nets.condition import NULL_CLASS
from synthuterus_bench.training.pictures import Pictures, check_cohort, read_pictures
from synthuterus_bench.vocab import CLASSES, Orientation, SliceChoice, Split

CT = parse_id("ddpm2d-ct-roi")


def pictures(classes: list[int]) -> Pictures:
    count = len(classes)
    pixels = np.zeros((count, 2, 2), np.uint16)
    return Pictures(pixels, None, np.array(classes), [""] * count, np.arange(count))


def test_classes_are_drawn_equally_often_and_those_without_one_keep_their_share():
    data = pictures([0] * 50 + [1] * 25 + [3] * 5 + [NULL_CLASS] * 20)
    shares = np.bincount(data.classes, data.weights, NULL_CLASS + 1)
    assert np.allclose(shares, [0.8 / 3, 0.8 / 3, 0, 0.8 / 3, 0.2])
    drawn = data.classes[data.batch(np.random.default_rng(0), 20_000)]
    assert np.allclose(np.bincount(drawn, minlength=5) / 20_000, shares, atol=0.02)


def test_unbalanced_batches_are_drawn_as_the_cohort_is():
    data = pictures([0] * 90 + [1] * 10)
    drawn = data.classes[data.batch(np.random.default_rng(0), 20_000, balance=False)]
    assert np.mean(drawn == 0) == pytest.approx(0.9, abs=0.01)


def test_pictures_without_any_class_are_drawn_alike():
    assert np.allclose(pictures([NULL_CLASS] * 4).weights, 0.25)


def test_a_split_is_read_with_its_conditions_masks_and_patients(cohort):
    data = read_pictures(cohort, Split.TRAIN, CT, SliceChoice.ALL)
    scans = list(cohort.scans(Split.TRAIN))
    assert len(data) == len(scans)
    assert [CLASSES[k] for k in data.classes] == [scan.orientation for scan in scans]
    assert all(prompt.startswith("sagittal T2-weighted") for prompt in data.prompts)
    assert data.uterus is not None
    assert data.uterus.any((1, 2)).all()
    assert len(np.unique(data.patients)) == len({scan.patient_id for scan in scans})
    assert np.array_equal(data.take(np.array([3, 1])).pixels, data.pixels[[3, 1]])


def test_only_scans_with_the_conditions_a_model_is_told_are_learned(cohort, monkeypatch):
    from dataclasses import replace

    import synthuterus_bench.cohorts.store as store

    scans = list(cohort.scans(Split.TRAIN))
    scans[0] = replace(scans[0], orientation=Orientation.AMBIGUOUS)
    scans[1] = replace(scans[1], field_strength=7.0)
    monkeypatch.setattr(store.Cohort, "scans", lambda *_: iter(scans))
    counts = {
        told: len(read_pictures(cohort, Split.TRAIN, parse_id(f"ddpm2d-{told}-roi"), SliceChoice.ALL))
        for told in ("uncond", "class", "text", "ct")
    }
    whole = len(scans)
    assert counts == {"uncond": whole, "class": whole - 1, "text": whole - 2, "ct": whole - 2}
    monkeypatch.setattr(store.Cohort, "scans", lambda *_: iter(scans[:1]))
    with pytest.raises(CohortError, match="has a class, a sequence and one of"):
        read_pictures(cohort, Split.TRAIN, CT, SliceChoice.ALL)
    assert len(read_pictures(cohort, Split.TRAIN, parse_id("ddpm2d-uncond-roi"), SliceChoice.ALL)) == 1


def test_a_cohort_of_another_kind_is_refused(cohort):
    with pytest.raises(CohortError, match="found a 2D roi cohort, expected a 2D full one"):
        check_cohort(cohort, parse_id("ddpm2d-ct-full"))
    with pytest.raises(CohortError, match="found a 2D roi cohort, expected a 3D roi one"):
        check_cohort(cohort, parse_id("ddpm3d-ct-roi"))
