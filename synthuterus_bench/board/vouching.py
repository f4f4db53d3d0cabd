"""Whether a verification is one of its entry: its values, all of them, judged by known tolerances, on its evidence.

Nobody can tell from the file whether the work was done; that its numbers are those of the entry can be told.
"""

from collections.abc import Iterator
from itertools import islice
from math import isclose

from synthuterus_bench.board.agreement import allowed
from synthuterus_bench.board.amounts import is_digest
from synthuterus_bench.board.entries import MAX_FAULTS
from synthuterus_bench.board.levels import Level, Outcome
from synthuterus_bench.board.verification import Compared, Verification, tolerances_of
from synthuterus_bench.entry import Entry, Result
from synthuterus_bench.repro import canonical_json

EXACT = 1e-9
Key = tuple[str, str, str]


def broken_claims(found: Verification, entry: Entry) -> Iterator[str]:
    """Every way in which a verification is none of ``entry``, as one line each; no more than are read."""
    return islice(_broken(found, entry), MAX_FAULTS)


def _broken(found: Verification, entry: Entry) -> Iterator[str]:
    if found.entry != entry.id:
        yield f"of entry {found.entry[:12]}, expected {entry.id[:12]}"
    yield from _images(found, entry)
    yield from _evidence(found, entry)
    if found.tolerances != tolerances_of(found.level, found.exact_images):
        yield f"tolerances are not those of {found.level}"
    yield from _results(found, entry)


def _images(found: Verification, entry: Entry) -> Iterator[str]:
    """Images are drawn again by ``regenerate`` alone; they are exact where their digest is the entry's."""
    said, drawn = found.exact_images, found.evidence.get("manifest_sha256")
    expected = drawn == entry.dataset.manifest_sha256 if found.level is Level.REGENERATE else None
    if said is not expected:
        yield f"exact_images is {said}, expected {expected}"


def _evidence(found: Verification, entry: Entry) -> Iterator[str]:
    expected = _named(found, entry)
    if {*found.evidence} != {*expected}:
        names = ", ".join(sorted(found.evidence)) or "none"
        yield f"evidence: found {names}; expected {', '.join(sorted(expected))} for {found.level}"
        return
    for name, digest in expected.items():
        if not is_digest(found.evidence[name]):
            yield f"evidence: {name} is no SHA-256"
        elif digest is None:
            yield f"evidence: the entry names no {name}, so there is nothing to {found.level} from"
        elif found.evidence[name] != digest:
            yield f"evidence: {name} {found.evidence[name][:12]}, expected {digest[:12]} as in the entry"


def _named(found: Verification, entry: Entry) -> dict[str, str | None]:
    """What a level is done from, by the entry's digests. Images that came out differently have one of their own."""
    manifest: dict[str, str | None] = {"manifest_sha256": entry.dataset.manifest_sha256}
    match found.level:
        case Level.RECOMPUTE:
            return {"features_sha256": entry.artefacts.get("features_sha256")}
        case Level.RE_EMBED:
            return manifest
        case Level.REGENERATE:
            weights = entry.generator.weights
            drawn = {} if found.exact_images else {name: found.evidence.get(name) for name in manifest}
            return {"weights_sha256": weights.sha256 if weights else None} | manifest | drawn


def _results(found: Verification, entry: Entry) -> Iterator[str]:
    valued = {_key(one): one for one in entry.results if one.value is not None}
    seen: set[Key] = set()
    for one in found.results:
        key, name = _key(one), f"{one.metric} {one.scope}"
        if key in seen:
            yield f"{name}: given twice with equal parameters"
        elif key not in valued:
            yield f"{name}: the entry has no such value"
        else:
            yield from (f"{name}: {what}" for what in _judged(one, valued[key], found))
        seen.add(key)
    for key in valued.keys() - seen:
        yield f"{key[0]} {key[2]}: a value of the entry is missing; give it as unchecked, with the reason"


def _judged(one: Compared, result: Result, found: Verification) -> Iterator[str]:
    if one.value != result.value:
        yield f"value {one.value:g}, expected {result.value:g} as in the entry"
    most = allowed(result, found.tolerances)
    if one.outcome is not Outcome.UNCHECKED and not isclose(one.allowed or 0.0, most, rel_tol=EXACT, abs_tol=0):
        yield f"allowed {one.allowed:g}, expected {most:g} by the tolerances"


def _key(one: Result | Compared) -> Key:
    return one.metric, canonical_json(one.params), one.scope
