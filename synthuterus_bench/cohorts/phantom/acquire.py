"""From tissue signal to a scan: T2-decay blur, breathing ghosts, bias field, Rician noise.

Exponentials are taken in double precision and rounded, so that every kind of processor gives the same single.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from synthuterus_bench.cohorts.phantom.noise import Field, plane, sample
from synthuterus_bench.cohorts.phantom.signal import Protocol
from synthuterus_bench.vocab import Sequence

REFERENCE_SIGNAL = 0.42
BIAS_CORR_MM = 110.0
_SHORT_T2 = 0.45
_GHOST_STEP_MM, _GHOST_WIDTH_MM, _GHOSTS = 19.0, 6.0, 5


def exp(values: Field) -> Field:
    """``exp`` of singles, the same on every processor."""
    return np.exp(values.astype(np.float64)).astype(np.float32)


def acquire(signal: Field, depth: Field, field: Field, protocol: Protocol, rng: np.random.Generator) -> Field:
    """Magnitude image (rows, columns).

    Args:
        depth: mm behind the front of the body, where ghosts of the breathing wall follow each other.
        field: the multiplicative receive field of this slice.
        rng: the stream of this slice's noise.
    """
    image = (_blur(signal, protocol) + ghosts(depth, protocol)) * field
    noise = rng.standard_normal((2, *image.shape), dtype=np.float32) * np.float32(REFERENCE_SIGNAL / protocol.snr)
    real, imaginary = image + noise[0], noise[1]
    return np.sqrt(real * real + imaginary * imaginary)


def ghosts(depth: Field, protocol: Protocol) -> Field:
    """Copies of the bright front wall, ever fainter behind it, where phase is encoded from front to back."""
    total = np.zeros(depth.shape, np.float32)
    if protocol.phase_axis == 1 and protocol.ghost:
        for number in range(1, _GHOSTS + 1):
            away = (depth - np.float32(number * _GHOST_STEP_MM)) / np.float32(_GHOST_WIDTH_MM)
            total += np.float32(REFERENCE_SIGNAL * protocol.ghost * 0.7**number) * exp(-away * away)
    return total


def bias_field(protocol: Protocol, waves: NDArray[np.float32], x: Field, y: Field, z: float) -> Field:
    """Smooth receive field around 1: low-frequency noise plus brightness towards the coil in front and behind.

    Args:
        waves: the examination's lattice of 110 mm.
        x, y: the pixels' places in mm as the scanner sees them.
    """
    smooth = sample(plane(waves, BIAS_CORR_MM, z)[0], BIAS_CORR_MM, x, y)
    coil = np.float32(0.5) * np.square(x / np.float32(100)) - np.float32(0.15)
    return exp(np.float32(protocol.bias) * smooth + np.float32(protocol.coil) * coil)


def _blur(signal: Field, protocol: Protocol) -> Field:
    """Point spread along phase encoding: bright long-T2 tissue stays sharp, short-T2 tissue blurs, HASTE more."""
    sigma = 1.5 if protocol.sequence is Sequence.HASTE else 0.65
    short = np.minimum(signal, np.float32(_SHORT_T2))
    blurred = gaussian_filter1d(short, sigma, axis=protocol.phase_axis, mode="nearest")
    return blurred + gaussian_filter1d(signal - short, 0.45 * sigma, axis=protocol.phase_axis, mode="nearest")
