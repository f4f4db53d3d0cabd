import json

import pytest

from synthuterus_bench.board.entries import FaultyError
from synthuterus_bench.board.levels import Outcome
from synthuterus_bench.board.verification import (
    Verification,
    read_verification,
    save_verification,
)

AGREES = {"value": 1.0, "recomputed": 1.05, "allowed": 0.1, "outcome": "agrees"}
DIFFERS = AGREES | {"recomputed": 1.2, "outcome": "differs"}
UNCHECKED = {"value": 1.0, "outcome": "unchecked", "reason": "no weights"}


def said(*results, level="recompute", entry="ab" * 32, verdict="agrees", **more):
    return {
        "schema": "synthuterus-verification/1",
        "entry": entry,
        "level": level,
        "evidence": {"features_sha256": "cd" * 32},
        "tolerances": {},
        "results": [{"metric": "fid-64", "params": {}, "scope": "pooled", **one} for one in results],
        "environment": {"python": "3.11"},
        "verdict": verdict,
        **more,
    }


def made(*results, **more):
    return Verification.model_validate_json(json.dumps(said(*results, **more)))


def test_there_and_back(tmp_path):
    path = save_verification(made(AGREES, UNCHECKED), tmp_path)
    assert path.relative_to(tmp_path).as_posix() == f"verifications/{'ab' * 32}/recompute-{path.stem[10:]}.json"
    assert read_verification(path) == made(AGREES, UNCHECKED)


@pytest.mark.parametrize(
    ("results", "verdict"),
    [([AGREES], "agrees"), ([AGREES, DIFFERS], "differs"), ([UNCHECKED], "unchecked"), ([], "unchecked")],
)
def test_the_verdict_is_that_of_the_results(results, verdict):
    assert made(*results, verdict=verdict).verdict is Outcome(verdict)
    for other in {"agrees", "differs", "unchecked"} - {verdict}:
        with pytest.raises(ValueError, match="verdict"):
            made(*results, verdict=other)


@pytest.mark.parametrize(
    "lie",
    [
        AGREES | {"recomputed": 2.0},
        AGREES | {"outcome": "differs"},
        AGREES | {"recomputed": None},
        AGREES | {"allowed": None},
        UNCHECKED | {"reason": None},
        AGREES | {"value": "1.0"},
        AGREES | {"extra": 1},
    ],
)
def test_outcomes_that_the_numbers_do_not_say(lie):
    with pytest.raises(ValueError):
        made(lie)


def test_a_file_in_another_place_is_refused(tmp_path):
    path = save_verification(made(AGREES), tmp_path)
    moved = path.rename(path.with_name("regenerate-" + path.name.partition("-")[2]))
    with pytest.raises(FaultyError, match="misplaced"):
        read_verification(moved)
