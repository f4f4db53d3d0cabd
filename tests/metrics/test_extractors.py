import lpips
import numpy as np
import pytest
import torch
import torchvision
from torch.nn import functional
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric

from synthuterus_bench import weights
from synthuterus_bench.cohorts.window import to_display, to_window
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.metrics import alexnet, extractor
from synthuterus_bench.metrics.alexnet import build_lpips, flat_lpips, pairwise_lpips
from synthuterus_bench.metrics.bank import FeatureBank, chunks
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.extractor import Extractor
from synthuterus_bench.metrics.features import extract
from synthuterus_bench.metrics.frechet import frechet_distance
from synthuterus_bench.metrics.gray import antialiased_resize, folded, tensorflow_resize, with_ones
from synthuterus_bench.metrics.kid import squared_mmd
from synthuterus_bench.metrics.layers import ORDER
from synthuterus_bench.nets import segmenter
from synthuterus_bench.repro import digest_file
from tests.metrics.networks import inception_of, trust, write_networks

INCEPTION = [Need.INCEPTION_64, Need.INCEPTION_192, Need.INCEPTION_768, Need.INCEPTION_2048]


@pytest.fixture(scope="module")
def pixels():
    coarse = np.random.default_rng(0).normal(size=(12, 8, 8)).repeat(8, 1).repeat(8, 2)
    coarse[6:] = np.roll(coarse[6:], 3, 1) / 2 + 0.5
    return to_window(coarse + 0.3 * np.random.default_rng(1).normal(size=coarse.shape))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_networks(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def trusted(folder, monkeypatch):
    trust(folder, monkeypatch)
    return folder


@pytest.fixture(scope="module")
def inception_bank(folder, pixels):
    with pytest.MonkeyPatch.context() as patch:
        trust(folder, patch)
        return extract(pixels, INCEPTION, None, weights_dir=folder)


@pytest.fixture(scope="module")
def theirs(folder, pixels):
    """Features by torch-fidelity's own extractor."""
    return [layer.numpy() for layer in inception_of(folder)(colours(pixels))]


def colours(pixels):
    return torch.from_numpy(to_display(pixels))[:, None].expand(-1, 3, -1, -1)


def test_inception_layers_are_those_of_torch_fidelity(inception_bank, theirs, folder):
    for need, layer, dims in zip(INCEPTION, theirs, (64, 192, 768, 2048), strict=True):
        assert layer.std(0).max() > 1e-2
        assert inception_bank.arrays[need].shape == (12, dims)
        np.testing.assert_allclose(inception_bank.arrays[need], layer, rtol=1e-4, atol=1e-5 * layer.max())
        assert inception_bank.identity[need]["weights_sha256"] == digest_file(folder / weights.INCEPTION.file)
        assert inception_bank.identity[need]["layer"] == str(dims)


def test_fid_and_kid_are_those_of_torch_fidelity(inception_bank, theirs):
    for need, layer in zip(INCEPTION, theirs, strict=True):
        ours = inception_bank.arrays[need]
        halves = (torch.from_numpy(part.astype(np.float64)) for part in (layer[:6], layer[6:]))
        kid = kid_features_to_metric(*halves, kid_subsets=1, kid_subset_size=6, verbose=False)
        assert squared_mmd(ours[:6], ours[6:]) == pytest.approx(kid["kernel_inception_distance_mean"], rel=1e-4)
        if layer.shape[1] > 200:
            continue
        stats = [fid_features_to_statistics(torch.from_numpy(part)) for part in (layer[:6], layer[6:])]
        expected = fid_statistics_to_metric(*stats, False)["frechet_inception_distance"]
        assert frechet_distance(ours[:6], ours[6:]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
def test_fid_of_the_last_layers_is_that_of_torch_fidelity(inception_bank, theirs):
    for need, layer in list(zip(INCEPTION, theirs, strict=True))[2:]:
        ours = inception_bank.arrays[need]
        stats = [fid_features_to_statistics(torch.from_numpy(part)) for part in (layer[:6], layer[6:])]
        expected = fid_statistics_to_metric(*stats, False)["frechet_inception_distance"]
        assert frechet_distance(ours[:6], ours[6:]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("need", [Need.RESNET18, Need.SWAV])
def test_resnets_are_those_of_torchvision(trusted, pixels, need):
    bank = extract(pixels[:3], [need], None, weights_dir=trusted)
    name, known = {
        Need.RESNET18: ("resnet18", weights.RESNET18),
        Need.SWAV: ("resnet50", weights.SWAV),
    }[need]
    state = torch.load(trusted / known.file, weights_only=True)
    state = {key.removeprefix("module."): value for key, value in state.get("state_dict", state).items()}
    network = getattr(torchvision.models, name)()
    network.load_state_dict(state)
    network.fc = torch.nn.Identity()
    images = functional.interpolate(colours(pixels[:3]).float() / 255, (224, 224), mode="bilinear", antialias=True)
    normalise = torchvision.transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    with torch.no_grad():
        expected = network.eval()(normalise(images)).numpy()
    assert expected.std(0).max() > 1e-2
    np.testing.assert_allclose(bank.arrays[need], expected, rtol=1e-3, atol=1e-4 * expected.max())


def test_lpips_of_all_pairs_is_that_of_the_package(trusted, pixels):
    bank = extract(pixels[:5], [Need.LPIPS], None, weights_dir=trusted)
    network = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    state = torch.load(trusted / weights.ALEXNET.file, weights_only=True)
    for part, index in alexnet.CONVOLUTIONS.items():
        layer = getattr(network.net, part)[-2 if part != "slice1" else 0]
        assert isinstance(layer, torch.nn.Conv2d), index
        layer.load_state_dict({kind: state[f"features.{index}.{kind}"] for kind in ("weight", "bias")})
    shown = colours(pixels[:5]).float() / 127.5 - 1
    with torch.no_grad():
        expected = [[float(network(a[None], b[None])) for a in shown] for b in shown]
    assert np.array(expected).max() > 1e-3
    np.testing.assert_allclose(bank.arrays[Need.LPIPS], expected, atol=1e-6)


def test_lpips_in_tiles_and_in_groups(trusted, pixels):
    network = flat_lpips(build_lpips(torch.load(trusted / weights.ALEXNET.file, weights_only=True)))
    whole = pairwise_lpips(network, pixels, np.zeros(12, int))
    size = sum(layer[0].nbytes for layer in network(to_display(pixels[:1])))
    tiled = pairwise_lpips(network, pixels, np.zeros(12, int), memory=7 * size)
    np.testing.assert_allclose(tiled, whole, atol=1e-6)
    np.testing.assert_array_equal(tiled, tiled.T)
    groups = np.arange(12) % 3 - 1
    parted = pairwise_lpips(network, pixels, groups)
    same = (groups[:, None] == groups) & (groups >= 0)
    np.testing.assert_allclose(parted[same], whole[same], atol=1e-6)
    assert not parted[~same].any()


def test_gray_folds_into_a_convolution_up_to_its_padding():
    colour = torch.nn.Conv2d(3, 4, 5, 2, 2)
    mean, std = (0.1, -0.2, 0.4), (0.5, 2.0, 0.7)
    gray = torch.rand(2, 12, 12)
    normalised = torch.stack([(gray - m) / s for m, s in zip(mean, std, strict=True)], 1)
    with torch.no_grad():
        torch.testing.assert_close(folded(colour, mean, std)(with_ones(gray)), colour(normalised), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("size", [64, 128, 299, 400])
def test_resizes_are_matrices(size):
    from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

    image = torch.rand(1, 1, size, size)
    expected = interpolate_bilinear_2d_like_tensorflow1x(image, size=(299, 299), align_corners=False)
    matrix = tensorflow_resize(size, 299)
    torch.testing.assert_close(matrix @ image @ matrix.T, expected, atol=1e-4, rtol=1e-4)
    smooth = functional.interpolate(image, (224, 224), mode="bilinear", antialias=True)
    matrix = antialiased_resize(size, 224)
    torch.testing.assert_close(matrix @ image @ matrix.T, smooth, atol=1e-4, rtol=1e-4)


def test_random_files_under_published_names_are_not_taken(folder, pixels):
    bank = extract(pixels, [Need.LPIPS, Need.INCEPTION_64, Need.RESNET18], None, weights_dir=folder)
    assert set(bank.missing) == {Need.LPIPS, Need.INCEPTION_64, Need.RESNET18}
    assert all("found SHA-256" in reason for reason in bank.missing.values())
    assert not bank.arrays


def test_missing_weights_are_missing_with_the_reason_and_without_a_path(tmp_path, pixels):
    needs = [Need.LPIPS, Need.INCEPTION_2048, Need.SWAV]
    bank = extract(pixels, needs, None, weights_dir=tmp_path)
    assert set(bank.missing) == set(needs)
    for reason in bank.missing.values():
        assert "https://" in reason
        assert str(tmp_path) not in reason


def test_features_that_are_not_finite_are_missing_and_counted():
    bank = FeatureBank()
    rows = np.ones((5, 3))
    rows[[1, 4], 2] = np.nan, np.inf
    bank.add(Need.SWAV, rows, extractor="x")
    assert Need.SWAV not in bank.arrays
    assert "not finite of 2 images of 5" in bank.missing[Need.SWAV]


def test_chunks_are_of_one_size_and_lose_nothing():
    rows = np.arange(7)[:, None, None]
    pieces = list(chunks(rows, 3))
    assert all(len(piece) == 3 for piece, _ in pieces)
    np.testing.assert_array_equal(np.concatenate([piece[:kept] for piece, kept in pieces]), rows)


def sums(pixels):
    """A network for worker processes: sums and largest values."""
    flat = pixels.reshape(len(pixels), -1).astype(np.float32)
    return flat.sum(1, keepdims=True), flat.max(1, keepdims=True)


def load_sums():
    return sums


def test_worker_processes_change_no_byte(pixels):
    made = Extractor("sums", {Need.SWAV: {}, Need.RESNET18: {}}, 1, lambda: "0" * 64, load_sums)
    alone, together = (made(pixels, workers, lambda items, *_: items) for workers in (1, 2))
    assert len(pixels) >= extractor.WORTH_A_PROCESS * 2
    for ours, theirs, direct in zip(alone, together, sums(pixels), strict=True):
        np.testing.assert_array_equal(ours, direct)
        np.testing.assert_array_equal(theirs, direct)


def test_anatomy_is_judged_image_by_image(pixels):
    bank = extract(pixels[:3], [Need.ANATOMY], None)
    assert bank.arrays[Need.ANATOMY].tolist() == [[0, 0, -1]] * 3
    assert bank.identity[Need.ANATOMY]["extractor"] == "localiser"
    assert bank.identity[Need.ANATOMY]["core"] == ORDER.core


def test_a_missing_localiser_leaves_the_anatomy_out_with_the_reason(pixels, monkeypatch):
    def missing():
        raise WeightsError("no localiser here")

    monkeypatch.setattr(segmenter, "load_localiser", missing)
    bank = extract(pixels, [Need.ANATOMY], None)
    assert bank.missing == {Need.ANATOMY: "no localiser here"}
