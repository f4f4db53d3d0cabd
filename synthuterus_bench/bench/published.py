"""Features of a submission, published beside its entry: its distances can be computed again without its images.

One safetensors file with a JSON header; the entry names it by digest. Only against a public reference: features of a
reference are never in it, and whoever computes again extracts those from images of its own.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthuterus_bench.bench.provenance import Provenance
from synthuterus_bench.bench.reference import Reference
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.bench.submission import NO_CLASS, Submission
from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.entry import Generator
from synthuterus_bench.errors import SubmissionError, UsageError
from synthuterus_bench.metrics.bank import FeatureBank, Params
from synthuterus_bench.metrics.base import Need, Rows
from synthuterus_bench.repro import canonical_json
from synthuterus_bench.vocab import CLASSES, Orientation, Plane

SUFFIX = ".safetensors"
HEADER = "published features"
LARGEST = 512 * 2**20
MOST_ROWS, MOST_DIMS = 20_000, 8192
NO_IMAGES = "needs the images, of which published features do not tell"
Ints = NDArray[np.int64]
Banks = dict[Plane, FeatureBank]


class Header(BaseModel):
    """Of which submission features are, by which protocol, and what made them."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    schema_: Literal["synthuterus-features/1"] = Field(default="synthuterus-features/1", alias="schema")
    suite: str = Field(max_length=100)
    protocol_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    manifest_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    measured: bool
    layers: dict[Plane, dict[Need, Params]]
    missing: dict[Plane, dict[Need, str]]


@dataclass(frozen=True, slots=True)
class Published:
    """Features of some rows of a submission.

    Attributes:
        labels: class of every image, (n,), as a submission has it; ``units`` its patients, (n,).
        rows: the images that have features, rising; the others take part in no scope.
        banks: a bank of these rows by plane, the sagittal one first.
    """

    header: Header
    labels: Ints
    units: Ints
    rows: Rows
    banks: Banks

    @property
    def per_class(self) -> dict[str, int]:
        """How many images of each class there are, as an entry counts them."""
        names = (*CLASSES, Orientation.AMBIGUOUS) if self.header.measured else CLASSES
        return {str(name): int(np.sum(self.labels == k)) for k, name in enumerate(names)}


def publish(sets: Sets, suite: Suite, rows: Rows, banks: Banks) -> Published:
    """The submission's part of the banks of an evaluation, which hold the images ``rows`` of all three sets.

    Raises:
        UsageError: the reference is not public.
    """
    submission, real = sets.submission, sets.real
    if not real.public:
        raise UsageError(
            f"features are published against public references alone, found {real.name}",
            "evaluate against phantom or umd, or without --publish-features",
        )
    mine = rows[rows < len(submission.labels)]
    first = np.arange(len(mine))
    parts = {plane: bank.take(first) for plane, bank in banks.items()}
    header = Header(
        suite=suite.id,
        protocol_digest=suite.digest,
        manifest_sha256=submission.manifest_sha256,
        measured=submission.measured,
        layers={plane: {need: bank.identity[need] for need in bank.arrays} for plane, bank in parts.items()},
        missing={plane: dict(bank.missing) for plane, bank in parts.items()},
    )
    return Published(header, submission.labels, submission.units, mine, parts)


def to_bytes(published: Published) -> bytes:
    """The file; the same features give the same bytes."""
    from safetensors.numpy import save

    arrays: dict[str, NDArray[Any]] = {name: getattr(published, name) for name in ("labels", "units", "rows")}
    for plane, bank in published.banks.items():
        arrays |= {f"{plane}/{need}": array for need, array in bank.arrays.items()}
    text = canonical_json(published.header.model_dump(mode="json", by_alias=True))
    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, {HEADER: text})


def read_published(path: Path) -> Published:
    """Read and check such a file, which is untrusted.

    Raises:
        SubmissionError: it is none, is damaged, or contradicts itself.
    """
    header, arrays = _read(path)
    labels, units, rows = (_integers(arrays, name, path) for name in ("labels", "units", "rows"))
    count = len(labels)
    if len(units) != count or not 0 < count <= MOST_ROWS or labels.min() < 0 or labels.max() > NO_CLASS:
        raise SubmissionError(f"{path}: found labels and units of {count} and {len(units)} images that can be none")
    if (np.diff(rows) <= 0).any() or not len(rows) or rows[0] < 0 or rows[-1] >= count:
        raise SubmissionError(f"{path}: found rows that are not some of its {count} images, in rising order")
    banks = {plane: FeatureBank(missing=dict(header.missing.get(plane, {}))) for plane in header.layers}
    for name, array in arrays.items():
        plane, need = _place(name, header, path)
        if array.ndim != 2 or array.shape[0] != len(rows) or not 0 < array.shape[1] <= MOST_DIMS:
            raise SubmissionError(f"{path}: {name}: found shape {array.shape}, expected ({len(rows)}, dimensions)")
        if array.dtype not in (np.float32, np.float64) or not np.isfinite(array).all():
            raise SubmissionError(f"{path}: {name}: expected finite numbers in single or double precision")
        banks[plane].add(need, array, **header.layers[plane][need])
    return Published(header, labels, units, rows, banks)


def _read(path: Path) -> tuple[Header, dict[str, NDArray[Any]]]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise SubmissionError(f"{path}: no such file of features")
    if path.stat().st_size > LARGEST:
        raise SubmissionError(f"{path}: found {path.stat().st_size} bytes, expected at most {LARGEST}")
    try:
        with safe_open(path, "np") as file:
            told = (file.metadata() or {}).get(HEADER)
            arrays = {name: file.get_tensor(name) for name in sorted(file.keys())}
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise SubmissionError(f"{path}: not readable features ({' '.join(str(error).split())[:100]})") from None
    if told is None:
        raise SubmissionError(f"{path}: found no header, expected what `evaluate --publish-features` wrote")
    try:
        return Header.model_validate_json(told), arrays
    except ValidationError as error:
        first = error.errors()[0]
        raise SubmissionError(f"{path}: {'.'.join(map(str, first['loc'])) or 'header'}: {first['msg']}") from None


def _integers(arrays: dict[str, NDArray[Any]], name: str, path: Path) -> Ints:
    found = arrays.pop(name, None)
    if found is None or found.ndim != 1 or found.dtype != np.int64:
        raise SubmissionError(f"{path}: found no {name}, expected 64-bit whole numbers, one an image")
    return found


def _place(name: str, header: Header, path: Path) -> tuple[Plane, Need]:
    plane, _, need = name.partition("/")
    if plane not in header.layers or need not in header.layers[Plane(plane)]:
        raise SubmissionError(f"{path}: found an array {name[:60]!r} that its header does not tell of")
    return Plane(plane), Need(need)


def stand_in(published: Published, suite: Suite) -> Submission:
    """A submission of as many images of the same classes and patients, of which no pixel is known."""
    count = len(published.labels)
    return Submission(
        np.zeros((count, 0, 0), np.uint16),
        published.labels,
        published.units,
        (),
        {},
        published.header.manifest_sha256,
        "window",
        Generator(name="published features", dims=suite.dims),
        Provenance(measured=published.header.measured),
        suite.dims,
    )


def with_real(published: FeatureBank, real: FeatureBank) -> FeatureBank:
    """Published rows, then real ones; missing where either is, or where they were not made by the same extractor."""
    whole = FeatureBank(missing=published.missing | real.missing | {Need.LPIPS: NO_IMAGES})
    for need in real.arrays:
        theirs, ours = published.identity.get(need), real.identity[need]
        if theirs is None:
            whole.missing.setdefault(need, f"{need}: not among the published features")
        elif theirs != ours or published.arrays[need].shape[1] != real.arrays[need].shape[1]:
            odd = next((name for name in sorted({*theirs, *ours}) if theirs.get(name) != ours.get(name)), "dimensions")
            whole.missing[need] = f"{need}: published with another {odd}"
        else:
            whole.add(need, np.concatenate([published.arrays[need], real.arrays[need]]), **ours)
    return whole


def real_rows(sets: Sets, rows: Rows) -> Rows:
    """Of some rows of all three sets the real ones, counted from the first training image."""
    count = len(sets.submission.labels)
    return rows[rows >= count] - count


def reference_pixels(real: Reference, plane: Plane) -> NDArray[np.uint16]:
    """Training, then held-out images in a plane."""
    parts = (real.train, real.test)
    return np.concatenate([part.pixels if plane is Plane.SAGITTAL else part.planes[plane] for part in parts])
