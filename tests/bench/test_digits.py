import pytest

from synthuterus_bench.bench.digits import Digits, digits_of
from synthuterus_bench.entry import Floor, Interval, Result


def result(value: float | None, width: float | None = None, floor: float | None = None) -> Result:
    ci = None if width is None else Interval(low=value, high=value + width, level=0.95, method="m", unit="patient")
    return Result(
        metric="m",
        direction="lower",
        scope="pooled",
        n_real=1,
        n_fake=1,
        status="ok" if value is not None else "failed",
        value=value,
        reason=None if value is not None else "why",
        ci=ci,
        floor=None if floor is None else Floor(value=0.0, low=0.0, high=floor),
    )


@pytest.mark.parametrize(
    ("results", "digits"),
    [
        ([result(0.0041, 0.0032)], Digits(0, 4)),
        ([result(8e-6, 8.8e-5)], Digits(3, 3)),
        ([result(8e-9, 8.8e-9)], Digits(6, 4)),
        ([result(6.3, floor=1.3)], Digits(0, 1)),
        ([result(250.0)], Digits(0, 0)),
        ([result(4e6, 2e6)], Digits(0, 0)),
        ([result(0.3, 0.02), result(0.4, 0.03), result(300.0, 50.0)], Digits(0, 3)),
        ([result(0.0)], Digits()),
        ([result(None)], Digits()),
        ([], Digits()),
    ],
)
def test_two_digits_of_the_median_uncertainty(results, digits):
    assert digits_of(results) == digits


def test_power_is_in_the_heading_and_in_every_number():
    digits = Digits(3, 3)
    assert digits.label == " × 10³"
    assert digits.text(8e-6) == "0.008"
    assert digits.span(-3.6e-5, 5.2e-5) == "−0.036 to 0.052"
    assert Digits().label == ""
