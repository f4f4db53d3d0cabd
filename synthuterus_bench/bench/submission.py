"""What is evaluated: images in the suite's view, of each class as many as the suite takes."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.card import Card
from synthuterus_bench.bench.images import Intensity, too_few
from synthuterus_bench.bench.provenance import Provenance
from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.entry import Generator
from synthuterus_bench.errors import Fault, SubmissionError
from synthuterus_bench.repro import stream
from synthuterus_bench.vocab import CLASSES, Orientation, Plane

UNNAMED = "unnamed"
NO_CLASS = len(CLASSES)
Ints = NDArray[np.int64]


class Form(StrEnum):
    """What a submission came as."""

    COHORT = "release or cohort"
    FOLDERS = "class folders"
    TABLES = "tables"
    ARCHIVE = "npz"
    PIPELINE = "pipeline"


@dataclass(frozen=True, slots=True)
class Origin:
    """A repository on the Hub and the commit that was fetched; nothing for what lay on this machine."""

    repo: str | None = None
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """The images to evaluate, in the suite's view and 16-bit window.

    Attributes:
        pixels: (n, size, size).
        labels: class index of each, (n,); ``NO_CLASS`` for one that was measured ``ambiguous``.
        units: which images are of one (synthetic) patient, (n,).
        digests: SHA-256 of the pixels of each.
        found: how many images of each class there were before the suite took its share.
        dims: 3 where the images are the middle slices of volumes.
        generated: whether they were drawn here, from a generator without an index of its training images.
        fields: tesla that each was asked to have, (n,), NaN where none was said; None where nothing is said of any.
        planes: of volumes in a suite of volumes, the middle slices of the planes beside the sagittal one.
        form: what they came as, see :class:`Form`.
        preprocess: digest of what was done to the pixels before they are evaluated.
        source: where on the Hub they are, or the generator that drew them.
        card: what their ``submission.yaml`` says.
        learned_from: the cohort that the record of a generator names.
        names: what each image is called in messages; never in a result file. Empty for images that have no names.
    """

    pixels: NDArray[np.uint16]
    labels: Ints
    units: Ints
    digests: tuple[str, ...]
    found: dict[str, int]
    manifest_sha256: str
    intensity: Intensity
    generator: Generator
    provenance: Provenance
    dims: int = 2
    generated: bool = False
    fields: NDArray[np.float64] | None = None
    planes: dict[Plane, NDArray[np.uint16]] = field(default_factory=dict)
    form: Form | None = None
    preprocess: str | None = None
    source: Origin = field(default_factory=Origin)
    card: Card = field(default_factory=Card)
    names: tuple[str, ...] = ()
    learned_from: str | None = None

    @property
    def per_class(self) -> dict[str, int]:
        """How many images of each class are evaluated, and where classes were measured how many have none."""
        names = (*CLASSES, Orientation.AMBIGUOUS) if self.measured else CLASSES
        return {str(name): int(np.sum(self.labels == k)) for k, name in enumerate(names)}

    @property
    def training_data(self) -> list[str]:
        """What its author says it learned from, else what the record of a generator says."""
        return self.card.training_data or ([self.learned_from] if self.learned_from else [])

    @property
    def measured(self) -> bool:
        """Whether classes are those measured on the images, for lack of any that were asked for."""
        return self.provenance.measured


def label_of(orientation: Orientation) -> int:
    """Index of a class, ``NO_CLASS`` for ``ambiguous``."""
    return CLASSES.index(orientation) if orientation in CLASSES else NO_CLASS


def select(whole: Submission, suite: Suite, path: Path) -> Submission:
    """The suite's share of each class, or of all images where classes were measured.

    Drawn by content, so that names and order of files do not matter.

    Raises:
        SubmissionError: there are too few.
    """
    found = whole.per_class
    rows = _share_of_all(whole, suite, path) if whole.measured else _share_of_each(whole, suite, path)
    return replace(
        whole,
        pixels=whole.pixels[rows],
        labels=whole.labels[rows],
        units=whole.units[rows],
        digests=tuple(whole.digests[row] for row in rows),
        found=found,
        fields=None if whole.fields is None else whole.fields[rows],
        planes={plane: pixels[rows] for plane, pixels in whole.planes.items()},
        names=tuple(whole.names[row] for row in rows) if whole.names else (),
    )


def _share_of_each(whole: Submission, suite: Suite, path: Path) -> Ints:
    if few := too_few(whole.per_class, suite.min_per_class, path):
        raise SubmissionError.of(few)
    shares = [_share(whole, np.flatnonzero(whole.labels == k), k) for k in range(len(CLASSES))]
    return np.concatenate([rows[: suite.n_per_class] for rows in shares])


def _share_of_all(whole: Submission, suite: Suite, path: Path) -> Ints:
    least = suite.min_per_class * len(CLASSES)
    if len(whole.labels) < least:
        raise SubmissionError(f"{path}: found {len(whole.labels)} images, expected at least {least}", fault=Fault.COUNT)
    return _share(whole, np.arange(len(whole.labels)), "all")[: suite.n_per_class * len(CLASSES)]


def _share(whole: Submission, rows: Ints, name: int | str) -> Ints:
    by_content = rows[np.argsort([whole.digests[row] for row in rows], kind="stable")]
    return stream(0, "share", name).permutation(by_content)
