"""Building, keeping and finding the index of a training cohort: every image, or slice of a volume, of every patient."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import CohortError, WeightsError
from synthuterus_bench.privacy.calibration import ALPHA, Calibration, calibrate
from synthuterus_bench.privacy.encoders import Encoder, centres_itself
from synthuterus_bench.privacy.reference import Level, ReferenceIndex, Space, fit_space
from synthuterus_bench.privacy.scores import Scores, embedded, score
from synthuterus_bench.privacy.search import Codes, recall, unit
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import canonical_json, digest_bytes, write_atomic
from synthuterus_bench.vocab import Split

__all__ = ["INDEX_FILE", "ReferenceIndex", "build_index", "find_index", "index_home", "load_index", "save_index"]

INDEX_FILE = "index.safetensors"
PRIVATE_INDEX_FILE = "index.private.safetensors"
_READ = {2: 256, 3: 8}
"""Scans embedded at once."""

FACTS = "facts"
"""The metadata of a file: one JSON value, as the order of several would change from run to run."""

LAYER_WIDTH, READOUT_WIDTH = 64, 128
"""Axes kept of an intermediate layer, and of the read-out of an encoder that does not centre itself."""

FIT_ROWS = 16_384
"""Images from which such axes are estimated: the first ones."""


def build_index(cohort: Cohort, encoder: Encoder, track: Track = silent, alpha: float = ALPHA) -> ReferenceIndex:
    """Embed every image of the training split; of a 3D cohort every slice that is not constant (outside the scan).

    Keys are salted with the cohort's digest. Bounds are calibrated on the validation split, if it is large enough, so
    that at most a share of ``alpha`` of unseen patients' scans is rejected.

    Raises:
        CohortError: the cohort is not prepared, or has no training split.
    """
    if cohort.manifest.intensity != "window":
        raise CohortError(f"{cohort.root}: not a prepared cohort", "prepare it first: synthbench prep COHORT --out DIR")
    total = cohort.manifest.splits.get(Split.TRAIN, 0)
    scans = track(cohort.scans(Split.TRAIN), "indexing training images", total)
    rows = _Rows(cohort.manifest.digest, encoder)
    while piece := list(islice(scans, _READ[cohort.manifest.dims])):
        rows.add(piece)
    if not rows.keys or rows.seen != total:
        raise CohortError(f"{cohort.root}: found {rows.seen} training scans, expected {total or 'at least one'}")
    return _calibrated(rows.index(cohort.manifest.dims), cohort, encoder, alpha)


@dataclass
class _Depth:
    """Codes of one depth as they come; where they are compared is settled by the first ``FIT_ROWS`` of them."""

    width: int | None
    space: Space | None = None
    raw: list[NDArray[np.float32]] = field(default_factory=list)
    codes: list[Codes] = field(default_factory=list)

    def add(self, outputs: NDArray[np.float32]) -> None:
        self.raw.append(outputs)
        if sum(map(len, self.raw)) >= FIT_ROWS:
            self.settle()

    def settle(self) -> None:
        raw, self.raw = np.concatenate(self.raw), []
        if self.width is not None and self.space is None:
            self.space = fit_space(raw, self.width)
        self.codes.append(raw if self.space is None else self.space(raw))

    def level(self) -> Level:
        if self.raw:
            self.settle()
        return Level(_restored(_quantised(np.concatenate(self.codes))), self.space)


class _Rows:
    """The rows of an index as its scans come."""

    def __init__(self, salt: str, encoder: Encoder) -> None:
        self.salt, self.encoder, self.seen = salt, encoder, 0
        self.keys: list[str] = []
        self.groups: list[str] = []
        self.volumes: list[int] = []
        self.readout = _Depth(None if centres_itself(encoder) else READOUT_WIDTH)
        self.layer = _Depth(LAYER_WIDTH)

    def add(self, scans: list[Scan]) -> None:
        images = []
        for scan in scans:
            for name, image in _named(scan):
                images.append(image)
                self.keys.append(self._key(name))
                self.groups.append(self._key(f"patient/{scan.patient_id or scan.scan_id}"))
                self.volumes.append(self.seen)
            self.seen += 1
        if images:
            made = embedded(self.encoder, np.stack(images))
            self.readout.add(made.codes)
            self.layer.add(made.layer)

    def _key(self, name: str) -> str:
        return salted(self.salt, name)

    def index(self, dims: int) -> ReferenceIndex:
        readout = self.readout.level()
        volumes = np.array(self.volumes, np.int32) if dims == 3 else None
        return ReferenceIndex(
            readout.codes, self.keys, self.encoder.sha256, self.salt, self.groups, volumes, self.layer.level(),
            readout.space,
        )  # fmt: skip


def salted(salt: str, name: str) -> str:
    """The key of a training image, 16 hex digits, salted with the digest of its cohort."""
    return digest_bytes(f"{salt}/{name}".encode())[:16]


def _named(scan: Scan) -> Iterator[tuple[str, NDArray[np.uint16]]]:
    """An image with its scan's id, or every slice of a volume with the id and its number."""
    if scan.pixels.ndim == 2:
        yield scan.scan_id, scan.pixels.astype(np.uint16)
        return
    for number, image in enumerate(scan.pixels.astype(np.uint16)):
        if np.ptp(image):
            yield f"{scan.scan_id}/{number}", image


def names_of(cohort: Cohort) -> dict[str, str]:
    """What the keys of a training cohort's index stand for: private, for whoever may see the cohort itself."""
    salt = cohort.manifest.digest
    return {salted(salt, name): name for scan in cohort.scans(Split.TRAIN) for name, _ in _named(scan)}


def _calibrated(index: ReferenceIndex, cohort: Cohort, encoder: Encoder, alpha: float) -> ReferenceIndex:
    """The index with bounds from the validation split, and with the recall of its search where that is approximate."""
    lists, search = index.readout.lists, index.search
    if lists is not None:
        search = {"kind": "inverted lists"}
    scans, classes, patients, pieces = cohort.scans(Split.VALIDATION), [], set(), []
    while piece := list(islice(scans, _READ[cohort.manifest.dims])):
        pieces.append(score(encoder, index, np.stack([scan.pixels for scan in piece]).astype(np.uint16)))
        classes += [str(scan.orientation) for scan in piece]
        patients |= {scan.patient_id or scan.scan_id for scan in piece}
    if not pieces:
        return replace(index, search=search)
    scores = joined(pieces)
    if lists is not None:
        search |= {"recall": recall(scores.codes, index.codes, lists), "queries": len(scores.codes)}
    return replace(index, search=search, calibration=calibrate(scores, classes, len(patients), alpha))


def joined(pieces: list[Scores]) -> Scores:
    """Scores of several sets of scans as of one."""
    fields = {name: [getattr(piece, name) for piece in pieces] for name in Scores.__dataclass_fields__}
    whole: dict[str, Any] = {name: None if v[0] is None else np.concatenate(v) for name, v in fields.items()}
    return Scores(**whole)


def find_index(model: Path) -> Path:
    """The index of a model: inside its folder if it may be published, else beside it."""
    private = model.parent / PRIVATE_INDEX_FILE
    return private if private.is_file() else model / INDEX_FILE


def index_home(model: Path, cohort: Cohort) -> Path:
    """Where the index of a training cohort belongs: codes of a private cohort never lie inside the model folder."""
    return model / INDEX_FILE if cohort.manifest.preset else model.parent / PRIVATE_INDEX_FILE


def _quantised(codes: Codes) -> NDArray[np.int8]:
    """Eight bits a number, each row by its own scale, which its length of one gives back."""
    scale = np.abs(codes).max(1, keepdims=True)
    return np.rint(codes * (127 / np.maximum(scale, np.float32(1e-12)))).astype(np.int8)


def _restored(stored: NDArray[Any]) -> Codes:
    return unit(stored)


def save_index(index: ReferenceIndex, path: Path) -> None:
    """Write codes in 8 bits, keys, bounds and digests: some 220 bytes an image.

    Codes that :func:`build_index` made come back as they are; others to about 0.003 a number.
    """
    tensors: dict[str, NDArray[Any]] = {"codes": _stored(index.codes), "keys": _numbers(index.keys)}
    if index.groups is not None:
        tensors["groups"] = _numbers(index.groups)
    if index.volumes is not None:
        tensors["volumes"] = index.volumes
    if index.layer is not None:
        tensors["layer"] = _stored(index.layer.codes)
    for name, space in (("readout", index.space), ("layer", index.layer.space if index.layer else None)):
        if space is not None:
            tensors |= {f"{name}.mean": space.mean, f"{name}.basis": space.basis.astype(np.float16)}
    facts = {
        "encoder_sha256": index.encoder_sha256,
        "reference_digest": index.reference_digest,
        "search": index.search,
        "calibration": index.calibration.model_dump(mode="json") if index.calibration else None,
    }
    metadata = {FACTS: canonical_json(facts)}
    write_atomic(path, save({name: np.ascontiguousarray(value) for name, value in tensors.items()}, metadata))


def _stored(codes: Codes) -> NDArray[Any]:
    """In 8 bits; a code that is no number stays one, for the reader to refuse."""
    return _quantised(codes) if np.isfinite(codes).all() else codes


def _numbers(keys: list[str]) -> NDArray[np.uint64]:
    return np.array([int(key, 16) for key in keys], np.uint64)


def load_index(path: Path) -> ReferenceIndex:
    """Read an index; one of an earlier version has no groups, no layer and no bounds but tau.

    Raises:
        WeightsError: missing or damaged.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: no such index", "give the training cohort with --reference COHORT")
    try:
        with safe_open(path, "numpy") as file:
            tensors, metadata = {key: file.get_tensor(key) for key in file.keys()}, file.metadata()  # noqa: SIM118
        return _index(tensors, json.loads(metadata[FACTS]) if FACTS in metadata else metadata)
    except (SafetensorError, KeyError, TypeError, ValueError, ValidationError) as error:
        raise WeightsError(f"{path}: not an index ({' '.join(str(error).split())[:200]})") from None


def _index(tensors: dict[str, NDArray[Any]], facts: dict[str, Any]) -> ReferenceIndex:
    codes, rows = _checked(tensors["codes"]), len(tensors["keys"])
    layer = Level(_checked(tensors["layer"]), _space(tensors, "layer")) if "layer" in tensors else None
    lengths = {name: len(tensors[name]) for name in ("codes", "groups", "volumes", "layer") if name in tensors}
    if set(lengths.values()) != {rows}:
        raise ValueError(f"{rows} keys for {lengths}")
    bounds = facts.get("calibration")
    return ReferenceIndex(
        codes,
        _names(tensors["keys"]),
        facts["encoder_sha256"],
        facts["reference_digest"],
        _names(tensors["groups"]) if "groups" in tensors else None,
        tensors.get("volumes"),
        layer,
        _space(tensors, "readout"),
        Calibration.model_validate(bounds) if bounds else None,
        facts.get("search", {"kind": "exact"}),
    )


def _checked(stored: NDArray[Any]) -> Codes:
    values = stored.astype(np.float32)
    if not np.isfinite(values).all() or not np.abs(values).max(1).all():
        raise ValueError("a code without a direction")
    return _restored(stored)


def _space(tensors: dict[str, NDArray[Any]], name: str) -> Space | None:
    if f"{name}.mean" not in tensors:
        return None
    return Space(tensors[f"{name}.mean"], tensors[f"{name}.basis"].astype(np.float32))


def _names(numbers: NDArray[np.uint64]) -> list[str]:
    return [f"{int(number):016x}" for number in numbers]
