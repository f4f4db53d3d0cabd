"""The schema and its rows: a scan to a row of Parquet and back, and what identifies it."""

import hashlib
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.imagefile import decode_nifti, decode_png, encode_nifti, encode_png
from synthuterus_bench.cohorts.record import Dims, Scan
from synthuterus_bench.repro import digest_array, digest_json
from synthuterus_bench.vocab import Orientation, Sequence, Split, Vendor, View

PIXEL_COLUMN: dict[int, str] = {2: "image", 3: "volume"}
_WORDS = {"vendor": Vendor, "sequence": Sequence, "view": View, "split": Split}


@cache
def features(dims: Dims) -> Any:
    """The ``datasets.Features`` of a 2D or 3D cohort: one column set, ``image`` or ``volume`` by ``dims``."""
    from datasets import ClassLabel, Features, Image, Nifti, Value
    from datasets import Sequence as List

    text, number = Value("string"), Value("float32")
    picture = Image() if dims == 2 else Nifti()
    return Features(
        {
            "scan_id": text,
            "patient_id": text,
            PIXEL_COLUMN[dims]: picture,
            "mask": Image() if dims == 2 else Nifti(),
            "orientation": ClassLabel(names=[*Orientation]),
            "field_strength": number,
            "vendor": text,
            "sequence": text,
            "contrast": Value("bool"),
            "spacing_mm": List(number),
            "view": text,
            "split": text,
            "source": text,
            "session": text,
            "slice_mm": number,
            "version_deg": number,
            "flexion_deg": number,
            "angle_basis": text,
            "orientation_confidence": number,
            "figo": text,
            "prompt": text,
            "seed": Value("int64"),
            "generator": text,
            "max_similarity": number,
        }
    )


def encode_row(scan: Scan, windowed: bool = True) -> dict[str, Any]:
    """A scan as a row of the schema; pictures as bytes with a relative name."""
    dims = scan.pixels.ndim
    row: dict[str, Any] = {
        name: getattr(scan, name) for name in features(dims) if name not in (PIXEL_COLUMN[dims], "mask", "spacing_mm")
    }
    row["orientation"] = [*Orientation].index(scan.orientation)
    row["spacing_mm"] = list(scan.spacing_mm)
    row[PIXEL_COLUMN[dims]] = _picture(scan, scan.pixels, "", windowed)
    row["mask"] = None if scan.mask is None else _picture(scan, scan.mask, "_mask", windowed=False)
    return row


def _picture(scan: Scan, pixels: NDArray[np.generic], suffix: str, windowed: bool) -> dict[str, Any]:
    if pixels.ndim == 2:
        return {"bytes": encode_png(pixels), "path": f"{scan.scan_id}{suffix}.png"}
    return {"bytes": encode_nifti(pixels, scan.spacing_mm, windowed), "path": f"{scan.scan_id}{suffix}.nii.gz"}


def decode_row(row: dict[str, Any], dims: Dims) -> Scan:
    """The scan of a row; inverse of :func:`encode_row`."""
    facts = {name: value for name, value in row.items() if name not in ("image", "volume", "mask")}
    for name, words in _WORDS.items():
        facts[name] = None if facts[name] is None else words(facts[name])
    facts["orientation"] = [*Orientation][facts["orientation"]]
    facts["spacing_mm"] = tuple(facts["spacing_mm"])
    return Scan(**facts, pixels=_pixels(row[PIXEL_COLUMN[dims]], dims), mask=_pixels(row["mask"], dims))


def _pixels(picture: dict[str, Any] | None, dims: Dims) -> Any:
    if picture is None:
        return None
    data = picture["bytes"]
    return decode_png(data, picture["path"]) if dims == 2 else decode_nifti(data)[0]


def scan_digest(scan: Scan) -> str:
    """SHA-256 over the facts and the pixels of a scan, whatever compresses them."""
    plain = {name: getattr(scan, name) for name in features(2) if name not in ("image", "mask", "spacing_mm")}
    facts = {name: float(np.float32(value)) if isinstance(value, float) else value for name, value in plain.items()}
    facts["spacing_mm"] = [float(np.float32(step)) for step in scan.spacing_mm]
    facts["pixels"] = digest_array(scan.pixels)
    facts["mask"] = None if scan.mask is None else digest_array(scan.mask)
    return digest_json(facts)


def total_digest(digests: Iterable[str]) -> str:
    """SHA-256 over the digests of scans, in order; several of them may come joined."""
    total = hashlib.sha256()
    for digest in digests:
        total.update(digest.encode())
    return total.hexdigest()
