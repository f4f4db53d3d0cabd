"""What is particular about a submission, in words: which results it has no use for, and how others are to be read."""

from collections.abc import Iterator, Sequence

import numpy as np

from synthuterus_bench.bench.near import Near
from synthuterus_bench.bench.sets import MOST, Sets
from synthuterus_bench.bench.submission import NO_CLASS, Submission
from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.metrics.base import Scope
from synthuterus_bench.metrics.scopes import POOLED
from synthuterus_bench.metrics.shares import ANATOMY

AGREEMENT = ANATOMY[-1].name
_TOLD_NOTHING = "no class was asked for: classes were measured on these images by the same metric"


def left_out(submission: Submission) -> dict[str, str]:
    """Metrics that mean nothing for a submission, and why."""
    return {AGREEMENT: _TOLD_NOTHING} if submission.measured else {}


def notes_on_sizes(sets: Sets, suite: Suite) -> tuple[str, ...]:
    """One line for each class of which not all images are compared, or fewer real ones teach than synthetic ones."""
    compared = [scope for scope in sets.scopes(0, 0, suite.n_real_per_class) if scope.name != POOLED]
    return tuple(note for k, scope in enumerate(compared) for note in _on_class(sets, k, scope))


def _on_class(sets: Sets, which: int, scope: Scope) -> Iterator[str]:
    parts = sets.submission.labels, sets.real.train.labels, sets.real.test.labels
    fake, train, test = (int(np.sum(labels == which)) for labels in parts)
    if len(scope.fake) < fake:
        yield (
            f"{scope.name}: of {fake} synthetic images the first {len(scope.fake)} are compared, for floors of more "
            "cannot be dealt from the real ones; all of them count for learning from images"
        )
    for name, count in (("training", train), ("held-out", test)):
        if count > MOST:
            yield f"{scope.name}: of {count} {name} images the first {MOST} are compared or deal floors"
    if train < fake:
        yield f"{scope.name}: classifiers learn from {fake} synthetic images, and from {train} real ones beside them"


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
