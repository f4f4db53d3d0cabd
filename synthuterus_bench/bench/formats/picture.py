"""One submitted image, whatever file it came from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import Fault, SubmissionError

Pixels = NDArray[np.float32]
GRAY = "8 or 16 bit gray, or floating point"


@dataclass(frozen=True, slots=True)
class Picture:
    """One image (rows, columns) at 1 mm, its pixels as stored: uint8, uint16 or float32."""

    name: str
    pixels: NDArray[np.generic]

    @property
    def values(self) -> Pixels:
        """The pixels as they are."""
        return self.pixels.astype(np.float32, copy=False)

    @property
    def coarse(self) -> bool:
        """Whether it is of 8 bit, which hold no z-scores."""
        return bool(self.pixels.dtype == np.uint8)

    @property
    def z(self) -> Pixels:
        """The z-scores that the pixels would be if they came from this project, unless they are coarse.

        The inverse of the 16-bit window, or floating-point values themselves.
        """
        return from_window(self.pixels.astype(np.uint16)) if self.pixels.dtype == np.uint16 else self.values


def as_picture(pixels: NDArray[np.generic], name: str) -> Picture:
    """A picture of gray pixels as they are stored: uint8, uint16 or floating point.

    Raises:
        SubmissionError: of another type.
    """
    if pixels.ndim != 2 or min(pixels.shape) < 1:
        raise SubmissionError(f"{name}: found pixels of {pixels.shape}, expected rows and columns", fault=Fault.SIZE)
    if (native := pixels.dtype.newbyteorder("=")) in (np.uint8, np.uint16):
        return Picture(name, pixels.astype(native))
    if pixels.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return Picture(name, pixels.astype(np.float32))
    raise SubmissionError(f"{name}: found pixels of {pixels.dtype}, expected {GRAY}", fault=Fault.RANGE)


def checked(picture: Picture) -> Picture:
    """The picture, if it can be one of an MR scan.

    Raises:
        SubmissionError: NaN or infinite values, or constant.
    """
    if not np.isfinite(picture.values).all():
        raise SubmissionError(f"{picture.name}: found NaN or infinite values, expected finite ones", fault=Fault.RANGE)
    if np.ptp(picture.values) == 0:
        raise SubmissionError(f"{picture.name}: found a constant image, expected an MR image", fault=Fault.CONSTANT)
    return picture
