"""``training.json``: what a generator was trained on and how. No names, no paths, no patients."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from synthuterus_bench.errors import WeightsError
from synthuterus_bench.generators.plan import Shares
from synthuterus_bench.vocab import Sequence

RECORD = "training.json"
INITIAL = "initial"
"""Name of the digest of the weights that a training began with."""


class Share(BaseModel):
    """How often one (field strength, sequence) pair occurs in the training cohort."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field_strength: float
    sequence: Sequence
    scans: int


class Refinement(BaseModel):
    """How a latent model's refiner was trained, on the cohort of the model; ``generator`` is the digest of the weights
    that it was trained for. The rest is as in :class:`TrainingRecord`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    generator: str
    images_seen: int
    config: dict[str, Any]
    losses: list[float]
    validation: list[tuple[int, float]] = []
    best_step: int | None = None
    device: str


class TrainingRecord(BaseModel):
    """What a generator was trained on and how.

    Attributes:
        train_scans: pictures or volumes it learned from.
        losses: mean training loss of every checkpoint interval; ``validation`` (step, loss) of every evaluation.
        best_step: whose averaged weights these are.
        digests: of what it was built on: the autoencoder, a frozen text encoder, the AlexNet file.
        quality: measured values by name; ``<name> low`` and ``high`` an interval, ``<name> floor low`` and so on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model_id: str
    cohort: str
    cohort_digest: str
    preset: str | None = None
    train_scans: int
    shares: list[Share]
    images_seen: int
    config: dict[str, Any]
    losses: list[float]
    validation: list[tuple[int, float]] = []
    best_step: int | None = None
    digests: dict[str, str] = {}
    device: str
    quality: dict[str, float] = {}
    refiner: Refinement | None = None

    @property
    def proportions(self) -> Shares:
        """Shares as the plan takes them."""
        return {(share.field_strength, share.sequence): share.scans for share in self.shares}


def load_record(folder: Path) -> TrainingRecord:
    """Read ``training.json``.

    Raises:
        WeightsError: missing or malformed.
    """
    file = folder / RECORD
    if not file.is_file():
        raise WeightsError(f"{folder}: no {RECORD}, expected the training record that `synthbench train` writes")
    try:
        return TrainingRecord.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise WeightsError(f"{file}: not a training record ({' '.join(str(error).split())[:200]})") from None
