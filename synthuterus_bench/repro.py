"""Named random streams, digests and atomic writes: what makes a second run give the same bytes."""

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from synthuterus_bench.errors import DataError

StreamName = str | int
MANY_FILES = 256


def seed_words(seed: int, *names: StreamName) -> list[int]:
    """Eight 32-bit words that depend on every name and on its place.

    Args:
        seed: the run's seed, any non-negative integer.
        names: purpose and indices, for example ``("noise", "av-af", 17)``.
    """
    text = canonical_json([seed, *names])
    digest = hashlib.sha256(text.encode()).digest()
    return [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 32, 4)]


def stream(seed: int, *names: StreamName) -> np.random.Generator:
    """The random stream of one purpose and sample; independent of batch, rank and order of use."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed_words(seed, *names))))


def stream_seed(seed: int, *names: StreamName) -> int:
    """A 63-bit integer seed for libraries that want a number rather than a generator."""
    low, high = seed_words(seed, *names)[:2]
    return low | (high & 0x7FFFFFFF) << 32


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces and no NaN: equal values give equal text.

    Raises:
        ValueError: ``value`` holds NaN or an infinity.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An ``object_pairs_hook`` of ``json`` that refuses a key given twice.

    Raises:
        ValueError: it was.
    """
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"key given twice: {next(key for key in keys if keys.count(key) > 1)!r}")
    return dict(pairs)


def digest_bytes(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def digest_json(value: Any) -> str:
    """SHA-256 of the canonical JSON of ``value``."""
    return digest_bytes(canonical_json(value).encode())


def digest_file(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_array(array: np.ndarray) -> str:
    """SHA-256 of an array's type, shape and values."""
    head = f"{array.dtype.str}{array.shape}".encode()
    return hashlib.sha256(head + np.ascontiguousarray(array).tobytes()).hexdigest()


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success flush it to disk and rename it into place.

    A reader sees the old file, the whole new file, or no file. On any error nothing is left.
    """
    with _naming(path), _temporary_file(path) as temporary:
        yield temporary
        _flush(temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
        _flush(path.parent)


@contextmanager
def _temporary_file(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def write_atomic(path: Path, data: bytes | str) -> None:
    """Write ``data`` to ``path`` through :func:`atomic_path`."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data.encode() if isinstance(data, str) else data)


@contextmanager
def staged_folder(out: Path) -> Iterator[Path]:
    """Yield a temporary folder; on success flush every file in it and rename it to ``out``.

    A reader sees no folder or the whole one. On any error, Ctrl-C included, nothing is left: parents of ``out``
    are made only at the end, and the temporary folder lies beside the first of them that already exists. What killed
    runs left of the same ``out`` is removed; the folder of a run still alive is locked, and stays.

    Raises:
        DataError: ``out`` exists and is not an empty folder, or something above it is not a folder.
    """
    home, target = staging_ground(out), out.absolute()
    with _naming(out), _temporary_folder(home, target.name) as temporary:
        yield temporary
        _flush_all([*temporary.rglob("*"), temporary])
        temporary.chmod(0o755)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(target)
        _flush(target.parent)


@contextmanager
def _temporary_folder(home: Path, name: str) -> Iterator[Path]:
    _clear_abandoned(home, name)
    temporary = Path(tempfile.mkdtemp(prefix=f".{name}.", suffix=".partial", dir=home))
    try:
        with _held(temporary):
            yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_place(path: Path) -> None:
    """Find out before long work whether a file can be made at ``path``.

    Raises:
        OSError: it cannot; its ``filename`` is ``path``.
    """
    home = next(parent for parent in path.absolute().parents if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        error.filename = str(path)
        raise


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let errors that only writing gives name ``path``, not a temporary beside it."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            error.filename = str(path)
        raise


def staging_ground(out: Path) -> Path:
    """Where the folder ``out`` can be staged: the first folder above it that exists.

    Raises:
        DataError: ``out`` exists and is not an empty folder, or something above it is not a folder.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        found = "a folder with files in it" if out.is_dir() else "a file"
        raise DataError(f"{out}: found {found}, expected nothing there yet", "remove it or give another --out")
    home = next(parent for parent in out.absolute().parents if parent.exists())
    if not home.is_dir():
        raise DataError(f"{home}: found a file, expected a folder to write {out.name} under")
    return home


def _clear_abandoned(home: Path, name: str) -> None:
    staged = re.compile(re.escape(f".{name}.") + r"\w{8}\.partial")
    for path in home.iterdir():
        if staged.fullmatch(path.name) and path.is_dir():
            with suppress(FileNotFoundError), _held(path) as abandoned:
                if abandoned:
                    shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Lock a folder; False where another process holds it or the file system has no locks. Death unlocks it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield _lock(handle)
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _flush_all(paths: list[Path]) -> None:
    """Flush each path; a great many at once, because to wait for the disk once a file takes minutes."""
    if len(paths) > MANY_FILES:
        os.sync()
        return
    for path in paths:
        _flush(path)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
