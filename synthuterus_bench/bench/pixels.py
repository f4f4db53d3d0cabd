"""Images that are no pictures: of one value, or outside the 16-bit window."""

import numpy as np
from numpy.typing import NDArray

BLANK = 0.99
"""Share of pixels of one value from which an image is blank."""

CLIPPED = 0.05
"""Share of pixels at an end of the 16-bit window from which an image lies outside its range."""

Pixels = NDArray[np.uint16]
Mask = NDArray[np.bool_]


def blank(pixels: Pixels) -> Mask:
    """Which of (n, rows, columns) are blank, (n,)."""
    common = [np.bincount(image.ravel()).max() / image.size for image in pixels]
    return np.array(common) >= BLANK


def out_of_range(pixels: Pixels) -> Mask:
    """Which of (n, rows, columns) lie outside the window and are not blank, (n,)."""
    ends = np.iinfo(np.uint16)
    clipped = [np.mean((image == ends.min) | (image == ends.max)) for image in pixels]
    return (np.array(clipped) >= CLIPPED) & ~blank(pixels)
