"""Features once, then every metric from arrays: what fills the feature bank."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.metrics.alexnet import load_lpips_features, pairwise_lpips
from synthuterus_bench.metrics.bank import CHUNK, FeatureBank, chunks
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.extractor import Arrays, Extractor, Pixels
from synthuterus_bench.metrics.inception import inception_extractor
from synthuterus_bench.metrics.layers import ORDER
from synthuterus_bench.metrics.resnet import resnet_extractor
from synthuterus_bench.metrics.shares import verdicts
from synthuterus_bench.metrics.store import Store, code_digest
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import digest_array
from synthuterus_bench.weights import ALEXNET, pretrained_digest

LPIPS_EXTRACTOR = "lpips-0.1-alex"


class Embedder(Protocol):
    """Our embedder (:mod:`synthuterus_bench.nets.embedder`): z-scores (n, rows, columns) to features and unit codes."""

    @property
    def sha256(self) -> str: ...

    def __call__(self, z: NDArray[np.float32]) -> Any: ...


def extract(
    pixels: Pixels,
    needs: Iterable[Need],
    embedder: Embedder,
    *,
    weights_dir: Path | None = None,
    device: str = "cpu",
    workers: int = 1,
    cache: Path | None = None,
    parts: Sequence[int] = (),
    groups: NDArray[np.int64] | None = None,
    into: FeatureBank | None = None,
    track: Track = silent,
) -> FeatureBank:
    """Fill a bank for images (n, rows, columns) in the 16-bit window.

    A need whose weights are not at hand, or whose features are not all numbers, is listed as missing with the reason.

    Args:
        workers: processes on the CPU; they change no byte.
        cache: folder that keeps features; see :mod:`synthuterus_bench.metrics.store`.
        parts: sizes of the sets that the images are, in order; each is kept for itself, so that those of a reference
            serve every submission. One set by default.
        groups: pairs of images of one group have an LPIPS distance, (n,), -1 for none; all of them by default.
        into: a bank of these images to fill further.
    """
    wanted = set(needs)
    sets = np.split(pixels, np.cumsum(parts)[:-1]) if parts else [pixels]
    if len(pixels) != sum(map(len, sets)):
        raise ValueError(f"{len(pixels)} images in sets of {list(parts)}")
    work = _Work(sets, Store(cache), weights_dir, device, workers, track)
    bank = into or FeatureBank()
    if wanted & {Need.EMBEDDER, Need.CODES}:
        fill_embedder(bank, pixels, track, embedder)
    for extractor in work.extractors():
        if wanted & set(extractor.provides):
            work.fill(bank, extractor, wanted)
    if Need.LPIPS in wanted:
        work.fill_lpips(bank, pixels, np.zeros(len(pixels), np.int64) if groups is None else groups)
    return bank


@dataclass(frozen=True, slots=True)
class _Work:
    """Sets of images, and how they are looked at."""

    sets: list[Pixels]
    store: Store
    weights_dir: Path | None
    device: str
    workers: int
    track: Track

    def extractors(self) -> list[Extractor]:
        where = self.weights_dir, self.device
        resnets = (resnet_extractor(need, *where) for need in (Need.SWAV, Need.RESNET18))
        return [inception_extractor(*where), *resnets, anatomy_extractor()]

    def fill(self, bank: FeatureBank, extractor: Extractor, wanted: set[Need]) -> None:
        """Add the layers of one extractor that are wanted, or why they cannot be had."""
        try:
            sha256 = extractor.identify()
            layers = self._layers(extractor, sha256)
        except WeightsError as error:
            bank.missing |= {need: error.message for need in wanted & set(extractor.provides)}
            return
        for (need, params), rows in zip(extractor.provides.items(), layers, strict=True):
            if need in wanted:
                bank.add(need, rows, extractor=extractor.name, weights_sha256=sha256, **params)

    def _layers(self, extractor: Extractor, sha256: str) -> Arrays:
        """Of all sets: those that are kept, and the others in one go."""
        identity = {"layers": {str(need): params for need, params in extractor.provides.items()}}
        keys = [self._key(extractor.name, sha256, digest_array(part)) | identity for part in self.sets]
        kept = [self.store.load(key) for key in keys]
        lacking = [place for place, found in enumerate(kept) if found is None and len(self.sets[place])]
        if lacking:
            workers = self.workers if self.device == "cpu" or Need.ANATOMY in extractor.provides else 1
            made = extractor(np.concatenate([self.sets[place] for place in lacking]), workers, self.track)
            edges = np.cumsum([len(self.sets[place]) for place in lacking])[:-1]
            pieces = zip(*(np.split(layer, edges) for layer in made), strict=True)
            for place, layers in zip(lacking, pieces, strict=True):
                fresh = dict(zip(map(str, extractor.provides), layers, strict=True))
                self.store.save(keys[place], fresh)
                kept[place] = fresh
        return tuple(np.concatenate([found[str(need)] for found in kept if found]) for need in extractor.provides)

    def fill_lpips(self, bank: FeatureBank, pixels: Pixels, groups: NDArray[np.int64]) -> None:
        """Add the distances; kept are those of the whole, for features would take 0.4 MB an image."""
        try:
            sha256 = pretrained_digest(ALEXNET, self.weights_dir)
            key = self._key(LPIPS_EXTRACTOR, sha256, digest_array(pixels)) | {"groups": digest_array(groups)}
            found = self.store.load(key)
            if found is None:
                network = load_lpips_features(self.weights_dir, self.device)
                found = {str(Need.LPIPS): pairwise_lpips(network, pixels, groups, self.track)}
                self.store.save(key, found)
        except WeightsError as error:
            bank.missing[Need.LPIPS] = error.message
            return
        bank.add(Need.LPIPS, found[Need.LPIPS], extractor=LPIPS_EXTRACTOR, weights_sha256=sha256)

    def _key(self, extractor: str, sha256: str, images: str) -> dict[str, Any]:
        made = {"extractor": extractor, "weights": sha256, "code": code_digest()}
        return made | {"device": self.device, "images": images}


def fill_embedder(bank: FeatureBank, pixels: Pixels, track: Track, embedder: Embedder) -> None:
    """Features for distances and codes for neighbours, from z-scores."""
    steps = -(-len(pixels) // CHUNK)
    pieces = [(kept, embedder(from_window(chunk))) for chunk, kept in track(chunks(pixels), "embedding", steps)]
    features = np.concatenate([made.features[:kept] for kept, made in pieces])
    codes = np.concatenate([made.codes[:kept] for kept, made in pieces])
    bank.add(Need.EMBEDDER, features, extractor="embedder", weights_sha256=embedder.sha256, dims=features.shape[1])
    bank.add(Need.CODES, codes, extractor="embedder-codes", weights_sha256=embedder.sha256, dims=codes.shape[1])


def anatomy_extractor() -> Extractor:
    """What the shipped localiser and the raw pixels say of each image: plausible, valid, class."""
    from synthuterus_bench.nets import segmenter

    return Extractor(
        "localiser",
        {Need.ANATOMY: asdict(ORDER)},
        chunk=1,
        identify=lambda: segmenter.load_localiser().sha256,
        load=_load_anatomy,
    )


def _load_anatomy() -> Any:
    from synthuterus_bench.metrics.anatomy import examine
    from synthuterus_bench.nets.segmenter import load_localiser

    localiser = load_localiser()
    return lambda pixels: (verdicts([examine(from_window(image), localiser) for image in pixels]),)
