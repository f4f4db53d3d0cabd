import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.distributions import Normal, kl_divergence

from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import UsageError, WeightsError
from synthuterus_bench.nets.autoencoder import (
    CONFIG,
    WEIGHTS,
    autoencoder_digest,
    decode,
    encode,
    find_autoencoder,
    load_autoencoder,
    make_autoencoder,
    posterior,
    save_autoencoder,
    standardise,
)
from synthuterus_bench.nets.autoencoder_record import load_autoencoder_record


@pytest.fixture(scope="module")
def vae():
    torch.manual_seed(0)
    net = make_autoencoder((8, 16, 16), patch=2).eval().requires_grad_(False)
    standardise(net, torch.tensor([0.1, -0.2, 0.0, 1.0]), torch.tensor([0.5, 2.0, 1.0, 0.1]))
    return net


@pytest.fixture
def folder(vae, tmp_path):
    save_autoencoder(tmp_path / "autoencoder", vae)
    return tmp_path / "autoencoder"


@pytest.mark.parametrize(("channels", "patch"), [((8, 8, 8, 16), 1), ((8, 8, 16), 2), ((8, 16), 4)])
@pytest.mark.parametrize("size", [128, 256])
def test_sixteen_times_fewer_numbers_and_back_to_the_same_size(channels, patch, size):
    net, z = make_autoencoder(channels, patch=patch, size=size), torch.randn(1, 1, size, size)
    with torch.no_grad():
        latents = encode(net, z)
        assert latents.shape == (1, 4, size // 8, size // 8)
        assert latents.numel() * 16 == z.numel()
        assert decode(net, latents).shape == z.shape


def test_wrong_sizes_are_refused(vae):
    with pytest.raises(UsageError, match="shrink a side by 4, expected 8"):
        make_autoencoder((8, 8, 8))
    with pytest.raises(UsageError, match="multiples of 8"):
        make_autoencoder((8, 8, 12), patch=2)
    for shape in ((1, 1, 60, 64), (1, 2, 64, 64), (64, 64)):
        with pytest.raises(ValueError, match="multiples of 8"):
            encode(vae, torch.zeros(shape))


def test_encoding_draws_nothing(vae):
    z = torch.randn(2, 1, 64, 64)
    torch.manual_seed(1)
    first = encode(vae, z)
    torch.manual_seed(2)
    assert torch.equal(first, encode(vae, z))
    assert torch.equal(decode(vae, first), decode(vae, first))


def test_the_scale_of_latents_is_undone(vae):
    z = torch.randn(2, 1, 64, 64)
    mode = posterior(vae, z).mode()
    latents = encode(vae, z)
    assert torch.allclose(latents[:, 0], (mode[:, 0] - 0.1) / 0.5, atol=1e-6)
    assert torch.allclose(latents[:, 3], (mode[:, 3] - 1) / 0.1, atol=1e-5)
    raw = make_autoencoder((8, 16, 16), patch=2)
    raw.load_state_dict(vae.state_dict())
    assert torch.allclose(decode(vae, latents), decode(raw.eval(), mode), atol=1e-4)


def test_the_divergence_is_the_closed_form(vae):
    given = posterior(vae, torch.randn(2, 1, 64, 64))
    expected = kl_divergence(Normal(given.mean, given.std), Normal(0.0, 1.0)).sum((1, 2, 3))
    assert torch.allclose(given.kl(), expected, rtol=1e-4)


def test_the_digest_follows_weights_and_scale(folder):
    digest = autoencoder_digest(load_autoencoder(folder))
    assert digest == autoencoder_digest(load_autoencoder(folder))
    scaled = load_autoencoder(folder)
    standardise(scaled, torch.zeros(4), torch.ones(4))
    assert autoencoder_digest(scaled) != digest
    moved = load_autoencoder(folder)
    next(moved.parameters()).data[0] += 1
    assert autoencoder_digest(moved) != digest


def test_missing_files_are_named(folder, tmp_path):
    with pytest.raises(WeightsError, match="no such folder"):
        load_autoencoder(tmp_path / "nowhere")
    (folder / WEIGHTS).unlink()
    with pytest.raises(WeightsError, match=f"no {WEIGHTS} in it"):
        load_autoencoder(folder)
    (folder / CONFIG).unlink()
    with pytest.raises(WeightsError, match=f"no {CONFIG} in it"):
        load_autoencoder(folder)
    with pytest.raises(WeightsError, match="no record of an autoencoder's training"):
        load_autoencoder_record(folder)


def test_pickles_are_refused(folder):
    (folder / "diffusion_pytorch_model.bin").write_bytes(pickle.dumps({}))
    with pytest.raises(WeightsError, match="found pickled weights"):
        load_autoencoder(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"_class_name": "UNet2DModel"}, "found a UNet2DModel, expected an AutoencoderKL"),
        ({"block_out_channels": [8, 16]}, "found a side shrunk by 4"),
        ({"block_out_channels": [8, 16, 10**7]}, "not a loadable autoencoder"),
        ({"block_out_channels": "x"}, "shrunk by 2|not an autoencoder"),
        ({"out_channels": 1}, "expected 8"),
        ({"latents_std": [1.0, 1.0]}, "scale of latents"),
        ({"latents_std": [1.0, 0.0, 1.0, 1.0]}, "scale of latents"),
        ({"latents_mean": [float("nan")] * 4}, "scale of latents"),
        ({"in_channels": None}, "not an autoencoder's configuration"),
        ({"norm_num_groups": 7}, "not a loadable autoencoder"),
    ],
)
def test_a_wrong_configuration_is_refused(folder, change, words):
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8")) | change
    (folder / CONFIG).write_text(json.dumps(config))
    with pytest.raises(WeightsError, match=words):
        load_autoencoder(folder)


def test_damaged_and_foreign_weights_are_refused(folder):
    state = load_file(folder / WEIGHTS)
    name = "encoder.conv_in.bias"
    save_file(state | {name: torch.full_like(state[name], torch.nan)}, folder / WEIGHTS)
    with pytest.raises(WeightsError, match=rf"numbers in {name} that are not finite"):
        load_autoencoder(folder)
    save_file({"other": torch.zeros(3)}, folder / WEIGHTS)
    with pytest.raises(WeightsError, match="not a loadable autoencoder"):
        load_autoencoder(folder)
    (folder / WEIGHTS).write_bytes(b"\x00" * 64)
    with pytest.raises(WeightsError, match="not a loadable autoencoder"):
        load_autoencoder(folder)
    (folder / CONFIG).write_text("[]")
    with pytest.raises(WeightsError, match="not an autoencoder's configuration"):
        load_autoencoder(folder)


def test_the_shipped_one_goes_by_its_name_and_gives_pictures_back(cohort):
    folder = find_autoencoder(Path("vae2d"))
    vae, record = load_autoencoder(folder), load_autoencoder_record(folder)
    assert (record.preset, record.digest) == ("phantom-v1", autoencoder_digest(vae))
    pixels = next(iter(cohort.scans())).pixels
    z = torch.from_numpy(from_window(pixels))[None, None]
    with torch.inference_mode():
        back = decode(vae, encode(vae, z))
    assert (back - z).square().mean() < 0.1 * z.var()


def test_a_folder_of_that_name_comes_first(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    folder.rename(folder.parent / "vae2d")
    assert find_autoencoder(Path("vae2d")) == Path("vae2d")
