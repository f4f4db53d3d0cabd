"""The steps that prepare a scan: each a record of its parameters that turns one state into the next.

A step's fields are all that decides what it does; they are written into the cohort, and their digest with them.
"""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.prep import n4
from synthuterus_bench.prep.intensity import BODY_SHARE, body_mask, check_finite, standardise
from synthuterus_bench.prep.roi import Find, Place, Source
from synthuterus_bench.prep.spatial import PIXEL_MM, middle, resample, resample_labels, uterus_centre
from synthuterus_bench.vocab import Otherwise

Facts = dict[str, str | float | int]


class Extent(StrEnum):
    """Over what z-scores are taken: the whole volume at hand, or each of its slices by itself."""

    VOLUME = "volume"
    SLICE = "slice"


@dataclass(frozen=True)
class State:
    """A scan on its way. Arrays are (slices, rows, columns) and share one shape and spacing.

    ``body`` and ``place`` are what is known so far. ``numbers`` are the slices' places in the stack, ``central`` the
    one through the place; ``images`` tells that they are stored apart. ``field`` is the log-field that N4 took away,
    on the grid it was found on, and ``field_sd`` its standard deviation in the body.
    """

    name: str
    pixels: NDArray[Any]
    spacing_mm: tuple[float, ...]
    mask: NDArray[np.uint8] | None
    body: NDArray[np.bool_]
    place: Place
    numbers: tuple[int, ...]
    images: bool = False
    field: NDArray[np.float32] | None = None
    field_sd: float | None = None

    @property
    def central(self) -> int:
        """Number of the slice through the place."""
        return self.place.centre[0]


class Step(Protocol):
    """One step; ``name`` stands in the record, ``find`` is the localiser, for the step that needs it."""

    name: ClassVar[str]

    def __call__(self, state: State, find: Find | None) -> State: ...


def facts_of(step: Step) -> Facts:
    """A step's parameters as plain values."""
    return asdict(step)  # type: ignore[call-overload]


def begin(
    name: str, pixels: NDArray[np.floating], spacing_mm: tuple[float, ...], mask: NDArray[np.uint8] | None
) -> State:
    """The state before the first step: nothing known of body or place.

    Raises:
        ScanError: values that are not finite.
    """
    check_finite(pixels, name)
    place = Place(middle(pixels.shape), Source.MIDDLE)
    everywhere = np.ones(pixels.shape, bool)
    return State(name, pixels, spacing_mm, mask, everywhere, place, tuple(range(len(pixels))))


@dataclass(frozen=True)
class FindBody:
    """Where the body is; ``share`` of Otsu's threshold at which it begins."""

    name: ClassVar[str] = "body"
    share: float = BODY_SHARE

    def __call__(self, state: State, find: Find | None) -> State:
        return replace(state, body=body_mask(state.pixels, state.name, self.share))


@dataclass(frozen=True)
class CorrectField(n4.N4Settings):
    """N4 inside the body."""

    name: ClassVar[str] = "n4"

    def __call__(self, state: State, find: Find | None) -> State:
        found = n4.correct(state.pixels, state.spacing_mm, state.body, self, state.name)
        spread = float(found.log_field[state.body].std(dtype=np.float64))
        return replace(state, pixels=found.pixels, field=found.log_field, field_sd=round(spread, 4))


@dataclass(frozen=True)
class Resample:
    """Onto ``pixel_mm`` in plane and ``slice_mm`` across; 0 leaves the slices where they are."""

    name: ClassVar[str] = "resample"
    pixel_mm: float = PIXEL_MM
    slice_mm: float = 0.0

    def __call__(self, state: State, find: Find | None) -> State:
        old = state.spacing_mm
        new = (self.slice_mm or old[0], self.pixel_mm, self.pixel_mm)
        pixels = resample(state.pixels, old, new)
        return replace(
            state,
            pixels=pixels,
            spacing_mm=new,
            mask=None if state.mask is None else resample_labels(state.mask, old, new),
            body=resample_labels(state.body, old, new),
            place=Place(middle(pixels.shape), Source.MIDDLE),
            numbers=tuple(range(len(pixels))),
        )


@dataclass(frozen=True)
class Standardise:
    """z-scores inside the body, of the volume or of each slice by itself."""

    name: ClassVar[str] = "z-score"
    over: Extent = Extent.VOLUME

    def __call__(self, state: State, find: Find | None) -> State:
        if self.over is Extent.VOLUME:
            z = standardise(state.pixels, state.body, state.name)
        else:
            planes = zip(state.numbers, state.pixels, state.body, strict=True)
            z = np.stack([standardise(pixels, body, slice_name(state.name, k)) for k, pixels, body in planes])
        return replace(state, pixels=z.astype(np.float32))


@dataclass(frozen=True)
class Locate:
    """The uterus of the mask, else what the localiser finds, else the middle; the place says which.

    ``localiser`` is the digest of its weights, "" if there is none.
    """

    name: ClassVar[str] = "locate"
    otherwise: Otherwise = Otherwise.LOCALISER
    localiser: str = ""

    def __call__(self, state: State, find: Find | None) -> State:
        marked = uterus_centre(state.mask)
        if marked is not None:
            return replace(state, place=Place(marked, Source.MASK))
        if self.otherwise is Otherwise.MIDDLE or find is None:
            return state
        found = find(np.ascontiguousarray(state.pixels, np.float32))
        return state if found is None else replace(state, place=Place(found.centre, Source.LOCALISER))


def slice_name(name: str, number: int) -> str:
    """Id of the image made of a slice."""
    return f"{name}-s{number:02d}"
