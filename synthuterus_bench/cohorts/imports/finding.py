"""What lies under a folder: files that may be scans, and files that look like scans and are none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from synthuterus_bench.cohorts.imports.dicom import Slice, read_slice
from synthuterus_bench.cohorts.imports.series import Series, group
from synthuterus_bench.cohorts.imports.umd import LABELS, cases_in
from synthuterus_bench.cohorts.imports.verdict import Verdict, refused
from synthuterus_bench.errors import DataError, Refusal, ScanError, UsageError
from synthuterus_bench.progress import Track
from synthuterus_bench.vocab import Label

_DICOM = {".dcm", ".dicom", ".ima"}
_PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff"}
_PASSED_OVER = ("__MACOSX", "derivatives")
_OTHERS = {".mha", ".mhd", ".nrrd", ".mgz", ".mnc", ".zip", ".tar", ".tgz", ".7z"}


@dataclass(frozen=True, slots=True)
class NiftiFile:
    """A file called ``.nii``, ``.nii.gz``, ``.hdr`` or ``.img``, and the file of its mask, if there is one.

    A mask's geometry is the image's, whatever its own header says. ``mask_labels`` maps the numbers in its file to
    ours; without it they are values of ``vocab.Label`` already. ``case`` is the scan's name in UMD, ``header`` a DICOM
    file of it, read for its facts alone.
    """

    path: Path
    name: str
    mask: Path | None = None
    mask_labels: Mapping[int, Label] | None = None
    case: str | None = None
    header: Path | None = None


@dataclass
class Found:
    """Candidates by kind; a verdict for each file refused at sight; how many other files lie about."""

    nifti: list[NiftiFile] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    refused: list[Verdict] = field(default_factory=list)
    ignored: int = 0


def find(src: Path, track: Track) -> Found:
    """Look at every file under ``src``, or at ``src`` if it is a file; hidden ones and BIDS derivatives are left out.

    Raises:
        UsageError: there is no ``src``.
        DataError: nothing under it looks like a scan.
    """
    if not src.exists():
        raise UsageError(f"{src}: no such file or folder, expected scans to import")
    root, paths = root_of(src), [*_files(src)]
    found, slices = Found(), list[Slice]()
    cases, others = cases_in(paths)
    for case in cases:
        name = str(case.image.relative_to(root))
        found.nifti.append(NiftiFile(case.image, name, case.mask, LABELS, case.name, case.header))
    for path in track(others, "look", len(others)):
        _take(path, str(path.relative_to(root)), found, slices)
    every = group(slices, {one.path.parent: _label(one.path.parent, root) for one in slices})
    found.series = [series for series in every if not all(one.damage for one in series.slices)]
    found.refused += [_damaged(one) for one in slices if one.damage]
    if not (found.nifti or found.series or found.refused):
        raise DataError(f"{src}: found {found.ignored} files and no scan among them, expected DICOM or NIfTI")
    return found


def _damaged(one: Slice) -> Verdict:
    return refused(one.name, ScanError(f"{one.name}: {one.damage}", Refusal.DAMAGED))


def root_of(src: Path) -> Path:
    """The folder that names are relative to."""
    return src if src.is_dir() else src.parent


def _files(src: Path) -> Iterator[Path]:
    if src.is_file():
        yield src
        return
    for path in sorted(src.rglob("*")):
        parts = path.relative_to(src).parts
        if path.is_file() and not any(part.startswith(".") or part in _PASSED_OVER for part in parts):
            yield path


def _label(folder: Path, root: Path) -> str:
    return str(folder.relative_to(root)) if folder != root else folder.name


def _take(path: Path, name: str, found: Found, slices: list[Slice]) -> None:
    suffix = path.suffix.lower()
    if suffix in (".nii", ".hdr", ".img") or path.name.lower().endswith(".nii.gz"):
        found.nifti.append(NiftiFile(path, name))
    elif suffix in _PICTURES:
        message = f"{name}: found {_picture(path)}, expected a scan volume (DICOM or NIfTI)"
        found.refused.append(refused(name, ScanError(message, Refusal.PICTURE)))
    elif suffix in _OTHERS:
        message = f"{name}: found a {suffix} file, expected DICOM or NIfTI"
        found.refused.append(refused(name, ScanError(message, Refusal.FORMAT)))
    elif suffix in _DICOM or _has_dicom_mark(path):
        _take_dicom(path, name, found, slices)
    else:
        found.ignored += 1


def _take_dicom(path: Path, name: str, found: Found, slices: list[Slice]) -> None:
    try:
        one = read_slice(path, name)
    except ScanError as error:
        found.refused.append(refused(name, error))
        return
    if one is None:
        found.ignored += 1
    else:
        slices.append(one)


def _has_dicom_mark(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def _picture(path: Path) -> str:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            return f"a picture ({image.mode}, {image.width} x {image.height} pixels)"
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return "a damaged picture"
