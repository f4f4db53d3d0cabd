import numpy as np
import pytest

from synthuterus_bench.bench.notes import notes_on_sizes
from synthuterus_bench.bench.provenance import Provenance
from synthuterus_bench.bench.reference import Part, Reference
from synthuterus_bench.bench.scoring import score_metrics
from synthuterus_bench.bench.sets import MOST, Sets
from synthuterus_bench.bench.submission import Submission
from synthuterus_bench.bench.suite import find_suite
from synthuterus_bench.entry import Generator
from synthuterus_bench.metrics.bank import FeatureBank
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.scopes import compact, make_scopes
from synthuterus_bench.vocab import CLASSES

SUITE = find_suite("demo")
NAMES = ("kid-embedder", "anatomy-valid", "fd-embedder", "precision-embedder", "ct-embedder", "lpips-diversity")


def labels(counts):
    return np.repeat(np.arange(len(counts)), counts)


def bank_of(rows, **missing):
    rng, bank = np.random.default_rng(0), FeatureBank()
    bank.add(Need.EMBEDDER, rng.normal(size=(rows, 5)), extractor="x")
    bank.add(Need.ANATOMY, np.ones((rows, 3)), extractor="y")
    bank.add(Need.LPIPS, rng.uniform(1, 2, size=(rows, rows)), extractor="z")
    return bank


@pytest.fixture
def scopes():
    counts = [labels(part) for part in ((1, 30), (40, 40), (24, 24))]
    rows = sum(map(len, counts))
    return make_scopes(*counts, np.arange(rows), ["av-af", "av-rf"], permutations=6, seed=0, pooled_permutations=19)


def test_results_stand_in_the_order_of_the_suite(scopes):
    results = score_metrics(NAMES, scopes, bank_of(159)).results
    assert [result.metric for result in results] == [name for name in NAMES for _ in scopes]
    assert [result.scope for result in results[:3]] == ["pooled", "av-af", "av-rf"]


def test_one_image_of_a_class_is_said_and_stops_nothing(scopes):
    results = {(one.metric, one.scope): one for one in score_metrics(NAMES, scopes, bank_of(159)).results}
    for name in NAMES:
        assert results[name, "av-af"].status == "unavailable"
        assert "found 1 images" in results[name, "av-af"].reason
        assert results[name, "av-rf"].status == "ok"
    assert results["lpips-diversity", "pooled"].status == "failed"
    assert "too few real patients for a floor" in results["lpips-diversity", "pooled"].reason


def test_features_that_are_not_numbers_make_their_metrics_unavailable(scopes):
    bank, rows = FeatureBank(), np.ones((159, 5))
    rows[7, 2] = np.nan
    bank.add(Need.EMBEDDER, rows, extractor="x")
    results = score_metrics(("fd-embedder", "kid-embedder"), scopes, bank).results
    assert {result.status for result in results} == {"unavailable"}
    assert all("not finite of 1 images of 159" in result.reason for result in results)


def test_intervals_are_cut_to_what_the_metric_can_be(scopes):
    results = score_metrics(("precision-embedder", "fd-embedder"), scopes, bank_of(159)).results
    for result in results:
        if result.ci:
            assert result.ci.low >= 0
            assert result.metric == "fd-embedder" or result.ci.high <= 1


def test_distances_have_an_excess_over_chance_in_the_details(scopes):
    nulls = {(one.metric, one.scope): one.pooled for one in score_metrics(NAMES, scopes, bank_of(159)).nulls}
    found = nulls["fd-embedder", "av-rf"]
    assert (found.permutations, found.n_fake, found.n_real) == (19, 30, 24)
    assert found.excess == pytest.approx(found.value - found.mean, abs=1e-5)
    assert nulls["kid-embedder", "av-rf"] is not None
    assert nulls["anatomy-valid", "av-rf"] is None


def many(count, trained=700):
    fake = labels((count, 5, 5, 5))
    train, test = labels((trained, 6, 6, 6)), labels((8, 6, 6, 6))
    part = lambda of: Part(np.zeros((len(of), 2, 2), np.uint16), of, np.arange(len(of)))
    submission = Submission(
        np.zeros((len(fake), 2, 2), np.uint16),
        fake,
        np.arange(len(fake)),
        (),
        {},
        "0" * 64,
        "window",
        Generator(name="many"),
        Provenance(),
    )
    return Sets(submission, Reference("r", "0" * 64, part(train), part(test), {}))


def test_of_ten_thousand_images_of_a_class_as_many_are_compared_as_memory_bears_and_that_is_said():
    sets = many(10_000)
    rows, scopes = compact(sets.scopes(3, 5))
    first = next(scope for scope in scopes if scope.name == CLASSES[0])
    assert (len(first.fake), len(first.train), len(first.test)) == (MOST, MOST, 8)
    assert len(scopes[0].fake) == MOST + 15
    assert sets.parts(rows) == (MOST + 15, MOST + 18, 26)
    said = [note for note in notes_on_sizes(sets, SUITE) if note.startswith(f"{CLASSES[0]}:")]
    assert [note.split(":")[1].split(" the first")[0] for note in said] == [
        " of 10000 synthetic images",
        " of 700 training images",
        " classifiers learn from 10000 synthetic images, and from 700 real ones beside them",
    ]
    assert notes_on_sizes(many(5), SUITE)[0].startswith(f"{CLASSES[0]}: of 700 training")


def test_of_classes_with_few_training_images_fewer_are_compared_and_that_is_said():
    said = [note for note in notes_on_sizes(many(20, trained=9), SUITE) if "synthetic images the first" in note]
    assert [note.split(" are")[0] for note in said] == [f"{CLASSES[0]}: of 20 synthetic images the first 9"]
    assert not notes_on_sizes(many(5, trained=9), SUITE)


def test_pooled_results_of_measured_classes_that_pair_by_class_are_told_apart():
    counts = [labels(part) for part in ((30, 30), (40, 40), (24, 24))]
    results = []
    for told in (True, False):
        made = make_scopes(*counts, np.arange(188), ["av-af", "av-rf"], permutations=6, seed=0, told=told)
        results.append({(one.metric, one.scope): one for one in score_metrics(NAMES, made, bank_of(188)).results})
    for name in ("kid-embedder", "lpips-diversity", "ct-embedder"):
        assert results[1][name, "pooled"].params == results[0][name, "pooled"].params | {"strata": "one"}
    for key in (("fd-embedder", "pooled"), ("kid-embedder", "av-af")):
        assert results[1][key].params == results[0][key].params
