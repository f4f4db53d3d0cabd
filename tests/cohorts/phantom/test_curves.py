import numpy as np
import pytest

from synthuterus_bench.cohorts.phantom.curves import ellipse, nearest_on
from synthuterus_bench.cohorts.phantom.grid import pixel_grid

X, Y = pixel_grid(64, (0, 0))


def test_distance_to_a_straight_line_is_exact():
    line = np.array([[-100.0, 3], [0, 3], [100, 3]])
    near = nearest_on(X, Y, line)
    assert np.allclose(near.distance, np.abs(Y - 3), atol=1e-4)
    assert np.allclose(near.position, (X + 100) / 100, atol=1e-4)


def test_distance_to_a_point_like_end():
    near = nearest_on(X, Y, np.array([[0.0, 0], [0, 200]]))
    below = Y < 0
    assert np.allclose(near.distance[below], np.hypot(X, Y)[below], atol=1e-3)


def test_a_circle_has_its_true_distance():
    assert np.allclose(ellipse(X, Y, (2, -1), (10, 10)), np.hypot(X - 2, Y + 1) - 10, atol=1e-2)


def test_an_ellipse_is_zero_on_its_edge_and_has_unit_slope_there():
    assert abs(ellipse(np.float32([12]), np.float32([0]), (0, 0), (12, 5))[0]) < 1e-4
    step = ellipse(np.float32([0]), np.float32([5.1]), (0, 0), (12, 5))[0]
    assert step == pytest.approx(0.1, abs=0.01)
