"""The first entries: made by the tool, with their command, filed once, superseded when they change."""

from dataclasses import replace

import pytest

from synthuterus_bench.bench.controls.submissions import CONTROLS
from synthuterus_bench.bench.details import load_details
from synthuterus_bench.bench.suite import SUITES
from synthuterus_bench.board import firsts
from synthuterus_bench.board.check import check_entries
from synthuterus_bench.board.entries import read_entry
from synthuterus_bench.board.firsts import First, file_first, firsts_of, make_first
from synthuterus_bench.board.verify import make_bench
from synthuterus_bench.errors import EntryError
from synthuterus_bench.generators.catalogue import SHIPPED
from tests.bench.conftest import embedder, suite  # noqa: F401


@pytest.fixture(scope="module")
def small(suite):  # noqa: F811
    return suite.model_copy(update={"n_per_class": 4, "metrics": ("fd-embedder", "kid-embedder")})


@pytest.fixture(scope="module")
def bench(cohort, embedder, tmp_path_factory):  # noqa: F811
    home = tmp_path_factory.mktemp("bench")
    return make_bench(str(cohort.root), weights_dir=home, cache=home, embedder=embedder)


@pytest.fixture(scope="module")
def noise(small, bench):
    return make_first(First("noise", True), small, bench)


def test_every_shipped_generator_and_every_control_has_a_place():
    covered = {first.name for one in SUITES.values() for first in firsts_of(one) if not first.control}
    assert covered == set(SHIPPED)
    for each in SUITES.values():
        assert [first.name for first in firsts_of(each) if first.control] == [*CONTROLS]


def test_a_control_says_that_it_is_one_and_how_it_was_made(noise):
    entry = noise.entry
    assert (entry.generator.name, entry.generator.family) == ("control: noise", "control")
    assert entry.environment["command"] == "scripts/first-entries --suite small --only noise"
    assert entry.training_data == [firsts.TAKEN_OUT]
    assert all(row.status == "ok" for row in entry.results if row.metric == "kid-embedder")


def test_a_generator_is_drawn_and_evaluated(small, bench, tiny_model, monkeypatch):
    monkeypatch.setattr(firsts, "find_pipeline", lambda name: tiny_model)
    entry = make_first(First("ddpm2d-ct-roi", False), small, bench).entry
    assert (entry.generator.name, entry.generator.family) == ("ddpm2d-ct-roi", "ddpm2d")
    assert entry.environment["command"].endswith("--only ddpm2d-ct-roi")
    assert entry.sampling.seeds == [0]
    assert entry.generator.weights.sha256


def test_filed_once_with_its_details_and_superseded_by_a_change(noise, tmp_path):
    first, again = file_first(noise, tmp_path), file_first(noise, tmp_path)
    assert (first.new, again.new, again.path) == (True, False, first.path)
    assert load_details(first.path) == noise.details
    results = [row.model_copy(update={"reason": "seen again"}) for row in noise.entry.results]
    later = file_first(replace(noise, entry=noise.entry.model_copy(update={"results": results})), tmp_path)
    assert read_entry(later.path).supersedes == first.path.stem
    assert check_entries([tmp_path]).problems == []
    assert len(check_entries([tmp_path]).entries) == 2


def test_the_same_results_of_images_by_another_digest_supersede(noise, tmp_path):
    first = file_first(noise, tmp_path)
    other = noise.entry.dataset.model_copy(update={"manifest_sha256": "12" * 32})
    later = file_first(replace(noise, entry=noise.entry.model_copy(update={"dataset": other})), tmp_path)
    assert later.new
    assert read_entry(later.path).supersedes == first.path.stem
    back = file_first(noise, tmp_path)
    assert back.new
    assert read_entry(back.path).supersedes == later.path.stem
    assert check_entries([tmp_path]).problems == []


def test_what_does_not_pass_leaves_nothing(noise, tmp_path):
    bad = replace(noise, entry=noise.entry.model_copy(update={"submitter": "/home/ada/x"}))
    with pytest.raises(EntryError, match="somebody's machine"):
        file_first(bad, tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
