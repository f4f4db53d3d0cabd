"""Which results a suite gives: its metrics, and what its regimes and probes come to."""

from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.bench.taught import F1_ADDED, GAP, MEASURES, PROBES


def names_of(suite: Suite) -> frozenset[str]:
    """Every metric that a result of a suite can be of."""
    taught = MEASURES if suite.regimes else ()
    added = (F1_ADDED,) if any(regime.both for regime in suite.regimes) else ()
    probed = (*PROBES, GAP) if suite.probes else ()
    return frozenset((*suite.metrics, *suite.plane_metrics, *suite.volume_metrics, *taught, *added, *probed))
