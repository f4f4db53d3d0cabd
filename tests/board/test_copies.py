"""Numbers of another are found whatever is put beside them, and chance is not taken for a copy."""

import copy
from pathlib import Path

import pytest

from synthuterus_bench.board.copies import copies
from tests.board.samples import SUITE, entry, sample

FIRST = entry()
INVENTED = {
    "metric": "zzz",
    "direction": "none",
    "scope": "pooled",
    "n_real": 9,
    "n_fake": 9,
    "status": "ok",
    "value": 1.0,
}


def told(*entries) -> list[str]:
    return [what for _, what in copies({Path(f"{place}.json"): one for place, one in enumerate(entries)})]


def stolen(change=lambda rows: None, **changes):
    """The results of the first under another name, changed."""
    rows = copy.deepcopy(sample()["results"])
    change(rows)
    return entry("ldm2d-ct-roi", results=rows, **changes)


def more_parameters(rows):
    for row in rows:
        row["params"] = {**row.get("params", {}), "odd": 1}


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: None,
        lambda rows: rows.append(INVENTED),
        lambda rows: rows.append(rows[0] | {"params": {"odd": 1}, "value": 0.5}),
        lambda rows: rows.append(rows[0] | {"metric": "kid-64", "params": {}}),
        more_parameters,
        lambda rows: rows.__delitem__(slice(6, None)),
    ],
)
def test_a_copy_is_found_whatever_stands_beside_it(change):
    assert told(FIRST, stolen(change)) == ["every value in common equals 0.json of another generator (ddpm2d-ct-roi)"]


def test_one_own_number_is_no_copy():
    assert told(FIRST, stolen(lambda rows: rows[0].update(value=0.0042))) == []


def test_too_few_to_tell():
    assert told(FIRST, stolen(lambda rows: rows.__delitem__(slice(2, None)))) == []


def test_other_tables_and_the_same_generator_are_fine():
    assert told(FIRST, stolen(suite=SUITE | {"reference_digest": "ef" * 32})) == []
    assert told(FIRST, entry(submitter="again")) == []
    assert told(FIRST, entry()) == ["the same entry as 0.json"]
