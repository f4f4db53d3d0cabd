import json
from collections import Counter

import diffusers
import numpy as np
import pytest

from synthuterus_bench.bench import stock_samples
from synthuterus_bench.bench.notes import AGREEMENT
from synthuterus_bench.bench.run import evaluate
from synthuterus_bench.bench.stock import check_stock, is_stock, load_stock
from synthuterus_bench.bench.submission import NO_CLASS
from synthuterus_bench.board.invariants import broken_invariants
from synthuterus_bench.errors import SubmissionError
from synthuterus_bench.vocab import CLASSES, Split

METRICS = ("fd-embedder", "kid-embedder", "irs-adjusted", "anatomy-plausible", "anatomy-agreement")


def make(folder, channels=1, side=128, pipeline="DDPM", steps=2):
    net = diffusers.UNet2DModel(
        sample_size=side,
        in_channels=channels,
        out_channels=channels,
        block_out_channels=(8, 8),
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        norm_num_groups=4,
    )
    schedule = getattr(diffusers, f"{pipeline}Scheduler")(num_train_timesteps=steps)
    getattr(diffusers, f"{pipeline}Pipeline")(net, schedule).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def stock(tmp_path_factory):
    return make(tmp_path_factory.mktemp("stock") / "pipeline")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def small(suite):
    return suite.model_copy(update={"n_per_class": 4, "metrics": METRICS})


@pytest.mark.parametrize(("channels", "pipeline"), [(1, "DDPM"), (3, "DDIM")])
def test_it_is_drawn_once_each_sample_from_noise_of_its_own(small, tmp_path, monkeypatch, channels, pipeline):
    folder = make(tmp_path / "pipeline", channels, pipeline=pipeline)
    assert is_stock(folder)
    first = load_stock(folder, small, tmp_path / "a")
    assert first.pixels.shape == (16, 128, 128)
    assert len(set(first.digests)) == 16
    assert first.generator.conditioning == "uncond"
    assert first.provenance.sampling.scheduler == f"{pipeline}Scheduler"
    fewer = load_stock(folder, small.model_copy(update={"n_per_class": 3}), tmp_path / "b")
    assert set(fewer.digests) <= {*first.digests}
    monkeypatch.setattr(stock_samples, "_load", lambda *_: pytest.fail("all chunks are there"))
    assert load_stock(folder, small, tmp_path / "a").digests == first.digests


def test_an_evaluation_says_what_it_leaves_out(stock, small, cohort, embedder, cache):
    done = evaluate(stock, small, str(cohort.root), cache=cache, embedder=embedder)
    results = {(one.metric, one.scope): one for one in done.entry.results}
    assert results["fd-embedder", "pooled"].status == "ok"
    assert results["fd-embedder", "pooled"].n_fake == 16
    assert "no class was asked for" in results[AGREEMENT, "pooled"].reason
    assert "found 0 images of the class" in results["fd-embedder", "av-af"].reason
    assert "images of each class to learn from" in results["macro-f1", "pooled"].reason
    assert done.entry.dataset.n_per_class == {**dict.fromkeys(map(str, CLASSES), 0), "ambiguous": 16}
    notes = "\n".join(done.details.notes)
    assert "16 of 16 images are ambiguous" in notes
    assert "no privacy filter" in notes
    assert not done.entry.privacy.model_dump(exclude_none=True)
    assert list(broken_invariants(done.entry)) == []


def test_measured_classes_are_scopes_of_their_own(stock, small, cohort, embedder, tmp_path, monkeypatch):
    """The pipeline hands out held-out images, of which most have a class that can be measured."""
    pixels = cohort.arrays(Split.TEST)[0]
    monkeypatch.setattr(stock_samples, "_sample", lambda stock, pipeline, start: pixels[start : start + 16])
    done = evaluate(stock, small, str(cohort.root), cache=tmp_path, embedder=embedder)
    counts = Counter(done.entry.dataset.n_per_class)
    assert counts.total() == 16
    assert all(counts[name] >= 2 for name in CLASSES)
    results = {(one.metric, one.scope): one for one in done.entry.results}
    assert results["fd-embedder", "pooled"].n_fake == 16
    for name in CLASSES:
        assert results["fd-embedder", name].n_fake == counts[name]
        assert results["macro-f1", name].status == "ok"
    assert list(broken_invariants(done.entry)) == []


def test_ambiguous_images_are_pooled_and_learned_from_by_nothing(stock, small, cohort, cache):
    from synthuterus_bench.bench.reference import load_reference
    from synthuterus_bench.bench.sets import Sets
    from synthuterus_bench.metrics.bank import FeatureBank
    from synthuterus_bench.metrics.base import Need

    submission = load_stock(stock, small, cache)
    assert set(submission.labels) == {NO_CLASS}
    sets = Sets(submission, load_reference(str(cohort.root), small))
    pooled, *classes = sets.scopes(3)
    assert len(pooled.fake) == 16
    assert [len(scope.fake) for scope in classes] == [0] * 4
    assert all(len(draw.fake) <= 16 and set(draw.fake).isdisjoint(draw.real) for draw in pooled.null)
    bank = FeatureBank()
    bank.arrays[Need.EMBEDDER] = np.zeros((len(sets.pixels), 2))
    assert len(sets.labelled(bank)[0].labels) == 0


def spoil(kind, folder):
    index, net = folder / "model_index.json", folder / "unet" / "config.json"
    said, config = json.loads(index.read_text(encoding="utf-8")), json.loads(net.read_text(encoding="utf-8"))
    if kind == "pickle":
        (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"x")
    elif kind == "code":
        (folder / "pipeline.py").write_text("raise SystemExit")
    elif kind == "other class":
        said["unet"] = ["my_module", "UNet2DModel"]
    elif kind == "more parts":
        said["vqvae"] = ["diffusers", "VQModel"]
    elif kind == "other scheduler":
        said["scheduler"] = ["diffusers", "KarrasVeScheduler"]
    elif kind == "other net":
        config["_class_name"] = "UNet2DConditionModel"
    elif kind == "no weights":
        (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    elif kind == "damaged weights":
        (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"x" * 100)
    elif kind == "size":
        config["sample_size"] = 64
    elif kind == "channels":
        config["in_channels"] = 4
    elif kind == "told a class":
        config["num_class_embeds"] = 4
    elif kind == "no schedule":
        (folder / "scheduler" / "scheduler_config.json").write_text("[]")
    index.write_text(json.dumps(said))
    net.write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("pickle", "no pickles and no code"),
        ("code", "found pipeline.py"),
        ("other class", "my_module"),
        ("more parts", "VQModel"),
        ("other scheduler", "KarrasVeScheduler"),
        ("other net", "UNet2DConditionModel"),
        ("no weights", "expected weights in safetensors"),
        ("damaged weights", "not loadable"),
        ("size", "found images of 64 x 64, expected 128 x 128"),
        ("channels", "found 4 channels in"),
        ("told a class", "expected an unconditional one"),
        ("no schedule", "not a readable JSON object"),
    ],
)
def test_what_is_not_a_stock_pipeline_is_refused_by_name(small, tmp_path, kind, words):
    folder = make(tmp_path / "pipeline")
    spoil(kind, folder)
    with pytest.raises(SubmissionError, match=words):
        load_stock(folder, small, tmp_path)
    assert not (tmp_path / "drawn").exists()


def test_the_digest_names_the_weights(stock, small, tmp_path):
    other = make(tmp_path / "pipeline", steps=1)
    assert check_stock(stock, small).sha256 != check_stock(other, small).sha256
    assert check_stock(other, small).steps == 1


def test_a_network_that_lies_elsewhere_is_refused_since_drawn_images_are_kept_by_digest(small, tmp_path):
    folder = make(tmp_path / "pipeline")
    (folder / "unet").rename(tmp_path / "elsewhere")
    (folder / "unet").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SubmissionError, match="found unet, a link to another folder"):
        check_stock(folder, small)
