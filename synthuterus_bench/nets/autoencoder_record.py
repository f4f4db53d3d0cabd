"""``training.json`` beside an autoencoder's weights: what it was trained on and how well it gives pictures back."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from synthuterus_bench.errors import WeightsError
from synthuterus_bench.vocab import AutoencoderId, SliceChoice, View

RECORD = "training.json"


class AutoencoderRecord(BaseModel):
    """What an autoencoder was trained on and how. No names of people, no paths.

    Attributes:
        dims: of the training cohort; slices of volumes are pictures.
        loss: its terms in words, and the digest of the network that the perceptual one reads (``perceptual_sha256``).
        step, best_step: where training stopped, and whose averaged weights these are.
        losses: mean training loss of every checkpoint interval; ``validation``: (step, loss) of every evaluation.
        quality: measured on the validation split, of the weights as they are stored.
        digest: :func:`~synthuterus_bench.nets.autoencoder.autoencoder_digest` of the weights.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: AutoencoderId
    view: View
    dims: int
    slices: SliceChoice
    cohort: str
    cohort_digest: str
    preset: str | None = None
    train_pictures: int
    pictures_seen: int
    step: int
    best_step: int
    loss: str
    perceptual_sha256: str | None = None
    config: dict[str, Any]
    losses: list[float]
    validation: list[tuple[int, float]] = []
    quality: dict[str, float] = {}
    device: str
    digest: str


def load_autoencoder_record(folder: Path) -> AutoencoderRecord:
    """The record beside an autoencoder.

    Raises:
        WeightsError: it is missing or malformed.
    """
    file = folder / RECORD
    try:
        return AutoencoderRecord.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{file}: no record of an autoencoder's training ({reason})") from None
