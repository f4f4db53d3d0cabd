"""Scans and cohorts that tests of the preparation make themselves, and a stand-in for the localiser."""

from dataclasses import dataclass, replace

import numpy as np

from synthuterus_bench.cohorts.record import Manifest, Scan
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.prep.pipeline import PrepOptions
from synthuterus_bench.prep.roi import Localising
from synthuterus_bench.vocab import Label, Orientation, Otherwise, Split, View
from tests.cohorts.imports.synthetic import anatomy

SHAPE = (9, 150, 160)
ROI = PrepOptions(n4=False, otherwise=Otherwise.MIDDLE)
FULL = replace(ROI, views=(View.FULL,))
BOTH = replace(ROI, views=tuple(View))


def make_scan(number: int = 0, mask: bool = False, **facts) -> Scan:
    pixels = anatomy(number, SHAPE).astype(np.int16)
    labels = np.zeros(SHAPE, np.uint8)
    labels[5:8, 40:61, 100:121] = Label.MYOMETRIUM
    scan = Scan(
        scan_id=f"scan{number}",
        pixels=pixels,
        spacing_mm=(4.0, 1.2, 1.0),
        split=Split.TRAIN,
        source="made",
        patient_id=f"p{number}",
        orientation=Orientation.RV_AF,
        session=f"day{number}",
        mask=labels if mask else None,
    )
    return replace(scan, **facts)


def write(root, *scans: Scan, **manifest) -> Cohort:
    facts = {"name": "made", "view": View.FULL, "dims": 3, "intensity": "native", "splits": {}, "digest": ""}
    writer = CohortWriter(root, Manifest(**facts | manifest))
    for scan in scans:
        writer.add(scan)
    return writer.close()


@dataclass(frozen=True)
class Found:
    centre: tuple[int, int, int]


def brightest(z):
    """Stand-in for the localiser: the brightest voxel, unless nothing stands out."""
    assert z.dtype == np.float32
    centre = tuple(int(at) for at in np.unravel_index(int(z.argmax()), z.shape))
    return Found(centre) if z.max() > 3 else None


def load_brightest():
    return brightest


STAND_IN = Localising(load_brightest, "0" * 64)


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
