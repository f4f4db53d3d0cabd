"""What the embedder takes for a copy: its null distribution and its robustness, written on its card.

    python benchmarks/embedder.py TRAIN_COHORT EMBEDDER_DIR [AUTOENCODER_DIR]

TRAIN_COHORT is the prepared cohort the embedder was trained on; its validation split calibrates the bounds, its test
split are the unseen patients. Prints JSON, writes EMBEDDER_DIR/README.md and EMBEDDER_DIR/selftest.json.
"""

import json
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.filter import PrivacyFilter
from synthuterus_bench.privacy.index import build_index
from synthuterus_bench.privacy.reference import ReferenceIndex
from synthuterus_bench.privacy.scores import embed
from synthuterus_bench.privacy.search import nearest
from synthuterus_bench.privacy.selftest import run_selftest
from synthuterus_bench.privacy.selftest_record import SELFTEST_FILE, SelfTest
from synthuterus_bench.repro import write_atomic
from synthuterus_bench.vocab import Split

PERCENTILES = (1, 50, 95, 99, 100)


def measure(cohort: Cohort, folder: Path, autoencoder: Path | None) -> tuple[dict[str, Any], SelfTest]:
    """Largest similarities of unseen patients and of training patients to others, and the self-test."""
    embedder = load_embedder(folder)
    index = build_index(cohort, embedder)
    pixels = cohort.arrays(Split.TEST)[0].astype(np.uint16)
    unseen = nearest(embed(embedder, index.readout, None, pixels)[0], index.codes)[0]
    found = run_selftest(PrivacyFilter(embedder, index), cohort, autoencoder=autoencoder)
    facts = {
        "cohort": cohort.manifest.name,
        "cohort_digest": cohort.manifest.digest,
        "train_images": len(index.keys),
        "unseen_images": len(unseen),
        "unseen_percentiles": _percentiles(unseen),
        "training_percentiles": _percentiles(_others(index)),
        "calibration": None if index.calibration is None else index.calibration.model_dump(mode="json"),
        "environment": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
    }
    return facts, found


def _percentiles(values: NDArray[np.floating]) -> dict[int, float]:
    return {q: round(float(np.percentile(values, q)), 3) for q in PERCENTILES}


def _others(index: ReferenceIndex) -> NDArray[np.float32]:
    """Largest cosine of every tenth training image to one of another patient."""
    owners = np.array(index.groups)
    rows = np.arange(0, len(owners), 10)
    cosines = index.codes[rows] @ index.codes.T
    cosines[owners[rows, None] == owners] = -1
    return cosines.max(1)


CARD = """---
license: apache-2.0
tags: [medical, mri, uterus, embedding]
---

# The embedder

A small convolutional encoder of sagittal uterine MRI, {parameters:,} parameters, trained by contrast (two slices of one
patient, changed at random, against other patients) on `{cohort}`, {train_images} images, apart from any generator. It
gives features (288) for distances between sets, centred codes (128) for similarity between images, and an intermediate
layer (1536).

## Null distribution

Largest cosine to any training image of another patient, percentiles: unseen patients ({unseen_images} images)
{unseen}; training patients {training}.

## What the filter rejects

Copies of {plants} training images a cell, changed; in brackets the 95 % Wilson interval. Then the share that each bound
rejects alone, at the strongest change; without the candidate's mirror image `unmirrored`.

| change | mild | clear | strong | {bounds} | unmirrored |
|---|---|---|---|{rules}---|
{rows}

Of {negatives} images of unseen patients {false:.1%} are rejected [{low:.1%}, {high:.1%}].

**Read this table before you rely on the filter.** It is filtered, not proven private. Features change little under mild
blur and noise, so `fd-embedder` and `kid-embedder` do not see small losses of sharpness. Everything here was measured
on the phantom; on scans of patients it is untested.

Made by `python benchmarks/embedder.py`; cohort digest `{cohort_digest:.16}`, environment {environment}.
"""


def card(facts: dict[str, Any], found: SelfTest, folder: Path) -> str:
    """The card, filled from what was measured."""
    low, high = found.false_positive_interval
    bounds = [*found.cells[0].caught_by]
    return CARD.format(
        **facts | {"environment": ", ".join(f"{name} {version}" for name, version in facts["environment"].items())},
        parameters=sum(p.numel() for p in load_embedder(folder).net.parameters()),
        unseen=_said(facts["unseen_percentiles"]),
        training=_said(facts["training_percentiles"]),
        plants=found.cells[0].plants,
        bounds=" | ".join(bounds),
        rules="---|" * len(bounds),
        rows="\n".join(_row(found, kind, bounds) for kind in dict.fromkeys(cell.transform for cell in found.cells)),
        negatives=found.negatives,
        false=found.false_positives / found.negatives,
        low=low,
        high=high,
    )


def _said(percentiles: dict[int, float]) -> str:
    return ", ".join(f"{value} ({q} %)" for q, value in percentiles.items())


def _row(found: SelfTest, kind: str, bounds: list[str]) -> str:
    """One transform: sensitivity at each strength, and what each bound does alone at the strongest."""
    cells = sorted((cell for cell in found.cells if cell.transform == kind), key=lambda cell: cell.strength)
    shares = [f"{cell.sensitivity:.1%} [{cell.interval[0]:.1%}, {cell.interval[1]:.1%}]" for cell in cells]
    last = cells[-1]
    alone = [f"{last.caught_by[bound] / last.plants:.1%}" for bound in bounds]
    unmirrored = "" if last.unmirrored is None else f"{last.unmirrored / last.plants:.1%}"
    return f"| {' | '.join([kind, *shares, *alone, unmirrored])} |"


if __name__ == "__main__":
    torch.set_num_threads(1)
    where = Path(sys.argv[2])
    measured, tested = measure(load_cohort(sys.argv[1]), where, Path(sys.argv[3]) if len(sys.argv) > 3 else None)
    print(json.dumps(measured | {"self_test": tested.model_dump(mode="json")}, indent=2))
    tested.save(where / SELFTEST_FILE)
    write_atomic(where / "README.md", card(measured, tested, where))
