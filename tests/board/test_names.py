"""Names of metrics are those that an evaluation gives, and no others."""

import pytest

from synthuterus_bench.bench.suite import SUITES
from synthuterus_bench.bench.taught import F1_ADDED, GAP
from synthuterus_bench.board.names import names_of


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
def test_a_suite_has_its_own_alone(suite):
    found = names_of(suite)
    assert {*suite.metrics, *suite.plane_metrics, *suite.volume_metrics} < found
    assert (GAP in found) is (suite.probes is not None)
    assert (F1_ADDED in found) is any(regime.both for regime in suite.regimes)
    assert not {"zzz", "probe-zzz"} & found


def test_without_regimes_nothing_is_taught():
    bare = SUITES["demo"].model_copy(update={"regimes": ()})
    assert names_of(bare) == {*bare.metrics}
