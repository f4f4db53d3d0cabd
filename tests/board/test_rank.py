import pytest

from synthuterus_bench.board.rank import Listed, groups, rank
from synthuterus_bench.board.tiers import Span
from synthuterus_bench.repro import digest_file
from synthuterus_bench.weights import shipped
from tests.board.samples import SUITE, board, entry, sample


def listed(name: str, value: float, half: float, **params) -> Listed:
    row = {
        "metric": "kid-embedder",
        "params": params,
        "direction": "lower",
        "scope": "pooled",
        "n_real": 200,
        "n_fake": 200,
        "status": "ok",
        "value": value,
        "ci": {"low": value - half, "high": value + half, "level": 0.95, "method": "m", "unit": "patient"},
    }
    made = entry(generator={"name": name}, results=[row])
    return Listed(made.id, made)


def places(standings) -> dict[str, Span | None]:
    return {standing.listed.entry.generator.name: standing.place for standing in standings}


def test_separate_intervals_give_single_ranks():
    found = places(rank([listed("b", 2, 0.4), listed("a", 1, 0.4), listed("c", 3, 0.4)]))
    assert found == {"a": Span(1, 1, 3), "b": Span(2, 2, 3), "c": Span(3, 3, 3)}
    assert [*found] == ["a", "b", "c"]


def test_overlap_is_a_tie():
    found = places(rank([listed("a", 1, 0.8), listed("b", 2, 0.8), listed("c", 9, 0.1)]))
    assert found == {"a": Span(1, 2, 3), "b": Span(1, 2, 3), "c": Span(3, 3, 3)}


def test_wide_interval_does_not_lead():
    found = rank([listed("vague", 5, 100), listed("a", 1, 0.1), listed("b", 2, 0.1)])
    assert [standing.listed.entry.generator.name for standing in found] == ["a", "b", "vague"]
    assert found[2].place == Span(1, 3, 3)


def test_tiers_come_before_places():
    found = rank([listed("b", 2, 0.1), listed("a", 1, 0.1), listed("vague", 3.4, 5.0), listed("c", 3, 0.1)])
    assert [(standing.listed.entry.generator.name, standing.tier.text) for standing in found] == [
        ("a", "1"),
        ("b", "2"),
        ("c", "3"),
        ("vague", "1–3"),
    ]


def test_only_equal_digests_are_grouped():
    entries = [
        entry(suite={**SUITE, **change})
        for change in ({}, {"protocol_digest": "0" * 64}, {"reference_digest": "1" * 64})
    ]
    assert len(groups(Listed(each.id, each) for each in entries)) == 3
    assert len(groups(Listed(each.id, each) for each in board())) == 1


def test_other_parameters_do_not_rank():
    found = rank([listed("a", 1, 0.1, degree=3), listed("b", 2, 0.1, degree=3), listed("c", 0, 0.1, degree=9)])
    assert found[-1].reason == "Embedder KID by other parameters"
    assert [standing.place for standing in found] == [Span(1, 1, 2), Span(2, 2, 2), None]


def control(value: float, **params) -> Listed:
    made = listed("control: noise", value, 0.1, **params).entry
    facts = made.generator.model_copy(update={"family": "control"})
    made = made.model_copy(update={"generator": facts})
    return Listed(made.id, made)


def test_the_parameters_of_controls_decide_however_many_are_against_them():
    odd = [listed(name, 0, 0.1, degree=9) for name in "abc"]
    found = rank([*odd, listed("honest", 1, 0.1, degree=3), control(5, degree=3)])
    assert places(found)["honest"] == Span(1, 1, 1)
    reasons = sorted(standing.reason for standing in found if standing.place is None)
    assert reasons == [*["Embedder KID by other parameters"] * 3, "control"]


@pytest.mark.parametrize("odd", ["zz" * 32, "00" * 32])
def test_a_tie_goes_to_what_the_package_measures_by(odd):
    own = {"kernel": "polynomial", "degree": 3, "coef0": 1.0}
    digest = digest_file(shipped("embedder/embedder.safetensors"))
    honest = listed("honest", 1, 0.1, **own, weights_sha256=digest)
    found = places(rank([listed("a", 0, 0.1, **own, weights_sha256=odd), honest]))
    assert found == {"honest": Span(1, 1, 1), "a": None}
    found = places(rank([listed("a", 0, 0.1, **own, weights_sha256=digest, a=1), honest]))
    assert found == {"honest": Span(1, 1, 1), "a": None}


def test_volumes_rank_by_all_planes_together():
    def volume(name: str, whole: float, axial: float) -> Listed:
        params = {"plane": "axial"}, {"plane": "sagittal"}, {"slices": "middle of three planes"}
        values = zip(params, (axial, axial, whole), strict=True)
        results = [listed("x", value, 0.1, **told).entry.results[0] for told, value in values]
        made = entry(generator={"name": name}, results=[one.model_dump(mode="json") for one in results])
        return Listed(made.id, made)

    found = places(rank([volume("a", 5, 1), volume("b", 1, 5)]))
    assert found == {"b": Span(1, 1, 2), "a": Span(2, 2, 2)}
    found = places(rank([volume("b", 1, 5), *(listed(name, 0, 0.1, plane="axial") for name in "cd")]))
    assert found == {"b": Span(1, 1, 1), "c": None, "d": None}


def test_reasons_of_the_unranked():
    withheld = sample()
    for row in withheld["results"]:
        if row["metric"] == "kid-embedder":
            row.update(status="withheld", value=None, ci=None, reason="not ours to show")
    hidden = entry(results=withheld["results"])
    found = rank([Listed("1", hidden), Listed("2", entry("control: noise"))])
    assert [standing.place for standing in found] == [None, None]
    assert sorted(standing.reason for standing in found) == ["Embedder KID withheld: not ours to show", "control"]


def test_every_scope_ranks_by_itself():
    every = [Listed(each.id, each) for each in board()]
    for scope in ("pooled", "av-af", "rv-rf"):
        assert sum(standing.place is not None for standing in rank(every, scope)) == 6
