"""What a self-test of the privacy filter found: planted copies of training images caught, held-out images let pass."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthuterus_bench.errors import WeightsError


class Cell(BaseModel):
    """Plants of one transform at one strength, and how many of them the filter rejected."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    transform: str
    strength: str
    plants: int = Field(ge=1)
    caught: int = Field(ge=0)


class SelfTest(BaseModel):
    """All cells, and how many of the held-out real images were rejected, for one encoder and one reference."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoder_sha256: str
    reference_digest: str
    cells: list[Cell]
    negatives: int = Field(ge=0)
    false_positives: int = Field(ge=0)

    def passes(self, floor: float) -> bool:
        """Whether there are cells, and in each at least ``floor`` of the plants were caught."""
        return bool(self.cells) and all(cell.caught >= floor * cell.plants for cell in self.cells)


def load_selftest(path: Path) -> SelfTest:
    """Read the record of a self-test.

    Raises:
        WeightsError: missing or malformed.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: no self-test, expected its record")
    try:
        return SelfTest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise WeightsError(f"{path}: not a self-test ({' '.join(str(error).split())[:200]})") from None
