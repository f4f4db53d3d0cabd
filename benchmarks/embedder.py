"""What the embedder takes for a copy: its null distribution and its robustness, written on its card.

    python benchmarks/embedder.py TRAIN_COHORT EMBEDDER_DIR

TRAIN_COHORT is the prepared cohort the embedder was trained on; its test split are the unseen patients. Prints JSON and
writes EMBEDDER_DIR/README.md.
"""

import json
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, rotate, shift

from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.filter import TAU
from synthuterus_bench.repro import stream, write_atomic
from synthuterus_bench.vocab import Split

Image = NDArray[np.float32]
COPIES = 400
NOISE = stream(0, "benchmark", "embedder noise")
CHANGES: dict[str, Callable[[Image], Image]] = {
    "exact copy": lambda z: z,
    "noise, 0.1 SD": lambda z: z + 0.1 * NOISE.standard_normal(z.shape),
    "noise, 0.3 SD": lambda z: z + 0.3 * NOISE.standard_normal(z.shape),
    "blur, 1 px": lambda z: gaussian_filter(z, 1),
    "blur, 2 px": lambda z: gaussian_filter(z, 2),
    "gamma 1.2": lambda z: _standard((z - z.min()) ** 1.2),
    "gamma 1.5": lambda z: _standard((z - z.min()) ** 1.5),
    "shift, 2 px": lambda z: shift(z, (2, 2), order=1, mode="nearest"),
    "shift, 4 px": lambda z: shift(z, (4, 4), order=1, mode="nearest"),
    "shift, 8 px": lambda z: shift(z, (8, 8), order=1, mode="nearest"),
    "rotation, 2 degrees": lambda z: rotate(z, 2, reshape=False, order=1, mode="nearest"),
    "rotation, 5 degrees": lambda z: rotate(z, 5, reshape=False, order=1, mode="nearest"),
    "mirrored": lambda z: z[:, ::-1],
}


def _standard(z: Image) -> Image:
    return (z - z.mean()) / z.std()


def measure(cohort: Cohort, folder: Path) -> dict[str, Any]:
    """Largest similarities of unseen patients, and how often a changed copy is above tau."""
    embedder = load_embedder(folder)
    pixels = cohort.arrays(Split.TRAIN)[0].astype(np.uint16)
    codes = embedder(from_window(pixels)).codes
    unseen = embedder(from_window(cohort.arrays(Split.TEST)[0].astype(np.uint16))).codes
    largest = (unseen @ codes.T).max(1)
    copies = from_window(pixels[np.linspace(0, len(pixels) - 1, COPIES).astype(int)])
    caught = {}
    for name, change in CHANGES.items():
        changed = np.stack([change(z) for z in copies]).astype(np.float32)
        caught[name] = float(((embedder(changed).codes @ codes.T).max(1) > TAU).mean())
    return {
        "cohort": cohort.manifest.name,
        "cohort_digest": cohort.manifest.digest,
        "train_images": len(pixels),
        "unseen_images": len(unseen),
        "null_percentiles": {q: round(float(np.percentile(largest, q)), 3) for q in (1, 50, 95, 99, 100)},
        "unseen_above_tau": float((largest > TAU).mean()),
        "caught": caught,
        "environment": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
    }


CARD = """---
license: apache-2.0
tags: [medical, mri, uterus, embedding]
---

# The embedder

A small convolutional encoder of sagittal uterine MRI, {parameters:,} parameters, trained by contrast (two slices of one
patient, changed at random, against other patients) on `{cohort}`, {train_images} images, apart from any generator. It
gives features (288) for distances between sets and centred codes (128) for similarity between images.

## What the filter sees at tau = {tau}

Unseen patients of the phantom ({unseen_images} images): largest cosine to any training image, percentiles
{nulls}; {unseen:.1%} lie above tau.

Copies of {copies} training images, changed, that are above tau:

| change | caught |
|---|---|
{rows}

**Read this table before you rely on the filter.** Large shifts and mirrored copies pass it. Features change little
under mild blur and noise, so `fd-embedder` and `kid-embedder` do not see small losses of sharpness. Everything here was
measured on the phantom; on scans of patients it is untested.

Made by `python benchmarks/embedder.py`; cohort digest `{cohort_digest:.16}`, environment {environment}.
"""


def card(found: dict[str, Any], folder: Path) -> str:
    """The card, filled from what was measured."""
    nulls, caught = found["null_percentiles"], found["caught"]
    return CARD.format(
        **found | {"environment": ", ".join(f"{name} {version}" for name, version in found["environment"].items())},
        parameters=sum(p.numel() for p in load_embedder(folder).net.parameters()),
        tau=TAU,
        nulls=", ".join(f"{value} ({q} %)" for q, value in nulls.items()),
        unseen=found["unseen_above_tau"],
        copies=COPIES,
        rows="\n".join(f"| {name} | {share:.1%} |" for name, share in caught.items()),
    )


if __name__ == "__main__":
    where = Path(sys.argv[2])
    result = measure(load_cohort(sys.argv[1]), where)
    print(json.dumps(result, indent=2))
    write_atomic(where / "README.md", card(result, where))
