"""What a report shows of one scan: before, after, the field between them, and the signal in the body."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from synthuterus_bench.prep.intensity import body_mask
from synthuterus_bench.prep.pipeline import Prepared
from synthuterus_bench.prep.spatial import PIXEL_MM, resample
from synthuterus_bench.vocab import VIEW_SIZE, View

FIELD_RANGE = float(np.log(2))
"""Log-field at which the colours end: twice the signal, or half of it."""

HISTOGRAM_END = 4.0
"""Where the histograms end, in medians of the body's signal."""

_BINS = 80
_COLD, _WHITE, _HOT = (np.array(colour, np.float64) for colour in ((30, 88, 160), (247, 247, 247), (176, 52, 34)))


class Look(BaseModel):
    """Pictures of the slice through the uterus at 1 mm, as PNG in base64, and histograms before and after.

    In ``field``, the log-field, blue is where signal was too low and red where it was too high. ``box`` is the region
    of interest (top, left, side) in pixels of ``size`` (rows, columns). Histograms are shares of the higher peak.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    before: str
    after: str | None
    field: str | None
    size: tuple[int, int]
    box: tuple[int, int, int]
    histograms: list[list[float]]


def look_at(prepared: Prepared, original: NDArray[np.floating], spacing_mm: tuple[float, ...]) -> Look:
    """The look of a prepared scan whose pixels were ``original`` (slices, rows, columns)."""
    state = prepared.state
    across, row, column = state.place.centre
    signal, field, side = original - original.min(), state.field, VIEW_SIZE[View.ROI]
    index = same_place(across, len(state.pixels), state.spacing_mm[0], len(original), spacing_mm[0])
    corrected = None if field is None else signal * np.exp(-field)
    before = _at_1_mm(signal[index], spacing_mm)
    top = float(np.percentile(before, 99.5))
    return Look(
        before=_png(_gray(before, top)),
        after=None if corrected is None else _png(_gray(_at_1_mm(corrected[index], spacing_mm), top)),
        field=None if field is None else _png(colours(_at_1_mm(field[index], spacing_mm))),
        size=(before.shape[0], before.shape[1]),
        box=(row - side // 2, column - side // 2, side),
        histograms=histograms([signal] if corrected is None else [signal, corrected], body_mask(original, state.name)),
    )


def same_place(index: int, count: int, step: float, other_count: int, other_step: float) -> int:
    """The slice of another stack with the same middle that lies nearest to slice ``index`` of this one."""
    place = (index - (count - 1) / 2) * step
    return int(np.clip(np.rint(place / other_step + (other_count - 1) / 2), 0, other_count - 1))


def histograms(volumes: list[NDArray[np.floating]], body: NDArray[np.bool_]) -> list[list[float]]:
    """Signal inside the body in medians of its own, 80 bins each, as shares of the highest bin of all."""
    counts = []
    for volume in volumes:
        inside = volume[body] / max(float(np.median(volume[body])), 1e-12)
        counts.append(np.histogram(inside, _BINS, (0, HISTOGRAM_END))[0])
    return [[round(float(share), 4) for share in count / max(1, np.max(counts))] for count in counts]


def colours(field: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Log-field (rows, columns) as (rows, columns, 3): blue below, white at 0, red above."""
    share = np.clip(field / FIELD_RANGE, -1, 1)[..., None]
    return np.rint(_WHITE + np.abs(share) * (np.where(share < 0, _COLD, _HOT) - _WHITE)).astype(np.uint8)


def _at_1_mm(plane: NDArray[np.floating], spacing_mm: tuple[float, ...]) -> NDArray[np.float32]:
    return resample(plane, spacing_mm[1:], (PIXEL_MM, PIXEL_MM))


def _gray(plane: NDArray[np.floating], top: float) -> NDArray[np.uint8]:
    return np.rint(np.clip(plane / max(top, 1e-12), 0, 1) * 255).astype(np.uint8)


def _png(pixels: NDArray[np.uint8]) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()
