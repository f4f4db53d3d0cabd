import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from synthuterus_bench.cohorts.window import (
    DISPLAY_HIGH,
    DISPLAY_LOW,
    HIGH,
    LOW,
    QUANTUM,
    from_window,
    to_display,
    to_window,
)


@given(st.floats(LOW, HIGH))
def test_inverse_is_exact_to_half_a_quantum(z):
    assert abs(float(from_window(to_window(np.array([z])))[0]) - z) <= QUANTUM / 2 + 1e-6


def test_every_stored_value_comes_back():
    stored = np.arange(65536, dtype=np.uint16)
    np.testing.assert_array_equal(to_window(from_window(stored)), stored)


@given(st.floats(-100, 100), st.floats(-100, 100))
def test_order_is_kept_and_ends_are_clipped(a, b):
    low, high = to_window(np.array(sorted((a, b))))
    assert low <= high
    assert (a > LOW) or to_window(np.array([a]))[0] == 0
    assert (a < HIGH) or to_window(np.array([a]))[0] == 65535


def test_display_window():
    z = np.array([LOW, DISPLAY_LOW, (DISPLAY_LOW + DISPLAY_HIGH) / 2, DISPLAY_HIGH, HIGH])
    shown = to_display(to_window(z))
    assert shown.dtype == np.uint8
    assert [*shown[[0, 1, 3, 4]]] == [0, 0, 255, 255]
    assert abs(int(shown[2]) - 127.5) <= 1
