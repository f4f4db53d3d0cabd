"""Releases of generators that are told less than class and text, or draw volumes."""

from collections import Counter

import datasets
import numpy as np
import pytest

from synthuterus_bench.cli import run
from synthuterus_bench.cohorts.layout import audit_file
from synthuterus_bench.cohorts.prompt import parse
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.errors import QuotaError, UsageError
from synthuterus_bench.generators.solve import SamplerConfig
from synthuterus_bench.privacy.log import read_log
from synthuterus_bench.release import candidates
from synthuterus_bench.release.build import ReleasePlan, generate
from synthuterus_bench.release.gate import check_release
from synthuterus_bench.vocab import CLASSES, Orientation, Split

FAST = SamplerConfig(steps=1, guidance=1)
sample_chunk = candidates.sample_chunk


def build(model_of, name, out, **changes):
    settings = {"scans": 8, "tau": 1.0, "twin_tau": 1.0, "sampler": FAST} | changes
    return generate(ReleasePlan(name, model_of(name), **settings), out)


def card(release):
    return " ".join((release.root / "README.md").read_text(encoding="utf-8").split())


def test_a_class_alone_is_told_and_nothing_else_is_in_the_rows(model_of, tmp_path):
    release = build(model_of, "ddpm2d-class-roi", tmp_path / "synthuterus")
    scans = list(release.scans())
    assert Counter(scan.orientation for scan in scans) == dict.fromkeys(CLASSES, 2)
    assert {(scan.prompt, scan.field_strength, scan.sequence, scan.version_deg) for scan in scans} == {(None,) * 4}
    assert "which was told a class." in card(release)
    assert "| not told | 2 | 2 | 2 | 2 |" in (release.root / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["ddpm2d-text-roi", "ddpm2d-uncond-roi"])
def test_where_no_class_is_told_it_is_measured(model_of, cohort, monkeypatch, tmp_path, name):
    """The sampler hands out images of patients whose class is known."""
    held_out = [scan for scan in cohort.scans() if scan.split is not Split.TRAIN][:16]

    def sample(pipeline, wanted, seed, config):
        return np.stack([held_out[one.index].pixels for one in wanted])

    monkeypatch.setattr(candidates, "sample_chunk", sample)
    release = build(model_of, name, tmp_path / "synthuterus", scans=16)
    scans = list(release.scans())
    found = [(scan.orientation, truth.orientation) for scan, truth in zip(scans, held_out, strict=True)]
    assert sum(measured is truth for measured, truth in found) >= 12
    assert all(measured in (truth, Orientation.AMBIGUOUS) for measured, truth in found)
    sure = [scan for scan in scans if scan.orientation is not Orientation.AMBIGUOUS]
    assert all(scan.angle_basis == "body" and 0 < scan.orientation_confidence <= 1 for scan in sure)
    assert all(scan.version_deg is not None and scan.flexion_deg is not None for scan in sure)
    header, *records, _ = read_log(audit_file(release.home, release.config))
    assert header["classes"] == "measured"
    assert [record["orientation"] for record in records] == [scan.orientation for scan in scans]
    assert "were **measured** on each image" in card(release)
    asked = Counter(parse(scan.prompt).orientation for scan in scans if scan.prompt)
    assert asked == (dict.fromkeys(CLASSES, 4) if "text" in name else {})
    assert all((scan.field_strength is not None) is ("text" in name) for scan in scans)


@pytest.mark.parametrize("family", ["ddpm2d", "ldm2d", "ddpm3d"])
def test_what_a_generator_that_learned_nothing_draws_is_ambiguous(model_of, tmp_path, family):
    release = build(model_of, f"{family}-uncond-roi", tmp_path / "synthuterus", scans=5)
    assert [(scan.orientation, scan.orientation_confidence) for scan in release.scans()] == [("ambiguous", 0.0)] * 5
    check_release(release.root)


def test_places_without_a_class_share_one_cap(model_of, tmp_path):
    with pytest.raises(QuotaError, match="release: 0 of 5 places filled after 10 candidates"):
        build(model_of, "ddpm2d-uncond-roi", tmp_path / "synthuterus", scans=5, tau=-1.0, cap=2)


def test_guidance_without_a_condition_is_refused(model_of, tmp_path):
    with pytest.raises(UsageError, match="guidance"):
        build(model_of, "ddpm2d-uncond-roi", tmp_path / "r", scans=2, sampler=SamplerConfig(steps=1, guidance=2.0))
    assert not (tmp_path / "r").exists()


def test_volumes(model_of, volumes, tmp_path, capsys):
    release = build(model_of, "ddpm3d-ct-roi", tmp_path / "synthuterus", scans=12)
    assert release.manifest.dims == 3
    scans = list(release.scans())
    assert {scan.pixels.shape for scan in scans} == {(24, 128, 128)}
    assert {scan.spacing_mm for scan in scans} == {(4.0, 1.0, 1.0)}
    assert len(release.files()) == 2
    header, *records, _ = read_log(audit_file(release.home, release.config))
    assert header["reference_scans"] == 24 * volumes.manifest.splits[Split.TRAIN]
    assert all(0 <= record["slice"] < 24 for record in records)
    assert "192 training slices of the generator" in card(release).replace("all 192", "192")
    assert run(["cohort", "show", str(release.root)]) == 0
    assert "3D" in capsys.readouterr().out
    loaded = datasets.load_dataset(str(release.root), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded[0]["volume"].shape == (24, 128, 128)


def test_one_copied_slice_rejects_a_volume(model_of, volumes, monkeypatch, tmp_path):
    copied = next(volumes.scans(Split.TRAIN)).pixels[7]

    def sample(pipeline, wanted, seed, config):
        pixels = sample_chunk(pipeline, wanted, seed, config)
        for row, one in enumerate(wanted):
            if one.index == 2:
                pixels[row, 15] = copied
        return pixels

    monkeypatch.setattr(candidates, "sample_chunk", sample)
    release = build(model_of, "ddpm3d-ct-roi", tmp_path / "synthuterus", scans=4, tau=0.95)
    _, *records, footer = read_log(audit_file(release.home, release.config))
    (rejected,) = [record for record in records if record["decision"] == "rejected"]
    assert (rejected["index"], rejected["slice"], rejected["bound"]) == (2, 15, "tau")
    assert rejected["max_similarity"] > 0.999
    assert (records[-1]["index"], records[-1]["orientation"]) == (4, rejected["orientation"])
    assert (footer["generated"], footer["accepted"]) == (5, 4)
    assert len(load_cohort(release.root)) == 4


def test_a_reference_of_another_view_is_refused(model_of, cohort, tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    text = (cohort.root / "cohort.json").read_text(encoding="utf-8").replace('"view":"roi"', '"view":"full"')
    (full / "cohort.json").write_text(text)
    for file in cohort.files():
        (full / "full").mkdir(exist_ok=True)
        (full / "full" / file.name).write_bytes(file.read_bytes())
    with pytest.raises(UsageError, match="found view full, expected roi"):
        build(model_of, "ddpm2d-ct-roi", tmp_path / "synthuterus", reference=full)
