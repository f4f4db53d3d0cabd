"""The training images as the privacy filter sees them: one code an image, or a slice of a volume, of every patient."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import CohortError, WeightsError
from synthuterus_bench.nets.embedder import Embedder
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import digest_bytes, write_atomic
from synthuterus_bench.vocab import Split

INDEX_FILE = "index.safetensors"
PRIVATE_INDEX_FILE = "index.private.safetensors"
_READ = {2: 256, 3: 8}
"""Scans embedded at once."""
_ASKED = 500
"""Images whose cosines are compared, about."""


@dataclass(frozen=True)
class ReferenceIndex:
    """Codes (N, E) float32 with unit rows, and a salted key (16 hex digits) a row that names no one."""

    codes: NDArray[np.float32]
    keys: list[str]
    encoder_sha256: str
    reference_digest: str

    def nearest(self, codes: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Largest cosine of every code (n, E) to any training image, and that image's row; exact search."""
        cosines = codes @ self.codes.T
        rows = cosines.argmax(1)
        return cosines[np.arange(len(codes)), rows], rows


def build_index(cohort: Cohort, embedder: Embedder, track: Track = silent) -> ReferenceIndex:
    """Embed every image of the training split; of a 3D cohort every slice that is not constant (outside the scan).

    Keys are salted with the cohort's digest.

    Raises:
        CohortError: the cohort is not prepared, or has no training split.
    """
    if cohort.manifest.intensity != "window":
        raise CohortError(f"{cohort.root}: not a prepared cohort", "prepare it first: synthbench prep COHORT --out DIR")
    codes, keys, seen = [], [], 0
    total = cohort.manifest.splits.get(Split.TRAIN, 0)
    scans = track(cohort.scans(Split.TRAIN), "indexing training images", total)
    while piece := list(islice(scans, _READ[cohort.manifest.dims])):
        seen += len(piece)
        named = [one for scan in piece for one in _named(scan)]
        keys += [digest_bytes(f"{cohort.manifest.digest}/{name}".encode())[:16] for name, _ in named]
        if named:
            codes.append(embedder(from_window(np.stack([image for _, image in named]))).codes)
    if not keys or seen != total:
        raise CohortError(f"{cohort.root}: found {seen} training scans, expected {total or 'at least one'}")
    return ReferenceIndex(np.concatenate(codes), keys, embedder.sha256, cohort.manifest.digest)


def _named(scan: Scan) -> Iterator[tuple[str, NDArray[np.uint16]]]:
    """An image with its scan's id, or every slice of a volume with the id and its number."""
    if scan.pixels.ndim == 2:
        yield scan.scan_id, scan.pixels.astype(np.uint16)
        return
    for number, image in enumerate(scan.pixels.astype(np.uint16)):
        if np.ptp(image):
            yield f"{scan.scan_id}/{number}", image


def find_index(model: Path) -> Path:
    """The index of a model: inside its folder if it may be published, else beside it."""
    private = model.parent / PRIVATE_INDEX_FILE
    return private if private.is_file() else model / INDEX_FILE


def index_home(model: Path, cohort: Cohort) -> Path:
    """Where the index of a training cohort belongs: codes of a private cohort never lie inside the model folder."""
    return model / INDEX_FILE if cohort.manifest.preset else model.parent / PRIVATE_INDEX_FILE


def save_index(index: ReferenceIndex, path: Path, eight_bit: bool = False) -> None:
    """Write codes, keys and digests.

    Args:
        eight_bit: codes as 8-bit integers, each row scaled by its largest value, instead of in half precision; only
            their direction is read. :func:`similarity_error` tells what that costs.
    """
    keys = np.array([int(key, 16) for key in index.keys], np.uint64)
    metadata = {"encoder_sha256": index.encoder_sha256, "reference_digest": index.reference_digest}
    codes = _eight_bits(index.codes) if eight_bit else index.codes.astype(np.float16)
    write_atomic(path, save({"codes": codes, "keys": keys}, metadata))


def _eight_bits(codes: NDArray[np.float32]) -> NDArray[np.int8]:
    largest = np.abs(codes).max(1, keepdims=True)
    if not (np.isfinite(largest) & (largest > 0)).all():
        raise ValueError("a code without a direction, expected numbers that are not all zero")
    return np.rint(codes / largest * 127).astype(np.int8)


def similarity_error(index: ReferenceIndex, stored: ReferenceIndex) -> float:
    """The largest difference that storing makes to any cosine of an image of the index to any other."""
    asked = index.codes[:: max(1, len(index.codes) // _ASKED)]
    return float(np.abs(asked @ index.codes.T - asked @ stored.codes.T).max())


def load_index(path: Path) -> ReferenceIndex:
    """Read an index.

    Raises:
        WeightsError: missing or damaged.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: no such index", "give the training cohort with --reference COHORT")
    try:
        with safe_open(path, "numpy") as file:
            codes, keys, metadata = file.get_tensor("codes"), file.get_tensor("keys"), file.metadata()
        codes = codes.astype(np.float32)
        lengths = np.linalg.norm(codes, axis=1, keepdims=True)
        if len(codes) != len(keys) or not np.isfinite(lengths).all() or not (lengths > 0).all():
            raise KeyError("a code without a direction or without a key")
        codes /= lengths
        names = [f"{int(key):016x}" for key in keys]
        return ReferenceIndex(codes, names, metadata["encoder_sha256"], metadata["reference_digest"])
    except (SafetensorError, KeyError, TypeError) as error:
        raise WeightsError(f"{path}: not an index ({' '.join(str(error).split())[:200]})") from None
