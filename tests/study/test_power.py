import pytest
from scipy.stats import binom, binomtest

from synthuterus_bench.errors import UsageError
from synthuterus_bench.repro import stream
from synthuterus_bench.study.power import (
    Cell,
    Claim,
    _drawn,
    exact_power,
    images_for_each,
    images_for_one,
    power_table,
    simulated_power,
)


@pytest.mark.parametrize("images", [20, 21, 60])
def test_exact_power_is_that_of_the_binomial_test(images):
    rejected = [hits for hits in range(images + 1) if binomtest(hits, images).pvalue <= 0.05]
    assert exact_power(Claim(0.7), images) == pytest.approx(binom.pmf(rejected, images, 0.7).sum())


def test_power_is_symmetric_and_rises_with_the_effect():
    values = [exact_power(Claim(share), 40) for share in (0.55, 0.65, 0.75, 0.9)]
    assert values == sorted(values)
    assert exact_power(Claim(0.35), 40) == pytest.approx(values[1])


def test_the_number_of_images_is_the_first_that_lasts():
    claim, needed = Claim(0.65), images_for_one(Claim(0.65), 0.8)
    assert all(exact_power(claim, needed + 2 * k) >= 0.8 for k in range(11))
    assert any(exact_power(claim, needed - 2 + 2 * k) < 0.8 for k in range(11))


def test_equivalence_needs_more_than_twenty_images():
    claim = Claim(0.5, margin=0.1)
    assert exact_power(claim, 20) == 0
    needed = images_for_one(claim, 0.8)
    assert 200 < needed < 300
    assert exact_power(claim, needed) >= 0.8


def test_what_cannot_be_reached_is_none():
    assert images_for_one(Claim(0.51), 0.8) is None


def test_readers_are_right_as_often_as_assumed():
    correct = _drawn(Claim(0.7, sd_readers=0.4, sd_images=0.8), 20, 40, stream(0, "check"), 400)
    assert correct.mean() == pytest.approx(0.7, abs=0.01)
    assert correct.mean(2).var() > 0.7 * 0.3 / 40
    assert correct.mean(1).var() > 0.7 * 0.3 / 20


def test_more_readers_and_more_images_give_more_power():
    cells = {(one.readers, one.images): one.power for one in power_table(Claim(0.65), [3, 10], [20, 100], draws=400)}
    assert cells[3, 20] < cells[10, 20] < cells[10, 100]
    assert cells[3, 20] < cells[3, 100]


def test_the_same_seed_gives_the_same_power():
    assert simulated_power(Claim(0.65), 3, 20, 1, 300) == simulated_power(Claim(0.65), 3, 20, 1, 300)
    one, other = (simulated_power(Claim(0.65), 5, 40, seed).power for seed in (1, 2))
    assert 0 < abs(one - other) < 0.07


def test_of_the_table_the_first_column_that_lasts():
    row = [Cell(3, 20, 0.81, 0), Cell(3, 40, 0.79, 0), Cell(3, 60, 0.85, 0), Cell(5, 20, 0.9, 0), Cell(9, 20, 0.1, 0)]
    assert images_for_each(row, 0.8) == {3: 60, 5: 20, 9: None}


@pytest.mark.parametrize(
    "wrong",
    [
        {"accuracy": 1.0},
        {"accuracy": 0.5},
        {"accuracy": 0.7, "margin": 0.1},
        {"accuracy": 0.7, "alpha": 0.6},
        {"accuracy": 0.7, "sd_images": -1.0},
        {"accuracy": 0.5, "margin": 0.5},
    ],
)
def test_claims_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UsageError):
        Claim(**wrong)
    with pytest.raises(UsageError, match="at least 2 readers"):
        simulated_power(Claim(0.7), 1, 20)
