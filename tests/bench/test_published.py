"""Published features give the distances of their entry again, and nothing that does not belong to it."""

import dataclasses

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from synthuterus_bench.bench.published import HEADER, read_published, to_bytes
from synthuterus_bench.bench.reading import load_submission
from synthuterus_bench.bench.recomputing import score_published
from synthuterus_bench.bench.reference import read_reference
from synthuterus_bench.bench.run import Clock, evaluate, evaluate_sets
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.bench.tools import make_tools
from synthuterus_bench.errors import SubmissionError, UsageError
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.progress import silent
from synthuterus_bench.repro import digest_bytes


@pytest.fixture(scope="module")
def tools(embedder, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    return make_tools(embedder, cache, None, 1, "cpu", silent, cache)


@pytest.fixture(scope="module")
def real(cohort, suite):
    """A reference that anybody may see."""
    return read_reference(cohort, suite, public=True)


@pytest.fixture(scope="module")
def sets(cohort, suite, real):
    return Sets(load_submission(cohort.root, suite), real)


@pytest.fixture(scope="module")
def done(sets, suite, tools):
    return evaluate_sets(sets, suite, tools, Clock(), publish_features=True)


@pytest.fixture
def file(done, tmp_path):
    path = tmp_path / "features.safetensors"
    path.write_bytes(done.features)
    return path


def test_the_entry_names_the_file_and_nothing_else_changes(done, sets, suite, tools):
    assert done.entry.artefacts["features_sha256"] == digest_bytes(done.features)
    without = evaluate_sets(sets, suite, tools, Clock())
    assert without.features is None
    assert without.entry.results == done.entry.results
    assert without.entry.artefacts == {"details_sha256": done.entry.artefacts["details_sha256"]}


def test_there_and_back(file, done):
    published = read_published(file)
    assert to_bytes(published) == done.features
    assert published.per_class == done.entry.dataset.n_per_class
    assert published.header.manifest_sha256 == done.entry.dataset.manifest_sha256


def test_the_same_results_come_of_them(file, done, real, suite, tools):
    again = score_published(read_published(file), real, suite, tools)
    before = [result for result in done.entry.results if result.metric in suite.metrics]
    assert [row for row in again if row.status == "ok"] == [row for row in before if row.status == "ok"]
    assert sum(row.status == "ok" for row in again) == 30
    lpips = next(row for row in again if row.metric == "lpips")
    assert "needs the images" in lpips.reason


def test_features_that_were_touched_give_other_results(file, done, real, suite, tools):
    published = read_published(file)
    (plane,) = published.banks
    published.banks[plane].arrays[Need.EMBEDDER] = published.banks[plane].arrays[Need.EMBEDDER] * 1.1
    again = score_published(published, real, suite, tools)
    before = {(row.metric, row.scope): row.value for row in done.entry.results}
    differ = {row.metric for row in again if row.value != before[row.metric, row.scope] and row.status == "ok"}
    assert differ == {"fd-embedder", "kid-embedder"}


def test_another_extractor_is_no_match(file, real, suite, tools, embedder):
    published = read_published(file)
    (plane,) = published.banks
    published.banks[plane].identity[Need.EMBEDDER]["weights_sha256"] = "a" * 64
    again = score_published(published, real, suite, tools)
    row = next(row for row in again if row.metric == "kid-embedder")
    assert (row.status, row.reason) == ("unavailable", "embedder: published with another weights_sha256")


def test_of_a_private_reference_nothing_is_published(cohort, suite, tools, sets, tmp_path):
    private = Sets(sets.submission, read_reference(cohort, suite))
    with pytest.raises(UsageError, match="public references alone"):
        evaluate_sets(private, suite, tools, Clock(), publish_features=True)
    (tmp_path / "bundle.safetensors").write_bytes(b"")
    with pytest.raises(UsageError, match="public references alone"):
        evaluate(cohort.root, suite, str(tmp_path / "bundle.safetensors"), publish_features=True)


def test_other_rows_are_refused(file, real, suite, tools):
    published = read_published(file)
    fewer = dataclasses.replace(published, rows=published.rows[1:])
    with pytest.raises(SubmissionError, match="expected those of"):
        score_published(fewer, real, suite, tools)


def altered(file, **changes):
    with safe_open(file, "np") as opened:
        told = opened.metadata()
        arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    told |= changes.pop("metadata", {})
    arrays |= changes
    save_file({name: array for name, array in arrays.items() if array is not None}, file, told)
    return file


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"labels": None}, "found no labels"),
        ({"labels": np.full(32, 9)}, "that can be none"),
        ({"units": np.zeros(3, np.int64)}, "that can be none"),
        ({"rows": np.array([3, 2, 1])}, "rising order"),
        ({"rows": np.array([0, 99])}, "rising order"),
        ({"rows": np.zeros(2, np.float32)}, "found no rows"),
        ({"sagittal/embedder": np.zeros((3, 64), np.float32)}, "found shape"),
        ({"sagittal/embedder": np.full((32, 64), np.nan, np.float32)}, "finite"),
        ({"sagittal/embedder": np.zeros((32, 64), np.int32)}, "finite"),
        ({"sagittal/swav": np.zeros((32, 64), np.float32)}, "does not tell of"),
        ({"../../etc": np.zeros((32, 64), np.float32)}, "does not tell of"),
        ({"metadata": {HEADER: "{}"}}, "Field required"),
        ({"metadata": {HEADER: "["}}, "Invalid JSON"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(file, changes, expected):
    with pytest.raises(SubmissionError, match=expected):
        read_published(altered(file, **changes))


def test_what_is_no_such_file_is_refused(tmp_path):
    with pytest.raises(SubmissionError, match="no such file"):
        read_published(tmp_path / "none")
    for content in (b"", b"\x80\x02pickle", b"\xff" * 64):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(SubmissionError, match="not readable"):
            read_published(tmp_path / "bad")
    save_file({"a": np.zeros(2)}, tmp_path / "bare")
    with pytest.raises(SubmissionError, match="no header"):
        read_published(tmp_path / "bare")
