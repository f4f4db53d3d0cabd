"""Build a study: choose, shuffle, write the page, and beside its folder the key."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.errors import StudyError, UsageError
from synthuterus_bench.repro import check_place, digest_bytes, staged_folder, stream, write_atomic
from synthuterus_bench.study.choice import choose, quotas
from synthuterus_bench.study.key import Item, Key, Origin, load_key, save_key, seal
from synthuterus_bench.study.page import shown_bytes, study_page
from synthuterus_bench.study.shown import on_one_scale
from synthuterus_bench.vocab import Kind, Split

PAGE, KEY = "study.html", "key.json"
TITLE = "Real or synthetic?"


@dataclass(frozen=True)
class Built:
    """A finished study: its page for readers, its key for nobody else."""

    page: Path
    key_path: Path
    key: Key


def key_home(out: Path) -> Path:
    """The folder of the key: beside that of the page, never inside.

    Raises:
        UsageError: ``out`` ends in no name, as ``/`` and ``study/..``.
    """
    named = out if out.name else out.absolute()
    if named.name in ("", ".."):
        raise UsageError(f"--out {out}: found no name of a folder at its end, expected one", "give --out study")
    return named.parent / f"{named.name}.private"


def build_study(
    real: Path,
    synthetic: Path,
    out: Path,
    n: int = 10,
    seed: int = 0,
    split: Split = Split.TEST,
    balanced: bool = True,
    title: str = TITLE,
) -> Built:
    """Write ``study.html`` into the new folder ``out`` and ``key.json`` into ``out.private`` beside it.

    Args:
        real: a prepared cohort; one scan of ``n`` patients of ``split`` is shown.
        synthetic: a release or cohort of synthetic scans of the same view and shape; ``n`` are shown.
        balanced: as many of each class of both kinds, to within one; else classes are not looked at.

    Raises:
        StudyError: the two cannot be shown as one study, or have too few scans.
        UsageError: ``out`` ends in no name.
    """
    home = key_home(out)
    out = out if out.name else out.absolute()
    check_place(home / KEY)
    origins = {Kind.REAL: load_cohort(real), Kind.SYNTHETIC: load_cohort(synthetic)}
    _check_alike(origins[Kind.REAL], origins[Kind.SYNTHETIC])
    wanted = quotas(n, seed, balanced)
    scans = {
        Kind.REAL: choose(origins[Kind.REAL], split, Kind.REAL, wanted, seed),
        Kind.SYNTHETIC: choose(origins[Kind.SYNTHETIC], None, Kind.SYNTHETIC, wanted, seed),
    }
    shape = _one_shape([scan for some in scans.values() for scan in some])
    salt = _salt(scans[Kind.REAL])
    ordered = shuffle([(kind, scan) for kind, some in scans.items() for scan in some], seed, salt)
    shown = on_one_scale([scan.pixels for _, scan in ordered], seed, salt)
    items = tuple(_item(kind, scan, pixels) for (kind, scan), pixels in zip(ordered, shown, strict=True))
    key = _key(origins, split, items, seed, salt, shape)
    if (home / KEY).exists() and load_key(home / KEY).study != key.study:
        raise StudyError(f"{home / KEY}: found the key of another study", "remove it or give another --out")
    with _key_beside(key, home), staged_folder(out) as staged:
        write_atomic(staged / PAGE, study_page(key, shown, title))
    return Built(out / PAGE, home / KEY, key)


@contextmanager
def _key_beside(key: Key, home: Path) -> Iterator[None]:
    """The key in its folder; where what follows fails, no key and no folder that was not there before."""
    if (home / KEY).exists():
        yield
        return
    made = [folder for folder in (home, *home.parents) if not folder.exists()]
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        save_key(key, home / KEY)
        yield
    except BaseException:
        (home / KEY).unlink(missing_ok=True)
        with suppress(OSError):
            for folder in made:
                folder.rmdir()
        raise


def shuffle(scans: list[tuple[Kind, Scan]], seed: int, salt: str) -> list[tuple[Kind, Scan]]:
    """The order of the page. It hangs on the salt too, so that nobody who knows the seed knows the order."""
    return [scans[k] for k in stream(seed, "study", "order", salt).permutation(len(scans))]


def _salt(scans: list[Scan]) -> str:
    whole = hashlib.sha256(b"synthuterus-study-salt/1")
    for scan in scans:
        whole.update(f"{scan.patient_id}\n{scan.scan_id}\n".encode())
        whole.update(np.ascontiguousarray(scan.pixels).tobytes())
    return whole.hexdigest()


def _key(
    origins: dict[Kind, Cohort],
    split: Split,
    items: tuple[Item, ...],
    seed: int,
    salt: str,
    shape: tuple[int, int, int],
) -> Key:
    real, synthetic = (origins[kind].manifest for kind in Kind)
    values = {
        "salt": salt,
        "seed": seed,
        "view": real.view,
        "shape": shape,
        "real": Origin(name=real.name, digest=real.digest, split=split),
        "synthetic": Origin(name=synthetic.name, digest=synthetic.digest),
        "items": items,
    }
    return seal(values)


def _item(kind: Kind, scan: Scan, shown: NDArray[np.uint16]) -> Item:
    return Item(
        kind=kind,
        orientation=scan.orientation,
        scan_id=scan.scan_id,
        generator=scan.generator,
        shown_sha256=digest_bytes(shown_bytes(shown)),
    )


def _check_alike(real: Cohort, synthetic: Cohort) -> None:
    for cohort in (real, synthetic):
        if cohort.manifest.intensity != "window":
            raise StudyError(f"{cohort.root}: found an imported cohort, expected a prepared one (1 mm, z-scores)")
    one, other = real.manifest, synthetic.manifest
    if (one.view, one.dims) != (other.view, other.dims):
        found = f"{one.view} in {one.dims}D and {other.view} in {other.dims}D"
        raise StudyError(f"{real.root} and {synthetic.root}: found {found}, expected the same view and dimension")
    if one.digest == other.digest:
        raise StudyError(f"{synthetic.root}: found the scans of {real.root}, expected synthetic ones")


def _one_shape(scans: list[Scan]) -> tuple[int, int, int]:
    shapes = {_stack(scan.pixels).shape for scan in scans}
    if len(shapes) > 1:
        raise StudyError(f"found scans of shapes {sorted(shapes)}, expected one: the shape would tell the kind")
    slices, rows, columns = next(iter(shapes))
    return slices, rows, columns


def _stack(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    return pixels if pixels.ndim == 3 else pixels[None]
