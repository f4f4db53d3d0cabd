"""The copy that ships: only what belongs, no larger than allowed, there as a whole."""

import shutil
from pathlib import Path

from synthuterus_bench.bench.shipping.pictures import CURVE, SHEET
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.generators.folder import check_folder
from synthuterus_bench.generators.measured import MEASURED
from synthuterus_bench.generators.trained import RECORD
from synthuterus_bench.privacy.index import INDEX_FILE
from synthuterus_bench.privacy.membership import MEMBERSHIP
from synthuterus_bench.repro import staged_folder

LIMIT, TOTAL = 12 * 2**20, 48 * 2**20
"""Bytes of a folder and of all that ship, each without what stands ``BESIDE`` its networks."""
BESIDE = (INDEX_FILE, SHEET, CURVE)

CONTENTS = ("README.md", RECORD, MEASURED, MEMBERSHIP, INDEX_FILE, SHEET, CURVE, "model_index.json")
"""Files that every shipped folder of a generator has, beside the folders of its networks; those of images the filter's
self-test, too."""


def ship(folder: Path, target: Path) -> None:
    """Copy a finished pipeline folder over ``target``.

    Raises:
        WeightsError: something is missing from it, or it is too large, alone or with what ships already.
    """
    check_parcel(folder)
    others = sum(size_of(path.parent) for path in target.parent.glob("*/model_index.json") if path.parent != target)
    if (size := others + size_of(folder)) > TOTAL:
        raise WeightsError(f"{target.parent}: {size:,} bytes with {folder}, expected <= {TOTAL:,}")
    replace_folder(folder, target)


def replace_folder(folder: Path, target: Path) -> None:
    """Put a copy of ``folder`` in the place of ``target``, whole or not at all."""
    fresh, old = (target.with_name(f".{target.name}.{name}") for name in ("fresh", "old"))
    shutil.rmtree(fresh, ignore_errors=True)
    with staged_folder(fresh) as staged:
        shutil.copytree(folder, staged, dirs_exist_ok=True)
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def check_parcel(folder: Path) -> None:
    """Whether a folder may ship.

    Raises:
        WeightsError: it is no pipeline folder of ours, lacks a file, or is larger than ``LIMIT``.
    """
    check_folder(folder)
    if lacking := [name for name in CONTENTS if not (folder / name).is_file()]:
        raise WeightsError(f"{folder}: no {lacking[0]}, expected {', '.join(CONTENTS)}")
    beside = [folder / name for name in BESIDE]
    if (size := size_of(folder)) > LIMIT:
        files = [path for path in folder.rglob("*") if path.is_file() and path not in beside]
        largest = max(files, key=lambda path: path.stat().st_size)
        found = f"{size:,} bytes, {largest.stat().st_size:,} of them {largest.relative_to(folder)}"
        raise WeightsError(f"{folder}: found {found}, expected at most {LIMIT:,}", "train a narrower network")


def size_of(folder: Path) -> int:
    """Bytes of all files but those ``BESIDE`` the networks."""
    beside = [folder / name for name in BESIDE]
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path not in beside)
