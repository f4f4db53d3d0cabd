"""Verifications of sample entries that came out as the entry says, and such as were tampered with."""

import json
from typing import Any

from synthuterus_bench.board.agreement import compare_results
from synthuterus_bench.board.levels import Level
from synthuterus_bench.board.verification import Verification, tolerances_of, verdict_of
from synthuterus_bench.entry import Entry

WEIGHTS, FEATURES = "77" * 32, "88" * 32


def provable(entry: Entry) -> Entry:
    """The entry with the digests of weights and published features, so that every level can be done."""
    data = entry.as_json()
    data["generator"]["weights"] = {"sha256": WEIGHTS}
    data["artefacts"] = {"features_sha256": FEATURES}
    return Entry.model_validate_json(json.dumps(data))


def honest(entry: Entry, level: str = "re-embed", exact: bool | None = None, **changes: Any) -> Verification:
    """An entry that came out again to the last digit, with top-level fields replaced by ``changes``."""
    evidence = {
        "recompute": {"features_sha256": FEATURES},
        "re-embed": {"manifest_sha256": entry.dataset.manifest_sha256},
        "regenerate": {
            "weights_sha256": WEIGHTS,
            "manifest_sha256": "99" * 32 if exact is False else entry.dataset.manifest_sha256,
        },
    }[level]
    tolerances = tolerances_of(Level(level), exact)
    results = [*compare_results(entry.results, entry.results, tolerances)]
    made = Verification(
        entry=entry.id,
        level=Level(level),
        evidence=evidence,
        exact_images=exact,
        tolerances=tolerances,
        results=results,
        environment={"python": "3.11"},
        verdict=verdict_of(results),
    )
    return Verification.model_validate_json(json.dumps(made.as_json() | changes))
