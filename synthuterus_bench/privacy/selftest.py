"""``selftest.json``: what a self-test of the privacy filter planted and what the filter caught."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthuterus_bench.errors import DataError

SELFTEST_FILE = "selftest.json"
STRONG = 3
"""The strength that no floor is asked of."""


class Cell(BaseModel):
    """Plants of one transform at one strength (1 mild to 3 strong), and how many of them the filter rejected."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    transform: str
    strength: int
    plants: int = Field(ge=1)
    caught: int = Field(ge=0)


class SelfTest(BaseModel):
    """All cells, and how many of the held-out real images were rejected, for one encoder and one reference."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoder_sha256: str
    reference_digest: str
    cells: list[Cell]
    negatives: int = Field(ge=1)
    false_positives: int = Field(ge=0)

    def passes(self, floor: float) -> bool:
        """Whether the two milder strengths of every transform are caught at least so often; not without any."""
        counted = [cell for cell in self.cells if cell.strength < STRONG]
        return bool(counted) and all(cell.caught >= floor * cell.plants for cell in counted)


def load_selftest(path: Path) -> SelfTest:
    """Read the record of a self-test.

    Raises:
        DataError: missing or malformed.
    """
    if not path.is_file():
        raise DataError(f"{path}: no self-test of the privacy filter, expected its record")
    try:
        return SelfTest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise DataError(f"{path}: not a self-test ({' '.join(str(error).split())[:200]})") from None
