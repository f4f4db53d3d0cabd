"""Reference bundles: the same distances from statistics as from images, and nothing of single patients."""

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from synthuterus_bench.bench.bundle import HEADER, load_bundle, save_bundle
from synthuterus_bench.bench.bundling import make_bundle
from synthuterus_bench.bench.by_bundle import bundle_needs, score_by_bundle
from synthuterus_bench.bench.parts import Part
from synthuterus_bench.bench.provenance import Provenance
from synthuterus_bench.bench.reference import Reference
from synthuterus_bench.bench.run import evaluate
from synthuterus_bench.bench.scoring import score_metrics
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.bench.submission import Submission
from synthuterus_bench.bench.suite import SUITES, Regime
from synthuterus_bench.bench.tools import Tools
from synthuterus_bench.board.check import check_entries
from synthuterus_bench.entry import Generator
from synthuterus_bench.errors import SuiteError, UsageError
from synthuterus_bench.metrics.features import extract
from synthuterus_bench.metrics.frechet import frechet_distance
from synthuterus_bench.metrics.scopes import compact
from synthuterus_bench.metrics.summary import distance_to, moments_of, telling
from synthuterus_bench.vocab import CLASSES

METRICS = ("fid-64", "fd-embedder", "kid-embedder", "irs-adjusted")
A_CLASS = 24


@pytest.fixture(scope="module")
def small(suite):
    """The small suite with few metrics, and anatomy left out for speed."""
    return suite.model_copy(update={"metrics": METRICS, "n_per_class": 12, "n_real_per_class": A_CLASS})


def part(count, seed, first=0):
    """Smooth noise, ``count`` images of as many patients a class."""
    rng, labels = np.random.default_rng(seed), np.repeat(np.arange(len(CLASSES)), count)
    blobs = rng.normal(size=(len(labels), 8, 8)) + labels[:, None, None] / 4
    pixels = (20_000 + 2_000 * blobs).astype(np.uint16).repeat(16, 1).repeat(16, 2)
    return Part(pixels, labels, first + np.arange(len(labels)))


@pytest.fixture(scope="module")
def real():
    return Reference("hospital", "a" * 64, part(20, 1), part(A_CLASS, 2, 1000), {})


@pytest.fixture(scope="module")
def bundle(real, small, embedder, tmp_path_factory):
    return make_bundle(real, small, Tools(embedder, tmp_path_factory.mktemp("none")), most_telling=1.0)


@pytest.fixture(scope="module")
def submission():
    made = part(12, 3)
    digests = tuple(str(k) for k in range(len(made.labels)))
    return Submission(
        made.pixels, made.labels, made.units, digests, {}, "0" * 64, "window", Generator(name="x"), Provenance()
    )


def test_distance_to_moments_is_the_distance_to_rows():
    rng = np.random.default_rng(0)
    for n, m, d in ((30, 50, 8), (6, 50, 20), (40, 9, 20)):
        left, right = rng.normal(size=(n, d)), 1 + 2 * rng.normal(size=(m, d))
        assert distance_to(left, moments_of(right)) == pytest.approx(frechet_distance(left, right), rel=1e-7)


def test_distances_from_a_bundle_are_those_from_images(bundle, real, small, submission, embedder, tmp_path):
    path = tmp_path / "bundle.safetensors"
    save_bundle(bundle, path)
    sets = Sets(submission, real)
    rows, scopes = compact(sets.scopes(small.permutations, 0, small.n_real_per_class))
    full = score_metrics(small.metrics, scopes, extract(sets.pixels[rows], bundle_needs(small), embedder)).results
    bank = extract(submission.pixels, bundle_needs(small), embedder)
    found = score_by_bundle(small, submission, load_bundle(path, small), bank, {})
    ours = {(row.metric, row.scope): row for row in found}
    compared = [row for row in full if row.metric == "fd-embedder"]
    assert len(compared) == 5
    for row in compared:
        mine = ours[row.metric, row.scope]
        if row.scope != "pooled":
            assert mine.reason.startswith("withheld by the reference's owner: 24 images in 64 dimensions")
            continue
        assert mine.value == pytest.approx(row.value, rel=1e-5)
        assert (mine.n_real, mine.n_fake) == (row.n_real, row.n_fake)
        assert mine.floor == row.floor
        assert mine.ci.low < mine.value < mine.ci.high


def test_what_statistics_cannot_give_says_why(bundle, small, submission, embedder):
    bank = extract(submission.pixels, bundle_needs(small), embedder)
    found = {(row.metric, row.scope): row for row in score_by_bundle(small, submission, bundle, bank, {})}
    assert "third moments" in found["kid-embedder", "pooled"].reason
    assert "needs images" in found["irs-adjusted", "av-af"].reason
    assert ".pth" in found["fid-64", "pooled"].reason
    assert "needs images" in found["macro-f1", "pooled"].reason
    assert {row.status for row in found.values()} == {"ok", "unavailable"}


def test_features_of_another_network_are_not_compared(bundle, small, submission, embedder):
    bank = extract(submission.pixels, bundle_needs(small), embedder)
    (need,) = bundle.header.layers
    bank.identity[need] = bank.identity[need] | {"weights_sha256": "b" * 64}
    rows = score_by_bundle(small, submission, bundle, bank, {})
    row = next(row for row in rows if (row.metric, row.scope) == ("fd-embedder", "pooled"))
    assert row.reason.startswith("the bundle was made with weights_sha256 eeee")


def test_a_folder_is_evaluated_by_the_file(bundle, suite, folder, embedder, tmp_path):
    path = tmp_path / "bundle.safetensors"
    header = bundle.header.model_copy(update={"suite": suite.id, "protocol_digest": suite.digest})
    save_bundle(replace(bundle, header=header), path)
    done = evaluate(folder, suite, str(path), embedder=embedder, weights_dir=tmp_path)
    done.save(tmp_path / "entry.json")
    assert check_entries([tmp_path / "entry.json"]).problems == []
    assert done.entry.suite.reference_digest == "a" * 64
    assert done.entry.overlap == {"repeats": 0, "blank": 0, "out_of_range": 0}
    assert "reference bundle" in done.details.notes[0]
    assert {row.metric for row in done.entry.results} >= {*suite.metrics, "macro-f1"}


def test_a_bundle_holds_aggregates_only(bundle, real, embedder, tmp_path):
    path = tmp_path / "bundle.safetensors"
    save_bundle(bundle, path)
    rows = {tuple(row) for row in embedder((real.test.pixels * 16 / 65535 - 4).astype(np.float32)).features}
    for array in load_file(path).values():
        assert array.shape in ((64,), (64, 64))
        assert not {tuple(row) for row in np.atleast_2d(array)} & rows
    again = tmp_path / "again.safetensors"
    save_bundle(bundle, again)
    assert path.read_bytes() == again.read_bytes()


def test_few_patients_are_refused(real, small, embedder):
    few = replace(real, test=part(19, 2, 1000))
    with pytest.raises(SuiteError, match="found 19 held-out patients of av-af, expected at least 20"):
        make_bundle(few, small, Tools(embedder))
    with pytest.raises(UsageError, match="volumes have no reference bundle"):
        make_bundle(real, SUITES["uterus-3d-roi"], Tools(embedder))


def test_what_would_tell_who_is_in_it_is_withheld(real, small, embedder, tmp_path):
    with pytest.raises(SuiteError, match=r"nothing to tell: .*would tell who is among them"):
        make_bundle(real, small, Tools(embedder, tmp_path))


def test_membership_is_told_where_rows_are_few_and_not_where_they_are_many():
    rng = np.random.default_rng(0)
    others = rng.normal(size=(400, 20))
    auc = {n: telling(rows, others, moments_of(rows)) for n in (30, 2000) for rows in [rng.normal(size=(n, 20))]}
    assert auc[30] > 0.9
    assert auc[2000] < 0.55


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda arrays: arrays.pop("embedder/pooled/covariance"), "without a covariance"),
        (lambda arrays: arrays.update({"embedder/pooled/mean": np.full(64, np.nan)}), "finite numbers"),
        (lambda arrays: arrays.update({"embedder/pooled/covariance": -np.eye(64)}), "covariance that can be none"),
        (lambda arrays: arrays.update({"other/pooled/mean": np.zeros(3)}), "does not tell of"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(bundle, small, tmp_path, change, said):
    path = tmp_path / "bundle.safetensors"
    save_bundle(bundle, path)
    arrays = load_file(path)
    change(arrays)
    save_file(arrays, path, {HEADER: json.dumps(bundle.header.model_dump(mode="json", by_alias=True))})
    with pytest.raises(SuiteError, match=said):
        load_bundle(path, small)


def test_other_files_are_no_bundles(bundle, small, tmp_path):
    path = tmp_path / "x.safetensors"
    with pytest.raises(SuiteError, match="no such reference bundle"):
        load_bundle(path, small)
    path.write_bytes(b"nothing")
    with pytest.raises(SuiteError, match="not a readable bundle"):
        load_bundle(path, small)
    save_file({"a": np.zeros(2)}, path)
    with pytest.raises(SuiteError, match="without a header"):
        load_bundle(path, small)
    save_bundle(bundle, path)
    with pytest.raises(UsageError, match="expected uterus-2d-roi v1"):
        load_bundle(path, SUITES["uterus-2d-roi"])


def test_a_private_reference_leaves_nothing_per_patient(folder, cohort, suite, embedder, tmp_path):
    """No list in entry or details is as long as the reference has patients or images, and no patient is named."""
    quick = Regime(name="supervised", net="slim-resnet", side=32, updates=1, learning_rate=1e-3)
    plain = suite.model_copy(update={"metrics": ("fd-embedder",), "regimes": (quick,)})
    done = evaluate(folder, plain, str(cohort.root), embedder=embedder, weights_dir=tmp_path)
    told = json.dumps([done.entry.as_json(), json.loads(done.details.as_json())])
    patients = {scan.patient_id for scan in cohort.scans()}
    lengths = {24, 40, 72, len(patients)}
    assert not any(scan.scan_id in told or scan.patient_id in told for scan in cohort.scans())
    assert not lengths & {len(found) for found in lists(json.loads(told))}


def lists(value):
    """Every list of numbers inside."""
    if isinstance(value, list):
        if value and all(isinstance(one, int | float) for one in value):
            yield value
        for one in value:
            yield from lists(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from lists(one)
