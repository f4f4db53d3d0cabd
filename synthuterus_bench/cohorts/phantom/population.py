"""Phantom cohorts: drawn by preset, or as a smaller sample of the same population.

The same seed gives the same bytes with any number of workers and on any processor.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.phantom.lesions import largest_figo
from synthuterus_bench.cohorts.phantom.patient import draw_exam
from synthuterus_bench.cohorts.phantom.presets import CENTRAL, Member, Priors, preset_members
from synthuterus_bench.cohorts.phantom.render import SLICE_MM, SLICES, Exam, Slice, place_of, render
from synthuterus_bench.cohorts.phantom.truth import angles_at
from synthuterus_bench.cohorts.record import Dims, Manifest, Scan
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.window import to_window
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import UsageError
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import staged_folder, stream
from synthuterus_bench.vocab import CLASSES, PresetName, Split, View
from synthuterus_bench.workers import map_in_order

SAMPLE = "phantom-v1 sample"
"""Names the streams of cohorts that are no preset, so that they never share a patient with one."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn of every member: the view, images (2) of so many central slices, or volumes (3)."""

    seed: int = 0
    view: View = View.ROI
    dims: Dims = 2
    slices: int = len(CENTRAL)

    @property
    def indices(self) -> list[int]:
        """Slices of the 24 of a volume, from the patient's left to right."""
        return [*range(SLICES)] if self.dims == 3 else sorted(CENTRAL[: self.slices])


def draw_scans(member: Member, drawing: Drawing) -> list[Scan]:
    """All examinations of one member, each image or volume z-scored by itself and stored by the fixed window."""
    return [scan for session in range(member.sessions) for scan in _session(member, drawing, session)]


def _session(member: Member, drawing: Drawing, session: int) -> list[Scan]:
    exam, name, key = draw_exam(member, drawing.seed, session), member.population, (member.index, session)
    shape = stream(drawing.seed, name, "shape", *key)
    noise = [stream(drawing.seed, name, "slice", *key, index) for index in drawing.indices]
    slices = [*render(exam, drawing.view, drawing.indices, shape, noise)]
    if drawing.dims == 3:
        return [_scan(member, drawing, session, exam, slices, None)]
    return [
        _scan(member, drawing, session, exam, [one], index) for index, one in zip(drawing.indices, slices, strict=True)
    ]


def _scan(member: Member, drawing: Drawing, session: int, exam: Exam, slices: list[Slice], index: int | None) -> Scan:
    image, labels = (np.stack([getattr(one, name) for one in slices]) for name in ("image", "labels"))
    z = exam.anatomy.uterus.plane if index is None else place_of(index)
    angles, protocol = angles_at(exam.anatomy, exam.layout, z), exam.protocol
    pixels = to_window(standardise(image, labels > 0))
    scan_id = f"{member.split}-{member.index:05d}" + (f"-{session}" if member.sessions > 1 else "")
    return Scan(
        scan_id=scan_id if index is None else f"{scan_id}-s{index:02d}",
        patient_id=f"{member.population.replace(' ', '-')}-{drawing.seed}-{member.index:05d}",
        pixels=pixels if index is None else pixels[0],
        mask=labels if index is None else labels[0],
        spacing_mm=(SLICE_MM, 1.0, 1.0) if index is None else (1.0, 1.0),
        split=member.split,
        source=member.population.split()[0],
        view=drawing.view,
        orientation=member.orientation,
        field_strength=protocol.field_strength,
        vendor=protocol.vendor,
        sequence=protocol.sequence,
        contrast=protocol.contrast,
        session=str(session + 1),
        slice_mm=None if index is None else z,
        version_deg=angles.version_deg,
        flexion_deg=angles.flexion_deg,
        angle_basis="drawn",
        orientation_confidence=1.0,
        figo=largest_figo(exam.anatomy.lesions),
    )


def standardise(image: NDArray[np.float32], body: NDArray[np.bool_]) -> NDArray[np.float32]:
    """z-score inside the body."""
    inside = image[body].astype(np.float64)
    return ((image - inside.mean()) / inside.std()).astype(np.float32)


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
    with staged_folder(out) as folder:
        writer = CohortWriter(folder, manifest)
        drawn = _draw_all(people, drawing, workers)
        for batch in track(drawn, "drawing phantom patients", len(people)):
            for scan in batch:
                writer.add(scan)
        cohort = writer.close()
    return Cohort(out, cohort.manifest)


def _draw_all(people: list[Member], drawing: Drawing, workers: int) -> Iterator[list[Scan]]:
    draw = partial(draw_scans, drawing=drawing)
    if workers == 1:
        yield from map(draw, people)
    else:
        yield from map_in_order(draw, people, workers)
