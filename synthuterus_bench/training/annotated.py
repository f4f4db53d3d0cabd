"""Which training scans count as annotated and which wait for pseudo-labels, read without the rest of the cohort."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.rows import decode_row
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import CohortError
from synthuterus_bench.repro import stream
from synthuterus_bench.vocab import UTERUS, Split


@dataclass(frozen=True, slots=True)
class Place:
    """Where a training scan is stored, whose it is, and whether a mask is there."""

    file: Path
    row: int
    patient: str
    masked: bool


@dataclass(frozen=True)
class Picture:
    """A slice as z-scores, and its labels; both (H, W)."""

    z: NDArray[np.float32]
    mask: NDArray[np.uint8]

    @property
    def uterus(self) -> tuple[int, int] | None:
        """Row and column in the middle of the uterus; ``None`` without one."""
        rows, columns = np.nonzero(np.isin(self.mask, UTERUS))
        return (round(float(rows.mean())), round(float(columns.mean()))) if len(rows) else None


def choose(cohort: Cohort, patients: int, pool: int, seed: int) -> tuple[list[Place], list[Place]]:
    """All scans of ``patients`` patients with masks, and up to ``pool`` scans of the other training patients.

    Both at random; masks of the second kind are never looked at.

    Raises:
        CohortError: not a prepared cohort, or fewer patients with masks.
    """
    if cohort.manifest.intensity != "window":
        raise CohortError(f"{cohort.root}: found an imported cohort, expected a prepared one (1 mm, z-scores)")
    places = list(_places(cohort, Split.TRAIN))
    names = list(dict.fromkeys(place.patient for place in places if place.masked))
    if len(names) < patients:
        raise CohortError(
            f"{cohort.root}: found {len(names)} training patients with masks, expected {patients}",
            f"give --set annotated={len(names)}" if names else None,
        )
    rng = stream(seed, "annotated patients")
    chosen = {names[index] for index in rng.choice(len(names), patients, replace=False)}
    others = [place for place in places if place.patient not in chosen]
    waiting = sorted(rng.permutation(len(others))[:pool])
    return [place for place in places if place.patient in chosen and place.masked], [others[i] for i in waiting]


def masked(cohort: Cohort, split: Split) -> list[Place]:
    """All scans of a split that have a mask."""
    return [place for place in _places(cohort, split) if place.masked]


def _places(cohort: Cohort, split: Split) -> Iterator[Place]:
    import pyarrow.parquet as pq

    for file in cohort.files(split):
        try:
            rows = pq.ParquetFile(file).read(columns=["scan_id", "patient_id", "mask.path"]).to_pylist()
        except (OSError, ValueError) as error:
            raise CohortError(f"{file}: not readable as Parquet ({' '.join(str(error).split())[:200]})") from None
        for index, row in enumerate(rows):
            yield Place(file, index, row["patient_id"] or row["scan_id"], row["mask"] is not None)


def read(cohort: Cohort, places: list[Place]) -> Iterator[Scan]:
    """The scans at ``places``, in stored order; one shard in memory at a time."""
    import pyarrow.parquet as pq

    for file, group in groupby(places, lambda place: place.file):
        rows = pq.read_table(file).take([place.row for place in group]).to_pylist()
        yield from (decode_row(row, cohort.manifest.dims) for row in rows)


def slices(scan: Scan) -> NDArray[np.float32]:
    """An image or a volume as z-scores (S, H, W)."""
    z = from_window(scan.pixels.astype(np.uint16))
    return z[None] if z.ndim == 2 else z


def pictures(scans: Iterator[Scan]) -> list[Picture]:
    """Annotated scans slice by slice.

    Raises:
        CohortError: no mask holds a uterus.
    """
    found = []
    for scan in scans:
        assert scan.mask is not None
        planes = slices(scan)
        found += [Picture(*pair) for pair in zip(planes, scan.mask.reshape(planes.shape), strict=True)]
    if not any(picture.uterus for picture in found):
        raise CohortError(f"found no uterus in the masks of {len(found)} pictures, expected labels of vocab.Label")
    return found
