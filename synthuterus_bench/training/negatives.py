"""Pictures in which there is no uterus to find: to train the localiser on, and, from other seeds, to test it with.

All keep the size and the mean 0 and standard deviation 1 of what they are made from.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

BLUR_MM = (4.0, 16.0)
"""Standard deviations of a heavy blur at 1 mm: from the point where junctional zone and cavity run together."""

GRAIN_MM = (0.0, 12.0)


class Negative(StrEnum):
    """Ways to be no scan of a uterus."""

    NOISE = "noise"
    SCRAMBLED = "phase-scrambled"
    BLURRED = "heavily blurred"


def negative(kind: Negative, z: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A picture (H, W) of the kind, made from ``z``."""
    match kind:
        case Negative.NOISE:
            spoilt = noise(z.shape, rng)
        case Negative.SCRAMBLED:
            spoilt = phase_scrambled(z, rng)
        case Negative.BLURRED:
            spoilt = ndimage.gaussian_filter(z, rng.uniform(*BLUR_MM), mode="nearest")
    return ((spoilt - spoilt.mean()) / max(float(spoilt.std()), 1e-6)).astype(np.float32)


def noise(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """Gaussian noise, white or of a grain up to 12 mm."""
    grain = rng.uniform(*GRAIN_MM) * (rng.random() < 0.5)
    return ndimage.gaussian_filter(rng.standard_normal(shape), grain, mode="wrap")


def phase_scrambled(z: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float64]:
    """The picture's own power spectrum with the phases of white noise: same textures, no anatomy."""
    phases = np.angle(np.fft.rfft2(rng.standard_normal(z.shape)))
    return np.fft.irfft2(np.abs(np.fft.rfft2(z)) * np.exp(1j * phases), z.shape)
