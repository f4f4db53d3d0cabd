"""The digests of the frozen presets: weights, embedder and entries hang on these bytes.

``frozen.json`` holds, for each preset, view and dimension, the digest of the whole cohort at seed 0 (of facts and
pixels, whatever compresses them), and the digests of its first scans, which are quick to draw again.
"""

import json
from pathlib import Path
from typing import Any

from synthuterus_bench.cohorts.record import Dims, Manifest
from synthuterus_bench.vocab import PresetName, View

FILE = Path(__file__).with_name("frozen.json")


def frozen(name: PresetName, view: View, dims: Dims) -> dict[str, Any] | None:
    """``digest`` of the whole, and ``first``: digests by scan id; ``None`` where this cohort is not frozen."""
    known: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return known.get(key(name, view, dims))


def key(name: PresetName, view: View, dims: Dims) -> str:
    """How a cohort is called in the file."""
    return f"{name}/{view}/{dims}d"


def difference(manifest: Manifest) -> str | None:
    """A line that says how a drawn preset differs from the frozen one; ``None`` if it does not, or no seed 0."""
    if manifest.preset is None or manifest.seed != 0:
        return None
    known = frozen(PresetName(manifest.preset), manifest.view, manifest.dims)
    if known is None or known["digest"] == manifest.digest:
        return None
    return f"found digest {manifest.digest[:16]}, frozen {known['digest'][:16]}: not the cohort that weights hang on"
