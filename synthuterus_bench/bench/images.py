"""Pictures of a submission, from whatever files: checked, z-scored and put into the 16-bit window."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.faults import Faults
from synthuterus_bench.bench.formats.picture import Picture
from synthuterus_bench.cohorts.window import to_window
from synthuterus_bench.errors import Fault, ScanError, SubmissionError
from synthuterus_bench.vocab import CLASSES

Intensity = Literal["window", "standardised"]
Z_MEAN, Z_STD = (-0.8, 0.5), (0.7, 1.4)
"""Where mean and standard deviation of a whole image lie when its body was z-scored; air pulls the mean down."""

Labelled = tuple[int, Picture | None]
"""The class index of an image, and the image unless it could not be read."""


@dataclass(frozen=True, slots=True)
class ClassImages:
    """Windowed images (n, rows, columns), class index and name of each, and how their intensities were read."""

    pixels: NDArray[np.uint16]
    labels: NDArray[np.int64]
    intensity: Intensity
    names: tuple[str, ...] = ()


def as_images(images: list[Labelled], size: int, faults: Faults, place: Path, least: int = 1) -> ClassImages:
    """Pictures that were read, in the order of their classes.

    Args:
        faults: what was found in reading.
        least: images of each class that are expected.

    Raises:
        SubmissionError: any fault before, a class of fewer images, a size that is not ``size``, or no body to z-score.
    """
    images = sorted(images, key=lambda one: one[0])
    pictures = [picture for _, picture in images if picture is not None]
    faults.add(*_wrong_sizes(pictures, size))
    if faults.found:
        told = any(one.fault in (Fault.CLASSES, Fault.COUNT) for one in faults.found)
        counts = Counter(label for label, _ in images)
        faults.add(*too_few({name: counts[k] for k, name in enumerate(CLASSES) if counts[k] or not told}, least, place))
    faults.stop()
    if not pictures:
        raise SubmissionError(f"{place}: found no images, expected some of each class", fault=Fault.COUNT)
    pixels, intensity = _windowed(pictures, faults)
    labels, names = np.array([label for label, _ in images], np.int64), tuple(picture.name for picture in pictures)
    return ClassImages(pixels, labels, intensity, names)


def too_few(counts: dict[str, int], least: int, place: Path) -> list[SubmissionError]:
    """A fault for each class of fewer than ``least`` images."""
    return [
        SubmissionError(f"{place}: found {count} images of {name}, expected at least {least}", fault=Fault.COUNT)
        for name, count in counts.items()
        if count < least
    ]


def _wrong_sizes(pictures: Sequence[Picture], size: int) -> Iterator[SubmissionError]:
    """A fault for each picture of a wrong size, or one for all where they agree."""
    expected = (size, size)
    wrong = [picture for picture in pictures if picture.pixels.shape != expected]
    alike = len(wrong) == len(pictures) and len({picture.pixels.shape for picture in wrong}) == 1
    for picture in wrong[:1] if alike else wrong:
        found = " x ".join(map(str, picture.pixels.shape))
        who = f"{picture.name}: found images" if alike else f"{picture.name}: found an image"
        yield SubmissionError(f"{who} of {found} at 1 mm, expected {size} x {size}", fault=Fault.SIZE)


def _windowed(pictures: list[Picture], faults: Faults) -> tuple[NDArray[np.uint16], Intensity]:
    """All pictures in the window, (n, rows, columns); one at a time, so that only these are held for all."""
    if not any(picture.coarse for picture in pictures) and looks_standardised(picture.z for picture in pictures):
        return np.stack([to_window(picture.z) for picture in pictures]), "window"
    pixels = []
    for picture in pictures:
        with faults.taking():
            pixels.append(to_window(standardised(picture)))
    faults.stop()
    return np.stack(pixels), "standardised"


def looks_standardised(images: Iterable[NDArray[np.floating]]) -> bool:
    """Whether images (rows, columns) look as if their bodies were z-scored."""
    moments = np.array([(z.mean(), z.std()) for z in images])
    mean, std = np.median(moments, axis=0)
    return bool(Z_MEAN[0] <= mean <= Z_MEAN[1] and Z_STD[0] <= std <= Z_STD[1])


def standardised(picture: Picture) -> NDArray[np.floating]:
    """z-scores of a picture inside the body, by itself.

    Raises:
        SubmissionError: it shows no body.
    """
    from synthuterus_bench.prep.intensity import body_mask, standardise

    try:
        body = body_mask(picture.values[None], picture.name)[0]
        return standardise(picture.values, body, picture.name)
    except ScanError as error:
        raise SubmissionError(error.message, fault=Fault.RANGE) from None
