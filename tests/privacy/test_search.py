import tracemalloc

import numpy as np
import pytest

from synthuterus_bench.errors import WeightsError
from synthuterus_bench.privacy import search
from synthuterus_bench.privacy.reference import fit_space
from synthuterus_bench.privacy.search import Approximate, approximate, nearest, nearest_other, recall, unit


def codes(count, seed=0, width=24):
    return unit(np.random.default_rng(seed).standard_normal((count, width)))


@pytest.mark.parametrize(("queries", "rows"), [(1, 1), (3, 7), (256, 4096), (300, 9001)])
def test_it_is_what_one_product_finds(queries, rows):
    asked, there = codes(queries, 1), codes(rows, 2)
    cosines = asked @ there.T
    found, at = nearest(asked, there)
    assert np.array_equal(at, cosines.argmax(1))
    assert np.allclose(found, cosines.max(1), atol=1e-6)


def test_a_query_gets_the_same_bits_in_any_company():
    asked, there = codes(300, 1), codes(5000, 2)
    together = nearest(asked, there)[0]
    alone = np.concatenate([nearest(asked[k : k + 1], there)[0] for k in range(0, 300, 7)])
    assert np.array_equal(alone, together[::7])


def test_a_code_has_the_same_bits_in_any_company():
    rng = np.random.default_rng(0)
    raw = rng.standard_normal((40, 1536)).astype(np.float32)
    space = fit_space(rng.standard_normal((200, 1536)).astype(np.float32), 48)
    pieces = np.concatenate([space(raw[start : start + 3]) for start in range(0, 40, 3)])
    assert np.array_equal(pieces, space(raw))


def test_of_equal_codes_the_first_counts_across_blocks():
    there = np.repeat(codes(1, 3), 9000, axis=0)
    assert nearest(there[:2], there)[1].tolist() == [0, 0]


def test_what_is_no_number_gives_one_that_is_none():
    there = codes(5000)
    there[4500] = np.nan
    assert np.isnan(nearest(codes(2, 1), there)[0]).all()


def test_unit_keeps_a_row_of_zeros():
    assert np.array_equal(unit(np.zeros((1, 4))), np.zeros((1, 4)))


def test_inverted_lists_find_near_copies_and_tell_their_recall():
    pytest.importorskip("faiss")
    there = codes(4000)
    near = unit(there[::40] + 0.02 * codes(100, 5))
    lists = approximate(there)
    assert recall(near, there, lists) > 0.95
    assert recall(near, there, approximate(there, probes=10**6)) == 1


def test_without_faiss_a_great_index_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "faiss", None)
    with pytest.raises(WeightsError, match="no faiss") as caught:
        approximate(codes(10))
    assert "faiss-cpu" in caught.value.hint
    assert search.EXACT_UP_TO > 10**6


def test_memory_depends_on_neither_the_queries_nor_the_codes():
    def held(queries, rows):
        asked, there = codes(queries), codes(rows, 1)
        tracemalloc.start()
        found = nearest(asked, there)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak - sum(part.nbytes for part in found)

    least = held(256, 4096)
    assert held(2560, 4096) < 1.05 * least
    assert held(256, 40960) < 1.05 * least


def test_the_nearest_other_is_of_another_patient(monkeypatch):
    there, whose = codes(300), np.arange(300) // 3
    cosines = there @ there.T
    cosines[whose[:, None] == whose] = -np.inf
    monkeypatch.setattr(search, "QUERIES", 64)
    monkeypatch.setattr(search, "ROWS", 100)
    assert np.allclose(nearest_other(there, whose), cosines.max(1), atol=1e-6)
    assert np.all(nearest_other(there, np.zeros(300, int)) == -np.inf)


class _Lost:
    """An index of faiss that finds nothing for a query that is no number, as the real one."""

    def search(self, queries, k):
        lost = np.isnan(queries).any(1, keepdims=True)
        return np.where(lost, np.float32(-3.4e38), np.float32(0.5)), np.where(lost, -1, 7)


def test_where_inverted_lists_find_nothing_there_is_no_cosine():
    asked = codes(2)
    asked[0] = np.nan
    cosines, rows = Approximate(_Lost(), 1).nearest(asked)
    assert np.isnan(cosines[0])
    assert (cosines[1], rows.tolist()) == (0.5, [0, 7])
