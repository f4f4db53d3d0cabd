"""Phantom cohorts: who is in them, and how they are drawn and stored.

``phantom-v0``: classes in equal parts, field strengths 0.55 / 1.5 / 3 T as 15 / 50 / 35 %, TSE to HASTE as 70 to 30 %,
Siemens to Philips as 65 to 35 %, two slices a patient 2 mm to either side of the
midline; as the phantom is symmetric, they share one anatomy and differ in noise and bias field. All of these are
assumptions. The same seed gives the same bytes on one kind of CPU; on another, a few pixels differ by one quantum.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.cuts import classify
from synthuterus_bench.cohorts.phantom.anatomy import MARGIN_DEG, Anatomy, draw_anatomy
from synthuterus_bench.cohorts.phantom.curves import Centreline, centreline
from synthuterus_bench.cohorts.phantom.render import Patient, render_slices
from synthuterus_bench.cohorts.phantom.signal import draw_protocol, draw_signals
from synthuterus_bench.cohorts.record import Manifest, Scan
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.window import to_window
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import UsageError
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import staged_folder, stream
from synthuterus_bench.vocab import CLASSES, FIELD_STRENGTHS, Orientation, Sequence, Split, Vendor, View
from synthuterus_bench.workers import map_in_order

PRESET = "phantom-v0"
SLICE_OFFSETS = (-2.0, 2.0)
FIELD_SHARES = (0.15, 0.50, 0.35)
HASTE_SHARE, PHILIPS_SHARE = 0.30, 0.35


@dataclass(frozen=True, slots=True)
class Member:
    """One patient's place in a cohort."""

    index: int
    split: Split
    orientation: Orientation


def draw_patient(seed: int, index: int, orientation: Orientation) -> Patient:
    """Patient ``index`` of the population ``seed``; drawn again until its measured angles lie inside its class."""
    rng = stream(seed, PRESET, "patient", index)
    field = float(rng.choice(FIELD_STRENGTHS, p=FIELD_SHARES))
    sequence = Sequence.HASTE if rng.random() < HASTE_SHARE else Sequence.TSE
    vendor = Vendor.PHILIPS if rng.random() < PHILIPS_SHARE else Vendor.SIEMENS
    protocol = draw_protocol(rng, field, sequence, vendor)
    signals = draw_signals(rng, protocol)
    anatomy, line = _inside_class(rng, orientation)
    return Patient(anatomy, line, protocol, signals)


def _inside_class(rng: np.random.Generator, orientation: Orientation) -> tuple[Anatomy, Centreline]:
    while True:
        anatomy = draw_anatomy(rng, orientation)
        line = centreline(anatomy.uterus)
        if classify(line.version_deg, line.flexion_deg, MARGIN_DEG) is orientation:
            return anatomy, line


def draw_scans(member: Member, seed: int, view: View) -> list[Scan]:
    """The slices of one member, z-scored each by itself and stored by the fixed window."""
    patient = draw_patient(seed, member.index, member.orientation)
    shape = stream(seed, PRESET, "shape", member.index)
    noise = [stream(seed, PRESET, "noise", member.index, k) for k in range(len(SLICE_OFFSETS))]
    slices = render_slices(patient, view, [*SLICE_OFFSETS], shape, noise)
    return [
        Scan(
            scan_id=f"{member.split}-{member.index:05d}-{k}",
            patient_id=f"phantom-{seed}-{member.index:05d}",
            pixels=to_window(standardise(drawn.image, drawn.labels > 0)),
            mask=drawn.labels,
            spacing_mm=(1.0, 1.0),
            split=member.split,
            source=PRESET,
            view=view,
            orientation=member.orientation,
            field_strength=patient.protocol.field_strength,
            vendor=patient.protocol.vendor,
            sequence=patient.protocol.sequence,
            contrast=False,
            version_deg=patient.line.version_deg,
            flexion_deg=patient.line.flexion_deg,
        )
        for k, drawn in enumerate(slices)
    ]


def standardise(image: NDArray[np.float32], body: NDArray[np.bool_]) -> NDArray[np.float32]:
    """z-score inside the body."""
    inside = image[body].astype(np.float64)
    return ((image - inside.mean()) / inside.std()).astype(np.float32)


def members(scans: int, train: float = 0.6, validation: float = 0.1) -> list[Member]:
    """The patients of a cohort of ``scans`` images, classes in turn, so that every split is balanced.

    Raises:
        UsageError: too few scans to give every split one patient a class.
    """
    patients = scans // len(SLICE_OFFSETS)
    rounds = patients // len(CLASSES)
    if rounds < 3 or scans % (len(SLICE_OFFSETS) * len(CLASSES)):
        least, step = 3 * len(SLICE_OFFSETS) * len(CLASSES), len(SLICE_OFFSETS) * len(CLASSES)
        raise UsageError(f"--scans {scans}: expected a multiple of {step}, at least {least}")
    held = max(1, round(rounds * validation)), max(1, round(rounds * (1 - train - validation)))
    order = [Split.TRAIN] * (rounds - sum(held)) + [Split.VALIDATION] * held[0] + [Split.TEST] * held[1]
    return [Member(i, order[i // len(CLASSES)], CLASSES[i % len(CLASSES)]) for i in range(rounds * len(CLASSES))]


def draw_cohort(
    out: Path,
    *,
    scans: int,
    view: View = View.ROI,
    seed: int = 0,
    train: float = 0.6,
    workers: int = 1,
    track: Track = silent,
) -> Cohort:
    """Draw a phantom cohort into the new folder ``out``: train, validation and test by patient.

    The same arguments give the same bytes with any number of ``workers``.

    Raises:
        UsageError: ``scans`` does not divide into patients and classes.
        DataError: ``out`` holds something already.
    """
    people = members(scans, train)
    manifest = Manifest(
        name=PRESET, view=view, dims=2, intensity="window", splits={}, digest="", preset=PRESET, seed=seed
    )
    with staged_folder(out) as folder:
        writer = CohortWriter(folder, manifest)
        drawn = _draw_all(people, seed, view, workers)
        for batch in track(drawn, "drawing phantom patients", len(people)):
            for scan in batch:
                writer.add(scan)
        cohort = writer.close()
    return Cohort(out, cohort.manifest)


def _draw_all(people: list[Member], seed: int, view: View, workers: int) -> Iterator[list[Scan]]:
    draw = partial(draw_scans, seed=seed, view=view)
    if workers == 1:
        yield from map(draw, people)
    else:
        yield from map_in_order(draw, people, workers)
