"""What images are looked at and learned from with, settled once for an evaluation, a comparison, a bundle."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.reference import cache_folder
from synthuterus_bench.errors import UsageError
from synthuterus_bench.metrics.bank import FeatureBank
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.features import Embedder, extract
from synthuterus_bench.progress import Track, silent

FEATURES = "features"
OWN = frozenset({Need.EMBEDDER, Need.CODES})
"""What our embedder alone gives of every image."""


@dataclass(frozen=True, slots=True)
class Tools:
    """``cache`` keeps features and what classifiers answered; ``workers`` change no number."""

    embedder: Embedder
    weights_dir: Path | None = None
    cache: Path | None = None
    workers: int = 1
    device: str = "cpu"
    track: Track = silent

    def embed(self, pixels: NDArray[np.uint16]) -> FeatureBank:
        """The embedder's features of windowed images (n, rows, columns)."""
        return extract(pixels, OWN, self.embedder, track=self.track)

    def look(self, pixels: NDArray[np.uint16], needs: set[Need], **more: Any) -> FeatureBank:
        """Features of every kind; ``more`` as :func:`synthuterus_bench.metrics.features.extract` takes it."""
        return extract(
            pixels,
            needs,
            self.embedder,
            weights_dir=self.weights_dir,
            device=self.device,
            workers=self.workers,
            cache=self.cache,
            track=self.track,
            **more,
        )


def make_tools(
    embedder: Embedder | None,
    weights_dir: Path | None,
    features_cache: Path | None,
    workers: int,
    device: str,
    track: Track,
    cache: Path | None = None,
) -> Tools:
    """Tools with what is left open filled in: the shipped embedder, ``features`` in the cache folder.

    Raises:
        UsageError: no CUDA device that torch can use.
        WeightsError: this build of the package brings no embedder.
    """
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: found no CUDA device that torch can use", "use --device cpu")
    if embedder is None:
        from synthuterus_bench.nets.embedder import load_embedder

        embedder = load_embedder()
    kept = features_cache or (cache or cache_folder()) / FEATURES
    return Tools(embedder, weights_dir, kept, workers, device, track)
