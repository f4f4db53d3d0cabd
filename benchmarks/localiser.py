"""What the localiser finds on unseen patients, and what it finds where nothing is, written on its card.

    python benchmarks/localiser.py FULL_COHORT ROI_COHORT VOLUMES LOCALISER_DIR [BASELINE_DIR]

The cohorts are prepared, the first two 2D, the third 3D; their test splits are the unseen patients. LOCALISER_DIR is
what ``synthbench train localiser`` wrote, BASELINE_DIR the same with ``--set pseudo=0``: as many steps on the annotated
scans alone. Prints JSON and writes LOCALISER_DIR/README.md.
"""

import json
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.nets.segmenter import UTERUS_PARTS, Localiser, load_localiser, parts_of
from synthuterus_bench.prep.localise import locate
from synthuterus_bench.prep.spatial import crop
from synthuterus_bench.repro import stream, write_atomic
from synthuterus_bench.stats import wilson_interval
from synthuterus_bench.training.annotated import slices
from synthuterus_bench.training.localiser import load_record
from synthuterus_bench.training.negatives import Negative, negative
from synthuterus_bench.vocab import VIEW_SIZE, Split, View

IMAGES = 400
CONTROLS = 100
SEED = 9_000_001
BLURS = (0, 1, 2, 3, 4, 6, 8, 12, 16)
NAMES = ("wall", "cavity", "cervix", "bladder", "rectum")
SIDE = VIEW_SIZE[View.ROI]


@dataclass(frozen=True)
class Found:
    """One unseen scan: Dice of uterus and parts (NaN where truth has none), whether its ROI holds the uterus."""

    uterus: float
    parts: list[float]
    contained: bool
    field_strength: float


def unseen(cohort: Cohort) -> list[Scan]:
    """Up to ``IMAGES`` test scans at random; no stride, as classes and slices come in turns."""
    total = cohort.manifest.splits[Split.TEST]
    chosen = set(stream(SEED, "unseen").permutation(total)[:IMAGES].tolist())
    return [scan for index, scan in enumerate(cohort.scans(Split.TEST)) if index in chosen]


def dice(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Dice coefficient; NaN without truth."""
    return float(2 * (found & truth).sum() / (found.sum() + truth.sum())) if truth.any() else float("nan")


def look(scan: Scan, localiser: Localiser) -> Found:
    """The localiser on one scan; where it finds nothing plausible, Dice is 0 and the ROI fails."""
    assert scan.mask is not None
    z = slices(scan)
    truth = parts_of(scan.mask.reshape(z.shape))
    located = locate(z, localiser)
    drawn = parts_of(located.mask) if located else np.zeros_like(truth)
    uterus = truth[:, :UTERUS_PARTS].any(1)
    box = (located.centre if located else (0, 0, 0)), (2 * len(z), SIDE, SIDE)
    return Found(
        dice(drawn[:, :UTERUS_PARTS].any(1), uterus),
        [dice(drawn[:, part], truth[:, part]) for part in range(len(NAMES))],
        located is not None and bool(crop(uterus, *box, fill=False).sum() == uterus.sum()),
        round(float(scan.field_strength or 0), 2),
    )


def score(scans: list[Scan], localiser: Localiser) -> dict[str, Any]:
    """Means over unseen scans, and 95 % Wilson interval of how often the ROI holds the whole uterus."""
    rows = [look(scan, localiser) for scan in scans]
    uterus = np.array([row.uterus for row in rows])
    contained = sum(row.contained for row in rows)
    fields = sorted({row.field_strength for row in rows})
    return {
        "scans": len(rows),
        "uterus": float(uterus.mean()),
        "uterus_5th_percentile": float(np.percentile(uterus, 5)),
        "not_found": int((uterus == 0).sum()),
        "parts": dict(zip(NAMES, np.nanmean([row.parts for row in rows], axis=0).tolist(), strict=True)),
        "by_field": {f"{name:g} T": float(uterus[[r.field_strength == name for r in rows]].mean()) for name in fields},
        "contained": contained / len(rows),
        "contained_interval": wilson_interval(contained, len(rows)),
    }


def controls(scans: list[Scan], localiser: Localiser) -> dict[str, Any]:
    """How often a plausible uterus is found in pictures without one, and in blurred ones by strength."""
    pictures = [slices(scan)[0] for scan in scans[:CONTROLS]]
    found: dict[str, Any] = {}
    for kind in Negative:
        spoilt = [negative(kind, z, stream(SEED, "control", kind, i)) for i, z in enumerate(pictures)]
        found[kind] = _share(spoilt, localiser)
    blurred = {s: [ndimage.gaussian_filter(z, s, mode="nearest") for z in pictures] for s in BLURS}
    return {"found": found, "blur": {s: _share(spoilt, localiser) for s, spoilt in blurred.items()}}


def _share(pictures: list[NDArray[np.float32]], localiser: Localiser) -> float:
    return sum(locate(z[None], localiser) is not None for z in pictures) / len(pictures)


def measure(cohorts: list[Cohort], folder: Path, baseline: Path | None) -> dict[str, Any]:
    """Everything on the card."""
    full, roi, volumes = map(unseen, cohorts)
    localiser, first = load_localiser(folder), load_localiser(folder / "round-1")
    return {
        "training": load_record(folder).model_dump(),
        "parameters": sum(p.numel() for p in localiser.net.parameters()),
        "full": score(full, localiser),
        "roi": score(roi, localiser),
        "volumes": score(volumes, localiser),
        "round_1": score(full, first),
        "baseline": score(full, load_localiser(baseline)) if baseline else None,
        "controls": {"full": controls(full, localiser), "roi": controls(roi, localiser)},
        "environment": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
    }


CARD = """---
license: apache-2.0
tags: [medical, mri, uterus, segmentation]
---

# The localiser

A small U-Net ({parameters:,} parameters, half precision) that draws the uterus in sagittal T2-weighted MRI slices at
1 mm: wall, cavity with junctional zone (the two together, as in the masks of UMD), cervix, and beside it bladder and
rectum. It finds the region of interest when scans are prepared, and says whether a picture holds a plausible uterus.
Pictures larger than 128 x 128 are looked at twice, whole and about what was found (`prep/localise.py`).

**Trained on the phantom alone (`{cohort}`). It has not been tested on patients; do not use it on them unseen.**

## Training

Weak supervision: round 1 on {annotated_pictures} pictures of {annotated_patients} patients with masks; of
{pseudo_offered} pictures of other patients, {pseudo_kept} were kept with pseudo-labels (a plausible uterus, mean
probability at least 0.9); round 2 on both. {steps_a_round:,} steps of {batch} crops a round. A fifth of all examples
had nothing to find: noise, phase-scrambled and heavily blurred pictures. Augmented by rotation, zoom, shift, bias
field, gamma, noise and blur; never flipped.

## Unseen patients of the phantom

Dice, mean over pictures (or volumes); one in which nothing plausible was found counts 0.

| | scans | uterus | 5th percentile | {names} | not found |
|---|---|---|---|---|---|---|---|---|---|
{rows}

By field strength (uterus, full view): {fields}.

A box of 128 x 128 about the located centre holds the whole uterus in {contained} of pictures
(full view), and in {volumes_contained} of volumes; where it does not, nothing plausible was found in {boxless}.
{volumes_note}

## Where nothing is

A plausible uterus was "found" in this share of {controls} pictures each, made from unseen patients with seeds of their
own:

| | {kinds} |
|---|---|---|---|
{control_rows}

Blurred pictures by standard deviation in mm (blur above 4 mm was trained as "nothing"):

| | {blurs} |
|---{blur_line}|
{blur_rows}

{real}

Made by `python benchmarks/localiser.py`; cohort digest `{cohort_digest:.16}`, environment {environment}.
"""

VOLUMES = """It was trained on slices near the midline: far beside it, it sometimes draws a uterus where
there is none, which costs Dice in volumes."""

REAL = """## Real scans

It was never shown one. Tried by hand on the central slices of three (two male pelves and a uterus late in pregnancy),
it found nothing plausible on seven of nine; on two slices of one male pelvis it took bowel for a uterus, with
confidences of 0.85 and 0.91, and so it did in the volume of the other. That is no figure, but reason enough not to
trust it on patients."""


def card(found: dict[str, Any]) -> str:
    """The card, filled from what was measured."""
    variants = {
        "final, full view": found["full"],
        "final, roi view": found["roi"],
        "final, volumes of 24 slices, full view": found["volumes"],
        "round 1: annotated only, full view": found["round_1"],
    }
    if found["baseline"]:
        variants["annotated only, as many steps, full view"] = found["baseline"]
    low, high = found["full"]["contained_interval"]
    missed, missed_volumes = (round((1 - found[k]["contained"]) * found[k]["scans"]) for k in ("full", "volumes"))
    shares = {view: found["controls"][view] for view in ("full", "roi")}
    return CARD.format(
        **found["training"] | {"environment": ", ".join(" ".join(pair) for pair in found["environment"].items())},
        parameters=found["parameters"],
        names=" | ".join(NAMES),
        rows="\n".join(_row(name, one) for name, one in variants.items()),
        fields=", ".join(f"{name} {value:.3f}" for name, value in found["full"]["by_field"].items()),
        volumes_contained=f"{found['volumes']['contained']:.1%}",
        boxless=f"{found['full']['not_found']} of {missed} and {found['volumes']['not_found']} of {missed_volumes}",
        volumes_note=VOLUMES,
        contained=f"{found['full']['contained']:.1%} (95 % interval {low:.1%} to {high:.1%})",
        controls=CONTROLS,
        kinds=" | ".join(Negative),
        control_rows="\n".join(_shares(view, one["found"].values()) for view, one in shares.items()),
        blurs=" | ".join(map(str, BLURS)),
        blur_line="|---" * len(BLURS),
        blur_rows="\n".join(_shares(view, one["blur"].values()) for view, one in shares.items()),
        real=REAL,
    )


def _row(name: str, one: dict[str, Any]) -> str:
    cells = [one["uterus"], one["uterus_5th_percentile"], *one["parts"].values()]
    return f"| {name} | {one['scans']} | {' | '.join(f'{cell:.3f}' for cell in cells)} | {one['not_found']} |"


def _shares(view: str, shares: Any) -> str:
    return f"| {view} | {' | '.join(f'{share:.1%}' for share in shares)} |"


if __name__ == "__main__":
    torch.set_num_threads(1)
    cohorts, where = [load_cohort(path) for path in sys.argv[1:4]], Path(sys.argv[4])
    result = measure(cohorts, where, Path(sys.argv[5]) if len(sys.argv) > 5 else None)
    print(json.dumps(result, indent=2))
    write_atomic(where / "README.md", card(result))
