"""The result file: one JSON per evaluated submission. Numbers are JSON numbers, unknown keys are refused.

The id of an entry is the SHA-256 of its canonical JSON. Rank and verification are never part of it.
"""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from synthuterus_bench.errors import EntryError
from synthuterus_bench.repro import canonical_json, digest_json, unique_keys, write_atomic

MAX_ENTRY_BYTES = 4_000_000
Text = Field(default=None, max_length=500)
Digest = Field(default=None, pattern=r"^[0-9a-f]{64}$")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class SuiteRef(_Model):
    """The frozen protocol a result was made by."""

    id: str = Field(max_length=100, pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: int = Field(ge=1)
    protocol_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    reference: str = Field(max_length=100)
    reference_digest: str = Field(pattern=r"^[0-9a-f]{64}$")


class Weights(_Model):
    """Where a generator's weights are."""

    repo: str | None = Text
    revision: str | None = Text
    sha256: str | None = Digest


class Generator(_Model):
    """What made the images, in its author's words."""

    name: str = Field(max_length=100, min_length=1)
    family: str | None = Text
    dims: Literal[2, 3] = 2
    conditioning: str | None = Text
    roi: bool | None = None
    parameters: int | None = Field(default=None, ge=0)
    weights: Weights | None = None
    code: str | None = Text
    license: str | None = Text
    paper: str | None = Text


class DatasetRef(_Model):
    """The evaluated images.

    ``form`` is what they came as: a release, class folders, tables, an archive, or a pipeline that drew them.
    ``preprocess_digest`` is of the frame and window that pixels were put into, and how their intensities were read.
    """

    manifest_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    n_per_class: dict[str, int]
    preprocess_digest: str | None = Digest
    repo: str | None = Text
    revision: str | None = Text
    form: str | None = Text


class Sampling(_Model):
    """How the images were drawn."""

    scheduler: str | None = Text
    steps: int | None = Field(default=None, ge=1)
    guidance: float | None = None
    guidance_below: float | None = None
    spacing: float | None = None
    dtype: str | None = Text
    seeds: list[int] = []


class Privacy(_Model):
    """What the privacy filter did."""

    encoder_sha256: str | None = Digest
    threshold: float | None = None
    generated: int | None = Field(default=None, ge=0)
    rejected: int | None = Field(default=None, ge=0)
    max_kept_similarity: float | None = None
    audit_sha256: str | None = Digest
    self_test: dict[str, float] | None = None
    membership_auc: float | None = None


class Interval(_Model):
    """An interval with its method and its resampled unit."""

    low: float
    high: float
    level: float = Field(gt=0, lt=1)
    method: str = Field(max_length=100)
    unit: str = Field(max_length=50)

    @model_validator(mode="after")
    def _ordered(self) -> "Interval":
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self


class Floor(_Model):
    """The same metric of real against real at matched size: what a perfect generator would get."""

    value: float
    low: float | None = None
    high: float | None = None
    method: str = Field(default="real against real", max_length=200)


class Result(_Model):
    """One metric in one scope; ``scope`` is ``pooled`` or an orientation."""

    metric: str = Field(max_length=60, pattern=r"^[a-z0-9][a-z0-9-]*$")
    params: dict[str, str | int | float | bool] = {}
    direction: Literal["lower", "higher", "none"]
    scope: str = Field(max_length=20)
    n_real: int = Field(ge=0)
    n_fake: int = Field(ge=0)
    status: Literal["ok", "withheld", "unavailable", "failed"]
    value: float | None = None
    ci: Interval | None = None
    per_seed: list[float] | None = None
    floor: Floor | None = None
    reason: str | None = Text

    @model_validator(mode="after")
    def _consistent(self) -> "Result":
        if self.status == "ok" and self.value is None:
            raise ValueError(f"{self.metric} {self.scope}: status ok without a value")
        if self.status != "ok" and (self.value is not None or not self.reason):
            raise ValueError(f"{self.metric} {self.scope}: status {self.status} needs a reason and no value")
        return self


class Entry(_Model):
    """One evaluated submission."""

    schema_: Literal["synthuterus-entry/1"] = Field(default="synthuterus-entry/1", alias="schema")
    suite: SuiteRef
    generator: Generator
    training_data: list[str] = []
    external_data: list[str] = []
    overlap: dict[str, int] = {}
    dataset: DatasetRef
    sampling: Sampling = Sampling()
    privacy: Privacy = Privacy()
    results: list[Result]
    artefacts: dict[str, str] = {}
    environment: dict[str, str]
    cost: dict[str, float] = {}
    submitter: str | None = Text
    declarations: dict[str, bool] = {}
    supersedes: str | None = Digest

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values. What the entry does not say is left out, so that a later optional field changes no id."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @property
    def id(self) -> str:
        """SHA-256 of the canonical JSON."""
        return digest_json(self.as_json())


def save_entry(entry: Entry, path: Path) -> None:
    """Write the canonical JSON of an entry, atomically."""
    write_atomic(path, canonical_json(entry.as_json()) + "\n")


def load_entry(path: Path) -> Entry:
    """Read and validate an entry; the file is untrusted.

    Raises:
        EntryError: too large, no JSON, a key given twice, an unknown key, a wrong type or value.
    """
    if not path.is_file():
        raise EntryError(f"{path}: no such entry file")
    if path.stat().st_size > MAX_ENTRY_BYTES:
        raise EntryError(f"{path}: found {path.stat().st_size} bytes, expected at most {MAX_ENTRY_BYTES}")
    try:
        json.loads(path.read_bytes(), object_pairs_hook=unique_keys)
        return Entry.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "entry"
        raise EntryError(f"{path}: {place}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise EntryError(f"{path}: not valid JSON ({error})") from None
