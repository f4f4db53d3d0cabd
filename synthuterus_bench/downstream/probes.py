"""Shortcut probes: pictures without the organ. Whatever is still learned from them is not its anatomy."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.downstream.regimes import Labelled
from synthuterus_bench.nets.segmenter import Localiser
from synthuterus_bench.prep.localise import draw, largest_piece, second_look
from synthuterus_bench.progress import Track, silent

Pixels = NDArray[np.uint16]
UNSEEN = 1 / 3
"""Radius, as a share of a picture's shorter side, of what is hidden about the middle where no uterus is seen."""


def hide_uterus(pixels: Pixels, localiser: Localiser, margin: int, track: Track = silent) -> Pixels:
    """Windowed images (n, rows, columns) with a disc over the uterus, filled with the median of what is left.

    The disc lies about the centroid of the uterus that the localiser draws and reaches ``margin`` pixels beyond its
    farthest point. Its outline would not do: a dilated silhouette still shows version and flexion. Where nothing is
    drawn, a disc about the middle is hidden (:data:`UNSEEN`).
    """
    hidden = [
        _filled(image, _disc(image.shape, *find_disc(image, localiser, margin)))
        for image in track(pixels, "hiding the uterus", len(pixels))
    ]
    return np.stack(hidden)


def find_disc(image: Pixels, localiser: Localiser, margin: int) -> tuple[NDArray[np.float64], float]:
    """Centre (row, column) and radius in pixels of the disc that hides the uterus of one image."""
    z = from_window(image)[None]
    places = np.argwhere(largest_piece(draw(second_look(z, localiser(z), localiser)))[0])
    if not len(places):
        return (np.array(image.shape) - 1) / 2, UNSEEN * min(image.shape)
    centre = places.mean(0)
    return centre, float(np.linalg.norm(places - centre, axis=1).max()) + margin


def keep_border(pixels: Pixels, frame: int) -> Pixels:
    """Windowed images (n, rows, columns) of which only ``frame`` pixels along each edge are left.

    The middle is filled with the median of the frame.
    """
    inside = np.zeros(pixels.shape[1:], bool)
    inside[frame:-frame, frame:-frame] = True
    return np.stack([_filled(image, inside) for image in pixels])


def _disc(shape: tuple[int, ...], centre: NDArray[np.float64], radius: float) -> NDArray[np.bool_]:
    rows, columns = np.indices(shape)
    return np.hypot(rows - centre[0], columns - centre[1]) <= radius


def _filled(image: Pixels, hidden: NDArray[np.bool_]) -> Pixels:
    left = image[~hidden]
    return np.where(hidden, np.uint16(np.median(left if left.size else image)), image)


def by_field(part: Labelled, strengths: tuple[float, ...]) -> Labelled:
    """The images of known field strengths, labelled with the index of theirs in ``strengths``, in tesla."""
    fields = np.full(len(part.labels), np.nan) if part.fields is None else part.fields
    rows, which = np.nonzero(np.isclose(fields[:, None], np.array(strengths, np.float64)))
    return replace(part.take(rows), labels=which)


def shared_strengths(parts: tuple[Labelled, ...], known: tuple[float, ...], least: int) -> tuple[float, ...]:
    """The ``known`` field strengths of which every set has ``least`` images or more."""
    counts = [np.bincount(by_field(part, known).labels, minlength=len(known)) for part in parts]
    return tuple(strength for strength, fewest in zip(known, np.min(counts, 0), strict=True) if fewest >= least)
