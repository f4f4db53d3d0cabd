"""``evaluate --check``: everything that is wrong with a submission, all of it at once, before any work begins.

Some faults keep a submission from being evaluated. Others do not, and its entry counts them among the images that are
evaluated: blank ones, those out of range, repeats, copies and near copies of images of the reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.bundle import is_bundle
from synthuterus_bench.bench.drawn import check_drawn
from synthuterus_bench.bench.faults import Faults
from synthuterus_bench.bench.near import Near, exact_copies, near_of
from synthuterus_bench.bench.opening import Source, find_source
from synthuterus_bench.bench.pixels import BLANK, CLIPPED, blank, out_of_range
from synthuterus_bench.bench.reading import read_whole
from synthuterus_bench.bench.reference import PHANTOM, Reference, cache_folder, load_reference
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.bench.stock import check_stock, is_stock
from synthuterus_bench.bench.submission import Form, Submission, select
from synthuterus_bench.bench.suite import Suite, find_suite
from synthuterus_bench.bench.threads import one_thread
from synthuterus_bench.bench.tools import make_tools
from synthuterus_bench.errors import Fault, SubmissionError, WeightsError
from synthuterus_bench.metrics.features import Embedder
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.vocab import Split

NAMED = 5
"""Images that are named in a fault of many."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found.

    Attributes:
        form: what was handed in; None where it could not be read.
        per_class: images of each class, all of them, before a suite takes its share.
        compared: splits of the reference that were searched for copies.
        near: near copies by split.
        draws: whether it is a generator, of whose images nothing can be said before they are drawn.
    """

    faults: tuple[SubmissionError, ...]
    form: Form | None
    per_class: dict[str, int]
    compared: tuple[Split, ...] = ()
    near: tuple[Near, ...] = ()
    draws: bool = False

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "ok": not self.faults,
            "form": None if self.form is None else str(self.form),
            "images": self.per_class,
            "compared_with": [str(split) for split in self.compared],
            "near_copies": {str(near.split): near.as_json() for near in self.near},
            "faults": [{"fault": str(one.fault), "message": one.message, "hint": one.hint} for one in self.faults],
        }


@one_thread()
def check(
    where: Path,
    suite: str | Suite = "uterus-2d-roi",
    reference: str = PHANTOM,
    *,
    cache: Path | None = None,
    embedder: Embedder | None = None,
    track: Track = silent,
) -> Checked:
    """Look at a submission as ``evaluate`` would, and at what it would count; nothing is drawn, trained or written.

    Args:
        reference: as for ``evaluate``; of a bundle, which has no images, no copies are looked for.

    Raises:
        UsageError, CohortError, SuiteError: suite or reference are none; faults of the submission are not raised.
    """
    suite, cache = find_suite(suite) if isinstance(suite, str) else suite, cache or cache_folder()
    faults = Faults()
    with faults.taking():
        source = find_source(where)
        if source.draws:
            with faults.taking():
                _check_generator(source, suite)
            return Checked(tuple(faults.found), Form.PIPELINE, {}, draws=True)
        whole = read_whole(source.path, suite)
        with faults.taking():
            select(whole, suite, source.path)
        faults.add(*_of_pixels(whole), *_repeats(whole))
        if is_bundle(reference):
            return Checked(tuple(faults.found), whole.form, whole.per_class)
        real = load_reference(reference, suite, cache, track)
        tools, sets = make_tools(embedder, None, None, 1, "cpu", track, cache), Sets(whole, real)
        near = near_of(sets, tools.embed(sets.pixels), tools)
        faults.add(*_copies(whole, real), *_near(whole, near))
        return Checked(tuple(faults.found), whole.form, whole.per_class, tuple(real.digests), near)
    return Checked(tuple(faults.found), None, {})


def _check_generator(source: Source, suite: Suite) -> None:
    if is_stock(source.path):
        check_stock(source.path, suite)
        return
    try:
        check_drawn(source.path, suite)
    except WeightsError as error:
        raise SubmissionError(error.message, error.hint, Fault.UNREADABLE) from None


def _of_pixels(whole: Submission) -> list[SubmissionError]:
    flat = f"with {BLANK:.0%} or more of their pixels of one value"
    return [
        *_many(whole, blank(whole.pixels), flat, "pictures", Fault.BLANK),
        *_many(
            whole,
            out_of_range(whole.pixels),
            f"of which {CLIPPED:.0%} or more lies outside of z-scores from -4 to 12",
            "intensities z-scored inside the body",
            Fault.RANGE,
        ),
    ]


def _repeats(whole: Submission) -> list[SubmissionError]:
    first = set(np.unique(whole.digests, return_index=True)[1].tolist())
    again = np.array([row not in first for row in range(len(whole.digests))])
    return _many(whole, again, "that repeat another to the pixel", "each once", Fault.REPEAT)


def _copies(whole: Submission, real: Reference) -> list[SubmissionError]:
    found = exact_copies(whole, real)
    return [
        one
        for split, copies in found.items()
        for one in _many(
            whole, copies, f"that are {split} images of the reference to the pixel", "synthetic ones", Fault.COPY
        )
    ]


def _near(whole: Submission, near: Sequence[Near]) -> list[SubmissionError]:
    faults = []
    for one in near:
        if one.beyond_chance:
            mask = np.isin(np.arange(len(whole.digests)), one.rows)
            told = (
                f"closer to {one.split} images of the reference than images of other patients are (cosine above "
                f"{one.bound:.3f})"
            )
            faults += _many(whole, mask, told, f"about {one.expected:.0f} by chance", Fault.NEAR_COPY)
    return faults


def _many(whole: Submission, which: NDArray[np.bool_], told: str, expected: str, fault: Fault) -> list[SubmissionError]:
    """One fault for all images of a kind, the first few named; none where there are none."""
    rows = np.flatnonzero(which)
    if not len(rows):
        return []
    names = [whole.names[row] if whole.names else f"image {row}" for row in rows[:NAMED]]
    more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    message = f"found {len(rows)} images {told}, expected {expected}: {', '.join(names)}{more}"
    return [SubmissionError(message, fault=fault)]
