"""Unpacking an archive of scans without letting it write elsewhere, a file at a time."""

import errno
import shutil
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from synthuterus_bench.errors import DataError
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import atomic_path

_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    IndexError,
)
"""What ``zipfile`` raises on damage."""

_JUNK = {"__MACOSX", ".DS_Store", "Thumbs.db"}


def extract(archive: Path, folder: Path, track: Track = silent) -> int:
    """Unpack ``archive`` under ``folder``; files that are there with their full size stay, so it goes on after a break.

    Left out: ``__MACOSX``, ``.DS_Store``, ``Thumbs.db``. Nothing is written before every name was checked.

    Returns:
        how many files of the archive lie there now.

    Raises:
        DataError: no zip, a damaged one, an encrypted one, a member that would leave ``folder`` or is a link, two
            members of one name, or no room.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [one for one in opened.infolist() if not one.filename.endswith("/") and not _is_junk(one)]
            places = [_place(archive, one, folder) for one in members]
            if len(set(places)) < len(places):
                raise DataError(f"{archive}: found two members of one name, expected each once")
            missing = [pair for pair in zip(members, places, strict=True) if not _is_there(*pair)]
            _check_room(archive, folder, sum(one.file_size for one, _ in missing))
            for one, place in track(missing, f"unpack {archive.name}", len(missing)):
                with opened.open(one) as packed, atomic_path(place) as temporary, temporary.open("wb") as file:
                    shutil.copyfileobj(packed, file, 1 << 20)
    except (*_DAMAGED, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # a place before the file's beginning
            raise
        found = " ".join(str(error).split())[:160]
        raise DataError(f"{archive}: found a damaged or encrypted archive ({found}), expected a whole zip") from None
    return len(members)


def _is_junk(member: zipfile.ZipInfo) -> bool:
    return bool(_JUNK & set(PurePosixPath(member.filename).parts))


def _place(archive: Path, member: zipfile.ZipInfo, folder: Path) -> Path:
    """Where a member goes; below ``folder``, whatever it is called."""
    name = PurePosixPath(member.filename)
    kind = stat.S_IFMT(member.external_attr >> 16)
    leaves = name.is_absolute() or ".." in name.parts or any(sign in member.filename for sign in "\\:\0")
    if leaves or not name.parts:
        raise DataError(f"{archive}: found a member {member.filename!r}, expected names inside the folder")
    if kind not in (0, stat.S_IFREG):
        raise DataError(f"{archive}: found {member.filename!r}, a link or device, expected files")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(
            f"{archive}: found {member.filename!r} packed by method {member.compress_type}, expected deflate"
        )
    place = folder / name
    if not place.resolve().is_relative_to(folder.resolve()):
        raise DataError(f"{place}: found a link out of {folder} in its way, expected folders")
    return place


def _is_there(member: zipfile.ZipInfo, place: Path) -> bool:
    return place.is_file() and not place.is_symlink() and place.stat().st_size == member.file_size


def _check_room(archive: Path, folder: Path, size: int) -> None:
    home = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(home).free
    if free < size:
        raise DataError(f"{folder}: found {free / 1e9:.1f} GB free, expected {size / 1e9:.1f} GB for {archive.name}")
