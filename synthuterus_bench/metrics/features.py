"""Features once, then every metric from arrays: what fills the feature bank."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.metrics.alexnet import fill_lpips
from synthuterus_bench.metrics.bank import CHUNK, FeatureBank, chunks
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.inception import fill_inception
from synthuterus_bench.metrics.layers import ORDER
from synthuterus_bench.metrics.shares import verdicts
from synthuterus_bench.progress import Track, silent


class Embedder(Protocol):
    """Our embedder (:mod:`synthuterus_bench.nets.embedder`): z-scores (n, rows, columns) to features and unit codes."""

    @property
    def sha256(self) -> str: ...

    def __call__(self, z: NDArray[np.float32]) -> Any: ...


def extract(
    pixels: NDArray[np.uint16],
    needs: Iterable[Need],
    embedder: Embedder,
    *,
    weights_dir: Path | None = None,
    device: str = "cpu",
    track: Track = silent,
) -> FeatureBank:
    """Fill a bank for images (n, rows, columns) in the 16-bit window.

    A need whose weights are not at hand is listed as missing with the reason.
    """
    bank, wanted = FeatureBank(), set(needs)
    for provided, fill in _fillers(embedder, weights_dir, device).items():
        if wanted & provided:
            try:
                fill(bank, pixels, track)
            except WeightsError as error:
                bank.missing |= {need: error.message for need in wanted & provided}
    return bank


Filler = Callable[[FeatureBank, NDArray[np.uint16], Track], None]


def _fillers(embedder: Embedder, weights_dir: Path | None, device: str) -> dict[frozenset[Need], Filler]:
    return {
        frozenset({Need.EMBEDDER, Need.CODES}): partial(fill_embedder, embedder=embedder),
        frozenset({Need.INCEPTION_64, Need.INCEPTION_2048}): partial(
            fill_inception, weights_dir=weights_dir, device=device
        ),
        frozenset({Need.LPIPS}): partial(fill_lpips, weights_dir=weights_dir, device=device),
        frozenset({Need.ANATOMY}): fill_anatomy,
    }


def fill_embedder(bank: FeatureBank, pixels: NDArray[np.uint16], track: Track, embedder: Embedder) -> None:
    """Features for distances and codes for neighbours, from z-scores."""
    pieces = [
        (kept, embedder(from_window(chunk))) for chunk, kept in track(chunks(pixels), "embedding", _count(pixels))
    ]
    features = np.concatenate([made.features[:kept] for kept, made in pieces])
    codes = np.concatenate([made.codes[:kept] for kept, made in pieces])
    bank.add(Need.EMBEDDER, features, extractor="embedder", weights_sha256=embedder.sha256, dims=features.shape[1])
    bank.add(Need.CODES, codes, extractor="embedder-codes", weights_sha256=embedder.sha256, dims=codes.shape[1])


def fill_anatomy(bank: FeatureBank, pixels: NDArray[np.uint16], track: Track) -> None:
    """What the shipped localiser and the raw pixels say of each image: plausible, valid, class.

    Raises:
        WeightsError: the localiser is missing or damaged.
    """
    from synthuterus_bench.metrics.anatomy import examine
    from synthuterus_bench.nets.segmenter import load_localiser

    localiser = load_localiser()
    found = [examine(from_window(image), localiser) for image in track(pixels, "anatomy", len(pixels))]
    bank.add(Need.ANATOMY, verdicts(found), extractor="localiser", weights_sha256=localiser.sha256, **asdict(ORDER))


def _count(pixels: NDArray[Any]) -> int:
    return -(-len(pixels) // CHUNK)
