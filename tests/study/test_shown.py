"""The page's own numbers tell nothing of how either kind was encoded."""

import base64
from dataclasses import replace

import numpy as np
import pytest

from synthuterus_bench.cohorts.record import Manifest
from synthuterus_bench.cohorts.window import from_window, to_window
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.repro import stream
from synthuterus_bench.study.build import build_study
from synthuterus_bench.study.page import STEP, shown_bytes
from synthuterus_bench.study.shown import GAIN, GRAY, OFFSET, TAIL, on_one_scale
from synthuterus_bench.vocab import Split, View
from tests.study.test_page import auc, data_of

N = 16
CHANCE = np.sqrt((2 * N + 1) / (12 * N * N))
"""Standard deviation of an AUC of N against N by chance."""


def as_drawn(pixels: np.ndarray, name: str) -> np.ndarray:
    """A picture as a network may give it: its moments a little off, steps of 8 bit, both ends clipped."""
    rng = stream(5, "network", name)
    z = rng.uniform(0.93, 1.05) * from_window(pixels) + rng.uniform(-0.1, 0.1)
    return to_window(np.clip(np.round(z / GRAY) * GRAY, *np.quantile(z, (0.002, 0.998))))


@pytest.fixture(scope="module")
def told(cohort, tmp_path_factory):
    """What a reader's console has of each image, and which are synthetic: patients of one phantom in both kinds."""
    home = tmp_path_factory.mktemp("told")
    manifest = Manifest(name="drawn", view=View.ROI, dims=2, intensity="window", splits={}, digest="")
    writer = CohortWriter(home / "drawn", manifest)
    for scan in (*cohort.scans(Split.TEST), *cohort.scans(Split.VALIDATION)):
        facts = {"patient_id": None, "mask": None, "generator": "ddpm2d-class-roi", "split": Split.TRAIN}
        writer.add(replace(scan, pixels=as_drawn(scan.pixels, scan.scan_id), **facts))
    made = build_study(cohort.root, writer.close().root, home / "out", n=N, split=Split.TRAIN)
    data = data_of(made.page.read_text(encoding="utf-8"))
    values = [np.frombuffer(base64.b64decode(text), "<u2") for text in data["images"]]
    return values, [data["low"] + data["step"] * one for one in values], np.array(made.key.synthetic_items)


def test_no_image_has_the_moments_of_a_prepared_scan(told):
    assert not any(abs(z.mean()) < 0.001 and abs(z.std() - 1) < 0.001 for z in told[1])


STATISTICS = {
    "mean": np.mean,
    "deviation": np.std,
    "least": np.min,
    "greatest": np.max,
    "distinct": lambda z: len(np.unique(z)),
    "share at the floor": lambda z: np.mean(z == z.min()),
    "share at the ceiling": lambda z: np.mean(z == z.max()),
    "commonest": lambda z: np.unique(z, return_counts=True)[1].max(),
    "distance of the mean from 0": lambda z: abs(z.mean()),
    "distance of the deviation from 1": lambda z: abs(z.std() - 1),
    "comb": lambda z: np.abs(np.diff(np.histogram(z, np.arange(-3, 3, STEP))[0], 2)).sum(),
}


@pytest.mark.parametrize("name", STATISTICS)
def test_no_statistic_tells_the_kind(told, name):
    found = auc([STATISTICS[name](z) for z in told[1]], told[2])
    assert abs(found - 0.5) < 3 * CHANCE


def pictures(cohort, count: int = 6) -> list[np.ndarray]:
    return [scan.pixels for scan, _ in zip(cohort.scans(Split.TEST), range(count), strict=False)]


def test_nothing_is_left_of_the_scale_that_a_scan_came_in(cohort):
    given = pictures(cohort)
    for gain, shift in ((0.8, -0.5), (1.3, 0.7)):
        moved = [to_window(gain * from_window(given[0]) + shift), *given[1:]]
        first, second = (z_of(on_one_scale(some, 0, "salt")[0]).ravel() for some in (given, moved))
        slope, rest = np.polyfit(first, second, 1)
        assert np.abs(slope * first + rest - second).max() < 0.3 * GRAY
        assert slope == pytest.approx((5 + gain) / 6, abs=0.02), "of six images it has a sixth of the common scale"


def z_of(pixels: np.ndarray) -> np.ndarray:
    return from_window(pixels).astype(np.float64)


def test_moments_are_those_of_the_study_but_for_chance_within_bounds(cohort):
    given = pictures(cohort) * 20
    shown = [z_of(one) for one in on_one_scale(given, 0, "salt")]
    sds = np.array([one.std() for one in shown])
    means = np.array([one.mean() for one in shown])
    sd, mean = np.exp(np.log(sds).mean()), means.mean()
    assert np.ptp(np.log(sds)) == pytest.approx(2 * np.log(GAIN), rel=0.05)
    assert np.ptp(means) == pytest.approx(2 * OFFSET * sd, rel=0.05)
    assert mean == pytest.approx(np.mean([z_of(one).mean() for one in given]), abs=0.05)
    assert abs(np.corrcoef(sds, means)[0, 1]) < 0.3


def test_gain_and_offset_hang_on_the_salt(cohort):
    given = pictures(cohort, 2)
    once, again, other = (on_one_scale(given, 0, salt) for salt in ("a", "a", "b"))
    assert all(np.array_equal(one, two) for one, two in zip(once, again, strict=True))
    assert not any(np.array_equal(one, two) for one, two in zip(once, other, strict=True))
    assert abs(z_of(once[0]).mean() - z_of(other[0]).mean()) > 0.01


def test_neither_flat_areas_nor_coarse_steps_show(cohort):
    padded = pictures(cohort, 1)[0].copy()
    padded[:, :20] = padded.min()
    coarse = to_window(np.round(from_window(padded) / GRAY) * GRAY)
    for given in (padded, coarse, np.full((32, 32), 20000, np.uint16)):
        values = np.frombuffer(shown_bytes(on_one_scale([given], 0, "salt")[0]), "<u2").reshape(given.shape)
        assert np.unique(values[:, :20]).size > 5
        assert np.mean(np.diff(values[:, :20].astype(int), axis=0) == 0) < 0.3


def test_single_pixels_far_out_are_brought_to_the_others(cohort):
    given = pictures(cohort, 1)[0]
    spiked = given.copy()
    spiked.ravel()[: int(0.8 * TAIL * spiked.size)] = 65535
    (shown,) = on_one_scale([spiked], 0, "salt")
    assert z_of(shown).max() < z_of(given).max() + 0.5


def test_stacks_are_taken_whole(cohort):
    stack = np.stack(pictures(cohort, 3))
    brighter = stack.copy()
    brighter[1] += 3000
    (shown,) = on_one_scale([brighter], 0, "salt")
    z = z_of(shown)
    assert z.shape == stack.shape
    assert z[1].mean() > z[[0, 2]].mean() + 0.3


def test_dither_is_less_than_a_gray_value_of_a_screen(cohort):
    given = pictures(cohort, 1)
    (shown,) = on_one_scale(given, 0, "salt")
    inside = np.clip(z_of(given[0]), *np.quantile(z_of(given[0]), (TAIL, 1 - TAIL)))
    slope, shift = np.polyfit(inside.ravel(), z_of(shown).ravel(), 1)
    rest = slope * inside + shift - z_of(shown)
    assert np.abs(rest).max() < 1.1 * GRAY
    assert rest.std() == pytest.approx(GRAY / np.sqrt(6), rel=0.05)
