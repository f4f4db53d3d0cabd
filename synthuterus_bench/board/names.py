"""Which results a suite gives: its metrics, and what its regimes and probes come to."""

from synthuterus_bench.bench.suite import Suite

TAUGHT = ("macro-f1", "macro-f1-gain", "balanced-accuracy", "auc")
ADDED = "macro-f1-added"
PROBED = ("probe-masked", "probe-border", "probe-field", "anatomy-gap")
"""Names as :mod:`synthuterus_bench.bench.tasks` and :mod:`synthuterus_bench.bench.probing` give them."""


def names_of(suite: Suite) -> frozenset[str]:
    """Every metric that a result of a suite can be of."""
    taught = TAUGHT if suite.regimes else ()
    added = (ADDED,) if any(regime.both for regime in suite.regimes) else ()
    probed = PROBED if suite.probes else ()
    return frozenset((*suite.metrics, *suite.plane_metrics, *suite.volume_metrics, *taught, *added, *probed))
