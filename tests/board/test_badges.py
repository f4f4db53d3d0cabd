import json

import pytest

from synthuterus_bench.board.badges import DECLARED, badge_of, load_verifications
from synthuterus_bench.board.entries import FaultyError
from synthuterus_bench.board.verification import Verification, save_verification
from synthuterus_bench.errors import DataError
from tests.board.samples import entry
from tests.board.verified import honest, provable

ENTRY = "12" * 32


def verification(entry: str = ENTRY, level: str = "recompute", verdict: str = "agrees") -> dict:
    result = {
        "metric": "kid-embedder",
        "params": {"degree": 3},
        "scope": "pooled",
        "value": 0.0062,
        "recomputed": {"agrees": 0.0062, "differs": 0.5, "unchecked": None}[verdict],
        "allowed": None if verdict == "unchecked" else 0.0003,
        "outcome": verdict,
        "reason": "no weights" if verdict == "unchecked" else None,
    }
    return {
        "schema": "synthuterus-verification/1",
        "entry": entry,
        "level": level,
        "evidence": {"features_sha256": "ab" * 32},
        "exact_images": None,
        "tolerances": {"relative": 0.001, "of_interval": 0.1, "trained": 1.0},
        "results": [result],
        "environment": {"synthuterus-bench": "0.1.0"},
        "verdict": verdict,
    }


def model(value: dict) -> Verification:
    return Verification.model_validate_json(json.dumps(value))


def checks(*pairs: tuple[str, str]) -> list[Verification]:
    return [model(verification(level=level, verdict=verdict)) for level, verdict in pairs]


@pytest.mark.parametrize(
    ("pairs", "state", "text"),
    [
        ((), "declared", "declared"),
        ((("recompute", "agrees"),), "verified", "recomputed"),
        ((("regenerate", "agrees"), ("re-embed", "agrees")), "verified", "regenerated"),
        ((("regenerate", "agrees"), ("re-embed", "differs")), "differs", "differs"),
        ((("re-embed", "unchecked"),), "declared", "declared"),
    ],
)
def test_the_highest_level_that_agrees_and_any_that_differs(pairs, state, text):
    badge = badge_of(checks(*pairs))
    assert (badge.state, badge.text) == (state, text)
    assert len(badge.checks) == len(pairs)


def test_levels_have_an_order():
    ranks = [badge_of(checks((level, "agrees"))).rank for level in ("recompute", "re-embed", "regenerate")]
    assert [DECLARED.rank, *ranks] == [0, 1, 2, 3]


def written(folder, value, name: str | None = None, home: str = ENTRY):
    path = folder / home / (name or model(value).home.rpartition("/")[2])
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value))
    return path


def test_files_are_found_by_entry(tmp_path):
    mine, other = provable(entry()), provable(entry("ldm2d-ct-roi"))
    for level in ("recompute", "re-embed"):
        save_verification(honest(mine, level), tmp_path)
    save_verification(honest(other), tmp_path)
    home = tmp_path / "verifications"
    assert load_verifications(home, [mine]) == {mine.id: [honest(mine), honest(mine, "recompute")]}
    assert {*load_verifications(home, [mine, other])} == {mine.id, other.id}
    assert load_verifications(tmp_path / "none", [mine]) == {}


def test_a_badge_cannot_be_forged(tmp_path):
    """A file that is consistent in itself, of numbers that the entry has not."""
    mine = provable(entry())
    path = save_verification(model(verification(mine.id, level="regenerate")), tmp_path)
    with pytest.raises(FaultyError, match="exact_images is None") as told:
        load_verifications(tmp_path / "verifications", [mine])
    assert str(path) in str(told.value)
    assert load_verifications(tmp_path / "verifications", []) == {}


@pytest.mark.parametrize(
    ("change", "name", "home"),
    [
        ({"extra": 1}, "recompute-1.json", ENTRY),
        ({"verdict": "fine"}, "recompute-1.json", ENTRY),
        ({"results": "none"}, "recompute-1.json", ENTRY),
        ({}, "regenerate-1.json", ENTRY),
        ({}, "recompute-1.json", "34" * 32),
        ({"level": "trust me"}, "recompute-1.json", ENTRY),
    ],
)
def test_other_files_are_refused(tmp_path, change, name, home):
    path = written(tmp_path, verification() | change, name, home)
    with pytest.raises(DataError, match=str(path)):
        load_verifications(tmp_path, [])


def test_a_link_is_refused(tmp_path):
    path = written(tmp_path, verification())
    (path.parent / "recompute-2.json").symlink_to(path)
    with pytest.raises(DataError, match="a link, expected a file"):
        load_verifications(tmp_path, [])
