"""Images that no release holds: class folders, tables or an archive. Which of these it is, is seen from the outside."""

from pathlib import Path

from synthuterus_bench.bench.faults import Faults
from synthuterus_bench.bench.folder import read_class_folders, visible
from synthuterus_bench.bench.formats import npz
from synthuterus_bench.bench.formats.tables import is_tables, read_tables
from synthuterus_bench.bench.images import ClassImages, as_images
from synthuterus_bench.errors import Fault, SubmissionError

EXPECTED = "expected a folder of images, a release, a cohort, Parquet or .npz"


def read_images(path: Path, size: int, least: int = 1) -> ClassImages:
    """Images (n, size, size) of whatever lies at ``path``, in the order of their classes.

    Args:
        least: images of each class that are expected.

    Raises:
        SubmissionError: it is none of the formats, or an image is no usable one; all faults at once.
    """
    archive, faults = archive_at(path), Faults()
    if archive is not None:
        return as_images(list(npz.read_npz(archive, faults)), size, faults, path, least)
    if is_tables(path):
        return as_images(list(read_tables(path, faults)), size, faults, path, least)
    if path.is_file():
        raise SubmissionError(f"{path}: found a file, {EXPECTED}", fault=Fault.LAYOUT)
    return read_class_folders(path, size, least)


def archive_at(path: Path) -> Path | None:
    """The archive that ``path`` is, or the one that a folder without subfolders holds."""
    if path.is_file():
        return path if path.name.lower().endswith(npz.SUFFIXES) else None
    seen = visible(path)
    archives = [one for one in seen if one.is_file() and one.name.lower().endswith(npz.SUFFIXES)]
    return archives[0] if len(archives) == 1 and not any(one.is_dir() for one in seen) else None
