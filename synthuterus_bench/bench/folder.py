"""A submission as plain files: one subfolder of images for each orientation."""

from collections.abc import Iterator
from pathlib import Path

from synthuterus_bench.bench.faults import Faults
from synthuterus_bench.bench.formats.files import read_picture
from synthuterus_bench.bench.images import ClassImages, Labelled, as_images
from synthuterus_bench.errors import Fault, SubmissionError
from synthuterus_bench.vocab import CLASSES, Orientation

LAYOUT = "put the images of each orientation into a subfolder av-af, av-rf, rv-af or rv-rf"


def read_class_folders(root: Path, size: int, least: int = 1) -> ClassImages:
    """Read and check every image below ``root``.

    Images whose 16 bits (or floating-point values) already are this project's z-scores keep them; all others are
    z-scored inside the body, each by itself.

    Args:
        least: images of each class that are expected.

    Raises:
        SubmissionError: a class is missing or unknown, a file is no usable image, or a size is not ``size``; all of
            these at once.
    """
    faults = Faults()
    return as_images(list(_pictures(class_folders(root, faults), faults)), size, faults, root, least)


def _pictures(folders: dict[str, Path], faults: Faults) -> Iterator[Labelled]:
    """Every image with its class; one that cannot be read counts for its class."""
    for name, folder in folders.items():
        for path in visible(folder):
            picture = None
            with faults.taking():
                picture = read_picture(path)
            yield CLASSES.index(Orientation(name)), picture


def visible(folder: Path) -> list[Path]:
    """What lies in a folder and is not hidden, by name."""
    return [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]


def class_folders(root: Path, faults: Faults) -> dict[str, Path]:
    """The subfolder of each orientation that there is, in the order of the classes.

    Args:
        faults: takes down which are missing, unknown or empty.

    Raises:
        SubmissionError: there are none at all.
    """
    seen = visible(root)
    if not seen:
        raise SubmissionError(f"{root}: found an empty folder, expected a submission", LAYOUT, Fault.LAYOUT)
    folders = {path.name.lower().replace("_", "-"): path for path in seen if path.is_dir()}
    if not folders:
        raise SubmissionError(
            f"{root}: found {len(seen)} files and no subfolder, expected one a class", LAYOUT, Fault.LAYOUT
        )
    if set(CLASSES) - set(folders) or set(folders) - set(Orientation):
        found, expected = ", ".join(sorted(folders)), ", ".join(CLASSES)
        faults.add(SubmissionError(f"{root}: found classes {found}; expected {expected}", LAYOUT, Fault.CLASSES))
    known = {str(name): folders[name] for name in CLASSES if name in folders}
    for name, folder in known.items():
        if not visible(folder):
            faults.add(SubmissionError(f"{folder}: found no images, expected some of class {name}", fault=Fault.COUNT))
    return known
