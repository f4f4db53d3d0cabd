import pytest

from synthuterus_bench.board.agreement import allowed, compare_results
from synthuterus_bench.board.verification import Tolerances
from synthuterus_bench.entry import Floor, Interval, Result

CI = Interval(low=0.9, high=1.1, level=0.95, method="jackknife", unit="patient")
FLOOR = Floor(value=0.5, low=0.4, high=0.8)


def result(value=1.0, metric="fid-64", **more):
    status = {"status": "ok"} if value is not None else {"status": "unavailable", "reason": "no weights"}
    return Result(metric=metric, direction="lower", scope="pooled", n_real=9, n_fake=9, value=value, **status, **more)


@pytest.mark.parametrize(
    ("one", "most"),
    [
        (result(), 0.001),
        (result(ci=CI), 0.02),
        (result(ci=CI, floor=FLOOR), 0.02),
        (result(floor=FLOOR), 0.04),
        (result(floor=Floor(value=0.5)), 0.001),
        (result(metric="macro-f1", params={"regime": "supervised"}, ci=CI), 0.2),
        (result(1000.0, ci=CI.model_copy(update={"low": 999.0, "high": 1001.0})), 1.0),
    ],
)
def test_what_is_allowed(one, most):
    assert allowed(one, Tolerances()) == pytest.approx(most)
    (same,) = compare_results([one], [one.model_copy(update={"value": one.value + 0.99 * most})], Tolerances())
    (far,) = compare_results([one], [one.model_copy(update={"value": one.value - 1.01 * most})], Tolerances())
    assert (same.outcome, far.outcome) == ("agrees", "differs")


def test_what_cannot_be_compared_has_a_reason():
    def why(*again):
        (one,) = compare_results([result(params={"weights_sha256": "a"})], again, Tolerances())
        assert one.outcome == "unchecked"
        return one.reason

    assert "learned" in why()
    assert why(result(None, params={"weights_sha256": "a"})) == "no weights"
    assert why(result(None)) == "no weights"
    assert why(result(params={"weights_sha256": "b"})) == "measured by another weights_sha256 here"
    assert why(result(params={"weights_sha256": "a", "dims": 9})) == "measured by another dims here"


@pytest.mark.parametrize(("said", "here"), [(288.0, 288), (1, True), (1.0, True)])
def test_equal_numbers_of_another_type_are_other_parameters(said, here):
    (one,) = compare_results([result(params={"dims": said})], [result(params={"dims": here})], Tolerances())
    assert (one.outcome, one.reason) == ("unchecked", "measured by another dims here")


def test_a_result_without_a_value_claims_nothing():
    assert [*compare_results([result(None)], [result()], Tolerances())] == []
