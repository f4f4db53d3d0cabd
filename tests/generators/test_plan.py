from collections import Counter

import pytest

from synthuterus_bench.cohorts.prompt import parse
from synthuterus_bench.errors import UsageError
from synthuterus_bench.generators.catalogue import every_id, parse_id
from synthuterus_bench.generators.plan import apportion, make_plan
from synthuterus_bench.vocab import CLASSES, Conditioning, Sequence

CT = Conditioning.CT
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
    plan = make_plan(800, CT, SHARES, seed=0)
    counts = Counter((p.orientation, p.field_strength, p.sequence) for p in plan)
    for orientation in CLASSES:
        assert [counts[orientation, *pair] for pair in SHARES] == [100, 70, 30]
    assert all(parse(place.prompt) == place.condition for place in plan)


def test_any_start_of_the_plan_is_balanced():
    assert Counter(p.orientation for p in make_plan(80, CT, SHARES, 0)[:40]) == dict.fromkeys(CLASSES, 10)


def test_seeds_shuffle_the_protocols():
    assert make_plan(80, CT, SHARES, 0) == make_plan(80, CT, SHARES, 0) != make_plan(80, CT, SHARES, 1)


def test_nothing_is_told_that_the_generator_does_not_know():
    text, both = (make_plan(80, told, SHARES, 0) for told in (Conditioning.TEXT, CT))
    assert [place.prompt for place in text] == [place.prompt for place in both]
    assert {place.orientation for place in text} == {None}
    classes = make_plan(80, Conditioning.CLASS, {}, 0)
    assert [place.orientation for place in classes] == [place.orientation for place in both]
    assert {(place.prompt, place.field_strength, place.sequence) for place in classes} == {(None, None, None)}
    assert {(place.orientation, place.prompt) for place in make_plan(7, Conditioning.UNCOND, {}, 0)} == {(None, None)}


@pytest.mark.parametrize("told", [CT, Conditioning.CLASS, Conditioning.TEXT])
@pytest.mark.parametrize("scans", [0, -4, 10])
def test_what_does_not_divide_is_refused_where_classes_are_asked(scans, told):
    with pytest.raises(UsageError, match="multiple of 4"):
        make_plan(scans, told, SHARES, 0)


def test_any_positive_number_is_fine_where_none_are():
    assert len(make_plan(10, Conditioning.UNCOND, {}, 0)) == 10
    with pytest.raises(UsageError, match="positive"):
        make_plan(0, Conditioning.UNCOND, {}, 0)


def test_prompts_need_protocols_to_name():
    with pytest.raises(UsageError, match="no field strength and sequence"):
        make_plan(8, CT, {}, 0)


def test_apportioning_is_exact_and_never_off_by_one():
    for count in range(1, 60):
        shares = Counter(apportion(count, SHARES))
        assert sum(shares.values()) == count
        assert all(abs(shares[pair] - count * share / 100) < 1 for pair, share in SHARES.items())
