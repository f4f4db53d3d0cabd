"""The steps from a standardised volume to what a cohort stores: crop to the view, choose slices, 16-bit window."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import HIGH, LOW, to_window
from synthuterus_bench.errors import ScanError
from synthuterus_bench.prep.intensity import MIN_BODY
from synthuterus_bench.prep.roi import Find
from synthuterus_bench.prep.spatial import crop, middle
from synthuterus_bench.prep.steps import State
from synthuterus_bench.vocab import VIEW_SIZE, SliceChoice, View


@dataclass(frozen=True)
class Crop:
    """A box of ``side`` pixels around the uterus (``roi``) or the middle of the scan (``full``).

    ``slices`` around the central one, or all of them for 0. Places outside the scan get its least value.
    """

    name: ClassVar[str] = "crop"
    view: View
    side: int
    slices: int = 0

    @classmethod
    def of(cls, view: View, slices: int = 0) -> "Crop":
        """The box of a view."""
        return cls(view, VIEW_SIZE[view], slices)

    def __call__(self, state: State, find: Find | None) -> State:
        shape = state.pixels.shape
        rows, columns = state.place.centre[1:] if self.view is View.ROI else middle(shape)[1:]
        size = (self.slices or shape[0], self.side, self.side)
        box = ((state.central if self.slices else shape[0] // 2, rows, columns), size)
        return replace(
            state,
            pixels=crop(state.pixels, *box, fill=float(state.pixels.min())),
            body=crop(state.body, *box, fill=False),
            mask=None if state.mask is None else crop(state.mask, *box, fill=0),
            numbers=tuple(box[0][0] - size[0] // 2 + k for k in range(size[0])),
        )


@dataclass(frozen=True)
class Choose:
    """The slices that become images; ``all`` are those with ``min_body`` pixels of body.

    Three stay three at the ends of a stack, as long as it has three.
    """

    name: ClassVar[str] = "slices"
    slices: SliceChoice
    min_body: int = MIN_BODY

    def __call__(self, state: State, find: Find | None) -> State:
        kept = self.chosen(state.body, state.central)
        if not kept:
            raise ScanError(f"{state.name}: found no slice with {self.min_body} pixels of body in view, expected one")
        return replace(
            state,
            pixels=state.pixels[kept],
            body=state.body[kept],
            mask=None if state.mask is None else state.mask[kept],
            numbers=tuple(kept),
            images=True,
        )

    def chosen(self, body: NDArray[np.bool_], central: int) -> list[int]:
        """Indices of the slices to take."""
        count = len(body)
        if self.slices is SliceChoice.ALL:
            return [index for index in range(count) if body[index].sum() >= self.min_body]
        number = min(count, 3 if self.slices is SliceChoice.CENTRAL3 else 1)
        first = min(max(central - number // 2, 0), count - number)
        return [*range(first, first + number)]


@dataclass(frozen=True)
class Window:
    """z-scores to 16 bit by the one fixed window, whose ends are recorded."""

    name: ClassVar[str] = "window"
    low: float = field(default=LOW, init=False)
    high: float = field(default=HIGH, init=False)

    def __call__(self, state: State, find: Find | None) -> State:
        return replace(state, pixels=to_window(state.pixels))
