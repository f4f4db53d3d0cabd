"""Real pictures to compare with: one of each patient, chosen at random, so that they are independent."""

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.rows import decode_row
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.generators.catalogue import ModelId
from synthuterus_bench.nets.condition import class_index
from synthuterus_bench.repro import stream
from synthuterus_bench.training.pictures import Pictures
from synthuterus_bench.vocab import CLASSES, Orientation, Split

Ints = NDArray[np.int64]


def one_a_patient(cohort: Cohort, split: Split, model: ModelId, count: int, seed: int = 0) -> Pictures:
    """At most ``count`` pictures, of volumes the middle slices; of a model that is told classes as many of each.

    Prompts are left empty.
    """
    return pictures_of(scans_of(cohort, split, model, count, seed))


def scans_of(cohort: Cohort, split: Split, model: ModelId, count: int, seed: int = 0) -> list[Scan]:
    """The scans that those pictures are of."""
    wanted = set(_chosen(cohort, split, model, count, seed).tolist())
    return [decode_row(row, cohort.manifest.dims) for i, row in enumerate(cohort.rows(split)) if i in wanted]


def pictures_of(scans: list[Scan]) -> Pictures:
    """Scans of as many patients as pictures."""
    pixels = [scan.pixels if scan.pixels.ndim == 2 else scan.pixels[len(scan.pixels) // 2] for scan in scans]
    return Pictures(
        np.stack(pixels).astype(np.uint16),
        None,
        np.array([class_index(scan.orientation) for scan in scans]),
        [""] * len(scans),
        np.arange(len(scans)),
    )


def _chosen(cohort: Cohort, split: Split, model: ModelId, count: int, seed: int) -> Ints:
    """Rows of a split, found without decoding any picture."""
    patients, orientations = _facts(cohort, split)
    order = stream(seed, "real", split).permutation(len(patients))
    first = order[np.sort(np.unique(patients[order], return_index=True)[1])]
    if not model.conditioning.by_class:
        return first[:count]
    names = [*Orientation]
    return np.concatenate([first[orientations[first] == names.index(one)][: count // len(CLASSES)] for one in CLASSES])


def _facts(cohort: Cohort, split: Split) -> tuple[NDArray[np.str_], Ints]:
    """Patient and orientation of every row."""
    import pyarrow.parquet as pq

    tables = [pq.read_table(path, columns=["patient_id", "orientation"]) for path in cohort.files(split)]
    patients = np.array([name for table in tables for name in table["patient_id"].to_pylist()])
    return patients, np.array([value for table in tables for value in table["orientation"].to_pylist()], np.int64)
