"""The record of a self-test, ``selftest.json``; reading it needs no network."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from synthuterus_bench.errors import DataError
from synthuterus_bench.privacy.plants import Strength
from synthuterus_bench.repro import write_atomic
from synthuterus_bench.stats import wilson_interval

SELFTEST_FILE = "selftest.json"
FLOOR = 0.99
"""Least sensitivity, in each transform, at the two milder strengths."""


class Cell(BaseModel):
    """Plants of one transform at one strength (1 mild to 3 strong), and how many were rejected.

    ``caught_by`` says how many each bound would have rejected alone, and ``unmirrored`` how many fall without looking
    at the candidate's mirror image.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    transform: str
    strength: int
    plants: int
    caught: int
    amount: float | None = None
    caught_by: dict[str, int] = {}
    unmirrored: int | None = None

    @property
    def sensitivity(self) -> float:
        """Share of plants that were rejected."""
        return self.caught / self.plants

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % Wilson interval."""
        return wilson_interval(self.caught, self.plants)


class SelfTest(BaseModel):
    """``selftest.json``: what was planted and what was found, tied to encoder and reference by their digests."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    encoder: str = "embedder"
    encoder_sha256: str
    reference_digest: str
    tau: float = 0.95
    cells: list[Cell]
    negatives: int
    false_positives: int
    false_positives_by: dict[str, int] = {}
    autoencoder_sha256: str | None = None

    def passes(self, floor: float = FLOOR) -> bool:
        """Whether the two milder strengths of every transform are caught at least so often; not without any."""
        counted = [cell for cell in self.cells if cell.strength < Strength.STRONG]
        return bool(counted) and all(cell.sensitivity >= floor for cell in counted)

    def below(self, floor: float = FLOOR) -> list[Cell]:
        """Those that are not."""
        return [cell for cell in self.cells if cell.strength < Strength.STRONG and cell.sensitivity < floor]

    @property
    def false_positive_interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the share of unseen patients' images that were rejected."""
        return wilson_interval(self.false_positives, self.negatives)

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        write_atomic(path, self.model_dump_json(indent=1) + "\n")


def load_selftest(path: Path) -> SelfTest:
    """Read a self-test's record.

    Raises:
        DataError: missing or malformed.
    """
    if not path.is_file():
        raise DataError(f"{path}: no self-test of the privacy filter", "make one with: synthbench audit self-test")
    try:
        found = SelfTest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise DataError(f"{path}: not a self-test ({' '.join(str(error).split())[:200]})") from None
    wrong = [cell for cell in found.cells if not 0 <= cell.caught <= cell.plants or not cell.plants]
    if wrong or not 0 <= found.false_positives <= found.negatives or not found.negatives:
        raise DataError(f"{path}: not a self-test (more was found than planted, or nothing was planted)")
    return found
