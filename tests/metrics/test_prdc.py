import numpy as np
import pytest

from synthuterus_bench.metrics.base import Features, Scope
from synthuterus_bench.metrics.prdc import PRDC, K, prdc, radii
from synthuterus_bench.metrics.scopes import make_scopes
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.repro import stream


def cloud(name: str, n: int = 60, d: int = 6) -> np.ndarray:
    return stream(3, name).standard_normal((n, d))


def by_hand(real: np.ndarray, fake: np.ndarray, k: int) -> tuple[float, float, float, float]:
    """The four by loops over pairs, word by word as the papers define them."""

    def distance(a, b):
        return float(np.sqrt(((a - b) ** 2).sum()))

    def radius(rows, i):
        return sorted(distance(rows[i], rows[j]) for j in range(len(rows)) if j != i)[k - 1]

    balls, others = [radius(real, i) for i in range(len(real))], [radius(fake, i) for i in range(len(fake))]
    inside = [[distance(x, y) <= r for y in fake] for x, r in zip(real, balls, strict=True)]
    within = [[distance(x, y) <= r for y, r in zip(fake, others, strict=True)] for x in real]
    precision = np.mean([any(row[i] for row in inside) for i in range(len(fake))])
    recall = np.mean([any(row) for row in within])
    density = sum(map(sum, inside)) / (k * len(fake))
    return float(precision), float(recall), density, float(np.mean([any(row) for row in inside]))


@pytest.mark.parametrize("k", [1, 3, K])
def test_the_four_are_those_of_the_papers_word_by_word(k):
    real, fake = cloud("real", 30), 0.8 * cloud("fake", 24) + 0.3
    found = prdc(real, fake, k)
    assert (found.precision, found.recall, found.density, found.coverage) == pytest.approx(by_hand(real, fake, k))


def test_a_radius_leaves_the_row_itself_out():
    assert radii(abs(np.subtract.outer(np.arange(8.0), np.arange(8.0))), 2).tolist() == [2, 1, 1, 1, 1, 1, 1, 2]


def test_equal_sets_are_perfect_and_distant_ones_share_nothing():
    real = cloud("real")
    same = prdc(real, real.copy())
    assert (same.precision, same.recall, same.coverage) == (1, 1, 1)
    far = prdc(real, real + 100)
    assert (far.precision, far.recall, far.density, far.coverage) == (0, 0, 0, 0)


def test_a_collapse_keeps_precision_and_loses_recall_and_coverage():
    real = cloud("real", 200)
    middle = real[np.argsort((real**2).sum(1))[0]]
    found = prdc(real, middle + 1e-3 * cloud("fake", 200))
    assert found.precision == 1
    assert found.recall < 0.05
    assert found.coverage < 0.5
    full = prdc(real, cloud("other", 200))
    assert full.recall > 0.6
    assert full.coverage > 0.85
    assert full.density == pytest.approx(1, abs=0.25)


def test_an_invented_mode_costs_precision_only():
    real, fake = cloud("real", 200), cloud("other", 200)
    fake[:100] += 50
    found = prdc(real, fake)
    assert found.precision == pytest.approx(0.5, abs=0.06)
    assert found.recall > 0.5


def scope_of(fakes: int, images_a_patient: int, patients: int = 40) -> Scope:
    rows = patients * images_a_patient
    units = np.concatenate([np.arange(fakes), fakes + np.arange(3 * rows) // images_a_patient])
    classes = [np.zeros(n, np.int64) for n in (fakes, 2 * rows, rows)]
    return make_scopes(*classes, units, ["all"], permutations=8, seed=0)[0]


@pytest.mark.parametrize("metric", PRDC, ids=lambda one: one.name)
def test_real_against_real_gives_the_floor_and_further_images_of_a_patient_change_nothing(metric):
    one, two = scope_of(40, 1), scope_of(40, 2)
    people = cloud("people", 120)
    features = np.concatenate([cloud("fake", 40), people])
    again = np.concatenate([cloud("fake", 40), np.repeat(people, 2, 0)])
    alone, doubled = metric.measure(Features(features), one), metric.measure(Features(again), two)
    assert alone.value == doubled.value
    assert alone.n_real == alone.n_fake == 40
    assert len(alone.null) == 8
    assert metric.within(alone.value)
    assert alone.value == pytest.approx(alone.floor.value, abs=0.4)


def test_they_stand_in_the_table():
    assert all(METRICS[metric.name] is metric for metric in PRDC)


def test_without_a_kth_neighbour_nothing_is_measured():
    with pytest.raises(ValueError, match="more than k = 5"):
        prdc(cloud("real", 5), cloud("fake", 60))


def test_neighbours_are_those_of_scikit_learn():
    from sklearn.metrics import pairwise_distances
    from sklearn.neighbors import NearestNeighbors

    real, fake = cloud("real", 80, 40) + 300, 0.9 * cloud("fake", 70, 40) + 300.2
    radius = {
        name: NearestNeighbors(n_neighbors=K).fit(rows).kneighbors()[0][:, -1]
        for name, rows in {"real": real, "fake": fake}.items()
    }
    apart = pairwise_distances(real, fake)
    found = prdc(real, fake)
    assert found.precision == (apart <= radius["real"][:, None]).any(0).mean()
    assert found.recall == (apart <= radius["fake"]).any(1).mean()
    assert found.density == pytest.approx((apart <= radius["real"][:, None]).sum() / (K * 70))
    assert found.coverage == (apart <= radius["real"][:, None]).any(1).mean()


def test_intervals_are_by_patient_and_hold_the_value():
    scope = scope_of(40, 2)
    people = np.repeat(cloud("people", 120), 2, 0)
    found = PRDC[1].measure(Features(np.concatenate([cloud("fake", 40), people])), scope)
    assert found.interval.low <= found.value <= found.interval.high
    assert (found.interval.unit, found.interval.method) == ("patient", "two-sample jackknife")
