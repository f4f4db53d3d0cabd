"""Files published on figshare: fetched over a connection that may break, and believed only by size and MD5."""

import fcntl
import hashlib
import http.client
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from synthuterus_bench import __version__
from synthuterus_bench.errors import DataError
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import atomic_path

MIB = 1 << 20
TIMEOUT_S = 60.0
BREAKS = 5
"""Connections in a row that brought nothing new before giving up."""


@dataclass(frozen=True, slots=True)
class Published:
    """One file of a version of a figshare article; ``size`` in bytes."""

    name: str
    article: int
    version: int
    file_id: int
    size: int
    md5: str
    licence: str
    server: str = "https://ndownloader.figshare.com"

    @property
    def url(self) -> str:
        """Where the file itself is."""
        return f"{self.server}/files/{self.file_id}"

    @property
    def page(self) -> str:
        """The page for people."""
        return f"https://doi.org/10.6084/m9.figshare.{self.article}.v{self.version}"


UMD = Published("UMD.zip", 23541312, 3, 44111183, 4_759_295_077, "f52985246c363a7fb9c8f6ae33dcde84", "CC BY 4.0")
"""Uterine Myoma MRI Dataset, 300 cases."""


class _Broken(Exception):
    """A connection that failed or ended early; trying again may help."""


def download(known: Published, folder: Path, track: Track = silent, wait_s: float = 1.0) -> Path:
    """The file in ``folder``, fetched unless it is there; what came so far lies beside it as ``<name>.partial``.

    A broken connection is taken up where it broke, in this run after a growing pause (``wait_s``, doubled each time)
    and in the next run as well; from a server that gives no ranges it starts over. The file gets its name only when
    size and MD5 are right.

    Raises:
        DataError: no network, no room, another run at the same file, a server that has something else, or the wrong
            MD5 (what came is then removed).
    """
    target, partial = folder / known.name, folder / f"{known.name}.partial"
    if target.exists():
        _verify(known, target, track, f"move {target} away and run the same command again")
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with _held(partial) as file:
        _check_room(known, file)
        for _ in track(_pieces(known, file, wait_s), f"fetch {known.name} (MiB)", -(-known.size // MIB)):
            pass
        try:
            _verify(known, partial, track, "what came was removed; run the same command again to fetch it anew")
        except DataError:
            partial.unlink()
            raise
        with atomic_path(target) as temporary:
            partial.replace(temporary)
    return target


def _verify(known: Published, path: Path, track: Track, advice: str) -> None:
    found = path.stat().st_size
    if found != known.size:
        raise DataError(f"{path}: found {found} bytes, expected {known.size} of {known.name}", advice)
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        for piece in track(iter(lambda: file.read(MIB), b""), f"check {known.name} (MiB)", -(-found // MIB)):
            digest.update(piece)
    if digest.hexdigest() != known.md5:
        raise DataError(f"{path}: found MD5 {digest.hexdigest()}, expected {known.md5} of {known.name}", advice)


@contextmanager
def _held(partial: Path) -> Iterator[IO[bytes]]:
    """The unfinished file, open and locked; gone again if it is still empty."""
    with partial.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DataError(f"{partial}: found another run fetching it, expected none") from None
        try:
            yield file
        finally:
            file.flush()
            os.fsync(file.fileno())
            if partial.exists() and not partial.stat().st_size:
                partial.unlink()


def _check_room(known: Published, file: IO[bytes]) -> None:
    missing = known.size - os.fstat(file.fileno()).st_size
    free = shutil.disk_usage(Path(file.name).parent).free
    if free < missing:
        raise DataError(f"{file.name}: found {free / 1e9:.1f} GB free on its disk, expected {missing / 1e9:.1f} GB")


def _pieces(known: Published, file: IO[bytes], wait_s: float) -> Iterator[None]:
    """Bring the file to its full size; yields once for each MiB, those that are there already first."""
    done, breaks = os.fstat(file.fileno()).st_size, 0
    if done > known.size:
        done = file.truncate(0)
    yield from (None for _ in range(done // MIB))
    while done < known.size:
        best = done
        try:
            for place, piece in _stream(known, done):
                done = _keep(file, place, piece)
                yield
            reason = "the connection ended"
        except _Broken as error:
            reason = str(error)
        breaks = 0 if done > best else breaks + 1
        if breaks >= BREAKS:
            raise DataError(
                f"{known.url}: found {done} of {known.size} bytes, then {breaks} tries in vain ({reason})",
                f"check the network and run the same command again to go on, or get {known.name} from {known.page}",
            )
        if done < known.size:
            time.sleep(wait_s * 2**breaks)


def _keep(file: IO[bytes], place: int, piece: bytes) -> int:
    """Write at ``place``; what lay behind it is from a server that did not go on but started over."""
    if os.fstat(file.fileno()).st_size != place:
        file.truncate(place)
    file.write(piece)
    file.flush()
    return place + len(piece)


def _stream(known: Published, begin: int) -> Iterator[tuple[int, bytes]]:
    """Pieces with their places, from ``begin`` on or, if the server knows no ranges, from 0."""
    headers = {"Range": f"bytes={begin}-", "User-Agent": f"synthuterus-bench/{__version__}"}
    try:
        with urllib.request.urlopen(urllib.request.Request(known.url, headers=headers), timeout=TIMEOUT_S) as response:
            place = _place(known, response, begin)
            while piece := response.read(MIB):
                if place + len(piece) > known.size:
                    raise _other_size(known, f"more than {known.size}")
                yield place, piece
                place += len(piece)
    except urllib.error.HTTPError as error:
        raise _refusal(known, error, begin) from None
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(" ".join(str(getattr(error, "reason", None) or error).split()) or type(error).__name__) from None


def _place(known: Published, response: Any, begin: int) -> int:
    """Where the answer begins in the file.

    Raises:
        DataError: the answer is no file (a page that asks for a browser), or one of another size.
    """
    if response.status == 206:
        span, _, total = str(response.headers.get("Content-Range", "")).removeprefix("bytes ").partition("/")
        if total not in ("*", str(known.size)):
            raise _other_size(known, total)
        if span.split("-")[0] != str(begin):
            raise _Broken(f"asked for bytes from {begin} on, got {span}")
        return begin
    length = response.headers.get("Content-Length")
    if response.status != 200 or "text/html" in str(response.headers.get("Content-Type")):
        raise DataError(
            f"{known.url}: found an answer of status {response.status} that is no file, expected {known.name}",
            f"get {known.name} with a browser from {known.page} into the same folder, then run the same command again",
        )
    if length not in (None, str(known.size)):
        raise _other_size(known, length)
    return 0


def _other_size(known: Published, found: str) -> DataError:
    return DataError(f"{known.url}: found {found or 'an unknown number of'} bytes, expected {known.size}")


def _refusal(known: Published, error: urllib.error.HTTPError, begin: int) -> Exception:
    if error.code == 416:
        return _other_size(known, f"at most {begin}")
    if error.code in (408, 425, 429) or error.code >= 500:
        return _Broken(f"status {error.code}")
    return DataError(
        f"{known.url}: found status {error.code} ({error.reason}), expected {known.name}",
        f"get {known.name} with a browser from {known.page} into the same folder, then run the same command again",
    )
