"""Nobody takes down what another has put up."""

import pytest

from synthuterus_bench.board.boards import superseded
from synthuterus_bench.board.superseding import objection
from tests.board.samples import GENERATORS, SUITE, entry, sample

OLD = entry()


def newer(**changes):
    return entry(supersedes=OLD.id, training_data=["more of it"], **changes)


def generator(**changes):
    return sample()["generator"] | changes


def test_a_later_entry_of_the_same_submitter_may():
    assert objection(newer(), OLD) is None
    assert objection(newer(suite=SUITE | {"version": 2, "protocol_digest": "12" * 32}), OLD) is None
    assert superseded({"new": newer(), OLD.id: OLD}) == {OLD.id: "new"}


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"submitter": "eve"}, "submitter"),
        ({"submitter": None}, "submitter"),
        ({"suite": SUITE | {"id": "other-suite"}}, "suite"),
        ({"suite": SUITE | {"reference_digest": "ef" * 32}}, "reference"),
        ({"generator": generator(name="other")}, "generator"),
        ({"generator": generator(family="control")}, "family"),
    ],
)
def test_others_may_not(changes, what):
    assert objection(newer(**changes), OLD) == f"which is of another {what}"
    assert superseded({"new": newer(**changes), OLD.id: OLD}) == {}


@pytest.mark.parametrize("name", [name for name in GENERATORS if name.startswith("control")])
def test_controls_give_way_to_controls_alone(name):
    old = entry(name)
    mine = sample(name)["generator"]
    assert objection(entry(name, supersedes=old.id), old) is None
    assert objection(entry(name, generator=mine | {"family": "ddpm2d"}), old) == "which is of another family"
