"""The JSON schema of entries, exported for editors and for other languages."""

import json

from synthuterus_bench.entry import Entry

SCHEMA_FILE = "schema/entry.schema.json"


def entry_schema() -> str:
    """The text of ``leaderboard/schema/entry.schema.json``."""
    schema = Entry.model_json_schema(by_alias=True)
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"
