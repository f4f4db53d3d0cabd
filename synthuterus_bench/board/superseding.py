"""Which entry may take the place of another: one of the same submitter, of the same generator in the same table."""

from synthuterus_bench.entry import Entry


def objection(newer: Entry, older: Entry) -> str | None:
    """Why an entry may not supersede another, or None where it may. Controls are superseded by controls alone."""
    mine, theirs = _facts(newer), _facts(older)
    return next((f"which is of another {name}" for name, fact in mine.items() if theirs[name] != fact), None)


def _facts(entry: Entry) -> dict[str, str | None]:
    return {
        "generator": entry.generator.name,
        "family": entry.generator.family,
        "suite": entry.suite.id,
        "reference": entry.suite.reference_digest,
        "submitter": entry.submitter,
    }
