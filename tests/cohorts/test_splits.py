from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthuterus_bench.cohorts.splits import FRACTIONS, Splitter
from synthuterus_bench.errors import UsageError
from synthuterus_bench.vocab import Split


@given(st.lists(st.text(max_size=3), max_size=200))
def test_no_patient_is_in_two_splits(patients):
    splitter = Splitter()
    seen: dict[str, set[Split]] = {}
    for patient in patients:
        seen.setdefault(patient, set()).add(splitter.split_of(patient))
    assert all(len(splits) == 1 for splits in seen.values())


@given(st.integers(1, 300))
def test_shares_hold_to_within_one_patient(count):
    splitter = Splitter()
    sizes = Counter(splitter.split_of(str(number)) for number in range(count))
    for split, fraction in FRACTIONS.items():
        assert abs(sizes[split] - fraction * count) <= 1


def test_earlier_patients_stay_when_others_follow():
    few, many = Splitter(), Splitter()
    first = [few.split_of(str(number)) for number in range(10)]
    assert [many.split_of(str(number)) for number in range(50)][:10] == first


@pytest.mark.parametrize("shares", [(0.5, 0.5, 0.5), (1.2, -0.1, -0.1)])
def test_bad_fractions(shares):
    with pytest.raises(UsageError, match="sum to 1"):
        Splitter(dict(zip(Split, shares, strict=True)))
