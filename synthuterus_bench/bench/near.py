"""Near copies: images that lie closer to one real image than images of other patients do, by the embedder's codes.

The bound comes from the reference itself: how close held-out real images come to their nearest training image, and
training images to their nearest held-out one. Changed copies (noise, a shift, another tone) lie beyond it, and about
one fresh image in five hundred does too, so a count means something only where chance does not explain it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.reference import Reference
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.bench.submission import Submission
from synthuterus_bench.bench.tools import Tools
from synthuterus_bench.metrics.bank import FeatureBank
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.privacy.calibration import quantile
from synthuterus_bench.stats import significant
from synthuterus_bench.vocab import Split

ALPHA = 0.002
"""Share of real images of other patients that lie beyond the bound."""

CHANCE = 0.001
"""How improbable a count must be by chance to be called a fault."""

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Near:
    """Images of a submission beyond the bound of one split.

    Attributes:
        rows: which ones, exact copies left out, the closest first.
        looked: how many were compared; ``real`` how many images of other patients the bound is from.
    """

    split: Split
    bound: float
    rows: tuple[int, ...]
    looked: int
    real: int

    @property
    def expected(self) -> float:
        """How many fresh images of as many would lie beyond the bound."""
        return self.looked * max(ALPHA, 1 / (self.real + 1))

    @property
    def beyond_chance(self) -> bool:
        """Whether there are more of them than chance explains."""
        from scipy.stats import binom

        chance = max(ALPHA, 1 / (self.real + 1))
        return len(self.rows) > 0 and float(binom.sf(len(self.rows) - 1, self.looked, chance)) < CHANCE

    def as_json(self) -> dict[str, Any]:
        """Counts, without saying which images they are."""
        return {
            "found": len(self.rows),
            "expected": significant(self.expected),
            "bound": self.bound,
            "beyond_chance": self.beyond_chance,
        }


def near_of(sets: Sets, own: FeatureBank, tools: Tools) -> tuple[Near, ...]:
    """Near copies in a submission.

    Args:
        own: the embedder's features of all images of ``sets``.
    """
    fake, train, test = np.split(own.arrays[Need.CODES], np.cumsum(sets.sizes)[:-1])
    mirrored = tools.embed(sets.submission.pixels[:, :, ::-1]).arrays[Need.CODES]
    return near_copies(fake, mirrored, train, test, exact_copies(sets.submission, sets.real))


def exact_copies(submission: Submission, real: Reference) -> dict[Split, NDArray[np.bool_]]:
    """Which images are, to the pixel, one of a split that the reference has."""
    return {
        split: np.array([digest in known for digest in submission.digests], bool)
        for split, known in real.digests.items()
    }


def near_copies(
    fake: Floats, mirrored: Floats, train: Floats, test: Floats, exact: dict[Split, NDArray[np.bool_]]
) -> tuple[Near, ...]:
    """Near copies of training and of held-out images.

    Args:
        fake: unit codes (n, E) of the submission, ``mirrored`` those of its images with left and right exchanged.
        train, test: those of the reference, no patient in both.
        exact: which images are copies to the pixel of an image of that split, (n,).
    """
    across = train @ test.T
    return (
        _near(Split.TRAIN, closest(fake, mirrored, train), across.max(0), exact),
        _near(Split.TEST, closest(fake, mirrored, test), across.max(1), exact),
    )


def closest(fake: Floats, mirrored: Floats, real: Floats) -> Floats:
    """Largest cosine of each image, as it is or mirrored, to a real one, (n,)."""
    return np.maximum((fake @ real.T).max(1), (mirrored @ real.T).max(1))


def _near(split: Split, nearest: Floats, null: Floats, exact: dict[Split, NDArray[np.bool_]]) -> Near:
    bound, copies = quantile(null, ALPHA), exact.get(split, np.zeros(len(nearest), bool))
    found = np.flatnonzero((nearest > bound) & ~copies)
    ordered = found[np.argsort(-nearest[found], kind="stable")]
    return Near(split, bound, tuple(ordered.tolist()), int((~copies).sum()), len(null))
