"""Where the region of interest is: the uterus of a scan's mask, else what the localiser finds, else the middle."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.errors import WeightsError


class Source(StrEnum):
    """What told where a scan's uterus is."""

    MASK = "mask"
    LOCALISER = "localiser"
    MIDDLE = "middle"


@dataclass(frozen=True, slots=True)
class Place:
    """The voxel (slice, row, column) that views lie around, and what told so."""

    centre: tuple[int, ...]
    source: Source


class Located(Protocol):
    """A uterus that was found: the voxel at its centre. ``prep.localise.Located`` is one."""

    @property
    def centre(self) -> tuple[int, int, int]: ...


Find = Callable[[NDArray[np.float32]], Located | None]
"""Takes z-scores (slices, rows, columns) at 1 mm in plane; ``None`` where there is no uterus to be seen."""


@dataclass(frozen=True, slots=True)
class Localising:
    """A localiser that worker processes load for themselves, and the digest of its weights.

    ``load`` must survive pickling: a function of a module, or a ``partial`` of one.
    """

    load: Callable[[], Find]
    sha256: str


def localising(folder: Path | None = None) -> Localising:
    """The localiser in ``folder``, or the shipped one.

    Raises:
        WeightsError: missing or damaged.
    """
    from synthuterus_bench.nets.segmenter import load_localiser

    try:
        return Localising(partial(load_find, folder), load_localiser(folder).sha256)
    except WeightsError as error:
        advice = "scans without a mask need a localiser: give --localiser DIR, or crop at the middle with --roi middle"
        raise WeightsError(error.message, advice) from None


def load_find(folder: Path | None) -> Find:
    """The localiser as a function."""
    from synthuterus_bench.nets.segmenter import load_localiser

    return partial(_find, localiser=load_localiser(folder))


def _find(z: NDArray[np.float32], localiser: Any) -> Located | None:
    """On one thread, as convolutions on several may differ in their last bits."""
    import torch

    from synthuterus_bench.prep.localise import locate

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return locate(z, localiser)
    finally:
        torch.set_num_threads(before)
