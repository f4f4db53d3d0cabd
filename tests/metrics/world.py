"""A world whose truth can be simulated: Gaussian features of two classes, real patients with two alike images each."""

from dataclasses import dataclass

import numpy as np

from synthuterus_bench.metrics.base import Features, Need, Relabelling, Scope

CLASSES = 2
DIMS = 8
ALIKE = 0.5
"""Share of the variance of real images that is the patient's."""

FAKE, TRAIN, TEST = 80, 80, 60


@dataclass(frozen=True)
class World:
    """A generator beside a population: its images lie ``shift`` from the real ones in each feature, ``scale`` as wide.

    ``valid`` is the share of its images with valid anatomy.
    """

    shift: float = 0.3
    scale: float = 0.9
    valid: float = 0.85

    def real(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Images of n / 2 patients, (n, dims)."""
        patients = rng.normal(size=(n // 2, DIMS)).repeat(2, 0)
        own = np.sqrt(ALIKE) * patients + np.sqrt(1 - ALIKE) * rng.normal(size=(n, DIMS))
        return own + self._places(n)

    def fake(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Images of as many units, (n, dims)."""
        return self.shift + self.scale * rng.normal(size=(n, DIMS)) + self._places(n)

    def _places(self, n: int) -> np.ndarray:
        return 1.5 * classes_of(n)[:, None] * np.eye(DIMS)[0]


def classes_of(n: int) -> np.ndarray:
    """Classes of n images, halves; patients are whole in them."""
    return (np.arange(n) >= n / 2).astype(np.int64)


def scope_of(*fakes: int) -> Scope:
    """Synthetic sets of some sizes, then training and held-out images."""
    sizes = (*fakes, TRAIN, TEST)
    rows = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    units = np.arange(sum(sizes))
    for part in rows[-2:]:
        units[part] = part[0] + (part - part[0]) // 2
    strata = np.concatenate([classes_of(n) for n in sizes])
    null = (Relabelling(rows[-1], rows[-2][:FAKE], rows[-2]),)
    return Scope("pooled", np.concatenate(rows[:-2]), rows[-2], rows[-1], units, strata, null)


def features_of(need: Need, rows: np.ndarray, valid: np.ndarray, scope: Scope) -> Features:
    """What a metric reads of images (rows, dims): their features, codes, distances, or verdicts ``valid`` (rows,)."""
    if need is Need.ANATOMY:
        return Features(np.stack([valid, valid, scope.strata], 1).astype(float))
    if need is Need.CODES:
        return Features(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    if need is Need.LPIPS:
        own = np.sum(rows**2, 1)
        return Features(np.maximum(own[:, None] + own - 2 * rows @ rows.T, 0) / DIMS)
    return Features(rows)


class Draws:
    """Endless samples of generators beside the same training images and fresh held-out patients."""

    def __init__(self, need: Need, seed: int, *worlds: World) -> None:
        self.need, self.worlds, self.rng = need, worlds, np.random.default_rng(seed)
        self.scope = scope_of(*(FAKE for _ in worlds))
        self.train = worlds[0].real(np.random.default_rng(0), TRAIN)

    def features(self) -> Features:
        """Features of all rows of the scope, one sample."""
        fakes = [world.fake(self.rng, FAKE) for world in self.worlds]
        rows = np.concatenate([*fakes, self.train, self.worlds[0].real(self.rng, TEST)])
        valid = np.concatenate([self.rng.uniform(size=FAKE) < world.valid for world in self.worlds])
        return features_of(self.need, rows, np.pad(valid, (0, TRAIN + TEST), constant_values=True), self.scope)
