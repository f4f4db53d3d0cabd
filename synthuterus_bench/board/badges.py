"""How far an entry was verified: what the files of ``verifications/<entry id>/<level>-<sha256>.json`` come to."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthuterus_bench.errors import DataError

MAX_BYTES = 4_000_000


class Level(StrEnum):
    """What was done again, from least to most."""

    RECOMPUTE = "recompute"
    RE_EMBED = "re-embed"
    REGENERATE = "regenerate"


DONE = {Level.RECOMPUTE: "recomputed", Level.RE_EMBED: "re-embedded", Level.REGENERATE: "regenerated"}
FROM = {Level.RECOMPUTE: "published features", Level.RE_EMBED: "the images", Level.REGENERATE: "weights and seeds"}
Verdict = Literal["agrees", "differs", "unchecked"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Compared(_Model):
    """One result that was done again."""

    metric: str = Field(max_length=60)
    params: dict[str, str | int | float | bool]
    scope: str = Field(max_length=20)
    value: float
    recomputed: float | None = None
    allowed: float | None = None
    outcome: Verdict
    reason: str | None = Field(default=None, max_length=500)


class Verification(_Model):
    """One file, as far as a page shows it."""

    schema_: Literal["synthuterus-verification/1"] = Field(alias="schema")
    entry: str = Field(pattern=r"^[0-9a-f]{64}$")
    level: Level = Field(strict=False)
    evidence: dict[str, str]
    exact_images: bool | None = None
    tolerances: dict[str, float]
    results: list[Compared] = Field(max_length=2000)
    environment: dict[str, str]
    verdict: Verdict

    def count(self, outcome: Verdict) -> int:
        """How many results came out so."""
        return sum(result.outcome == outcome for result in self.results)


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
    against = [one for one in every if one.verdict == "differs"]
    if against:
        names = ", ".join(dict.fromkeys(DONE[one.level] for one in against))
        return Badge("differs", "differs", f"Found another number when {names}.", -1, every)
    agreed = [one.level for one in every if one.verdict == "agrees"]
    if not agreed:
        return Badge(DECLARED.state, DECLARED.text, DECLARED.words, DECLARED.rank, every)
    levels = [*Level]
    best = max(agreed, key=levels.index)
    words = f"Its numbers came out again from {FROM[best]}."
    return Badge("verified", DONE[best], words, 1 + levels.index(best), every)


def load_verifications(folder: Path) -> dict[str, list[Verification]]:
    """Every verification below ``folder``, by entry id.

    Raises:
        DataError: a file is too large, breaks the schema, or lies elsewhere than it says.
    """
    found: dict[str, list[Verification]] = {}
    for path in sorted(folder.glob("*/*.json")):
        one = _load(path)
        if path.parent.name != one.entry or not path.name.startswith(f"{one.level}-"):
            raise DataError(f"{path}: misplaced, expected {one.entry}/{one.level}-<sha256>.json")
        found.setdefault(one.entry, []).append(one)
    return found


def _load(path: Path) -> Verification:
    if path.is_symlink() or not path.is_file():
        raise DataError(f"{path}: expected a file")
    if path.stat().st_size > MAX_BYTES:
        raise DataError(f"{path}: found {path.stat().st_size} bytes, expected at most {MAX_BYTES}")
    try:
        return Verification.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
