"""The scale that a study shows its scans on: the same for both kinds, and hidden in the same way.

Preparation standardises a real scan on its own pixels; a synthetic one comes from a network, which only comes near.
So a mean of 0 and a deviation of 1, exact to the last digit, would tell a real scan. Here every scan loses its own
affine scale, gets that of the whole study, and a gain and offset of its own by chance.
"""

from math import log

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import DISPLAY_HIGH, DISPLAY_LOW, from_window, to_window
from synthuterus_bench.repro import stream

Floats = NDArray[np.float64]

TAIL = 0.005
"""Share of pixels at either end that take the value next to them: single ones far out, or clipped by preparation."""

GAIN = 1.1
"""Gains are drawn between its inverse and it, evenly in their logarithm."""

OFFSET = 0.15
"""Offsets are drawn evenly up to this many standard deviations to either side."""

GRAY = (DISPLAY_HIGH - DISPLAY_LOW) / 255
"""Standard deviations between two gray values of a screen."""


def on_one_scale(pixels: list[NDArray[np.generic]], seed: int, salt: str) -> list[NDArray[np.uint16]]:
    """Windowed pixels as they are shown, in the order of the page.

    Args:
        salt: of the study's key: gains, offsets and dither hang on it, so that nobody undoes them from the page.
    """
    moments = [(z.mean(), z.std()) for z in map(_trimmed, pixels)]
    mean, sd = (float(np.mean(every)) for every in zip(*moments, strict=True))
    shown = []
    for place, z in enumerate(map(_trimmed, pixels)):
        rng = stream(seed, "study", "shown", salt, place)
        gain, offset = np.exp(rng.uniform(-log(GAIN), log(GAIN))), rng.uniform(-OFFSET, OFFSET)
        shown.append(to_window(mean + sd * (gain * _standardised(z) + offset) + _dither(z.shape, rng)))
    return shown


def _trimmed(pixels: NDArray[np.generic]) -> Floats:
    z = from_window(np.asarray(pixels, np.uint16)).astype(np.float64)
    return np.clip(z, *np.quantile(z, (TAIL, 1 - TAIL)))


def _standardised(z: Floats) -> Floats:
    """Mean 0 and deviation 1 over every pixel of an image or stack; 0 where there is no contrast."""
    centred = z - z.mean()
    sd = float(z.std())
    return centred / sd if sd > 0 else np.zeros_like(centred)


def _dither(shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Triangular, one gray value to either side: hides flat areas, and the steps that values had before."""
    return GRAY * (rng.random(shape) - rng.random(shape))
