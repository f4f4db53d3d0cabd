"""The three levels on one entry: what was made again agrees, what was touched differs, what is foreign is refused."""

import shutil

import pytest

from synthuterus_bench.bench.reference import load_reference
from synthuterus_bench.bench.run import evaluate
from synthuterus_bench.board import verify as module
from synthuterus_bench.board.levels import Level, Outcome
from synthuterus_bench.board.verify import make_bench, plan_of, verify
from synthuterus_bench.entry import Sampling, Weights
from synthuterus_bench.errors import EntryError, SubmissionError, UsageError
from synthuterus_bench.generators.solve import SamplerConfig
from synthuterus_bench.release.build import ReleasePlan, generate
from tests.bench.conftest import embedder, suite  # noqa: F401


@pytest.fixture(scope="module")
def small(suite):  # noqa: F811
    """The small suite without what is learned from images but one regime."""
    return suite.model_copy(update={"n_per_class": 3, "metrics": ("fd-embedder", "kid-embedder", "lpips")})


@pytest.fixture(scope="module")
def release(tiny_model, tmp_path_factory):
    """Images of a plan of its own: seed, sampler, and more of them than the suite takes."""
    plan = ReleasePlan("ddpm2d-ct-roi", tiny_model, 16, seed=3, sampler=SamplerConfig(steps=2), tau=1.0)
    return generate(plan, tmp_path_factory.mktemp("release") / "synthuterus").root


@pytest.fixture(scope="module")
def bench(cohort, embedder, tmp_path_factory):  # noqa: F811
    """The reference is the cohort, which here anybody may see."""
    home = tmp_path_factory.mktemp("bench")
    return make_bench(str(cohort.root), weights_dir=home, cache=home, embedder=embedder)


@pytest.fixture(scope="module", autouse=True)
def _public_cohort():
    def public(*arguments):
        from dataclasses import replace

        return replace(load_reference(*arguments), public=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("synthuterus_bench.bench.run.load_reference", public)
        yield


@pytest.fixture(scope="module")
def done(release, small, cohort, embedder, bench):  # noqa: F811
    where = {"weights_dir": bench.cache, "cache": bench.cache, "embedder": embedder}
    return evaluate(release, small, str(cohort.root), publish_features=True, **where)


@pytest.fixture
def features(done, tmp_path):
    path = tmp_path / "features.safetensors"
    path.write_bytes(done.features)
    return path


def nudged(entry, metric, share):
    """The entry with one value moved by a share of its interval, or of the width of its floor."""
    results = []
    for row in entry.results:
        if row.metric == metric and row.scope == "pooled" and row.value is not None:
            ends = row.ci or row.floor
            row = row.model_copy(update={"value": row.value + share * (ends.high - ends.low)})
        results.append(row)
    return entry.model_copy(update={"results": results})


def test_recompute_agrees_to_the_bit(done, features, bench, small):
    found = verify(done.entry, Level.RECOMPUTE, features, bench, small)
    assert found.verdict is Outcome.AGREES
    assert found.count(Outcome.AGREES) == 10
    assert all(one.value == one.recomputed for one in found.results if one.outcome is Outcome.AGREES)
    assert {one.metric for one in found.results if one.outcome is Outcome.UNCHECKED} >= {"macro-f1", "macro-f1-gain"}
    assert found.evidence == {"features_sha256": done.entry.artefacts["features_sha256"]}
    assert (found.entry, found.exact_images) == (done.entry.id, None)


def test_re_embed_agrees_on_everything(done, release, bench, small):
    found = verify(done.entry, Level.RE_EMBED, release, bench, small)
    assert found.verdict is Outcome.AGREES
    assert {one.outcome for one in found.results} == {Outcome.AGREES}
    assert len(found.results) == sum(row.value is not None for row in done.entry.results) > 10


def test_regenerate_draws_the_same_images(done, tiny_model, bench, small):
    plan = plan_of(done.entry, tiny_model, small)
    assert (plan.scans, plan.seed, plan.tau, plan.sampler.steps) == (16, 3, 1.0, 2)
    found = verify(done.entry, Level.REGENERATE, tiny_model, bench, small)
    assert (found.verdict, found.exact_images) == (Outcome.AGREES, True)
    assert found.evidence["manifest_sha256"] == done.entry.dataset.manifest_sha256


def test_images_of_another_seed_are_told_and_judged_more_widely(done, tiny_model, bench, small):
    other = done.entry.model_copy(update={"sampling": done.entry.sampling.model_copy(update={"seeds": [4]})})
    found = verify(other, Level.REGENERATE, tiny_model, bench, small)
    assert found.exact_images is False
    assert found.tolerances.of_interval == 1.0


@pytest.mark.parametrize(
    ("metric", "share", "verdict"), [("kid-embedder", 0.05, "agrees"), ("kid-embedder", 0.2, "differs")]
)
def test_a_typed_number_is_found(done, features, release, bench, small, metric, share, verdict):
    typed = nudged(done.entry, metric, share)
    for level, source in ((Level.RECOMPUTE, features), (Level.RE_EMBED, release)):
        found = verify(typed, level, source, bench, small)
        assert found.verdict is Outcome(verdict)
        assert found.count(Outcome.DIFFERS) == (verdict == "differs")


def test_what_the_entry_was_not_made_from_is_refused(done, features, small_release, bench, small, tiny_model, tmp_path):
    features.write_bytes(done.features[:-1])
    with pytest.raises(SubmissionError, match="that the entry names"):
        verify(done.entry, Level.RECOMPUTE, features, bench, small)
    with pytest.raises(SubmissionError, match="found images of digest"):
        verify(done.entry, Level.RE_EMBED, small_release, bench, small)
    other = shutil.copytree(tiny_model, tmp_path / "other")
    (other / "model_index.json").write_text((other / "model_index.json").read_text(encoding="utf-8") + " ")
    with pytest.raises(SubmissionError, match="found weights of digest"):
        verify(done.entry, Level.REGENERATE, other, bench, small)


def test_what_an_entry_does_not_say_cannot_be_done_again(done, features, release, tiny_model, bench, small):
    bare = done.entry.model_copy(update={"artefacts": {}, "sampling": Sampling()})
    with pytest.raises(EntryError, match="names no published features"):
        verify(bare, Level.RECOMPUTE, features, bench, small)
    with pytest.raises(EntryError, match="found 0 seeds"):
        verify(bare, Level.REGENERATE, tiny_model, bench, small)
    unnamed = done.entry.generator.model_copy(update={"weights": Weights()})
    with pytest.raises(EntryError, match="names no weights"):
        verify(done.entry.model_copy(update={"generator": unnamed}), Level.REGENERATE, tiny_model, bench, small)
    with pytest.raises(EntryError, match="not in this version"):
        verify(done.entry, Level.RE_EMBED, release, bench)


@pytest.mark.parametrize("said", [{"generated": 10**12, "rejected": 0}, {"generated": 10**12 + 4, "rejected": 4}])
def test_no_more_is_drawn_than_the_suite_needs(done, tiny_model, bench, small, said):
    greedy = done.entry.model_copy(update={"privacy": done.entry.privacy.model_copy(update=said)})
    with pytest.raises(EntryError, match="of 1000000000000 images, expected at most 120 to draw again"):
        verify(greedy, Level.REGENERATE, tiny_model, bench, small)
    many = done.entry.dataset.model_copy(update={"n_per_class": {"av-af": 121}})
    bare = done.entry.privacy.model_copy(update={"generated": None})
    with pytest.raises(EntryError, match="of 121 images"):
        plan_of(done.entry.model_copy(update={"dataset": many, "privacy": bare}), tiny_model, small)


def test_another_reference_is_refused(done, release, bench, small, tmp_path):
    claims = done.entry.suite.model_copy(update={"reference_digest": "ab" * 32})
    with pytest.raises(UsageError, match="as in the entry"):
        verify(done.entry.model_copy(update={"suite": claims}), Level.RE_EMBED, release, bench, small)
    nameless = module.Bench(bench.tools, bench.cache)
    claims = done.entry.suite.model_copy(update={"reference": "our hospital"})
    with pytest.raises(UsageError, match="of the reference our hospital"):
        verify(done.entry.model_copy(update={"suite": claims}), Level.RE_EMBED, release, nameless, small)
