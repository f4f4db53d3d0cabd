"""What is particular about a submission, in words: which results it has no use for, and how others are to be read."""

from collections.abc import Sequence

import numpy as np

from synthuterus_bench.bench.near import Near
from synthuterus_bench.bench.sets import MOST, Sets
from synthuterus_bench.bench.submission import NO_CLASS, Submission
from synthuterus_bench.metrics.shares import ANATOMY
from synthuterus_bench.vocab import CLASSES

AGREEMENT = ANATOMY[-1].name
_TOLD_NOTHING = "no class was asked for: classes were measured on these images by the same metric"


def left_out(submission: Submission) -> dict[str, str]:
    """Metrics that mean nothing for a submission, and why."""
    return {AGREEMENT: _TOLD_NOTHING} if submission.measured else {}


def notes_on_sizes(sets: Sets) -> tuple[str, ...]:
    """One line for each class of which not all images are compared."""
    named = {"synthetic": sets.submission.labels, "training": sets.real.train.labels, "held-out": sets.real.test.labels}
    return tuple(
        f"{name}: of {count} {which} images the first {MOST} are compared; all of them count for learning from images"
        for which, labels in named.items()
        for name, count in zip(CLASSES, np.bincount(labels, minlength=len(CLASSES)).tolist(), strict=False)
        if count > MOST
    )


def notes_on(submission: Submission) -> tuple[str, ...]:
    """One line for each thing that a reader of its results has to know."""
    notes = []
    if submission.measured:
        without, every = int((submission.labels == NO_CLASS).sum()), len(submission.labels)
        notes.append(
            f"classes were measured, not asked for: {without} of {every} images are ambiguous; they count where all "
            "images are pooled, in no class, and nothing learns from them"
        )
    if submission.planes:
        notes.append("volumes: their middle slices are evaluated, in three planes and side by side")
    elif submission.dims == 3:
        notes.append("volumes: the middle slice of each is evaluated")
    if submission.generated and submission.provenance.privacy.audit_sha256 is None:
        notes.append(
            "no privacy filter: nothing says which images the generator was trained on, so none of its samples was "
            "compared with them"
        )
    return tuple(notes)


def notes_on_copies(near: Sequence[Near]) -> tuple[str, ...]:
    """One line for each split of which there are more near copies than chance explains."""
    return tuple(
        f"near copies: {len(one.rows)} of {one.looked} images lie closer to {one.split} images than those of other "
        f"patients do (cosine above {one.bound:.3f}); chance explains about {one.expected:.1f}"
        for one in near
        if one.beyond_chance
    )
