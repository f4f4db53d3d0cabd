"""The record file of ``evaluate --reconstruction``: what was measured, on what, by which networks."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthuterus_bench.entry import Interval
from synthuterus_bench.errors import DataError
from synthuterus_bench.nets.autoencoder_record import AutoencoderRecord
from synthuterus_bench.repro import canonical_json, write_atomic
from synthuterus_bench.vocab import SliceChoice, Split, View

Direction = Literal["lower", "higher"]

SCHEMA: Literal["synthuterus-reconstruction/1"] = "synthuterus-reconstruction/1"

BICUBIC, OTHER_PATIENT = "bicubic", "other-patient"
"""Names of the yardsticks."""

DIRECTIONS: dict[str, Direction] = {"lpips": "lower", "embedder-distance": "lower", "psnr": "higher", "ssim": "higher"}
"""Metrics in their order, and where better lies."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Value(_Model):
    """One metric of one reconstruction on one region; no value, but a reason, where it is ``unavailable``."""

    metric: str
    direction: Direction
    region: SliceChoice
    pictures: int
    patients: int
    status: Literal["ok", "unavailable"]
    reason: str | None = None
    value: float | None = None
    ci: Interval | None = None


class Reconstruction(_Model):
    """One autoencoder, or a yardstick, which has no ``digest`` of weights and no record of a training.

    ``seen`` says that the pictures are those it was trained on.
    """

    name: str
    digest: str | None = None
    trained: AutoencoderRecord | None = None
    seen: bool = False
    values: list[Value]


class ReconstructionReport(_Model):
    """Everything of one run. ``extractors`` holds the SHA-256 of each distance's network; None: not at hand."""

    schema_: Literal["synthuterus-reconstruction/1"] = Field(alias="schema")
    cohort: str
    cohort_digest: str
    view: View
    dims: int
    split: Split
    extractors: dict[str, str | None]
    reconstructions: list[Reconstruction]
    environment: dict[str, str]

    def find(self, name: str, metric: str, region: SliceChoice) -> Value:
        """One value by what it is of; the first of equal names."""
        values = next(one.values for one in self.reconstructions if one.name == name)
        return next(value for value in values if (value.metric, value.region) == (metric, region))

    def save(self, path: Path) -> None:
        """Write canonical JSON, whole or not at all."""
        write_atomic(path, canonical_json(self.model_dump(mode="json", by_alias=True)) + "\n")


def load_report(path: Path) -> ReconstructionReport:
    """Read a record file.

    Raises:
        DataError: it is missing or malformed.
    """
    try:
        return ReconstructionReport.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise DataError(f"{path}: not a record of reconstructions ({' '.join(str(error).split())[:200]})") from None
