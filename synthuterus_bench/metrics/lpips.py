"""LPIPS (Zhang et al. 2018) with the AlexNet trunk: mean distance of synthetic to held-out real images.

The distance is quadratic in weighted features, so all pairs come from one Gram matrix a layer.
"""

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.metrics.base import Measurement, Metric, Need, Scope
from synthuterus_bench.metrics.pairs import between, jackknife_interval, null_means


def measure_lpips(distances: NDArray[np.floating], scope: Scope) -> Measurement:
    """Mean over all pairs of a synthetic and a held-out real image of the scope; ``distances`` is (rows, rows)."""
    square = np.asarray(distances, np.float64)
    pairs = between(square, scope.fake, scope.test, scope)
    interval = jackknife_interval(pairs.mean, pairs.without_left, pairs.without_right, scope)
    null = null_means(square, scope).between
    return Measurement(pairs.mean, len(scope.test), len(scope.fake), null, interval)


LPIPS = Metric("lpips", Need.LPIPS, "lower", measure_lpips, low=0.0)
