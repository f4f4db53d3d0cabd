"""How well N4 finds the phantom's true bias field, on full-view images and volumes.

    python benchmarks/n4.py [--seed 2026] [--images 12] [--volumes 2]

For each field strength: the correlation of the estimated log-field with the true one inside the body, and the standard
deviation of what is left of it, as a share of the original's: median, and the worst of all. N4's parameters were
chosen on seeds 101 and 102; report on others.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.phantom.patient import draw_exam
from synthuterus_bench.cohorts.phantom.population import SAMPLE
from synthuterus_bench.cohorts.phantom.presets import Member, Priors
from synthuterus_bench.cohorts.phantom.render import SLICE_MM, SLICES, Exam, render
from synthuterus_bench.prep.intensity import body_mask
from synthuterus_bench.prep.n4 import IMAGE, N4Settings, correct
from synthuterus_bench.repro import stream
from synthuterus_bench.vocab import CLASSES, FIELD_STRENGTHS, Split, View

MIDDLE = [11]


@dataclass(frozen=True)
class Case:
    """A magnitude image or volume and the natural logarithm of its true field."""

    image: NDArray[np.float32]
    log_field: NDArray[np.float32]
    spacing_mm: tuple[float, ...]


@dataclass(frozen=True)
class Score:
    """``correlation`` with the true log-field and ``residual`` standard deviation as a share of the original's."""

    correlation: float
    residual: float
    seconds: float


def exams(seed: int, strength: float) -> Iterator[tuple[int, Exam]]:
    """Patients of a sample of the phantom, those of one field strength."""
    for index in range(10_000):
        exam = draw_exam(Member(SAMPLE, index, Split.TRAIN, CLASSES[index % len(CLASSES)], Priors()), seed)
        if exam.protocol.field_strength == strength:
            yield index, exam


def draw(seed: int, index: int, exam: Exam, slices: list[int]) -> Case:
    """The full view of one patient: one slice as an image, or several as a volume."""
    noise = [stream(seed, SAMPLE, "slice", index, number) for number in slices]
    planes = [*render(exam, View.FULL, slices, stream(seed, SAMPLE, "shape", index), noise)]
    image, field = (np.stack([getattr(plane, name) for plane in planes]) for name in ("image", "field"))
    if len(slices) == 1:
        return Case(image[0], np.log(field[0]), (1.0, 1.0))
    return Case(image, np.log(field), (SLICE_MM, 1.0, 1.0))


def score(case: Case, settings: N4Settings) -> Score:
    """Estimate and compare, inside the body as preparation finds it."""
    stack = case.image if case.image.ndim == 3 else case.image[None]
    body = body_mask(stack, "phantom").reshape(case.image.shape)
    begun = time.perf_counter()
    found = correct(case.image, case.spacing_mm, body, settings, "phantom").log_field[body]
    true = case.log_field[body]
    seconds = time.perf_counter() - begun
    return Score(float(np.corrcoef(found, true)[0, 1]), float(np.std(true - found) / np.std(true)), seconds)


def scores(seed: int, strength: float, count: int, settings: N4Settings, slices: list[int]) -> list[Score]:
    """Scores of ``count`` patients of one field strength."""
    return [
        score(draw(seed, index, exam, slices), settings)
        for (index, exam), _ in zip(exams(seed, strength), range(count), strict=False)
    ]


def line(name: str, found: list[Score]) -> str:
    """One row of the table."""
    correlation, residual, seconds = (np.array([getattr(one, key) for one in found]) for key in Score.__annotations__)
    return (
        f"{name}  correlation {np.median(correlation):.3f} (worst {correlation.min():.3f})"
        f"  residual {np.median(residual):.3f} (worst {residual.max():.3f})  {np.median(seconds):.2f} s"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--images", type=int, default=12, help="patients a field strength, one image each")
    parser.add_argument("--volumes", type=int, default=2, help="patients a field strength, one volume each")
    asked = parser.parse_args()
    for strength in FIELD_STRENGTHS:
        print(line(f"{strength:>4} T images ", scores(asked.seed, strength, asked.images, IMAGE, MIDDLE)), flush=True)
        if asked.volumes:
            found = scores(asked.seed, strength, asked.volumes, N4Settings(), [*range(SLICES)])
            print(line(f"{strength:>4} T volumes", found), flush=True)


if __name__ == "__main__":
    main()
