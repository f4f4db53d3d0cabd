"""Phantom cohorts: drawn by preset, or as a smaller sample of the same population.

The same seed gives the same bytes with any number of workers, after any number of interruptions and on any processor.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from synthuterus_bench.cohorts.phantom.draw import Drawing
from synthuterus_bench.cohorts.phantom.pieces import draw_pieces
from synthuterus_bench.cohorts.phantom.presets import Member, Priors, preset_members
from synthuterus_bench.cohorts.record import Dims, Manifest
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import UsageError
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import staged_folder
from synthuterus_bench.vocab import CLASSES, PresetName, Split, View

SAMPLE = "phantom-v1 sample"
"""Names the streams of cohorts that are no preset, so that they never share a patient with one."""


def sample_members(
    scans: int, per_patient: int, train: float = 0.6, validation: float = 0.1, lesions: bool = False
) -> list[Member]:
    """The patients of a cohort of ``scans`` rows, classes in turn, so that every split is balanced.

    Raises:
        UsageError: too few scans to give every split one patient a class.
    """
    step = per_patient * len(CLASSES)
    rounds = scans // step
    if rounds < 3 or scans % step:
        raise UsageError(f"--scans {scans}: expected a multiple of {step}, at least {3 * step}")
    held = max(1, round(rounds * validation)), max(1, round(rounds * (1 - train - validation)))
    order = [Split.TRAIN] * (rounds - sum(held)) + [Split.VALIDATION] * held[0] + [Split.TEST] * held[1]
    priors = Priors(lesions=lesions)
    return [
        Member(SAMPLE, i, order[i // len(CLASSES)], CLASSES[i % len(CLASSES)], priors)
        for i in range(rounds * len(CLASSES))
    ]


def draw_cohort(
    out: Path,
    *,
    scans: int,
    view: View = View.ROI,
    seed: int = 0,
    train: float = 0.6,
    slices: int = 2,
    dims: Dims = 2,
    lesions: bool = False,
    workers: int = 1,
    track: Track = silent,
) -> Cohort:
    """Draw a sample of the population of ``phantom-v1`` into the new folder ``out``, split by patient.

    Args:
        slices: central slices a patient (1 to 4) that become images; volumes are whole.
        lesions: whether myomas and cysts grow.

    Raises:
        UsageError: ``scans`` does not divide into patients and classes.
        DataError: ``out`` holds something already.
    """
    people = sample_members(scans, slices if dims == 2 else 1, train, lesions=lesions)
    return _write(out, people, Drawing(seed, view, dims, slices), PresetName.V1, workers, track)


def draw_preset(
    out: Path,
    name: PresetName,
    *,
    view: View = View.ROI,
    dims: Dims = 2,
    seed: int = 0,
    workers: int = 1,
    track: Track = silent,
) -> Cohort:
    """Draw a whole preset into the new folder ``out``; seed 0 is the frozen one.

    Raises:
        DataError: ``out`` holds something already.
    """
    return _write(out, preset_members(name, dims, seed), Drawing(seed, view, dims), name, workers, track)


def _write(out: Path, people: list[Member], drawing: Drawing, name: PresetName, workers: int, track: Track) -> Cohort:
    manifest = Manifest(
        name=name,
        view=drawing.view,
        dims=drawing.dims,
        intensity="window",
        splits={},
        digest="",
        preset=name,
        seed=drawing.seed,
    )
    work = out.absolute().with_name(f".{out.absolute().name}.work")
    with _kept_for_a_second_run(work), staged_folder(out) as folder:
        writer = CohortWriter(folder, manifest)
        for scan in draw_pieces(people, drawing, work, workers, track):
            writer.add(scan)
        writer.close()
    return load_cohort(out)


@contextmanager
def _kept_for_a_second_run(work: Path) -> Iterator[None]:
    """Remove the pieces once the whole is written; on an error keep them, but no empty folder."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            work.rmdir()
        raise
    shutil.rmtree(work, ignore_errors=True)
