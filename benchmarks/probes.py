"""What a hidden uterus still tells: a slim ResNet on whole pictures, on those with a disc over it, or its silhouette.

    OMP_NUM_THREADS=1 python benchmarks/probes.py COHORT

COHORT is a prepared cohort of the ROI, ``phantom-v1`` in the documentation; the first 480 training and 240 test images
are taken. The disc is that of the suite's probe; the silhouette is the drawn uterus, dilated by as many pixels. Prints
JSON: macro-F1, its 95 % interval over patients, AUC. Takes about two minutes on one core.
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.downstream.jobs import supervised
from synthuterus_bench.downstream.probes import hide_uterus, keep_border
from synthuterus_bench.downstream.regimes import Labelled
from synthuterus_bench.downstream.scores import make_panel, score
from synthuterus_bench.downstream.training import Recipe
from synthuterus_bench.nets.segmenter import load_localiser
from synthuterus_bench.prep.localise import draw, largest_piece
from synthuterus_bench.vocab import CLASSES, Split

LEARN, TEST, MARGIN, FRAME = 480, 240, 6, 16
RECIPE = Recipe("slim-resnet", side=64, epochs=14, learning_rate=3e-3)
Pixels = NDArray[np.uint16]


def first(cohort: Cohort, split: Split, count: int) -> Labelled:
    """The first images of a split that have a class."""
    scans = [scan for scan in islice(cohort.scans(split), count) if scan.orientation in CLASSES]
    labels = np.array([CLASSES.index(scan.orientation) for scan in scans])
    units = np.unique([scan.patient_id or scan.scan_id for scan in scans], return_inverse=True)[1]
    pixels = np.stack([scan.pixels for scan in scans]).astype(np.uint16)
    return Labelled(pixels, np.empty((len(scans), 0)), labels, units)


def silhouettes(pixels: Pixels) -> Pixels:
    """The drawn uterus, dilated, filled with the median of the rest."""
    localiser, made = load_localiser(), []
    for image in pixels:
        shape = ndimage.binary_dilation(largest_piece(draw(localiser(from_window(image)[None])))[0], iterations=MARGIN)
        made.append(np.where(shape, np.uint16(np.median(image[~shape])), image))
    return np.stack(made)


def learned(learn: Labelled, test: Labelled, change: Callable[[Pixels], Pixels]) -> dict[str, float]:
    """Scores on changed pictures after learning from changed pictures."""
    sets = [Labelled(change(part.pixels), part.features, part.labels, part.units) for part in (learn, test)]
    rng = np.random.default_rng(0)
    panel = make_panel(test.labels, test.units, len(CLASSES), resamples=1000, rng=rng)
    scored = score(panel, supervised(*sets, len(CLASSES), RECIPE, seed=0)[None])
    low, high = scored.f1.interval(None)
    values = {"macro-f1": scored.f1.value(None), "low": low, "high": high, "auc": scored.auc.value(None)}
    return {name: round(value, 3) for name, value in values.items()}


def main() -> None:
    """Print the scores of every change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cohort", type=Path)
    cohort = load_cohort(parser.parse_args().cohort)
    learn, test = first(cohort, Split.TRAIN, LEARN), first(cohort, Split.TEST, TEST)
    changes: dict[str, Callable[[Pixels], Pixels]] = {
        "whole": np.asarray,
        "disc": partial(hide_uterus, localiser=load_localiser(), margin=MARGIN),
        "silhouette": silhouettes,
        "border": partial(keep_border, frame=FRAME),
    }
    print(json.dumps({name: learned(learn, test, change) for name, change in changes.items()}, indent=2))


if __name__ == "__main__":
    main()
