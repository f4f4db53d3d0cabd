import pytest

from synthuterus_bench.cohorts.cuts import classify
from synthuterus_bench.vocab import Orientation

ANGLES = [
    (60, 50, "av-af"), (60, -50, "av-rf"), (-30, 50, "rv-af"), (-30, -50, "rv-rf"), (10, 30, "av-af"),
    (9.9, 30, "ambiguous"), (-5, -30, "rv-rf"), (-4.9, -30, "ambiguous"), (60, 29.9, "ambiguous"), (0, 0, "ambiguous"),
]  # fmt: skip


@pytest.mark.parametrize(("version", "flexion", "expected"), ANGLES)
def test_classes_by_the_cuts(version, flexion, expected):
    assert classify(version, flexion) == Orientation(expected)


def test_a_margin_makes_near_cuts_ambiguous():
    assert classify(14, 50, 5) is Orientation.AMBIGUOUS
    assert classify(15, 35, 5) is Orientation.AV_AF
