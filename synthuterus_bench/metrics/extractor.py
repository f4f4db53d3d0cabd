"""What turns images into features: a frozen network, its identity, and the fixed chunks it sees."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.metrics.bank import Params, chunks
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.progress import Track
from synthuterus_bench.workers import map_in_order

Arrays = tuple[NDArray[np.floating], ...]
Pixels = NDArray[np.uint16]
WORTH_A_PROCESS = 4
"""Chunks a worker process, below which starting it takes longer than it saves."""


class Network(Protocol):
    """Images (B, H, W) in the 16-bit window to one array (B, features) a layer."""

    def __call__(self, pixels: Pixels) -> Arrays: ...


@dataclass(frozen=True, slots=True)
class Extractor:
    """One frozen network.

    Attributes:
        provides: the array of the bank that each of its layers fills, and what is part of its identity.
        chunk: images a forward, always as many: it changes the last bits of a convolution.
        identify: SHA-256 of its weights; raises ``WeightsError`` where they are missing or altered.
        load: the network itself; sent to worker processes.
    """

    name: str
    provides: dict[Need, Params]
    chunk: int
    identify: Callable[[], str]
    load: Callable[[], Network]

    def __call__(self, pixels: Pixels, workers: int, track: Track) -> Arrays:
        """One row an image for every layer, in this process or in single-threaded others: the same bytes."""
        jobs = -(-len(pixels) // self.chunk)
        parts = track(self._answers(pixels, min(workers, jobs // WORTH_A_PROCESS)), f"{self.name} features", jobs)
        pieces = [[layer[:kept] for layer in layers] for layers, kept in parts]
        return tuple(np.concatenate(layer) for layer in zip(*pieces, strict=True))

    def _answers(self, pixels: Pixels, workers: int) -> Iterator[tuple[Arrays, int]]:
        jobs = chunks(pixels, self.chunk)
        if workers > 1:
            yield from map_in_order(_work, jobs, workers, _prepare, (self.load,))
            return
        network = self.load()
        yield from ((network(piece), kept) for piece, kept in jobs)


_loaded: list[Network] = []
"""The network of a worker process."""


def _prepare(load: Callable[[], Network]) -> None:
    import torch

    torch.set_num_threads(1)
    _loaded.append(load())


def _work(job: tuple[NDArray[Any], int]) -> tuple[Arrays, int]:
    piece, kept = job
    return _loaded[0](piece), kept
