"""Arrays kept on disk, found by what made them: images, network, weights, code and versions; never by a name.

A file that cannot be read, holds other numbers than it was written with, or belongs to something else is told of in a
warning and made anew. Files may be deleted at any time.
"""

import json
import warnings
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench import __version__
from synthuterus_bench.repro import atomic_path, canonical_json, digest_array, digest_file, digest_json

Arrays = dict[str, NDArray[np.floating]]
_PLACES = ("metrics", "nets", "prep", "cohorts", "repro.py", "stats.py", "vocab.py", "weights.py")
_LIBRARIES = ("numpy", "scipy", "torch", "torchvision", "monai", "torch-fidelity", "lpips", "SimpleITK")


class CacheWarning(UserWarning):
    """A kept file was of no use."""


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of kept arrays (features, answers of classifiers); nothing is kept without one."""

    folder: Path | None = None

    def load(self, key: dict[str, Any]) -> Arrays | None:
        """What was kept under ``key``; None where nothing was, or, with a warning, nothing of use."""
        path = self._path(key)
        if path is None or not path.is_file():
            return None
        try:
            return _read(path, key)
        except _Useless as error:
            warnings.warn(f"{path.name}: {error}; made anew", CacheWarning, stacklevel=2)
            return None

    def save(self, key: dict[str, Any], arrays: Arrays) -> None:
        """Keep arrays under ``key``, atomically; where that is impossible, say so in a warning and go on."""
        from safetensors.numpy import save_file

        path = self._path(key)
        if path is None:
            return
        told = {"made of": canonical_json({"key": key, "content": _content(arrays)})}
        try:
            with atomic_path(path) as temporary:
                save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, temporary, told)
        except OSError as error:
            warnings.warn(f"{path.parent}: nothing kept ({error.strerror or error})", CacheWarning, stacklevel=2)

    def _path(self, key: dict[str, Any]) -> Path | None:
        return self.folder / f"{digest_json(key)[:40]}.safetensors" if self.folder else None


class _Useless(Exception):
    pass


def _read(path: Path, key: dict[str, Any]) -> Arrays:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            told = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise _Useless(f"found a damaged file ({' '.join(str(error).split())[:100]})") from None
    try:
        made_of = json.loads(told.get("made of", "{}"))
    except ValueError:
        made_of = {}
    if made_of.get("key") != json.loads(canonical_json(key)):
        raise _Useless("found what belongs to something else")
    if made_of.get("content") != _content(arrays):
        raise _Useless("found other numbers than were written")
    return arrays


def _content(arrays: Arrays) -> str:
    return digest_json({name: digest_array(array) for name, array in arrays.items()})


@cache
def code_digest(*more: str) -> str:
    """Of all code and versions that decide a feature, and of the rooms ``more``."""
    import torch

    home = Path(__file__).parents[1]
    places = [home / place for place in (*_PLACES, *more)]
    files = [path for place in places for path in ([place] if place.suffix else sorted(place.rglob("*.py")))]
    versions = [__version__, *map(version, _LIBRARIES), torch.backends.cpu.get_cpu_capability()]
    return digest_json([versions, [digest_file(path) for path in files]])
