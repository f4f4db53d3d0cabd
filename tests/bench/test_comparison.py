import numpy as np
import pytest

from synthuterus_bench.bench.comparison.run import compare
from synthuterus_bench.bench.run import evaluate
from synthuterus_bench.cohorts.imagefile import encode_png
from synthuterus_bench.errors import SubmissionError
from synthuterus_bench.vocab import CLASSES

FEWEST = 399


def write(root, images):
    for name, group in images.items():
        (root / name).mkdir(parents=True)
        for k, image in enumerate(group):
            (root / name / f"{k}.png").write_bytes(encode_png(image))
    return root


@pytest.fixture(scope="module")
def scans(cohort):
    """Images of the reference by class, (n, 128, 128) uint16."""
    found = {name: [] for name in CLASSES}
    for scan in cohort.scans():
        found[scan.orientation].append(scan.pixels)
    return {str(name): np.stack(group) for name, group in found.items()}


@pytest.fixture(scope="module")
def sides(scans, tmp_path_factory):
    """Every other scan, the others, and those others with their quarters in a wrong order."""
    home = tmp_path_factory.mktemp("sides")
    halves = {"even": slice(0, None, 2), "odd": slice(1, None, 2)}
    made = {name: write(home / name, {k: v[part][:8] for k, v in scans.items()}) for name, part in halves.items()}
    wrong = {k: np.roll(v[1::2][:8], (64, 64), (1, 2)) for k, v in scans.items()}
    return made | {"wrong": write(home / "wrong", wrong)}


@pytest.fixture(scope="module")
def run(sides, cohort, suite, embedder, tmp_path_factory):
    none = tmp_path_factory.mktemp("none")

    def one(first, second, **more):
        return compare(
            sides[first], sides[second], suite, str(cohort.root), embedder=embedder, weights_dir=none, **more
        )

    return one


@pytest.fixture(scope="module")
def wrong(run):
    return run("even", "wrong", exchanges=FEWEST, names=("right", "wrong"))


def find(comparison, metric, scope="pooled"):
    (row,) = [row for row in comparison.rows if (row.metric, row.scope) == (metric, scope)][:1]
    return row


def test_what_is_wrong_is_found_and_the_other_side_is_better(wrong):
    for metric in ("kid-embedder", "fd-embedder", "anatomy-valid"):
        row = find(wrong, metric)
        assert row.verdict == "first", row
        assert row.p_corrected <= 0.05
        better = row.first < row.second if row.direction == "lower" else row.first > row.second
        assert better


def test_values_are_those_of_evaluate(wrong, sides, cohort, suite, embedder, tmp_path):
    alone = evaluate(sides["wrong"], suite, str(cohort.root), embedder=embedder, weights_dir=tmp_path).entry
    known = {(one.metric, one.scope, one.params.get("regime")): one for one in alone.results if one.value is not None}
    seen = 0
    for row in wrong.rows:
        if row.status == "ok":
            other = known[row.metric, row.scope, row.params.get("regime")]
            assert row.second == pytest.approx(other.value, rel=1e-5, abs=1e-7), row
            assert row.params == other.params
            seen += 1
    assert seen > 40


def test_two_halves_of_one_population_are_not_separable(run):
    found = run("even", "odd", exchanges=FEWEST, downstream=False)
    assert {row.verdict for row in found.rows} <= {"not separable", None}


def test_what_is_missing_says_why(wrong):
    row = find(wrong, "lpips")
    assert row.status == "unavailable"
    assert "alexnet" in row.reason
    assert row.verdict is None
    assert wrong.families["pooled"] == sum(row.p_value is not None and row.scope == "pooled" for row in wrong.rows)


def test_sides_changed_change_the_verdict(run, wrong):
    turned = run("wrong", "even", exchanges=FEWEST, downstream=False)
    for metric in ("kid-embedder", "fd-embedder", "anatomy-valid"):
        assert find(turned, metric).verdict == "second"
        assert find(turned, metric).difference == pytest.approx(-find(wrong, metric).difference, rel=1e-5)


def test_as_many_of_each_class_are_compared(run, sides, tmp_path, scans):
    sides["few"] = write(tmp_path / "few", {k: v[1::2][:6] for k, v in scans.items()})
    found = run("even", "few", exchanges=9, downstream=False)
    assert set(found.first.n_per_class.values()) == {6}
    assert find(found, "fd-embedder").n == 24
    assert find(found, "fd-embedder", "av-af").n == 6
    assert any("24 of 32 images" in note for note in found.notes)


def test_the_same_images_twice_are_refused(run):
    with pytest.raises(SubmissionError, match="the same images"):
        run("even", "even")


def test_the_same_bytes_again(run, wrong, tmp_path):
    again = run("even", "wrong", exchanges=FEWEST, names=("right", "wrong"))
    for name, one in (("a", wrong), ("b", again)):
        one.save(tmp_path / f"{name}.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert str(tmp_path) not in (tmp_path / "a.json").read_text(encoding="utf-8")


def test_by_default_a_corrected_p_value_can_be_one_in_a_hundred(suite):
    from synthuterus_bench.bench.comparison.run import _exchanges

    tests = len(suite.metrics) + sum(3 + regime.both for regime in suite.regimes)
    assert _exchanges(suite, True, None) == {True: 100 * tests - 1, False: 400 * tests - 1}
