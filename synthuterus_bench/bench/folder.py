"""A submission as plain files: one subfolder of images for each orientation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.pictures import Picture, is_picture, read_picture
from synthuterus_bench.cohorts.window import to_window
from synthuterus_bench.errors import ScanError, SubmissionError
from synthuterus_bench.vocab import CLASSES, Orientation

Intensity = Literal["window", "standardised"]
LAYOUT = "put the images of each orientation into a subfolder av-af, av-rf, rv-af or rv-rf"
Z_MEAN, Z_STD = (-0.8, 0.5), (0.7, 1.4)
"""Where mean and standard deviation of a whole image lie when its body was z-scored; air pulls the mean down."""


@dataclass(frozen=True, slots=True)
class ClassImages:
    """Windowed images (n, rows, columns), the class index of each, and how their intensities were read."""

    pixels: NDArray[np.uint16]
    labels: NDArray[np.int64]
    intensity: Intensity


def read_class_folders(root: Path, size: int) -> ClassImages:
    """Read and check every image below ``root``.

    Images whose 16 bits (or floating-point values) already are this project's z-scores keep them; all others are
    z-scored inside the body, each by itself.

    Raises:
        SubmissionError: a class is missing or unknown, a file is no usable image, or a size is not ``size``.
    """
    folders = class_folders(root)
    pictures = [[read_picture(path) for path in _images(folders[name])] for name in CLASSES]
    every = [picture for group in pictures for picture in group]
    _check_sizes(every, size)
    z, intensity = _z_scores(every)
    labels = np.repeat(np.arange(len(CLASSES)), [len(group) for group in pictures])
    return ClassImages(to_window(z), labels, intensity)


def class_folders(root: Path) -> dict[str, Path]:
    """The subfolder of each orientation.

    Raises:
        SubmissionError: one is missing or unknown.
    """
    seen = [path for path in sorted(root.iterdir()) if not path.name.startswith(".")]
    if not seen:
        raise SubmissionError(f"{root}: found an empty folder, expected a submission", LAYOUT)
    folders = {path.name.lower().replace("_", "-"): path for path in seen if path.is_dir()}
    if not folders:
        raise SubmissionError(f"{root}: found {len(seen)} files and no subfolder, expected one a class", LAYOUT)
    missing, unknown = set(CLASSES) - set(folders), set(folders) - set(Orientation)
    if missing or unknown:
        expected = ", ".join(CLASSES)
        raise SubmissionError(f"{root}: found classes {', '.join(sorted(folders))}; expected {expected}", LAYOUT)
    return folders


def _images(folder: Path) -> list[Path]:
    seen = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    for path in seen:
        if not path.is_file() or not is_picture(path):
            raise SubmissionError(f"{path}: found {path.suffix or 'a folder'}, expected .png, .nii or .nii.gz images")
    if not seen:
        raise SubmissionError(f"{folder}: found no images, expected some of class {folder.name}")
    return seen


def _check_sizes(pictures: list[Picture], size: int) -> None:
    shapes = sorted({picture.values.shape for picture in pictures})
    words = ", ".join(f"{rows} x {columns}" for rows, columns in shapes)
    if len(shapes) > 1:
        odd = next(picture for picture in pictures if picture.values.shape != pictures[0].values.shape)
        raise SubmissionError(f"{odd.name}: found images of sizes {words}, expected one size, {size} x {size}")
    if shapes[0] != (size, size):
        raise SubmissionError(f"{pictures[0].name}: found images of {words} at 1 mm, expected {size} x {size}")


def _z_scores(pictures: list[Picture]) -> tuple[NDArray[np.floating], Intensity]:
    stored = [picture.z for picture in pictures if picture.z is not None]
    if len(stored) == len(pictures) and looks_standardised(np.stack(stored)):
        return np.stack(stored), "window"
    return np.stack([standardised(picture) for picture in pictures]), "standardised"


def looks_standardised(z: NDArray[np.floating]) -> bool:
    """Whether images (n, rows, columns) look as if their bodies were z-scored."""
    mean, std = np.median(z.mean((1, 2))), np.median(z.std((1, 2)))
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
        raise SubmissionError(error.message) from None
