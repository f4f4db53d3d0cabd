import json

import pytest
from pydantic import ValidationError

from synthuterus_bench.entry import Entry, Interval, Result, load_entry, save_entry
from synthuterus_bench.errors import EntryError
from synthuterus_bench.repro import canonical_json

DIGEST = "0" * 64


def result(**changes) -> dict:
    fine = {"metric": "fd-embedder", "direction": "lower", "scope": "pooled", "n_real": 4, "n_fake": 4, "status": "ok"}
    return fine | {"value": 1.5} | changes


def document(**changes) -> dict:
    fine = {
        "schema": "synthuterus-entry/1",
        "suite": {"id": "demo", "version": 1, "protocol_digest": DIGEST, "reference": "x", "reference_digest": DIGEST},
        "generator": {"name": "x"},
        "dataset": {"manifest_sha256": DIGEST, "n_per_class": {"av-af": 4}},
        "results": [result()],
        "environment": {"torch": "2"},
    }
    return fine | changes


def write(path, value):
    path.write_text(json.dumps(value))
    return path


def test_comes_back_as_written_with_the_same_id(tmp_path):
    entry = Entry.model_validate(document())
    save_entry(entry, tmp_path / "entry.json")
    assert load_entry(tmp_path / "entry.json") == entry
    assert load_entry(tmp_path / "entry.json").id == entry.id


def test_id_does_not_depend_on_the_order_of_keys_but_on_every_value(tmp_path):
    turned = dict(reversed(document().items()))
    assert load_entry(write(tmp_path / "a.json", turned)).id == Entry.model_validate(document()).id
    other = document(results=[result(value=1.500001)])
    assert load_entry(write(tmp_path / "b.json", other)).id != Entry.model_validate(document()).id


@pytest.mark.parametrize(
    "value",
    [
        document(rank=1),
        document(results=[result(value="1.5")]),
        document(results=[result(status="unavailable")]),
        document(results=[result(value=None)]),
        document(results=[result(value=None, status="withheld")]),
        document(generator={"name": ""}),
        document(schema="synthuterus-entry/2"),
        [],
    ],
)
def test_what_breaks_the_schema_is_refused_by_name(tmp_path, value):
    with pytest.raises(EntryError, match=r"entry\.json"):
        load_entry(write(tmp_path / "entry.json", value))


def test_nan_and_doubled_keys_are_refused(tmp_path):
    text = json.dumps(document())
    (tmp_path / "nan.json").write_text(text.replace("1.5", "NaN"))
    (tmp_path / "twice.json").write_text(text.replace('"value"', '"n_fake"'))
    for name in ("nan.json", "twice.json", "missing.json"):
        with pytest.raises(EntryError, match=name):
            load_entry(tmp_path / name)


def test_an_interval_is_ordered():
    with pytest.raises(ValidationError, match="above"):
        Interval(low=2.0, high=1.0, level=0.95, method="x", unit="y")


def test_withheld_results_keep_their_reason():
    kept = Result.model_validate(result(value=None, status="withheld", reason="patient privacy"))
    assert kept.reason == "patient privacy"


def test_a_later_optional_field_changes_no_id():
    """What lies on a board keeps its name when the schema grows."""
    from tests.board.samples import entry

    class Later(Entry):
        mood: str | None = None

    now = entry()
    assert "null" not in canonical_json(now.as_json())
    assert Later.model_validate_json(canonical_json(now.as_json())).id == now.id
