"""The page that readers open. Of a scan it holds pixels and nothing else, of every scan equally many bytes.

Pixels are written raw, 12 bits in two bytes each, as base64: no header, no encoder's habit, no compression whose length
would tell a smooth image from a noisy one, and no lowest bits in which a generator's arithmetic could show.
"""

import base64
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.window import DISPLAY_HIGH, DISPLAY_LOW, LOW, QUANTUM
from synthuterus_bench.look import render
from synthuterus_bench.repro import canonical_json
from synthuterus_bench.study.key import Key
from synthuterus_bench.study.words import CONFIDENCE, GROUPS

ROOM = Path(__file__).parent / "pages" / "room"
DROPPED_BITS = 4
STEP = QUANTUM * 2**DROPPED_BITS
"""Standard deviations between two gray values of the page, about 0.0039."""


def shown_bytes(pixels: NDArray[np.generic]) -> bytes:
    """The 12 upper bits of windowed pixels as little-endian 16-bit numbers, slice by slice, row by row."""
    return (np.asarray(pixels, np.uint16) >> DROPPED_BITS).astype("<u2").tobytes()


def study_page(key: Key, pixels: Sequence[NDArray[np.generic]], title: str) -> str:
    """The whole page.

    Args:
        key: for the study's id and the shape of its images; nothing else of it is used.
        pixels: as :mod:`.shown` gives them: uint16 of (rows, columns) or (slices, rows, columns), in the order of
            the page.
    """
    from markupsafe import Markup

    images = [base64.b64encode(shown_bytes(one)).decode() for one in pixels]
    data = {
        "study": key.study,
        "shape": list(key.shape),
        "low": LOW + (STEP - QUANTUM) / 2,
        "step": STEP,
        "window": [DISPLAY_LOW, DISPLAY_HIGH],
        "images": images,
    }
    return render(
        "study.html.j2",
        ROOM,
        title=title,
        data=Markup(canonical_json(data)),
        count=len(pixels),
        slices=key.shape[0],
        groups=GROUPS,
        confidence=CONFIDENCE,
    )
