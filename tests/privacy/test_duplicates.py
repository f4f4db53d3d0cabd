import numpy as np
import pytest

from synthuterus_bench.privacy import duplicates
from synthuterus_bench.privacy.duplicates import Survivors
from synthuterus_bench.privacy.search import unit


def clusters(count=40, size=10, seed=0):
    """Codes of ``count`` clusters in a mixed order, and the cluster of each."""
    rng = np.random.default_rng(seed)
    centres, whose = unit(rng.standard_normal((count, 64))), rng.permutation(np.repeat(np.arange(count), size))
    return unit(centres[whose] + 0.001 * rng.standard_normal((count * size, 64))), whose


def admitted(codes, parts, allowed=None):
    allowed = np.ones(len(codes), bool) if allowed is None else allowed
    survivors, twins = Survivors(), []
    for rows in np.array_split(np.arange(len(codes)), parts):
        twins += survivors.admit(codes[rows], rows, allowed[rows])
    return twins


def test_of_each_cluster_the_lowest_index_stays():
    codes, whose = clusters()
    twins = admitted(codes, 1)
    first = {name: int(np.flatnonzero(whose == name)[0]) for name in set(whose)}
    assert twins == [None if row == first[name] else first[name] for row, name in enumerate(whose)]


@pytest.mark.parametrize("parts", [1, 3, 17, 400])
def test_how_candidates_are_cut_changes_nothing(parts, monkeypatch):
    codes, _ = clusters()
    expected = admitted(codes, 1)
    monkeypatch.setattr(duplicates, "_BLOCK", 32)
    assert admitted(codes, parts) == expected


def test_a_rejected_candidate_neither_stays_nor_is_called_a_repetition():
    codes, _ = clusters(count=1, size=4)
    assert admitted(codes, 1, np.array([False, True, False, True])) == [None, None, None, 1]


def test_what_is_alike_to_tau_or_less_stays():
    codes = unit(np.array([[1, 0], [0.98, np.sqrt(1 - 0.98**2)]]))
    cosine = float(codes[0] @ codes[1])
    both = (codes, np.arange(2), np.ones(2, bool))
    assert Survivors(cosine).admit(*both) == [None, None]
    assert Survivors(cosine - 1e-4).admit(*both) == [None, 0]
