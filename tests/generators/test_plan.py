from collections import Counter

import pytest

from synthuterus_bench.cohorts.prompt import parse
from synthuterus_bench.errors import UsageError
from synthuterus_bench.generators.catalogue import every_id, parse_id
from synthuterus_bench.generators.plan import apportion, make_plan
from synthuterus_bench.vocab import CLASSES, Sequence

SHARES = {(1.5, Sequence.TSE): 50.0, (3.0, Sequence.TSE): 35.0, (0.55, Sequence.HASTE): 15.0}


def test_the_table_has_18_cells_and_6_text_only_ones():
    names = [str(one) for one in every_id()]
    assert len(names) == len(set(names)) == 24
    assert sum("text" in name for name in names) == 6
    assert all(str(parse_id(name)) == name for name in names)


def test_an_unknown_id_is_a_usage_error():
    with pytest.raises(UsageError, match="unknown model id 'gan2d'"):
        parse_id("gan2d")


def test_every_class_gets_its_share_of_every_protocol():
    plan = make_plan(800, SHARES, seed=0)
    counts = Counter((p.orientation, p.condition.field_strength, p.condition.sequence) for p in plan)
    for orientation in CLASSES:
        assert [counts[orientation, *pair] for pair in SHARES] == [100, 70, 30]
    assert all(parse(place.prompt) == place.condition for place in plan)


def test_any_start_of_the_plan_is_balanced():
    assert Counter(p.orientation for p in make_plan(80, SHARES, 0)[:40]) == dict.fromkeys(CLASSES, 10)


def test_seeds_shuffle_the_protocols():
    assert make_plan(80, SHARES, 0) == make_plan(80, SHARES, 0) != make_plan(80, SHARES, 1)


@pytest.mark.parametrize("scans", [0, -4, 10])
def test_what_does_not_divide_is_refused(scans):
    with pytest.raises(UsageError, match="multiple of 4"):
        make_plan(scans, SHARES, 0)


def test_apportioning_is_exact_and_never_off_by_one():
    for count in range(1, 60):
        shares = Counter(apportion(count, SHARES))
        assert sum(shares.values()) == count
        assert all(abs(shares[pair] - count * share / 100) < 1 for pair, share in SHARES.items())
