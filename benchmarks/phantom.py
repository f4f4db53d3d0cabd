"""What the phantom costs and what its pictures give away: seconds an image, layout cues, bias field, signal ratios.

    OMP_NUM_THREADS=1 python benchmarks/phantom.py

Ridge regression on 16 x 16 pixels from 200 images should know little of the position, a slim ResNet from 2,000 images
nearly all: then position is learnable, and not from the layout alone. Patients are samples that no preset holds.
Prints JSON; takes about five minutes on one core.
"""

import json
import platform
import time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from synthuterus_bench.cohorts.phantom.draw import Drawing, draw_scans
from synthuterus_bench.cohorts.phantom.patient import draw_exam
from synthuterus_bench.cohorts.phantom.population import SAMPLE
from synthuterus_bench.cohorts.phantom.presets import Member
from synthuterus_bench.cohorts.phantom.render import render
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.downstream.training import Recipe, predict, shrink, train_classifier
from synthuterus_bench.repro import stream
from synthuterus_bench.vocab import CLASSES, FIELD_STRENGTHS, Split, View

SEED, LEARN, TEST, FEW, DRAWS = 78, 2000, 600, 200, 20


def member(index: int) -> Member:
    """Patient ``index``, classes in turn."""
    return Member(SAMPLE, index, Split.TRAIN, CLASSES[index % len(CLASSES)])


def seconds(drawing: Drawing, patients: int) -> float:
    """Core-seconds for one image or volume."""
    start = time.process_time()
    rows = sum(len(draw_scans(member(index), drawing)) for index in range(patients))
    return (time.process_time() - start) / rows


def ridge_accuracy(pixels: NDArray[np.uint16], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Mean and standard deviation over draws of 200 training images, 50 a class."""
    from sklearn.linear_model import RidgeClassifierCV

    small = from_window(pixels).reshape(len(pixels), 16, 8, 16, 8).mean((2, 4)).reshape(len(pixels), -1)
    scores = []
    for draw in range(DRAWS):
        order = stream(SEED, "ridge", draw).permutation(len(labels))
        learn = np.concatenate([order[labels[order] == k][: FEW // len(CLASSES)] for k in range(len(CLASSES))])
        test = np.setdiff1d(order, learn)
        model = RidgeClassifierCV(np.logspace(-2, 5, 15)).fit(small[learn], labels[learn])
        scores.append(model.score(small[test], labels[test]))
    return float(np.mean(scores)), float(np.std(scores))


def resnet_accuracy(pixels: NDArray[np.uint16], labels: NDArray[np.int64]) -> float:
    """A slim ResNet at 64 x 64, 20 epochs."""
    net = train_classifier(
        shrink(pixels[:LEARN], 64), labels[:LEARN], len(CLASSES), Recipe("slim-resnet", 64, 20, 3e-3), seed=0
    )
    return float((predict(net, shrink(pixels[LEARN:], 64)) == labels[LEARN:]).mean())


def bias_fields(patients: int = 90) -> dict[str, Any]:
    """1st and 99th percentile of the true field around its median, inside the body, means over patients."""
    found: dict[float, list[tuple[float, float]]] = {field: [] for field in FIELD_STRENGTHS}
    for index in range(patients):
        exam = draw_exam(member(index), SEED)
        streams = [stream(SEED, "bias", name, index) for name in ("shape", "slice")]
        drawn = next(render(exam, View.FULL, [12], streams[0], streams[1:]))
        inside = drawn.field[drawn.labels > 0]
        low, high = np.percentile(inside / np.median(inside), (1, 99))
        found[exam.protocol.field_strength].append((float(low), float(high)))
    return {f"{field:g} T": [round(float(x), 2) for x in np.mean(pairs, 0)] for field, pairs in found.items()}


def main() -> None:
    """Measure everything and print it."""
    torch.set_num_threads(1)
    cost = {
        f"{view} {dims}D": seconds(Drawing(SEED, view, dims), 24 if dims == 2 else 3)
        for view in View
        for dims in (2, 3)
    }
    scans = [draw_scans(member(index), Drawing(SEED, View.ROI, 2, 1))[0] for index in range(LEARN + TEST)]
    pixels = np.stack([scan.pixels for scan in scans]).astype(np.uint16)
    labels = np.array([CLASSES.index(scan.orientation) for scan in scans], np.int64)
    mean, spread = ridge_accuracy(pixels, labels)
    found = {
        "core-seconds a row": {name: round(value, 4) for name, value in cost.items()},
        "core-seconds for 800 ROI images": round(800 * cost["roi 2D"], 1),
        "ridge on 16 x 16 from 200": {"mean": round(mean, 3), "sd": round(spread, 3)},
        "slim ResNet from 2,000": round(resnet_accuracy(pixels, labels), 3),
        "field, 1st and 99th percentile": bias_fields(),
        "environment": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
