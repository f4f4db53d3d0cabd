import lpips
import numpy as np
import pytest
import torch
import torchvision
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from synthuterus_bench import weights
from synthuterus_bench.cohorts.window import to_display, to_window
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.metrics import alexnet, inception
from synthuterus_bench.metrics.bank import chunks
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.features import extract
from synthuterus_bench.metrics.layers import ORDER
from synthuterus_bench.nets import segmenter
from synthuterus_bench.repro import digest_file


@pytest.fixture(scope="module")
def pixels():
    return to_window(np.random.default_rng(0).normal(size=(5, 64, 64)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """AlexNet and Inception files with random weights."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    torch.save(torchvision.models.alexnet().state_dict(), folder / weights.ALEXNET.file)
    state = {name: tensor for name, tensor in bare_inception().state_dict().items()}
    torch.save(state, folder / weights.INCEPTION.file)
    return folder


def bare_inception():
    class Bare(FeatureExtractorInceptionV3):
        def load_state_dict(self, state_dict):
            return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "load", lambda *args, **kwargs: None)
        return Bare("bare", ["64", "2048"], feature_extractor_weights_path="none")


@pytest.fixture
def trusted(folder, monkeypatch):
    """The random files under their true digests."""
    for module, name in ((alexnet, "ALEXNET"), (inception, "INCEPTION")):
        known = getattr(weights, name)
        digest = digest_file(folder / known.file)
        monkeypatch.setattr(module, name, weights.Pretrained(known.file, known.url, digest[:8], known.purpose))
    return folder


def test_lpips_of_all_pairs_is_that_of_the_package(trusted, pixels):
    bank = extract(pixels, [Need.LPIPS], None, weights_dir=trusted)
    network = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    state = torch.load(trusted / weights.ALEXNET.file, weights_only=True)
    for part, index in alexnet.CONVOLUTIONS.items():
        layer = getattr(network.net, part)[-2 if part != "slice1" else 0]
        assert isinstance(layer, torch.nn.Conv2d), index
        layer.load_state_dict({kind: state[f"features.{index}.{kind}"] for kind in ("weight", "bias")})
    shown = torch.from_numpy(to_display(pixels))[:, None].expand(-1, 3, -1, -1).float() / 127.5 - 1
    with torch.no_grad():
        expected = [[float(network(a[None], b[None])) for a in shown] for b in shown]
    assert np.array(expected).max() > 1e-3
    np.testing.assert_allclose(bank.arrays[Need.LPIPS], expected, atol=1e-6)


def test_inception_layers_are_those_of_torch_fidelity(trusted, pixels):
    bank = extract(pixels, [Need.INCEPTION_64, Need.INCEPTION_2048], None, weights_dir=trusted)
    network = bare_inception()
    torch.nn.Module.load_state_dict(network, torch.load(trusted / weights.INCEPTION.file, weights_only=True))
    network.eval()
    with torch.no_grad():
        expected = network(torch.from_numpy(to_display(pixels))[:, None].expand(-1, 3, -1, -1))
    for need, layer, dims in zip((Need.INCEPTION_64, Need.INCEPTION_2048), expected, (64, 2048), strict=True):
        assert bank.arrays[need].shape == (5, dims)
        np.testing.assert_allclose(bank.arrays[need], layer.numpy(), rtol=1e-3, atol=1e-4)
        assert bank.identity[need]["weights_sha256"] == digest_file(trusted / weights.INCEPTION.file)


def test_random_files_under_published_names_are_not_taken(folder, pixels):
    bank = extract(pixels, [Need.LPIPS, Need.INCEPTION_64], None, weights_dir=folder)
    assert set(bank.missing) == {Need.LPIPS, Need.INCEPTION_64}
    assert not bank.arrays


def test_missing_weights_are_missing_with_the_reason_and_without_a_path(tmp_path, pixels):
    bank = extract(pixels, [Need.LPIPS, Need.INCEPTION_2048], None, weights_dir=tmp_path)
    assert "https://" in bank.missing[Need.LPIPS]
    assert all(str(tmp_path) not in reason for reason in bank.missing.values())


def test_chunks_are_of_one_size_and_lose_nothing():
    rows = np.arange(7)[:, None, None]
    pieces = list(chunks(rows, 3))
    assert all(len(piece) == 3 for piece, _ in pieces)
    np.testing.assert_array_equal(np.concatenate([piece[:kept] for piece, kept in pieces]), rows)


def test_anatomy_is_judged_image_by_image(pixels):
    bank = extract(pixels, [Need.ANATOMY], None)
    assert bank.arrays[Need.ANATOMY].tolist() == [[0, 0, -1]] * len(pixels)
    assert bank.identity[Need.ANATOMY]["extractor"] == "localiser"
    assert bank.identity[Need.ANATOMY]["core"] == ORDER.core


def test_a_missing_localiser_leaves_the_anatomy_out_with_the_reason(pixels, monkeypatch):
    def missing():
        raise WeightsError("no localiser here")

    monkeypatch.setattr(segmenter, "load_localiser", missing)
    bank = extract(pixels, [Need.ANATOMY], None)
    assert bank.missing == {Need.ANATOMY: "no localiser here"}
