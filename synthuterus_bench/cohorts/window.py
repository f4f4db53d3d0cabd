"""The one intensity window: z-scores in [-4, 12] mapped affinely to 16 bit.

``value = round((z + 4) / 16 * 65535)``; one quantum is 16 / 65535, about 0.00024 standard deviations.
"""

import numpy as np
from numpy.typing import NDArray

LOW, HIGH = -4.0, 12.0
QUANTUM = (HIGH - LOW) / 65535

DISPLAY_LOW, DISPLAY_HIGH = -1.8, 3.2
"""Window in z-score used whenever a scan is shown or turned into 8 bit."""


def to_window(z: NDArray[np.floating]) -> NDArray[np.uint16]:
    """Map z-scores to 16 bit; values outside [-4, 12] are clipped to its ends."""
    scaled = (np.clip(np.asarray(z, np.float64), LOW, HIGH) - LOW) / QUANTUM
    return np.rint(scaled).astype(np.uint16)


def from_window(pixels: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Map 16 bit back to z-scores, exact to half a quantum."""
    return (pixels.astype(np.float64) * QUANTUM + LOW).astype(np.float32)


def to_display(pixels: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """8-bit gray for eyes and for 8-bit feature extractors, by the fixed display window."""
    z = from_window(pixels)
    return np.rint(np.clip((z - DISPLAY_LOW) / (DISPLAY_HIGH - DISPLAY_LOW), 0, 1) * 255).astype(np.uint8)
