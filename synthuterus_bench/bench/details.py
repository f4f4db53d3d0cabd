"""What an evaluation finds beyond its entry, for a report to draw; saved as JSON beside the entry."""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthuterus_bench.errors import EntryError
from synthuterus_bench.repro import canonical_json, write_atomic

BINS = 50


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Confusion(_Frozen):
    """Counts of test images, true class down and predicted class across; one seed of one regime and arm."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class Histogram(_Frozen):
    """Rising bin edges and the counts of each set."""

    edges: tuple[float, ...]
    counts: dict[str, tuple[int, ...]]


class Pooled(_Frozen):
    """A distance against permutations of synthetic and held-out images together, one of each patient.

    ``excess`` is ``value`` less ``mean``, the mean over permutations: what chance at these numbers does not explain.
    """

    value: float
    mean: float
    excess: float
    p_value: float
    permutations: int
    n_real: int
    n_fake: int


class Null(_Frozen):
    """A result against relabellings of the real images: value minus their mean, and how often one is at least as bad.

    ``pooled`` is the excess over the null, of metrics that are distances between two sets.
    """

    metric: str
    scope: str
    excess: float
    p_value: float
    relabellings: int
    pooled: Pooled | None = None


class Roc(_Frozen):
    """ROC curves of one regime and arm, each class against the rest, the mean over seeds: true positives at each of
    ``false_positives``.
    """

    labels: tuple[str, ...]
    false_positives: tuple[float, ...]
    true_positives: tuple[tuple[float, ...], ...]


class NearCopies(_Frozen):
    """Images that lie closer to images of a split than those of other patients do, and how many chance explains."""

    found: int
    expected: float
    bound: float
    beyond_chance: bool


class Details(_Frozen):
    """Everything of one evaluation that is not in the entry.

    Attributes:
        intensity: whether the submission's z-scores were kept (``window``) or made image by image.
        found: images of each class in the submission, before the suite took its share.
        confusions: by ``<regime>, <arm>, seed <n>``.
        notes: what is particular about these images, and which results that leaves out.
        rocs: ROC curves by ``<regime>, <arm>``.
        near: near copies by split of the reference.
        similarities: cosine of each image's code to its nearest real training image, by set.
    """

    schema_: Literal["synthuterus-details/1"] = Field(default="synthuterus-details/1", alias="schema")
    suite: str
    protocol_digest: str
    reference_digest: str
    intensity: Literal["window", "standardised"]
    found: dict[str, int]
    confusions: dict[str, Confusion]
    similarities: dict[str, Histogram]
    nulls: tuple[Null, ...]
    notes: tuple[str, ...] = ()
    near: dict[str, NearCopies] = {}
    rocs: dict[str, Roc] = {}

    def as_json(self) -> str:
        """Canonical JSON."""
        return canonical_json(self.model_dump(mode="json", by_alias=True)) + "\n"


def details_path(entry: Path) -> Path:
    """``<entry>.details.json`` beside ``<entry>.json``."""
    return entry.with_name(f"{entry.name.removesuffix('.json')}.details.json")


def save_details(details: Details, entry: Path) -> Path:
    """Write the details of the entry at ``entry``, atomically; returns where."""
    path = details_path(entry)
    write_atomic(path, details.as_json())
    return path


def load_details(entry: Path) -> Details:
    """Read the details beside an entry.

    Raises:
        EntryError: there are none, or they are malformed.
    """
    path = details_path(entry)
    if not path.is_file():
        raise EntryError(f"{path}: no such file, expected the details of {entry.name}")
    try:
        return Details.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise EntryError(f"{path}: {error.errors()[0]['msg']}") from None


def histogram(sets: dict[str, NDArray[np.floating]]) -> Histogram:
    """Similarities of several sets over common bins of width 0.05 or less that reach up to 1."""
    low = np.floor(min(float(values.min()) for values in sets.values()) * 20) / 20
    edges = np.linspace(min(low, 0.95), 1.0, BINS + 1)
    counts = {
        name: tuple(np.histogram(np.clip(values, edges[0], 1), edges)[0].tolist()) for name, values in sets.items()
    }
    return Histogram(edges=tuple(edges.round(6).tolist()), counts=counts)
