"""Copies of training images are rejected with their bound, recorded, and replaced."""

from collections import Counter

import pytest
from scipy.stats import binom

from synthuterus_bench.cohorts.layout import audit_file
from synthuterus_bench.generators.sampler import sample_chunk
from synthuterus_bench.generators.solve import SamplerConfig
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.filter import TAU, Decision, PrivacyFilter
from synthuterus_bench.privacy.index import build_index, load_index, save_index
from synthuterus_bench.privacy.log import read_log
from synthuterus_bench.release import candidates
from synthuterus_bench.release.build import ReleasePlan, generate
from synthuterus_bench.repro import digest_array
from synthuterus_bench.vocab import CLASSES, Config, Split

FALSE_POSITIVES = 0.01
"""Share of unseen patients that the self-test found rejected (8 of 1,000; docs/audit.md), rounded up."""

SAMPLER = SamplerConfig(steps=2, dtype="float32")


@pytest.fixture(scope="module")
def training(cohort):
    """Training images by class, in stored order."""
    images = {name: [] for name in CLASSES}
    for scan in cohort.scans(Split.TRAIN):
        images[scan.orientation].append(scan.pixels)
    return images


def plant(monkeypatch, training, indices):
    """Let the sampler repeat a training image of the class for the candidates ``indices``."""

    def sample(pipeline, wanted, seed, config):
        pixels = sample_chunk(pipeline, wanted, seed, config)
        for row, one in enumerate(wanted):
            if one.index in indices:
                pixels[row] = training[one.orientation][one.index // len(CLASSES)]
        return pixels

    monkeypatch.setattr(candidates, "sample_chunk", sample)


def build(tiny_model, out):
    made = generate(ReleasePlan("ddpm2d-ct-roi", tiny_model, scans=40, sampler=SAMPLER), out, workers=1)
    return made, read_log(audit_file(out, Config.ROI))


def test_one_planted_copy_is_rejected_recorded_and_replaced(tiny_model, training, monkeypatch, tmp_path):
    clean, before = build(tiny_model, tmp_path / "clean")
    plant(monkeypatch, training, {14})
    made, (header, *records, footer) = build(tiny_model, tmp_path / "planted")
    assert before[-1]["rejected"] == 0
    (rejected,) = [record for record in records if record["decision"] == "rejected"]
    assert (rejected["orientation"], rejected["index"], rejected["bound"]) == ("rv-af", 14, "tau")
    assert rejected["max_similarity"] > 0.999
    assert (footer["generated"], footer["accepted"], footer["rejected"]) == (41, 40, 1)
    assert (records[-1]["orientation"], records[-1]["index"], records[-1]["decision"]) == ("rv-af", 40, "accepted")
    assert records[-1]["prompt"] == rejected["prompt"]
    assert header["threshold"] == TAU
    changed = {scan.seed for scan in made.scans()} ^ {scan.seed for scan in clean.scans()}
    assert changed == {rejected["seed"], records[-1]["seed"]}


def test_a_generator_that_repeats_its_whole_training_set(tiny_model, training, monkeypatch, tmp_path):
    """Each of the first 40 candidates is another training image."""
    plant(monkeypatch, training, range(40))
    assert {name: len(images) for name, images in training.items()} == dict.fromkeys(CLASSES, 10)
    made, (_, *records, _) = build(tiny_model, tmp_path / "release")
    assert [record["bound"] for record in records] == ["tau"] * 40 + [None] * 40
    assert [record["decision"] for record in records] == ["rejected"] * 40 + ["accepted"] * 40
    assert len({record["neighbour"] for record in records[:40]}) == 40
    known = {digest_array(pixels) for images in training.values() for pixels in images}
    assert known.isdisjoint(digest_array(scan.pixels) for scan in made.scans())
    assert Counter(scan.orientation for scan in made.scans()) == dict.fromkeys(CLASSES, 10)


@pytest.mark.slow
def test_every_copy_of_the_demo_suites_training_set_and_few_held_out_patients(reference, tmp_path):
    save_index(build_index(reference, load_embedder()), tmp_path / "index.safetensors")
    judge = PrivacyFilter(load_embedder(), load_index(tmp_path / "index.safetensors"))
    pixels = reference.arrays(Split.TRAIN)[0]
    copies, fresh = judge.judge(pixels), judge.judge(reference.arrays(Split.TEST)[0])
    assert len(copies) == 384
    assert {verdict.decision for verdict in copies} == {Decision.REJECTED}
    assert [verdict.neighbour for verdict in copies] == judge.index.keys
    assert min(verdict.max_similarity for verdict in copies) > 0.999
    rejected = sum(verdict.decision is Decision.REJECTED for verdict in fresh)
    assert binom.sf(rejected - 1, len(fresh), FALSE_POSITIVES) > 0.01, rejected
