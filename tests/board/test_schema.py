import json
from pathlib import Path

from synthuterus_bench.board.schema import SCHEMA_FILE, entry_schema

COMMITTED = Path(__file__).parents[2] / "leaderboard" / SCHEMA_FILE


def test_committed_schema_is_up_to_date():
    assert COMMITTED.read_text(encoding="utf-8") == entry_schema(), (
        "write it again: synthbench leaderboard schema > leaderboard/schema/entry.schema.json"
    )


def test_unknown_keys_are_refused_everywhere():
    schema = json.loads(entry_schema())
    objects = [schema, *(part for part in schema["$defs"].values() if "properties" in part)]
    assert all(part["additionalProperties"] is False for part in objects)
