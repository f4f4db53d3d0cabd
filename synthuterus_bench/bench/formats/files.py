"""Image files by their suffix: which there are, and the reader of each."""

from collections.abc import Callable
from pathlib import Path

from synthuterus_bench.bench.formats import nifti, png, tiff
from synthuterus_bench.bench.formats.picture import Picture, checked
from synthuterus_bench.errors import Fault, SubmissionError

READERS: dict[tuple[str, ...], Callable[[Path], Picture]] = {
    png.SUFFIXES: png.read_png,
    tiff.SUFFIXES: tiff.read_tiff,
    nifti.SUFFIXES: nifti.read_nifti_slice,
}
EXPECTED = "expected .png, .tif, .tiff, .nii or .nii.gz images"


def read_picture(path: Path) -> Picture:
    """Read and check one image.

    Raises:
        SubmissionError: no image file, unreadable, too large, colour, several pages, NaN or infinite values,
            constant, or no sagittal slice.
    """
    reader = next((read for suffixes, read in READERS.items() if path.name.lower().endswith(suffixes)), None)
    if reader is None or not path.is_file():
        raise SubmissionError(f"{path}: found {path.suffix or 'a folder'}, {EXPECTED}", fault=Fault.LAYOUT)
    return checked(reader(path))
