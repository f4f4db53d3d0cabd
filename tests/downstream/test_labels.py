import numpy as np
import pytest

from synthuterus_bench.downstream.labels import few_labels


@pytest.fixture
def many():
    """200 patients of two images each, 50 a class."""
    return np.repeat(np.arange(200) % 4, 2), np.repeat(np.arange(200), 2)


def test_a_tenth_of_the_patients_of_every_class_whole(many):
    labels, units = many
    rows = few_labels(labels, units, 0.1, 0)
    assert np.bincount(labels[rows]).tolist() == [10] * 4
    assert all(np.isin(np.flatnonzero(units == unit), rows).all() for unit in np.unique(units[rows]))


def test_seeds_share_no_patient_and_together_are_all(many):
    labels, units = many
    taken = [set(units[few_labels(labels, units, 0.1, number)]) for number in range(10)]
    assert sum(map(len, taken)) == len(set.union(*taken)) == 200


def test_the_same_twice_and_others_for_another_number(many):
    first, again, other = (few_labels(*many, 0.1, number) for number in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.isin(other, first).any()


def test_order_of_images_does_not_matter(many):
    labels, units = many
    order = np.random.default_rng(0).permutation(len(labels))
    assert set(units[few_labels(labels, units, 0.1, 2)]) == set(
        units[order][few_labels(labels[order], units[order], 0.1, 2)]
    )


def test_a_small_class_gives_at_least_one_patient():
    labels = np.array([0, 0, 1, 1, 1])
    for number in range(4):
        assert set(labels[few_labels(labels, np.arange(5), 0.1, number)]) == {0, 1}
