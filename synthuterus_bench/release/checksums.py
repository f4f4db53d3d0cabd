"""``SHA256SUMS`` of a folder, as ``sha256sum -c`` reads it."""

from collections.abc import Collection
from pathlib import Path

from synthuterus_bench.errors import GateError
from synthuterus_bench.repro import digest_file, write_atomic

CHECKSUMS = "SHA256SUMS"


def write_checksums(folder: Path) -> None:
    """Write ``SHA256SUMS`` over every other file."""
    lines = [f"{digest_file(path)}  {name}\n" for name, path in files_of(folder).items()]
    write_atomic(folder / CHECKSUMS, "".join(lines))


def files_of(folder: Path) -> dict[str, Path]:
    """Every file but ``SHA256SUMS`` by its name from ``folder``, hidden ones and links to files too."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / CHECKSUMS)
    return {path.relative_to(folder).as_posix(): path for path in found}


def check_sums(folder: Path, without: Collection[str] = ()) -> None:
    """Check that every file is in ``SHA256SUMS`` with its digest, and nothing else.

    Args:
        without: names that are not looked at.

    Raises:
        GateError: a file is missing, is one too many, or has another digest.
    """
    file = folder / CHECKSUMS
    if not folder.is_dir():
        raise GateError(f"{folder}: no such folder, expected a release", "make one with: synthbench generate")
    if not file.is_file():
        raise GateError(
            f"{folder}: no {CHECKSUMS}, expected a release with the digest of every file",
            "generate and release merge make one; a set of images goes through synthbench filter and audit run",
        )
    said = {
        name: digest
        for name, digest in map(_line, file.read_text(encoding="utf-8").splitlines())
        if name not in without
    }
    there = {name: path for name, path in files_of(folder).items() if name not in without}
    odd = sorted(set(said) ^ set(there))
    if odd:
        raise GateError(f"{folder}: {odd[0]} is in {CHECKSUMS} or in the folder, not in both")
    for name, path in there.items():
        if digest_file(path) != said[name]:
            raise GateError(f"{folder}: {name} does not have the digest that {CHECKSUMS} says")


def _line(line: str) -> tuple[str, str]:
    digest, _, name = line.partition("  ")
    return name, digest
