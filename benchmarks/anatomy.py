"""The anatomy metric on real images, on pictures without anatomy and on generators.

    python benchmarks/anatomy.py ROI_COHORT [COHORT ...] [--images NAME=FOLDER ...] [--sheet PNG]

The cohorts are prepared, of any view and dimension; one image or volume each of up to 400 patients (100 for full views,
40 for volumes) of their test splits is judged. The first is 2D in the region of interest, and the pictures without
anatomy are made from it. FOLDER is a release, a cohort, a folder with a subfolder of images a class, or a pipeline
folder, of which 96 images are drawn. Prints Markdown: the environment and shares with 95 % Wilson intervals.
"""

import argparse
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import scipy
import torch
from numpy.typing import NDArray
from scipy import ndimage

from synthuterus_bench.bench.drawn import drawn_release, is_pipeline
from synthuterus_bench.bench.reading import load_submission
from synthuterus_bench.bench.suite import DEMO
from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.sheet import contact_sheet
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.cohorts.window import from_window, to_display, to_window
from synthuterus_bench.metrics.anatomy import Anatomy, examine
from synthuterus_bench.metrics.layers import ORDER, measure_layers
from synthuterus_bench.metrics.shares import Share, summarise
from synthuterus_bench.nets.segmenter import Localiser, load_localiser
from synthuterus_bench.repro import stream, write_atomic
from synthuterus_bench.training.negatives import Negative, negative
from synthuterus_bench.vocab import CLASSES, UTERUS, Label, Orientation, Split, View

Picture = NDArray[np.float32]
SEED = 9_000_004
PATIENTS = {(2, View.ROI): 400, (2, View.FULL): 100, (3, View.ROI): 40, (3, View.FULL): 10}
CONTROLS = 200
DRAWN = 24
SHOWN = 8
SMALL = DEMO.model_copy(update={"id": "small", "n_per_class": DRAWN})
BLURS = (1, 2, 3, 4, 6)


@dataclass(frozen=True)
class Group:
    """Pictures of one kind, with the orientation each was asked to have, and what was seen in them."""

    name: str
    pictures: Sequence[Picture]
    asked: Sequence[Orientation | None]
    seen: Sequence[Anatomy]
    milliseconds: float

    def row(self, name: str, chosen: NDArray[np.bool_] | None = None) -> str:
        """A line of the table, of all pictures or of those chosen."""
        rows = range(len(self.seen)) if chosen is None else np.flatnonzero(chosen)
        found = summarise([self.seen[row] for row in rows], [self.asked[row] for row in rows])
        agreement = found.agreement.as_text() if found.agreement.trials else "not asked"
        return f"| {name} | {len(rows)} | {found.plausible.as_text()} | {found.valid.as_text()} | {agreement} |"


def judge(
    name: str, pictures: Sequence[Picture], localiser: Localiser, asked: Sequence[Orientation | None] = ()
) -> Group:
    """Every picture looked at alone."""
    begun = time.perf_counter()
    seen = [examine(z, localiser) for z in pictures]
    took = 1000 * (time.perf_counter() - begun) / max(len(seen), 1)
    return Group(name, pictures, list(asked) or [None] * len(seen), seen, took)


def unseen(cohort: Cohort) -> list[Scan]:
    """One test scan a patient at random, so that they are independent; as many patients as ``PATIENTS`` says."""
    total = cohort.manifest.splits[Split.TEST]
    order = stream(SEED, "unseen").permutation(total)
    rank = {int(index): place for place, index in enumerate(order)}
    first: dict[str | None, tuple[int, int]] = {}
    patients = [row["patient_id"] for row in cohort.rows(Split.TEST)]
    for index, patient in enumerate(patients):
        first[patient] = min(first.get(patient, (total, -1)), (rank[index], index))
    wanted = {index for _, index in sorted(first.values())[: PATIENTS[cohort.manifest.dims, cohort.manifest.view]]}
    return [scan for index, scan in enumerate(cohort.scans(Split.TEST)) if index in wanted]


def z_of(scan: Scan) -> Picture:
    """Its z-scores."""
    return from_window(np.asarray(scan.pixels, np.uint16))


def real_rows(group: Group, scans: Sequence[Scan]) -> Iterator[str]:
    """All scans; those with a class; by field strength, sequence and distance from the midline."""
    yield group.row(f"**{group.name}**")
    parts: dict[str, Callable[[Scan], bool]] = {"four classes": lambda scan: scan.orientation in CLASSES}
    for field in sorted({round(float(scan.field_strength or 0), 2) for scan in scans}):
        parts[f"{field:g} T"] = lambda scan, field=field: abs((scan.field_strength or 0) - field) < 0.01
    for sequence in sorted({scan.sequence for scan in scans if scan.sequence}):
        parts[sequence] = lambda scan, sequence=sequence: scan.sequence is sequence
    for off in sorted({abs(scan.slice_mm) for scan in scans if scan.slice_mm is not None}):
        parts[f"{off:g} mm beside the midline"] = lambda scan, off=off: abs(scan.slice_mm or 0) == off
    for name, belongs in parts.items():
        chosen = np.array([belongs(scan) for scan in scans])
        if 0 < chosen.sum() < len(scans):
            yield group.row(f"{group.name}, {name}", chosen)


def controls(pictures: Sequence[Picture]) -> dict[str, list[Picture]]:
    """Pictures without anatomy, and blurred ones by strength, from real ones."""
    made = {
        str(kind): [negative(kind, z, stream(SEED, "control", kind, i)) for i, z in enumerate(pictures)]
        for kind in Negative
    }
    return made | {
        f"blurred, {sd} mm": [ndimage.gaussian_filter(z, sd, mode="nearest") for z in pictures[: CONTROLS // 2]]
        for sd in BLURS
    }


def fooled(pictures: Sequence[Picture], outlines: Sequence[Anatomy]) -> Share:
    """How often the tissues seem in order in pictures without anatomy below the outlines of real uteri."""
    layers = [measure_layers(z, one.mask) for z, one in zip(pictures, outlines, strict=False)]
    return Share(sum(one is not None and one.in_order() for one in layers), len(layers))


def images_of(folder: Path) -> tuple[list[Picture], list[Orientation]]:
    """Images with the class each was asked to have; of a pipeline, drawn from it through its filter."""
    with TemporaryDirectory() as cache:
        place = drawn_release(folder, SMALL, Path(cache)) if is_pipeline(folder) else folder
        suite = SMALL if is_pipeline(folder) else SMALL.model_copy(update={"n_per_class": 10_000})
        found = load_submission(place, suite)
    return [*from_window(found.pixels)], [CLASSES[label] for label in found.labels]


def sheet(groups: Sequence[Group]) -> NDArray[np.uint8]:
    """The first of every group with the segmenter's outline and the verdict."""
    tiles, captions = [], []
    for group in groups:
        for z, one in zip(group.pictures[:SHOWN], group.seen, strict=False):
            tiles.append(outlined(z if one.slice_index is None else z[one.slice_index], one.mask))
            captions.append(f"{verdict(one)} | {group.name}")
    return contact_sheet(tiles, captions, SHOWN)


def outlined(z: Picture, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Gray with the outlines of uterus and cavity in white, at twice the size."""
    big = np.kron(to_display(to_window(z)), np.ones((2, 2), np.uint8))
    for labels in (UTERUS, (Label.ENDOMETRIUM,)):
        shape = np.kron(np.isin(mask, labels), np.ones((2, 2), bool))
        big[shape & ~ndimage.binary_erosion(shape)] = 255
    return big


def verdict(one: Anatomy) -> str:
    """In a few words."""
    if one.valid:
        return f"valid {one.orientation}"
    if one.flaws:
        return f"no: {one.flaws[0]}"
    layers = one.layers
    return "no: layers" if layers is None else f"no: order {layers.core:.1f} {layers.wall:.2f} {layers.around:.2f}"


def report(arguments: argparse.Namespace) -> None:
    """Judge everything, print it, write the sheet."""
    localiser = load_localiser()
    print(f"Python {platform.python_version()}, torch {torch.__version__}, numpy {np.__version__}, ", end="")
    print(f"scipy {scipy.__version__}; localiser {localiser.sha256[:12]}; {ORDER}\n")
    print("| pictures | n | plausible | valid anatomy | and orientation as asked |\n|---|---|---|---|---|")
    groups = []
    for cohort in map(load_cohort, arguments.cohorts):
        scans, manifest = unseen(cohort), cohort.manifest
        name = f"real: {manifest.name}, {manifest.view} {manifest.dims}D"
        groups.append(judge(name, [*map(z_of, scans)], localiser, [scan.orientation for scan in scans]))
        print(*real_rows(groups[-1], scans), sep="\n", flush=True)
    for name, folder in (text.split("=", 1) for text in arguments.images):
        pictures, asked = images_of(Path(folder))
        groups.append(judge(name, pictures, localiser, asked))
        print(groups[-1].row(f"**{name}**"), flush=True)
    spoilt = controls(groups[0].pictures[:CONTROLS])
    for name, pictures in spoilt.items():
        groups.append(judge(name, pictures, localiser))
        print(groups[-1].row(name), flush=True)
    print("\nTissues in order below the outline of a real uterus, as if the segmenter were wholly fooled:\n")
    for name in map(str, Negative):
        print(f"- {name}: {fooled(spoilt[name], groups[0].seen).as_text()}")
    print("\nMilliseconds a picture:", ", ".join(f"{group.name} {group.milliseconds:.0f}" for group in groups))
    if arguments.sheet:
        write_png(arguments.sheet, sheet(groups))


def write_png(path: Path, page: NDArray[np.uint8]) -> None:
    """Write a gray page."""
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(page).save(file, "PNG")
    write_atomic(path, file.getvalue())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cohorts", nargs="+", type=Path)
    parser.add_argument("--images", nargs="*", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--sheet", type=Path)
    torch.set_num_threads(1)
    report(parser.parse_args())
