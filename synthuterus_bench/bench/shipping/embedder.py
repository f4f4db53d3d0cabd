"""The embedder that ships: what it takes for a copy, written on its card beside the weights."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.shipping.filters import index_of, selftest_of
from synthuterus_bench.bench.shipping.parcel import replace_folder
from synthuterus_bench.bench.shipping.yard import Yard, cohort_of
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.nets.embedder import FILE, Embedder, load_embedder
from synthuterus_bench.privacy.index import load_index
from synthuterus_bench.privacy.reference import ReferenceIndex
from synthuterus_bench.privacy.scores import embed
from synthuterus_bench.privacy.search import nearest, nearest_other
from synthuterus_bench.privacy.selftest_record import SELFTEST_FILE, Cell, SelfTest, load_selftest
from synthuterus_bench.repro import write_atomic
from synthuterus_bench.training.outcome import load_outcome
from synthuterus_bench.training.targets import Helper
from synthuterus_bench.vocab import Split, View

PERCENTILES = (1, 50, 95, 99, 100)


def pack_embedder(yard: Yard) -> Path:
    """Null distribution, self-test, card, and the copy that ships. Returns its folder.

    Raises:
        WeightsError: none was trained.
    """
    home, cohort = yard.out(Helper.EMBEDDER), cohort_of(yard, View.ROI, 2)
    if yard.embedder is None:
        raise WeightsError(f"{home}: no {FILE}, expected a trained embedder", "train it: scripts/weights embedder")
    tested = selftest_of(cohort, yard)
    assert tested is not None, "a cohort of images"
    index = load_index(index_of(cohort, yard))
    card = _card(cohort, load_embedder(home), index, load_selftest(tested), home)
    with TemporaryDirectory() as folder:
        shutil.copyfile(home / FILE, Path(folder, FILE))
        shutil.copyfile(tested, Path(folder, SELFTEST_FILE))
        write_atomic(Path(folder, "README.md"), card)
        replace_folder(Path(folder), yard.ship / Helper.EMBEDDER)
    load_embedder.cache_clear()
    yard.say(f"{Helper.EMBEDDER}: in {yard.ship / Helper.EMBEDDER}")
    return yard.ship / Helper.EMBEDDER


CARD = """---
license: apache-2.0
tags: [medical, mri, uterus, embedding]
---

# The embedder

A small convolutional encoder of sagittal uterine MRI, {parameters:,} parameters, trained by contrast (two slices of one
patient, changed at random, against other patients) on `{cohort}`, {train_images:,} images{how}, apart from any
generator. It gives features (288) for distances between sets, centred codes (128) for similarity between images, and an
intermediate layer (1536).

## Null distribution

Largest cosine to any training image of another patient, percentiles: unseen patients ({unseen_images:,} images)
{unseen}; training patients {training}.

## What the filter rejects

Copies of {plants} training images a cell, changed; in brackets the 95 % Wilson interval. Then the share that each bound
rejects alone, at the strongest change; without the candidate's mirror image `unmirrored`.

| change | mild | clear | strong | {bounds} | unmirrored |
|---|---|---|---|{rules}---|
{rows}

Of {negatives:,} images of unseen patients {false:.1%} are rejected [{low:.1%}, {high:.1%}].

**Read this table before you rely on the filter.** It is filtered, not proven private. Features change little under mild
blur and noise, so `fd-embedder` and `kid-embedder` do not see small losses of sharpness. Everything here was measured
on the phantom; on scans of patients it is untested.

Made by `scripts/weights embedder`; cohort digest `{cohort_digest:.16}`, weights `{sha256:.16}`. `selftest.json` is the
record behind the table.
"""


def _card(cohort: Cohort, embedder: Embedder, index: ReferenceIndex, found: SelfTest, home: Path) -> str:
    """The card, filled from what was measured."""
    low, high = found.false_positive_interval
    bounds, unseen = [*found.cells[0].caught_by], _unseen(cohort, embedder, index)
    course = load_outcome(home)
    return CARD.format(
        cohort=cohort.manifest.name,
        cohort_digest=cohort.manifest.digest,
        sha256=embedder.sha256,
        how=f", {course.step:,} steps" if course else "",
        parameters=sum(p.numel() for p in embedder.net.parameters()),
        train_images=len(index.keys),
        unseen_images=len(unseen),
        unseen=_said(unseen),
        training=_said(_others(index)),
        plants=found.cells[0].plants,
        bounds=" | ".join(bounds),
        rules="---|" * len(bounds),
        rows="\n".join(_row(found, kind, bounds) for kind in dict.fromkeys(cell.transform for cell in found.cells)),
        negatives=found.negatives,
        false=found.false_positives / found.negatives,
        low=low,
        high=high,
    )


def _unseen(cohort: Cohort, embedder: Embedder, index: ReferenceIndex) -> NDArray[np.float32]:
    """Largest cosine of every test image to a training image."""
    pixels = cohort.arrays(Split.TEST)[0].astype(np.uint16)
    return nearest(embed(embedder, index.readout, None, pixels)[0], index.codes)[0]


def _others(index: ReferenceIndex) -> NDArray[np.float32]:
    """Largest cosine of every training image to one of another patient."""
    return nearest_other(index.codes, np.unique(index.groups or index.keys, return_inverse=True)[1])


def _said(values: NDArray[Any]) -> str:
    return ", ".join(f"{round(float(np.percentile(values, q)), 3)} ({q} %)" for q in PERCENTILES)


def _row(found: SelfTest, kind: str, bounds: list[str]) -> str:
    """One transform: sensitivity at each strength, and what each bound does alone at the strongest."""
    cells = sorted((cell for cell in found.cells if cell.transform == kind), key=lambda cell: cell.strength)
    last = cells[-1]
    alone = [f"{last.caught_by[bound] / last.plants:.1%}" for bound in bounds]
    unmirrored = "" if last.unmirrored is None else f"{last.unmirrored / last.plants:.1%}"
    return f"| {' | '.join([kind, *map(_sensitivity, cells), *alone, unmirrored])} |"


def _sensitivity(cell: Cell) -> str:
    return f"{cell.sensitivity:.1%} [{cell.interval[0]:.1%}, {cell.interval[1]:.1%}]"
