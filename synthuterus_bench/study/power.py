"""How many readers and images a claim needs: that readers do better than guessing, or no better within a margin.

One reader: exact, by the binomial distribution. Several: simulated and analysed as ``study score`` does. A reader r is
right about an image i with probability ``Phi(mu + u_r + v_i)``; u and v are normal with standard deviations
``sd_readers`` and ``sd_images`` on the probit scale, and mu gives the assumed accuracy on average.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import binom

from synthuterus_bench.errors import UsageError
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import stream
from synthuterus_bench.study.clustered import accuracy_parts, mean_interval
from synthuterus_bench.study.exact import CHANCE, every_interval

MOST_IMAGES = 2000
BATCH = 250


@dataclass(frozen=True)
class Claim:
    """What a study is to show, and what is assumed to be true.

    Attributes:
        accuracy: assumed true accuracy of the readers, on average.
        margin: of the claim "no better than guessing, within this"; None claims a difference from guessing.
        alpha: level of the two-sided test of a difference, and of each of the two one-sided tests of equivalence.
    """

    accuracy: float
    margin: float | None = None
    alpha: float = 0.05
    sd_readers: float = 0.2
    sd_images: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.accuracy < 1:
            raise UsageError(f"--accuracy {self.accuracy}: expected between 0 and 1")
        if not 0 < self.alpha < CHANCE:
            raise UsageError(f"--alpha {self.alpha}: expected between 0 and 0.5")
        if min(self.sd_readers, self.sd_images) < 0:
            raise UsageError("--sd-readers and --sd-images: expected 0 or more")
        if self.margin is None and self.accuracy == CHANCE:
            raise UsageError("--accuracy 0.5: no study shows a difference there; give another one, or --equivalent")
        if self.margin is not None and not abs(self.accuracy - CHANCE) < self.margin < CHANCE:
            raise UsageError(
                f"--accuracy {self.accuracy}: expected within --margin {self.margin} of 0.5 to be shown so"
            )

    @property
    def level(self) -> float:
        """Of the interval that decides the claim."""
        return 1 - self.alpha if self.margin is None else 1 - 2 * self.alpha

    def shown(self, low: Any, high: Any) -> Any:
        """Whether an interval of the accuracy shows the claim."""
        if self.margin is None:
            return (low > CHANCE) | (high < CHANCE)
        return (low > CHANCE - self.margin) & (high < CHANCE + self.margin)


@dataclass(frozen=True)
class Cell:
    """Power of a study of so many readers and images; ``error`` is two standard errors of a simulation."""

    readers: int
    images: int
    power: float
    error: float


def exact_power(claim: Claim, images: int) -> float:
    """Probability that one reader of ``images`` shows the claim, by the exact interval."""
    shown = claim.shown(*every_interval(images, claim.level))
    return float(binom.pmf(np.flatnonzero(shown), images, claim.accuracy).sum())


def images_for_one(claim: Claim, power: float) -> int | None:
    """Images, an even number, from which on one reader shows the claim with ``power``; None beyond 2000.

    Exact power is a saw: the number returned holds for it and for the next ten even numbers.
    """
    found: dict[int, bool] = {}

    def enough(images: int) -> bool:
        if images not in found:
            found[images] = exact_power(claim, images) >= power
        return found[images]

    low, high = 2, 4
    while not _holds(enough, high):
        low, high = high, 2 * high
        if high > 2 * MOST_IMAGES:
            return None
    at = next(images for images in range(low, high + 2, 2) if _holds(enough, images))
    return at if at <= MOST_IMAGES else None


def _holds(enough: Any, images: int) -> bool:
    return all(enough(images + 2 * k) for k in range(11))


def simulated_power(claim: Claim, readers: int, images: int, seed: int = 0, draws: int = 1000) -> Cell:
    """Power of several readers of the same images, half of them synthetic.

    Raises:
        UsageError: fewer than 2 readers or 4 images.
    """
    if readers < 2 or images < 4:
        raise UsageError(f"{readers} readers of {images} images: expected at least 2 readers and 4 images")
    shown = 0
    for batch in range(0, draws, BATCH):
        rng = stream(seed, "study power", readers, images, batch)
        shown += int(_shown(claim, _drawn(claim, readers, images, rng, min(BATCH, draws - batch))).sum())
    share = shown / draws
    return Cell(readers, images, share, 2 * float(np.sqrt(share * (1 - share) / draws)))


def _drawn(claim: Claim, readers: int, images: int, rng: np.random.Generator, draws: int) -> NDArray[np.bool_]:
    spread = np.sqrt(1 + claim.sd_readers**2 + claim.sd_images**2)
    centre = NormalDist().inv_cdf(claim.accuracy) * spread
    by_reader = rng.normal(0, claim.sd_readers, (draws, readers, 1))
    by_image = rng.normal(0, claim.sd_images, (draws, 1, images))
    return rng.random((draws, readers, images)) < ndtr(centre + by_reader + by_image)


def _shown(claim: Claim, correct: NDArray[np.bool_]) -> NDArray[np.bool_]:
    synthetic = np.arange(correct.shape[-1]) % 2 == 0
    _, low, high = mean_interval(correct.mean(-1), accuracy_parts(correct, synthetic), claim.level)
    shown: NDArray[np.bool_] = claim.shown(low, high)
    return shown


def power_table(
    claim: Claim,
    readers: Sequence[int],
    images: Sequence[int],
    seed: int = 0,
    draws: int = 1000,
    track: Track = silent,
) -> list[Cell]:
    """Power of every number of readers with every number of images; of one reader exactly."""
    pairs = [(one, other) for one in readers for other in images]
    return [
        Cell(1, other, exact_power(claim, other), 0.0) if one == 1 else simulated_power(claim, one, other, seed, draws)
        for one, other in track(pairs, "power")
    ]


def images_for_each(cells: Sequence[Cell], power: float) -> dict[int, int | None]:
    """For each number of readers the fewest images of the table that reach ``power``, and all more do as well."""
    found: dict[int, int | None] = {}
    for readers in dict.fromkeys(cell.readers for cell in cells):
        row = sorted((cell for cell in cells if cell.readers == readers), key=lambda cell: cell.images)
        short = [k for k, cell in enumerate(row) if cell.power < power]
        first = short[-1] + 1 if short else 0
        found[readers] = row[first].images if first < len(row) else None
    return found
