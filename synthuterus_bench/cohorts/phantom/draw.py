"""Drawing one member of a cohort: the scans of every examination, as rows of the schema."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.phantom.lesions import largest_figo
from synthuterus_bench.cohorts.phantom.patient import draw_exam
from synthuterus_bench.cohorts.phantom.presets import CENTRAL, Member
from synthuterus_bench.cohorts.phantom.render import SLICE_MM, SLICES, Exam, Slice, place_of, render
from synthuterus_bench.cohorts.phantom.truth import angles_at
from synthuterus_bench.cohorts.record import Dims, Scan
from synthuterus_bench.cohorts.window import to_window
from synthuterus_bench.repro import stream
from synthuterus_bench.vocab import View


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
