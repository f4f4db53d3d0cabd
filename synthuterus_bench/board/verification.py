"""What a verification of an entry says, and its file: ``verifications/<entry id>/<level>-<sha256>.json``.

Verifications are never part of an entry. Anybody can make one; several of one entry stand side by side.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from synthuterus_bench.board.entries import VERIFICATIONS, FaultyError, read_file
from synthuterus_bench.board.levels import Level, Outcome
from synthuterus_bench.repro import canonical_json, digest_json, write_atomic

Hex = Field(pattern=r"^[0-9a-f]{64}$")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Tolerances(_Model):
    """How far a value may be from the one in the entry: the larger of the two bounds, in the value's own units.

    Attributes:
        relative: of the value; covers the last bits that processors disagree on.
        of_interval: of the width of its interval, or of its floor's where it has none.
        trained: the same for classifiers, whose training multiplies those last bits.
    """

    relative: float = Field(default=1e-3, ge=0, le=0.1)
    of_interval: float = Field(default=0.1, ge=0, le=2)
    trained: float = Field(default=1.0, ge=0, le=2)


DRAWN_ANEW = Tolerances(of_interval=1.0)
"""Of images that came out differently in the last bits: samples of one generator, each within the other's interval."""


def tolerances_of(level: Level, exact_images: bool | None) -> Tolerances:
    """The tolerances that a verification of a level is judged by."""
    return DRAWN_ANEW if level is Level.REGENERATE and exact_images is False else Tolerances()


class Compared(_Model):
    """One result of an entry: ``value`` as it stands there, ``recomputed`` as it was found, and how far that may be."""

    metric: str = Field(max_length=60)
    params: dict[str, str | int | float | bool]
    scope: str = Field(max_length=20)
    value: float
    recomputed: float | None = None
    allowed: float | None = Field(default=None, ge=0)
    outcome: Outcome = Field(strict=False)
    reason: str | None = Field(default=None, max_length=500)

    @model_validator(mode="after")
    def _consistent(self) -> "Compared":
        if (self.outcome is Outcome.UNCHECKED) != (self.recomputed is None):
            raise ValueError(f"{self.metric} {self.scope}: {self.outcome} with value {self.recomputed}")
        if self.recomputed is None:
            if not self.reason:
                raise ValueError(f"{self.metric} {self.scope}: unchecked without a reason")
            return self
        if self.allowed is None or (abs(self.value - self.recomputed) <= self.allowed) != (
            self.outcome is Outcome.AGREES
        ):
            raise ValueError(f"{self.metric} {self.scope}: {self.outcome}, which its numbers do not say")
        return self


class Verification(_Model):
    """What came of doing an entry again.

    Attributes:
        evidence: digests of what it was done from: ``features_sha256``, ``manifest_sha256``, ``weights_sha256``.
        exact_images: of ``regenerate``, whether the images were those of the entry to the bit; None for other levels.
        environment: versions, device and threads, as an entry has them.
    """

    schema_: Literal["synthuterus-verification/1"] = Field(default="synthuterus-verification/1", alias="schema")
    entry: str = Hex
    level: Level = Field(strict=False)
    evidence: dict[str, str]
    exact_images: bool | None = None
    tolerances: Tolerances
    results: list[Compared] = Field(max_length=2000)
    environment: dict[str, str]
    verdict: Outcome = Field(strict=False)

    @model_validator(mode="after")
    def _judged(self) -> "Verification":
        if self.verdict is not verdict_of(self.results):
            raise ValueError(f"verdict {self.verdict}, expected {verdict_of(self.results)} by its results")
        return self

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values; what is not said is left out, as of an entry."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @property
    def id(self) -> str:
        """SHA-256 of the canonical JSON."""
        return digest_json(self.as_json())

    @property
    def home(self) -> str:
        """Where it belongs: ``verifications/<entry id>/<level>-<sha256>.json``."""
        return f"{VERIFICATIONS}/{self.entry}/{self.level}-{self.id}.json"

    def count(self, outcome: Outcome) -> int:
        """How many results came out so."""
        return sum(result.outcome is outcome for result in self.results)


def verdict_of(results: Iterable[Compared]) -> Outcome:
    """``differs`` if any result does, else ``agrees`` if any does, else ``unchecked``."""
    found = {result.outcome for result in results}
    return next((one for one in (Outcome.DIFFERS, Outcome.AGREES) if one in found), Outcome.UNCHECKED)


def save_verification(verification: Verification, board: Path) -> Path:
    """Write it to its place below the folder of a board, atomically; returns where."""
    path = board / verification.home
    write_atomic(path, canonical_json(verification.as_json()) + "\n")
    return path


def read_verification(path: Path) -> Verification:
    """Read and validate a verification; the file is untrusted.

    Raises:
        FaultyError: as for entries; or it lies elsewhere than it says.
    """
    found = read_file(path, Verification)
    if path.absolute().parts[-2:] != Path(found.home).parts[-2:]:
        raise FaultyError(path, [f"misplaced, expected {found.home}"])
    return found
