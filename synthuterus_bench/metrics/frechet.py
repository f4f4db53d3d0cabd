"""Fréchet distance between Gaussians fitted to two sets of features (Dowson & Landau 1982).

With features of our own embedder it is called ``fd-embedder``, never FID.
"""

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.metrics.base import Measurement, Metric, Need, Scope

Features = NDArray[np.floating]


def frechet_distance(left: Features, right: Features) -> float:
    """``|mu_1 - mu_2|^2 + Tr(S_1 + S_2 - 2 (S_1 S_2)^1/2)`` of two feature sets (n, d) and (m, d), n and m at least 2.

    With centred features A and B, ``Tr (S_1 S_2)^1/2`` is the nuclear norm of ``A B^T / sqrt((n - 1)(m - 1))``:
    no square root of an indefinite product is taken.
    """
    origin = left.mean(0, dtype=np.float64)
    a, b = left - origin, right - origin
    shift = b.mean(0)
    a, b = a - a.mean(0), b - shift
    scales = len(a) - 1, len(b) - 1
    spread = np.sum(a * a) / scales[0] + np.sum(b * b) / scales[1]
    overlap = np.linalg.svd(_compact(a) @ _compact(b).T, compute_uv=False).sum() / np.sqrt(scales[0] * scales[1])
    return max(0.0, float(shift @ shift + spread - 2 * overlap))


def _compact(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """At most d rows with the same ``A^T A``."""
    if len(centred) <= centred.shape[1]:
        return centred
    return np.asarray(np.linalg.qr(centred, mode="r"))


def measure_frechet(features: Features, scope: Scope) -> Measurement:
    """Distance of synthetic to held-out real features; a bootstrap of it excludes its own point, so no interval."""
    null = [frechet_distance(features[draw.fake], features[draw.real]) for draw in scope.null]
    value = frechet_distance(features[scope.fake], features[scope.test])
    return Measurement(value, len(scope.test), len(scope.fake), np.array(null))


FD_EMBEDDER = Metric("fd-embedder", Need.EMBEDDER, "lower", measure_frechet, low=0.0)
