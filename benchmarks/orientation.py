"""How well position is measured on masks: class, version and flexion of phantoms against the truth of their pictures.

    python benchmarks/orientation.py [--patients 1000] [--seed 7] [--lesions] [--preset] [--plot CONFUSION.png]

The patients are a sample of the population, or with --preset the test patients of phantom-v1. Of each patient's two
central slices the one with most of the cavity is measured: with all labels, with those of UMD (wall, cavity, lesions),
and with those of a localiser (no vagina, no junctional zone). The method was tuned on seeds from 900 up. Prints JSON.
"""

import argparse
import json
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.phantom.draw import Drawing, draw_scans
from synthuterus_bench.cohorts.phantom.population import SAMPLE
from synthuterus_bench.cohorts.phantom.presets import Member, Priors, preset_members
from synthuterus_bench.cohorts.position.orientation import Measured, measure
from synthuterus_bench.cohorts.position.sagittal import extent
from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.repro import write_atomic
from synthuterus_bench.vocab import CLASSES, LESIONS, Label, Orientation, PresetName, Split, View

KEPT: dict[str, dict[Label, Label]] = {
    "all labels": {label: label for label in Label},
    "wall and cavity": {
        Label.MYOMETRIUM: Label.MYOMETRIUM,
        Label.CERVIX: Label.MYOMETRIUM,
        Label.JUNCTIONAL_ZONE: Label.ENDOMETRIUM,
        Label.ENDOMETRIUM: Label.ENDOMETRIUM,
        **{lesion: lesion for lesion in LESIONS},
    },
    "no vagina": {
        Label.JUNCTIONAL_ZONE: Label.MYOMETRIUM,
        **{
            label: label
            for label in (Label.MYOMETRIUM, Label.ENDOMETRIUM, Label.CERVIX, Label.BLADDER, Label.RECTUM, *LESIONS)
        },
    },
}
"""Labels as they stay in each case; the others become background."""

PERCENTILES = (50, 90, 99, 100)
CONFIDENCE = (0, 0.5, 0.7, 0.85, 0.95, 1.01)


def relabelled(mask: NDArray[np.uint8], kept: dict[Label, Label]) -> NDArray[np.uint8]:
    """A mask with some of its labels changed, and the rest dropped."""
    table = np.zeros(len(Label), np.uint8)
    table[[*kept]] = [*kept.values()]
    return table[mask]


def members(options: argparse.Namespace) -> tuple[list[Member], int]:
    """Who is measured, classes in turn, and the seed of their population."""
    if options.preset:
        everybody = preset_members(PresetName.V1, 2, 0)
        return [one for one in everybody if one.split is Split.TEST][: options.patients], 0
    priors = Priors(lesions=options.lesions)
    people = [Member(SAMPLE, i, Split.TEST, CLASSES[i % len(CLASSES)], priors) for i in range(options.patients)]
    return people, options.seed


def mid_slice(member: Member, seed: int) -> Scan:
    """The slice of a patient that shows most of the cavity."""
    drawn = draw_scans(member, Drawing(seed, View.ROI, 2, 2))
    return max(drawn, key=lambda scan: extent(scan.mask, scan.spacing_mm))


def figures(scans: list[Scan], found: list[Measured]) -> dict[str, Any]:
    """Accuracy, confusion (true class: measured class: patients), errors by class, confidence."""
    right = np.array([one.orientation is scan.orientation for scan, one in zip(scans, found, strict=True)])
    confusion = {str(name): Counter[str]() for name in CLASSES}
    for scan, one in zip(scans, found, strict=True):
        confusion[scan.orientation][str(one.orientation)] += 1
    confidence = np.array([one.confidence for one in found])
    return {
        "class_accuracy": float(right.mean()),
        "not_measured": sum(one.reason is not None for one in found),
        "measured_against": Counter(str(one.basis) for one in found),
        "confusion": confusion,
        "errors_deg": {name: errors(scans, found, name) for name in ("version_deg", "flexion_deg")},
        "right_by_confidence": {
            f"{low:g} to {high:g}": {"share": float(within.mean()), "right": float(right[within].mean())}
            for low, high in pairwise(CONFIDENCE)
            if (within := (confidence >= low) & (confidence < high)).any()
        },
    }


def errors(scans: list[Scan], found: list[Measured], name: str) -> dict[str, Any]:
    """Percentiles of the size of an angle's error, its mean and standard deviation, and the mean by class."""
    pairs = [(scan, one) for scan, one in zip(scans, found, strict=True) if one.reason is None]
    error = np.array([getattr(one, name) - getattr(scan, name) for scan, one in pairs])
    error = (error + 180) % 360 - 180
    true = np.array([scan.orientation for scan, _ in pairs])
    return {
        "percentiles": {str(q): round(float(np.percentile(np.abs(error), q)), 2) for q in PERCENTILES},
        "mean": round(float(error.mean()), 2),
        "sd": round(float(error.std()), 2),
        "median_by_class": {str(one): round(float(np.median(np.abs(error[true == one]))), 2) for one in CLASSES},
        "mean_by_class": {str(one): round(float(error[true == one].mean()), 2) for one in CLASSES},
    }


def judge(scans: list[Scan], kept: dict[Label, Label]) -> dict[str, Any]:
    """One case: masks relabelled, measured, compared."""
    masks = [relabelled(scan.mask, kept) for scan in scans]
    start = time.process_time()
    found = [measure(mask, scan.spacing_mm) for mask, scan in zip(masks, scans, strict=True)]
    milliseconds = 1000 * (time.process_time() - start) / len(scans)
    return figures(scans, found) | {"ms_per_mask": round(milliseconds, 1)}


def plot(confusions: dict[str, dict[str, Counter[str]]], path: Path) -> None:
    """Confusion matrices side by side as PNG."""
    from io import BytesIO

    from matplotlib.figure import Figure

    columns = [*CLASSES, Orientation.AMBIGUOUS]
    figure = Figure((4.2 * len(confusions), 4), layout="constrained")
    for panel, (name, counts) in zip(np.ravel(figure.subplots(1, len(confusions))), confusions.items(), strict=True):
        table = np.array([[counts[true][str(found)] for found in columns] for true in CLASSES])
        panel.imshow(table, cmap="Blues")
        for (row, column), count in np.ndenumerate(table):
            panel.text(column, row, str(count), ha="center", color="white" if count > table.max() / 2 else "black")
        panel.set_xticks(range(len(columns)), columns, rotation=30)
        panel.set_yticks(range(len(CLASSES)), CLASSES)
        panel.set_title(name)
    file = BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    write_atomic(path, file.getvalue())


def main() -> None:
    """Draw, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--lesions", action="store_true")
    parser.add_argument("--preset", action="store_true")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    people, seed = members(options)
    scans = [mid_slice(member, seed) for member in people]
    results = {name: judge(scans, kept) for name, kept in KEPT.items()}
    who = {"patients": len(people), "population": people[0].population, "seed": seed, "lesions": options.lesions}
    print(json.dumps(who | results, indent=2))
    if options.plot:
        plot({name: result["confusion"] for name, result in results.items()}, options.plot)


if __name__ == "__main__":
    main()
