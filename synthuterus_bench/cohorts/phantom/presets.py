"""Phantom populations: who is in them and how they are scanned. The presets are frozen (:mod:`.frozen`).

``phantom-v1``: classes in equal parts, field strengths 0.55 / 1.5 / 3 T as 15 / 50 / 35 %, TSE to HASTE as 70 to 30 %,
Siemens to Philips as 65 to 35 %, contrast agent in 15 %, one examination a patient, no lesions.

``phantom-hospital-v1``: 267 patients to train and validate on, as a hospital has them: of the classes 66 / 9 / 18 / 7 %
(84 % anteflexed as in published series, a quarter retroverted; the joint table is an assumption), field strengths
20 / 45 / 35 %, one patient in four examined twice or more. Its test patients are those of ``phantom-v1``.

All shares are assumptions.
"""

from dataclasses import dataclass

import numpy as np

from synthuterus_bench.cohorts.record import Dims
from synthuterus_bench.repro import stream
from synthuterus_bench.vocab import CLASSES, FIELD_STRENGTHS, Orientation, PresetName, Sequence, Split, Vendor

CENTRAL = (11, 12, 10, 13)
"""Slices of a volume of 24 from the middle outwards: 2 and 6 mm from the midline."""


@dataclass(frozen=True, slots=True)
class Priors:
    """Shares. ``classes`` is ``None`` for equal parts in turn; ``sessions`` are the shares of 1, 2, 3 examinations."""

    classes: tuple[float, ...] | None = None
    fields: tuple[float, ...] = (0.15, 0.50, 0.35)
    haste: float = 0.30
    philips: float = 0.35
    contrast: float = 0.15
    sessions: tuple[float, ...] = (1.0,)
    lesions: bool = False

    def draw_scanner(self, rng: np.random.Generator) -> tuple[float, Sequence, Vendor, bool]:
        """Field strength, sequence, vendor, contrast agent."""
        field = float(rng.choice(FIELD_STRENGTHS, p=self.fields))
        sequence = Sequence.HASTE if rng.random() < self.haste else Sequence.TSE
        vendor = Vendor.PHILIPS if rng.random() < self.philips else Vendor.SIEMENS
        return field, sequence, vendor, bool(rng.random() < self.contrast)


@dataclass(frozen=True, slots=True)
class Member:
    """One patient's place in a cohort; ``population`` names her random streams and ``priors`` how she is scanned."""

    population: str
    index: int
    split: Split
    orientation: Orientation
    priors: Priors = Priors()
    sessions: int = 1


@dataclass(frozen=True)
class Preset:
    """A population: patients by split for images, and for volumes, which are the first of those."""

    name: PresetName
    priors: Priors
    patients: dict[Split, int]
    volumes: dict[Split, int]
    test_of: PresetName | None = None


PRESETS = {
    PresetName.V1: Preset(
        PresetName.V1,
        Priors(),
        {Split.TRAIN: 2000, Split.VALIDATION: 200, Split.TEST: 800},
        {Split.TRAIN: 200, Split.VALIDATION: 40, Split.TEST: 80},
    ),
    PresetName.HOSPITAL_V1: Preset(
        PresetName.HOSPITAL_V1,
        Priors(classes=(0.66, 0.09, 0.18, 0.07), fields=(0.20, 0.45, 0.35), sessions=(0.75, 0.18, 0.07)),
        {Split.TRAIN: 227, Split.VALIDATION: 40},
        {Split.TRAIN: 160, Split.VALIDATION: 40},
        test_of=PresetName.V1,
    ),
}


def preset_members(name: PresetName, dims: Dims, seed: int) -> list[Member]:
    """Everybody in a preset, in order of splits."""
    preset = PRESETS[name]
    own = _own_members(preset, dims, seed)
    if preset.test_of:
        own += [one for one in preset_members(preset.test_of, dims, seed) if one.split is Split.TEST]
    return own


def _own_members(preset: Preset, dims: Dims, seed: int) -> list[Member]:
    people, start = [], 0
    for split, count in preset.patients.items():
        taken = count if dims == 2 else preset.volumes[split]
        people += [_member(preset, start + index, split, seed) for index in range(taken)]
        start += count
    return people


def _member(preset: Preset, index: int, split: Split, seed: int) -> Member:
    priors, rng = preset.priors, stream(seed, preset.name, "member", index)
    number = index % len(CLASSES) if priors.classes is None else int(rng.choice(len(CLASSES), p=priors.classes))
    sessions = 1 + int(rng.choice(len(priors.sessions), p=priors.sessions))
    return Member(preset.name, index, split, CLASSES[number], priors, sessions)
