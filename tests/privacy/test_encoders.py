from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from torchvision.models import resnet50

from synthuterus_bench.cli import run
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.privacy import encoders, selftest
from synthuterus_bench.privacy.encoders import CHUNK, EncoderName, centres_itself, load_encoder
from synthuterus_bench.privacy.filter import Decision, PrivacyFilter
from synthuterus_bench.privacy.index import build_index, load_index, save_index
from synthuterus_bench.privacy.log import read_log
from synthuterus_bench.privacy.plants import Strength, Transform
from synthuterus_bench.privacy.selftest_record import SelfTest
from synthuterus_bench.repro import digest_file
from synthuterus_bench.vocab import Split
from synthuterus_bench.weights import INCEPTION, SWAV


@pytest.fixture(scope="module")
def swav(tmp_path_factory):
    """A random ResNet-50 as SwAV's file has it: names of a wrapped module, and heads that are not used."""
    torch.manual_seed(0)
    state = {f"module.{name}": value for name, value in resnet50().state_dict().items() if not name.startswith("fc.")}
    state |= {"module.projection_head.0.weight": torch.zeros(2, 2), "module.prototypes.weight": torch.zeros(2, 2)}
    home = tmp_path_factory.mktemp("weights")
    torch.save(state, home / SWAV.file)
    return home


def test_swav_is_torchvisions_trunk_and_no_row_depends_on_its_company(swav, cohort):
    encoder = load_encoder(EncoderName.SWAV, weights_dir=swav)
    z = from_window(cohort.arrays(Split.TRAIN)[0][: CHUNK + 2].astype(np.uint16))
    made = encoder(z)
    assert made.codes.shape == (CHUNK + 2, 2048)
    assert made.layer.shape == (CHUNK + 2, 2048)
    assert np.array_equal(made.codes[-1], encoder(z[-1:]).codes[0])
    assert encoder.sha256 == digest_file(swav / SWAV.file)
    assert not centres_itself(encoder)


def test_an_index_of_it_is_centred_and_catches_copies(swav, cohort, tmp_path):
    encoder = load_encoder(EncoderName.SWAV, weights_dir=swav)
    index = build_index(cohort, encoder)
    assert index.space is not None
    assert index.codes.shape[1] == index.space.basis.shape[1] <= 10
    save_index(index, tmp_path / "index.safetensors")
    again = load_index(tmp_path / "index.safetensors")
    assert np.array_equal(again.space.basis, index.space.basis)
    copies = PrivacyFilter(encoder, again).judge(cohort.arrays(Split.TRAIN)[0][:8].astype(np.uint16))
    assert {verdict.decision for verdict in copies} == {Decision.REJECTED}
    assert [verdict.neighbour for verdict in copies] == index.keys[:8]


@pytest.fixture(scope="module")
def few(cohort, tmp_path_factory):
    """12 images to train on and 2 of other patients: enough for three axes."""
    writer = CohortWriter(
        tmp_path_factory.mktemp("few") / "few", cohort.manifest.model_copy(update={"splits": {}, "digest": ""})
    )
    for split, count in ((Split.TRAIN, 12), (Split.TEST, 2)):
        for scan in islice(cohort.scans(split), count):
            writer.add(scan)
    writer.close()
    return load_cohort(writer.root)


@pytest.fixture(scope="module")
def inception(tmp_path_factory):
    """FID's Inception-v3 with random weights, and what its file is called."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda self, state: None)
        patch.setattr(torch, "load", lambda *args, **options: {})
        torch.manual_seed(0)
        network = FeatureExtractorInceptionV3("random", ["2048"], feature_extractor_weights_path="none")
    home = tmp_path_factory.mktemp("weights")
    torch.save(network.state_dict(), home / INCEPTION.file)
    return home


@pytest.fixture
def published(swav, inception, monkeypatch):
    """Both folders by name; the random Inception passes for the published one."""
    monkeypatch.setattr(encoders, "INCEPTION", replace(INCEPTION, sha256=""))
    return {EncoderName.SWAV: swav, EncoderName.INCEPTION: inception}


@pytest.mark.parametrize("name", [EncoderName.SWAV, pytest.param(EncoderName.INCEPTION, marks=pytest.mark.slow)])
def test_filter_and_self_test_run_through_with_a_published_encoder(name, published, few, tmp_path, monkeypatch):
    """Mirror images alone are planted, in small chunks, for speed."""
    monkeypatch.setattr(encoders, "CHUNK", 2)
    monkeypatch.setattr(selftest, "_pairs", lambda autoencoder: [(Transform.FLIP, Strength.MILD)])
    options = [
        "--encoder",
        name.value,
        "--weights-dir",
        str(published[name]),
        "--reference",
        str(few.root),
        "--tau",
        "0.999",
    ]
    assert run(["--quiet", "filter", str(few.root), *options, "--out", str(tmp_path / "kept")]) == 0
    (path,) = (tmp_path / "kept" / "audit").glob("*.jsonl")
    header, *records, _ = read_log(path)
    digest = digest_file(next(published[name].iterdir()))
    assert (header["encoder"], header["encoder_sha256"]) == (name, digest)
    by_train = [record["bound"] for record in records[: few.manifest.splits[Split.TRAIN]]]
    assert set(by_train) == {"tau"}
    few = ["--plants", "2", "--negatives", "2", "--floor", "0"]
    assert run(["--quiet", "audit", "self-test", *options, *few, "--out", str(tmp_path / "selftest.json")]) == 0
    record = SelfTest.model_validate_json((tmp_path / "selftest.json").read_bytes())
    assert (record.encoder, record.encoder_sha256) == (name, digest)
    assert [(cell.transform, cell.caught) for cell in record.cells] == [("flip", 2)]


@pytest.mark.parametrize("name", [EncoderName.SWAV, EncoderName.INCEPTION])
def test_a_missing_file_says_where_to_get_it(name, tmp_path):
    with pytest.raises(WeightsError, match=r"not at hand .* its publisher has it at https://"):
        load_encoder(name, weights_dir=tmp_path)


def test_another_network_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(encoders, "INCEPTION", replace(INCEPTION, sha256=""))
    torch.save({"fc.weight": torch.zeros(3, 3)}, tmp_path / INCEPTION.file)
    with pytest.raises(WeightsError, match="found another network, expected FID's Inception-v3"):
        load_encoder(EncoderName.INCEPTION, weights_dir=tmp_path)
    torch.save({"module.conv1.weight": torch.zeros(3, 3)}, tmp_path / SWAV.file)
    with pytest.raises(WeightsError, match=r"no conv1\.weight of the right shape"):
        load_encoder(EncoderName.SWAV, weights_dir=tmp_path)


def test_the_own_embedder_is_the_default():
    assert centres_itself(load_encoder())
