"""From tissue signal to a scan: T2-decay blur, ghosts, bias field, Rician noise."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from synthuterus_bench.cohorts.phantom.curves import Field, smooth_noise
from synthuterus_bench.cohorts.phantom.signal import Protocol
from synthuterus_bench.vocab import Sequence

REFERENCE_SIGNAL = 0.42
_SHORT_T2 = 0.45


def acquire(signal: Field, protocol: Protocol, x: Field, y: Field, rng: np.random.Generator) -> tuple[Field, Field]:
    """Magnitude image and the true multiplicative bias field, both (rows, columns).

    ``x``, ``y`` are the pixels' places in mm; ``rng`` is the stream of this slice.
    """
    image = _blur(signal, protocol)
    shift = round(image.shape[protocol.phase_axis] * 0.31)
    ghosts = np.roll(image, shift, protocol.phase_axis) + np.roll(image, -shift, protocol.phase_axis)
    field = bias_field(protocol, x, y, rng)
    image = (image + np.float32(protocol.ghost) * ghosts) * field
    noise = rng.standard_normal((2, *image.shape), dtype=np.float32) * np.float32(REFERENCE_SIGNAL / protocol.snr)
    return np.hypot(image + noise[0], noise[1]), field


def bias_field(protocol: Protocol, x: Field, y: Field, rng: np.random.Generator) -> Field:
    """Smooth receive field, around 1: low-frequency noise plus brightness towards the coil in front and behind."""
    waves = smooth_noise(rng, x, y, 110.0)
    coil = 0.5 * (x / 100) ** 2 - 0.15
    return np.exp(np.float32(protocol.bias) * waves + np.float32(protocol.coil) * coil).astype(np.float32)


def _blur(signal: Field, protocol: Protocol) -> Field:
    """Point spread along phase encoding: bright long-T2 tissue stays sharp, short-T2 tissue blurs, HASTE more."""
    sigma = 1.5 if protocol.sequence is Sequence.HASTE else 0.65
    short = np.minimum(signal, np.float32(_SHORT_T2))
    blurred = gaussian_filter1d(short, sigma, axis=protocol.phase_axis, mode="nearest")
    return blurred + gaussian_filter1d(signal - short, 0.45 * sigma, axis=protocol.phase_axis, mode="nearest")
