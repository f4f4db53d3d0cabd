"""Fréchet distance between Gaussians fitted to two sets of features (Dowson & Landau 1982).

``|mu_1 - mu_2|^2 + Tr(S_1 + S_2 - 2 (S_1 S_2)^1/2)``. With centred features A (n, d) and B (m, d), the trace of the
root is the nuclear norm of ``A B^T / sqrt((n - 1)(m - 1))``: no square root of an indefinite product is taken, and
every term is read from the Gram matrix of the pooled rows, so that a relabelling costs no pass over the features.
With features of our own embedder the distance is called ``fd-embedder``, never FID.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.errors import TooFewError
from synthuterus_bench.metrics.base import Features, Judge, Measurement, Metric, Need, Rows, Scope
from synthuterus_bench.metrics.gram import Gram
from synthuterus_bench.metrics.jackknife import grouped_interval
from synthuterus_bench.metrics.permutation import excess_over_null
from synthuterus_bench.metrics.splits import distances_of_splits, distances_to, low_rank, root_of_product

Floats = NDArray[np.float64]
EASY = 500
"""Rank up to which all permutations are drawn; an eigenvalue problem grows with its cube."""

FEWEST_PERMUTATIONS = 100


def frechet_distance(left: NDArray[np.floating], right: NDArray[np.floating]) -> float:
    """The distance of two feature sets (n, d) and (m, d), n and m at least 2."""
    origin = right[-1].astype(np.float64)
    a, b = left - origin, right - origin
    if low_rank(a.shape[1], len(a), len(b)):
        return _distance(*_from_rows(a, b, exact=True))
    means, counts = [rows.mean(0) for rows in (a, b)], (len(a), len(b))
    gap = means[0] - means[1]
    traces = [
        (np.vdot(rows, rows) - n * mean @ mean) / (n - 1) for rows, mean, n in zip((a, b), means, counts, strict=True)
    ]
    return _distance(float(gap @ gap), float(sum(traces)), _root_trace(a @ b.T, exact=True))


def between(gram: Gram, left: Rows, right: Rows, exact: bool = False) -> float:
    """The distance of two groups of rows.

    Args:
        exact: by singular values. Otherwise by eigenvalues of the squared matrix, three times as fast, which lose
            half the digits of the smallest: about 1e-7 of the distance.
    """
    if low_rank(gram.rows.shape[1], len(left), len(right)):
        return _distance(*_from_rows(gram.rows[left], gram.rows[right], exact))
    return _distance(*_from_products(gram, left, right, exact))


def _distance(gap: float, spread: float, overlap: float) -> float:
    return max(0.0, gap + spread - 2 * overlap)


def _from_products(gram: Gram, left: Rows, right: Rows, exact: bool) -> tuple[float, float, float]:
    """Squared distance of the means, both traces, and the trace of the root; for fewer rows than features."""
    cross = gram.products[np.ix_(left, right)]
    within = [_mean_product(gram, rows) for rows in (left, right)]
    gap = within[0] + within[1] - 2 * cross.mean()
    traces = [
        (gram.products[rows, rows].sum() - len(rows) * mean) / (len(rows) - 1)
        for rows, mean in zip((left, right), within, strict=True)
    ]
    return float(gap), float(sum(traces)), _root_trace(cross, exact)


def _root_trace(cross: Floats, exact: bool) -> float:
    """Trace of the root, from the products (n, m) of rows of two groups that need not be centred."""
    centred = cross - cross.mean(1, keepdims=True) - cross.mean(0) + cross.mean()
    n, m = cross.shape
    return nuclear_norm(centred, exact) / float((n - 1) * (m - 1)) ** 0.5


def _mean_product(gram: Gram, rows: Rows) -> float:
    mean = gram.rows[rows].mean(0)
    return float(mean @ mean)


def _from_rows(left: Floats, right: Floats, exact: bool) -> tuple[float, float, float]:
    """The same of features (n, d) and (m, d), for more rows than features."""
    means = [rows.mean(0) for rows in (left, right)]
    centred = [rows - mean for rows, mean in zip((left, right), means, strict=True)]
    gap = means[0] - means[1]
    if exact:
        a, b = (np.linalg.qr(part, mode="r") / np.sqrt(len(part) - 1) for part in centred)
        spread = np.sum(a * a) + np.sum(b * b)
        return float(gap @ gap), float(spread), nuclear_norm(a @ b.T, exact)
    one, two = (part.T @ part / (len(part) - 1) for part in centred)
    overlap = root_of_product(one, two)
    return float(gap @ gap), float(np.trace(one) + np.trace(two)), overlap


def nuclear_norm(matrix: Floats, exact: bool) -> float:
    """Sum of the singular values."""
    if exact:
        return float(np.linalg.svd(matrix, compute_uv=False).sum())
    short = matrix if len(matrix) <= matrix.shape[1] else matrix.T
    return float(np.sqrt(np.maximum(np.linalg.eigvalsh(short @ short.T), 0)).sum())


def measure_frechet(features: Features, scope: Scope) -> Measurement:
    """Distance of synthetic to held-out real features.

    The interval, by a jackknife, is for the expected value at this number of images, bias included: a bootstrap
    excludes its own point. What the bias leaves is the excess over the null.

    Raises:
        TooFewError: under two images on a side.
    """
    if min(len(scope.fake), len(scope.test)) < 2:
        raise TooFewError(f"found {len(scope.fake)} synthetic and {len(scope.test)} real images, expected 2 of each")
    gram = features.gram
    distance = partial(between, gram)
    value = between(gram, scope.fake, scope.test, exact=True)
    null = np.array([distance(draw.fake, draw.real) for draw in scope.null])
    interval = grouped_interval(value, distance, scope.fake, scope.test, scope)
    excess = excess_over_null(partial(distances_of_splits, gram), scope, _draws(gram, scope))
    return Measurement(value, len(scope.test), len(scope.fake), null, interval, excess)


def _draws(gram: Gram, scope: Scope) -> int:
    """Permutations of a scope: fewer where each takes long, but never under 100 of those that were asked for."""
    rank = min(len(scope.fake), len(scope.test), gram.rows.shape[1])
    affordable = int(scope.permutations * (EASY / max(rank, EASY)) ** 3)
    return min(scope.permutations, max(affordable, FEWEST_PERMUTATIONS))


def judge_frechet(features: Features, scope: Scope) -> Judge:
    """Distance of groups of synthetic rows to held-out real ones."""
    gram, fake = features.gram, np.sort(scope.fake)
    return Judge(lambda groups, real: distances_to(gram, groups, fake, real))


def frechet_metric(name: str, need: Need) -> Metric:
    """The distance in the features of one layer of one extractor."""
    return Metric(name, need, "lower", measure_frechet, judge_frechet, low=0.0)


FD_EMBEDDER = frechet_metric("fd-embedder", Need.EMBEDDER)
FD_SWAV = frechet_metric("fd-swav", Need.SWAV)
FD_RESNET18 = frechet_metric("fd-resnet18", Need.RESNET18)
