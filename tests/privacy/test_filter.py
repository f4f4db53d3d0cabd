from dataclasses import replace

import numpy as np
import pytest
from safetensors import safe_open

from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import CohortError, WeightsError
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy import reference, search
from synthuterus_bench.privacy.filter import Decision, PrivacyFilter
from synthuterus_bench.privacy.index import (
    ReferenceIndex,
    build_index,
    find_index,
    index_home,
    load_index,
    save_index,
)
from synthuterus_bench.vocab import Split


@pytest.fixture(scope="module")
def index(cohort):
    return build_index(cohort, load_embedder())


def test_every_training_image_is_indexed_and_no_other(cohort, index):
    assert len(index.keys) == len(index.codes) == cohort.manifest.splits[Split.TRAIN]
    assert index.reference_digest == cohort.manifest.digest


def test_planted_copies_are_rejected_with_their_bound_and_unseen_patients_pass(cohort, index):
    judge = PrivacyFilter(load_embedder(), index)
    copies = judge.judge(cohort.arrays(Split.TRAIN)[0])
    fresh = judge.judge(cohort.arrays(Split.TEST)[0])
    assert {verdict.decision for verdict in copies} == {Decision.REJECTED}
    assert min(verdict.max_similarity for verdict in copies) > 0.999
    assert [verdict.neighbour for verdict in copies] == index.keys
    assert {verdict.decision for verdict in fresh} == {Decision.ACCEPTED}


def test_a_similarity_equal_to_tau_passes():
    embedder = load_embedder()
    codes = embedder(np.zeros((1, 128, 128), np.float32)).codes
    index = ReferenceIndex(codes, ["00"], embedder.sha256, "x")
    pixels = np.full((1, 128, 128), 16384, np.uint16)
    pixels[0, 64] = 17000
    similarity = float(index.nearest(embedder(from_window(pixels)).codes)[0][0])
    assert PrivacyFilter(embedder, index, similarity).judge(pixels)[0].decision is Decision.ACCEPTED
    assert PrivacyFilter(embedder, index, similarity - 1e-4).judge(pixels)[0].decision is Decision.REJECTED


def test_a_blank_image_is_rejected_as_such(index):
    verdict = PrivacyFilter(load_embedder(), index, 1.0).judge(np.full((1, 128, 128), 20000, np.uint16))[0]
    assert (verdict.decision, verdict.bound) == (Decision.REJECTED, "blank")


def test_a_similarity_that_is_no_number_is_rejected(index):
    broken = ReferenceIndex(np.full_like(index.codes, np.nan), index.keys, index.encoder_sha256, "x")
    pixels = np.random.default_rng(0).integers(0, 65535, (1, 128, 128)).astype(np.uint16)
    assert PrivacyFilter(load_embedder(), broken).judge(pixels)[0].decision is Decision.REJECTED


def test_the_header_of_a_file_has_one_entry_so_that_its_order_cannot_change(index, tmp_path):
    save_index(index, tmp_path / "index.safetensors")
    with safe_open(tmp_path / "index.safetensors", "np") as file:
        assert [*file.metadata()] == ["facts"]


def test_keys_name_no_one(cohort, index):
    ids = " ".join(f"{scan.scan_id} {scan.patient_id}" for scan in cohort.scans(Split.TRAIN))
    assert not any(key in ids for key in index.keys)
    assert all(len(key) == 16 for key in index.keys)


def test_saving_keeps_codes_to_half_precision_and_keys_exactly(index, tmp_path):
    save_index(index, tmp_path / "index.safetensors")
    again = load_index(tmp_path / "index.safetensors")
    assert again.keys == index.keys
    assert np.abs(again.codes - index.codes).max() < 1e-3
    assert (again.codes * index.codes).sum(1).min() > 0.9999


def test_an_index_of_another_encoder_is_refused(index):
    other = ReferenceIndex(index.codes, index.keys, "0" * 64, index.reference_digest)
    with pytest.raises(WeightsError, match="index made by encoder 0000"):
        PrivacyFilter(load_embedder(), other)


def test_an_index_with_a_broken_code_is_refused(index, tmp_path):
    codes = index.codes.copy()
    codes[3] = np.nan
    save_index(ReferenceIndex(codes, index.keys, index.encoder_sha256, "x"), tmp_path / "index.safetensors")
    with pytest.raises(WeightsError, match="not an index"):
        load_index(tmp_path / "index.safetensors")


def test_the_index_of_a_private_cohort_lies_beside_the_model(cohort, index, tmp_path):
    model = tmp_path / "pipeline"
    private = replace(cohort, manifest=cohort.manifest.model_copy(update={"preset": None}))
    assert index_home(model, cohort) == find_index(model) == model / "index.safetensors"
    save_index(index, index_home(model, private))
    assert find_index(model) == tmp_path / "index.private.safetensors"


def test_a_cohort_with_fewer_images_than_it_says_is_refused(cohort):
    splits = {**cohort.manifest.splits, Split.TRAIN: 41}
    short = replace(cohort, manifest=cohort.manifest.model_copy(update={"splits": splits}))
    with pytest.raises(CohortError, match="expected 41"):
        build_index(short, load_embedder())


def test_missing_damaged_and_unprepared_are_named(tmp_path, cohort):
    with pytest.raises(WeightsError, match="no such index"):
        load_index(tmp_path / "index.safetensors")
    (tmp_path / "index.safetensors").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="not an index"):
        load_index(tmp_path / "index.safetensors")
    raw = replace(cohort, manifest=cohort.manifest.model_copy(update={"intensity": "native"}))
    with pytest.raises(CohortError, match="not a prepared cohort"):
        build_index(raw, load_embedder())


class _Broken:
    """An encoder whose weights went wrong: every third code is no number."""

    name, sha256 = "broken", "b" * 64

    def __call__(self, z):
        made = load_embedder()(z)
        made.codes[::3] = np.nan
        return made


def test_an_encoder_that_gives_no_numbers_is_refused_and_not_indexed_as_like_nothing(cohort, index):
    with pytest.raises(WeightsError, match="codes that are no numbers"):
        build_index(cohort, _Broken())
    judge = PrivacyFilter(_Broken(), replace(index, encoder_sha256="b" * 64))
    with pytest.raises(WeightsError, match="codes that are no numbers"):
        judge.judge(cohort.arrays(Split.TEST)[0].astype(np.uint16))


class _Lists:
    """A search that is exact and called approximate."""

    def __init__(self, codes):
        self.codes = codes

    def nearest(self, queries):
        return search.nearest(queries, self.codes)


def test_an_approximate_search_is_called_so_with_its_recall_where_it_can_be_measured(cohort, monkeypatch):
    monkeypatch.setattr(reference, "EXACT_UP_TO", 10)
    monkeypatch.setattr(reference, "approximate", _Lists)
    found = build_index(cohort, load_embedder()).search
    assert (found["kind"], found["recall"]) == ("inverted lists", 1.0)
    splits = {split: count for split, count in cohort.manifest.splits.items() if split is not Split.VALIDATION}
    alone = replace(cohort, manifest=cohort.manifest.model_copy(update={"splits": splits}))
    monkeypatch.setattr(type(alone), "scans", _without_validation(type(alone).scans))
    assert build_index(alone, load_embedder()).search == {"kind": "inverted lists"}


def _without_validation(scans):
    return lambda self, split=None: iter(()) if split is Split.VALIDATION else scans(self, split)
