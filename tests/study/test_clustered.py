import numpy as np
import pytest
from scipy.stats import t as student

from synthuterus_bench.repro import stream
from synthuterus_bench.study.clustered import accuracy_parts, image_variance, mean_interval, shared_variance
from synthuterus_bench.study.power import Claim, _drawn

SYNTHETIC = np.arange(40) % 2 == 0


def answers(readers: int = 4, seed: int = 0) -> np.ndarray:
    return stream(seed, "answers").random((readers, 40)) < 0.65


def test_shared_variance_is_the_mean_covariance_of_two_readers():
    parts = accuracy_parts(answers(), SYNTHETIC)
    whole = sum(np.cov(part) / part.shape[-1] for part in parts)
    assert shared_variance(parts) == pytest.approx(whole[~np.eye(4, dtype=bool)].mean())
    assert image_variance(parts) == pytest.approx(whole.mean())


def test_parts_add_up_to_the_accuracy():
    correct = answers()
    total = sum(part.mean(-1) for part in accuracy_parts(correct, SYNTHETIC))
    assert total == pytest.approx(correct.mean(-1))


def test_readers_who_always_agree_count_as_one():
    alike = np.repeat(answers(1), 5, axis=0)
    parts = accuracy_parts(alike, SYNTHETIC)
    middle, low, high = mean_interval(alike.mean(-1), parts)
    half = student.ppf(0.975, 38) * np.sqrt(image_variance(parts))
    assert (low, high) == pytest.approx((middle - half, middle + half))


def test_it_is_never_shorter_than_that_of_readers_alone():
    correct = np.stack([np.arange(40) < count for count in (10, 20, 30)])
    figures = correct.mean(-1)
    _, low, high = mean_interval(figures, accuracy_parts(correct, SYNTHETIC))
    assert high - low >= 2 * student.ppf(0.975, 2) * figures.std(ddof=1) / np.sqrt(3) - 1e-12


class Guessing(Claim):
    """The truth under which a claim of difference is false."""

    def __post_init__(self) -> None:
        pass


@pytest.mark.parametrize("readers", [2, 3, 5, 10])
@pytest.mark.parametrize(("sd_readers", "sd_images"), [(0.2, 0.5), (0.0, 0.0), (0.1, 1.0)])
def test_guessing_is_rejected_in_at_most_five_percent(readers, sd_readers, sd_images):
    claim = Guessing(0.5, sd_readers=sd_readers, sd_images=sd_images)
    correct = _drawn(claim, readers, 40, stream(5, "size", readers), 2000)
    _, low, high = mean_interval(correct.mean(-1), accuracy_parts(correct, SYNTHETIC))
    assert claim.shown(low, high).mean() < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)
