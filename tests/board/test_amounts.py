"""Numbers that pass every bound of a metric and would break a scale, a column or a test."""

import pytest

from synthuterus_bench.board.amounts import odd_amounts
from synthuterus_bench.entry import Floor, Interval, Result

CI = {"low": 0.9, "high": 1.1, "level": 0.95, "method": "m", "unit": "patient"}


def told(value=1.0, ci=None, floor=None, metric="fid-64", **more) -> list[str]:
    parts = {"ci": ci and Interval(**CI | ci), "floor": floor and Floor(**floor)}
    one = Result(
        metric=metric, direction="none", scope="pooled", n_real=9, n_fake=9, status="ok", value=value, **parts, **more
    )
    return [*odd_amounts(one)]


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_usual_numbers_are_fine(level):
    assert told(ci={"level": level}, floor={"value": 0.0, "low": 0.0, "high": 0.0}, params={"guessing": 0.25}) == []
    assert told(0.0, ci={"low": 0.0, "high": 0.0}, per_seed=[0.0, 1e-20]) == []


@pytest.mark.parametrize("level", [1e-20, 0.4999, 0.9991, 0.9999999999999999])
def test_levels_that_no_interval_is_of(level):
    assert told(ci={"level": level}) == [f"interval of level {level!r}, expected 0.5 to 0.999"]


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ({"value": 5e-324}, "value"),
        ({"value": -1e-31}, "value"),
        ({"ci": {"low": -1e-310}}, "interval low"),
        ({"ci": {"low": 0.0, "high": 1e-310}}, "interval high"),
        ({"ci": {"low": 1e-20, "high": 1e-20 + 2e-36}}, "interval width"),
        ({"floor": {"value": 1e-40}}, "floor"),
        ({"floor": {"value": 0.0, "low": 0.0, "high": 1e-40}}, "floor high"),
        ({"per_seed": [1.0, 1e-40]}, "seed 1"),
    ],
)
def test_numbers_too_small_to_measure(parts, name):
    assert any(line.startswith(f"{name} ") and "at least 1e-30" in line for line in told(**parts))


@pytest.mark.parametrize("chance", ["hello", True, 1, -0.1, 1.1])
def test_a_chance_that_is_none(chance):
    assert told(metric="probe-masked", params={"guessing": chance}) == [
        f"guessing {chance!r}, expected a number from 0.0 to 1.0"
    ]


@pytest.mark.parametrize("digest", ["zz", 3, "AB" * 32, "ab" * 31])
def test_digests_that_are_none(digest):
    assert told(params={"weights_sha256": digest})[0].startswith("weights_sha256 ")
    assert told(params={"weights_sha256": "ab" * 32}) == []


def test_a_floor_upside_down():
    assert told(floor={"value": 0.1, "low": 0.3, "high": 0.2}) == ["floor: low 0.3 is above high 0.2"]
