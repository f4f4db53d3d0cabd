import numpy as np

from synthuterus_bench.bench.shipping.real import one_a_patient
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.nets.condition import class_index
from synthuterus_bench.vocab import Split

CT = parse_id("ddpm2d-ct-roi")


def test_one_picture_of_each_patient_and_as_many_of_each_class(cohort):
    found = one_a_patient(cohort, Split.TRAIN, CT, 12)
    assert np.bincount(found.classes).tolist() == [3, 3, 3, 3]
    patient_of = {scan.pixels.tobytes(): scan.patient_id for scan in cohort.scans(Split.TRAIN)}
    patients = [patient_of[one.astype(np.uint16).tobytes()] for one in found.pixels]
    assert len(set(patients)) == len(found) == 12


def test_classes_belong_to_their_pictures(cohort):
    found = one_a_patient(cohort, Split.TEST, CT, 400)
    class_of = {scan.pixels.tobytes(): class_index(scan.orientation) for scan in cohort.scans(Split.TEST)}
    assert [class_of[one.tobytes()] for one in found.pixels] == found.classes.tolist()
    assert len(found) == len({scan.patient_id for scan in cohort.scans(Split.TEST)})


def test_slices_of_a_patient_are_chosen_at_random_and_again_the_same(cohort):
    one, same, other = (one_a_patient(cohort, Split.TRAIN, CT, 400, seed) for seed in (0, 0, 1))
    assert np.array_equal(one.pixels, same.pixels)
    assert not np.array_equal(one.pixels, other.pixels)


def test_a_model_that_is_told_no_class_is_compared_with_any(cohort):
    found = one_a_patient(cohort, Split.TRAIN, parse_id("ddpm2d-uncond-roi"), 7)
    assert len(found) == 7
