"""How far an entry was verified: what the files of ``verifications/<entry id>/<level>-<sha256>.json`` come to."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from synthuterus_bench.board.entries import FaultyError
from synthuterus_bench.board.levels import LEVELS, Level, Outcome
from synthuterus_bench.board.verification import Verification, read_verification
from synthuterus_bench.board.vouching import broken_claims
from synthuterus_bench.entry import Entry

DONE = {Level.RECOMPUTE: "recomputed", Level.RE_EMBED: "re-embedded", Level.REGENERATE: "regenerated"}
FROM = {Level.RECOMPUTE: "published features", Level.RE_EMBED: "the images", Level.REGENERATE: "weights and seeds"}


@dataclass(frozen=True)
class Badge:
    """What stands beside an entry's name. ``state`` is ``declared``, ``verified`` or ``differs``."""

    state: Literal["declared", "verified", "differs"]
    text: str
    words: str
    rank: int
    checks: tuple[Verification, ...] = ()


DECLARED = Badge("declared", "declared", "Nobody has done this entry again: its numbers are its submitter's.", 0)


def badge_of(checks: Iterable[Verification]) -> Badge:
    """The highest level that agrees; ``differs`` where any verification found another number."""
    every = tuple(checks)
    against = [one for one in every if one.verdict is Outcome.DIFFERS]
    if against:
        names = ", ".join(dict.fromkeys(DONE[one.level] for one in against))
        return Badge("differs", "differs", f"Found another number when {names}.", -1, every)
    agreed = [one.level for one in every if one.verdict is Outcome.AGREES]
    if not agreed:
        return Badge(DECLARED.state, DECLARED.text, DECLARED.words, DECLARED.rank, every)
    best = max(agreed, key=LEVELS.index)
    words = f"Its numbers came out again from {FROM[best]}."
    return Badge("verified", DONE[best], words, 1 + LEVELS.index(best), every)


def load_verifications(folder: Path, entries: Iterable[Entry]) -> dict[str, list[Verification]]:
    """Every verification below ``folder`` of one of ``entries``, by entry id.

    Raises:
        FaultyError: a file is too large, breaks the schema, lies elsewhere than it says, or is none of its entry.
    """
    known = {entry.id: entry for entry in entries}
    found: dict[str, list[Verification]] = {}
    for path in sorted(folder.glob("*/*.json")):
        one = read_verification(path)
        if one.entry not in known:
            continue
        if faults := [*broken_claims(one, known[one.entry])]:
            raise FaultyError(path, faults)
        found.setdefault(one.entry, []).append(one)
    return found
