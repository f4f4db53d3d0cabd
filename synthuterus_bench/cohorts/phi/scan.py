"""Looking through a file or folder for traces of patients, whatever its files are called."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from synthuterus_bench.cohorts.phi import gzipped, parquet, png
from synthuterus_bench.cohorts.phi.dicom import find_dicom
from synthuterus_bench.cohorts.phi.nifti import find_nifti, is_nifti
from synthuterus_bench.cohorts.phi.record import Finding, Kind
from synthuterus_bench.cohorts.phi.text import find_text
from synthuterus_bench.errors import GateError, UsageError
from synthuterus_bench.progress import Track, silent

_DICOM = {".dcm", ".dicom", ".ima"}


def scan_phi(path: Path, track: Track = silent) -> list[Finding]:
    """Everything under ``path`` that may tell a person, a place or a time; hidden files too, links not.

    NIfTI (plain or gzipped, whatever its name), DICOM, PNG, Parquet with all of its cells, JSON, tables and other text.
    A file of another kind, or a damaged one, is itself a finding (``Kind.UNREAD``): nothing passes unseen. Names of
    files, and what the pixels show, are not judged.

    Raises:
        UsageError: there is no ``path``.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder, expected scans, a cohort or a release")
    root = path if path.is_dir() else path.parent
    files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    found: list[Finding] = []
    for one in track(files, "look", len(files)):
        found += look_at(one, one.relative_to(root).as_posix())
    return found


def check_clean(folder: Path) -> None:
    """Refuse a folder that is to be published and carries a trace.

    Raises:
        GateError: with the first field and the number of its traces; values stay masked.
    """
    found = scan_phi(folder)
    if found:
        first = found[0]
        raise GateError(
            f"{folder}: found {first.kind} {first.keyword} in {first.file} ({first.shown}) and "
            f"{len(found) - 1} more traces, expected none",
            f"see all with: synthbench cohort show {folder} --phi",
        )


def look_at(path: Path, name: str) -> list[Finding]:
    """Traces in one file, called ``name`` in what is found."""
    if path.is_symlink():
        return [Finding(name, Kind.UNREAD, "link", str(path.readlink()))]
    if path.suffix == ".salt":
        return [Finding(name, Kind.SALT, "file", "belongs beside the cohort", content=False)]
    found: list[Finding] = []
    try:
        with path.open("rb") as file:
            found.extend(_look(file, name))
    except Exception as error:  # a damaged file raises whatever its reader stumbles over
        found.append(Finding(name, Kind.UNREAD, "damaged file", type(error).__name__, content=False))
    return found


def _look(stream: BinaryIO, name: str) -> Iterator[Finding]:
    if _peek(stream, 2) != gzipped.MAGIC:
        yield from _look_unpacked(stream, name)
        return
    yield from gzipped.find_gzip(stream, name)
    stream.seek(0)
    with gzip.GzipFile(fileobj=stream) as unpacked:
        yield from _look_unpacked(unpacked, name)  # type: ignore[arg-type]


def _look_unpacked(stream: BinaryIO, name: str) -> Iterator[Finding]:
    head = _peek(stream, 540)
    if head.startswith(png.MAGIC):
        yield from png.find_png(stream, name)
    elif head.startswith(parquet.MAGIC):
        yield from parquet.find_parquet(stream, name, _look)
    elif head[128:132] == b"DICM" or Path(name).suffix.lower() in _DICOM:
        yield from find_dicom(stream, name)
    elif is_nifti(head):
        yield from find_nifti(stream, name)
    elif b"\0" not in head:
        yield from find_text(stream, name)
    else:
        yield Finding(name, Kind.UNREAD, Path(name).suffix.lower() or "no suffix", "unknown kind", content=False)


def _peek(stream: BinaryIO, size: int) -> bytes:
    head = stream.read(size)
    stream.seek(0)
    return head
