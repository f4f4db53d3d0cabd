"""What is sent to the Hub: files with the digests that the Hub will say of them."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from synthuterus_bench.errors import HubError
from synthuterus_bench.release.gate import CHECKSUMS, check_release

INDEX = "model_index.json"
"""What a pipeline folder has and a release has not."""


class Kind(StrEnum):
    """What a repository holds, in the Hub's own word for it."""

    RELEASE = "dataset"
    MODEL = "model"

    @property
    def noun(self) -> str:
        """As we call it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Item:
    """One file: its name in the repository, its bytes or where they lie, and its digests.

    ``blob`` is git's SHA-1, by which the Hub knows small files; ``sha256`` that of large ones.
    """

    name: str
    source: Path | bytes
    size: int
    sha256: str
    blob: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """All that is sent, and what stays behind: names with a reason."""

    kind: Kind
    items: tuple[Item, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(item.size for item in self.items)


def item_of(name: str, source: Path | bytes) -> Item:
    """A file with its digests, read in pieces."""
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    sha256, blob = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    if isinstance(source, bytes):
        sha256.update(source)
        blob.update(source)
    else:
        with source.open("rb") as file:
            while piece := file.read(1 << 20):
                sha256.update(piece)
                blob.update(piece)
    return Item(name, source, size, sha256.hexdigest(), blob.hexdigest())


def release_parcel(folder: Path) -> Parcel:
    """A release, whole, after its gate.

    Raises:
        GateError: it does not pass.
    """
    check_release(folder)
    said = read_checksums((folder / CHECKSUMS).read_text(encoding="utf-8"), f"{folder}/{CHECKSUMS}")
    items = [item_of(name, folder / name) for name in (CHECKSUMS, *said)]
    for item in items[1:]:
        if item.sha256 != said[item.name]:
            raise HubError(f"{folder}: {item.name} changed after the gate had seen it")
    return Parcel(Kind.RELEASE, tuple(items))


def checksums_of(items: list[Item]) -> bytes:
    """``SHA256SUMS`` over some files, as ``sha256sum -c`` reads it."""
    return "".join(f"{item.sha256}  {item.name}\n" for item in sorted(items, key=lambda item: item.name)).encode()


def read_checksums(text: str, where: str) -> dict[str, str]:
    """Digests by file name.

    Raises:
        HubError: a line is not ``<64 hex digits>  <relative name>``, or names a file outside the folder.
    """
    said = {}
    for number, line in enumerate(text.splitlines(), 1):
        digest, _, name = line.partition("  ")
        parts = name.split("/")
        if len(digest) != 64 or set(digest) - set("0123456789abcdef") or {"", ".", ".."} & {*parts} or "\\" in name:
            raise HubError(f"{where}: line {number} is no checksum of a file in the folder")
        said[name] = digest
    return said
