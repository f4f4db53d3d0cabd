import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from synthuterus_bench.cohorts.record import Manifest
from synthuterus_bench.cohorts.slices import Slices, read_slices
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import CohortError, UsageError, WeightsError
from synthuterus_bench.metrics.fidelity import psnr
from synthuterus_bench.nets.autoencoder import WEIGHTS, autoencoder_digest, decode, encode, load_autoencoder, posterior
from synthuterus_bench.nets.autoencoder_record import load_autoencoder_record
from synthuterus_bench.training.autoencoder import AutoencoderTask, loss_in_words, train_autoencoder
from synthuterus_bench.training.config import AutoencoderConfig
from synthuterus_bench.training.loop import make_accelerator
from synthuterus_bench.training.perceptual import make_perceptual
from synthuterus_bench.vocab import AutoencoderId, Perceptual, SliceChoice, Split, View

AE, VAE = AutoencoderId.AE2D, AutoencoderId.VAE2D


def tiny(steps=2, **changes):
    usual = {"batch": 2, "warmup_steps": 1, "checkpoint_every": 1, "channels": (8, 8, 8), "validation_pictures": 4}
    return AutoencoderConfig(**usual | {"perceptual": "off", "steps": steps, "evaluate_every": 2} | changes)


def task_on(pixels, id=VAE, **changes):
    config = tiny(**changes)
    data = Slices(pixels, [""] * len(pixels), [""] * len(pixels), np.arange(len(pixels)))
    return AutoencoderTask(id, config, data, pixels, make_accelerator(config), make_perceptual(config.perceptual))


@pytest.fixture(scope="module")
def pixels(cohort):
    return read_slices(cohort, Split.TRAIN).pixels[:4]


@pytest.fixture(scope="module", params=[AE, VAE])
def trained(request, cohort, tmp_path_factory):
    out = tmp_path_factory.mktemp(request.param)
    return out, train_autoencoder(request.param, cohort, tiny(perceptual="embedder"), out)


def test_a_run_leaves_weights_record_card_and_sheet(trained, cohort):
    out, record = trained
    folder = out / "autoencoder"
    assert {path.name for path in folder.iterdir()} == {
        "config.json", WEIGHTS, "training.json", "README.md", "sheet.png"}  # fmt: skip
    assert record == load_autoencoder_record(folder)
    assert (record.view, record.cohort_digest, record.step) == (View.ROI, cohort.manifest.digest, 2)
    assert record.digest == autoencoder_digest(load_autoencoder(folder))
    assert set(record.quality) >= {"PSNR (dB)", "SSIM", "embedder distance", "latent deviation"}
    assert len(record.validation) == 1
    assert record.perceptual_sha256
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert record.loss in card
    assert f"{record.quality['SSIM']:g}" in card


def test_latents_have_unit_deviation_on_the_training_pictures(trained, cohort):
    vae = load_autoencoder(trained[0] / "autoencoder")
    z = torch.from_numpy(from_window(read_slices(cohort, Split.TRAIN).pixels)).unsqueeze(1)
    latents = encode(vae, z).transpose(0, 1).flatten(1)
    assert torch.allclose(latents.mean(1), torch.zeros(4), atol=0.02)
    assert torch.allclose(latents.std(1), torch.ones(4), atol=0.02)


def test_a_fresh_process_reconstructs_the_same(trained, cohort, tmp_path):
    folder = trained[0] / "autoencoder"
    program = (
        "import sys, numpy as np, torch; torch.set_num_threads(1)\n"
        "from pathlib import Path\n"
        "from synthuterus_bench.nets.autoencoder import autoencoder_digest, decode, encode, load_autoencoder\n"
        "vae = load_autoencoder(Path(sys.argv[1]))\n"
        "z = torch.linspace(-2, 4, 128 * 128).view(1, 1, 128, 128)\n"
        "np.save(sys.argv[2], decode(vae, encode(vae, z)).numpy()); print(autoencoder_digest(vae))\n"
    )
    arguments = [sys.executable, "-c", program, str(folder), str(tmp_path / "out.npy")]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    vae, z = load_autoencoder(folder), torch.linspace(-2, 4, 128 * 128).view(1, 1, 128, 128)
    assert np.array_equal(np.load(tmp_path / "out.npy"), decode(vae, encode(vae, z)).numpy())
    assert done.stdout.strip() == trained[1].digest


@pytest.mark.parametrize("kill_at", [1, 2])
def test_a_killed_training_ends_in_the_same_weights(cohort, tmp_path, monkeypatch, kill_at):
    whole = train_autoencoder(VAE, cohort, tiny(3), tmp_path / "whole")
    honest = AutoencoderTask.loss

    def loss(self, step, part):
        if step == kill_at:
            raise KeyboardInterrupt
        return honest(self, step, part)

    with monkeypatch.context() as patch:
        patch.setattr(AutoencoderTask, "loss", loss)
        with pytest.raises(KeyboardInterrupt):
            train_autoencoder(VAE, cohort, tiny(3), tmp_path / "pieces")
    assert not (tmp_path / "pieces" / "autoencoder").exists()
    pieces = train_autoencoder(VAE, cohort, tiny(3), tmp_path / "pieces")
    assert pieces == whole
    ours, theirs = (load_file(tmp_path / name / "autoencoder" / WEIGHTS) for name in ("whole", "pieces"))
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    again = train_autoencoder(VAE, cohort, tiny(4), tmp_path / "pieces")
    assert again.step == 4
    with pytest.raises(WeightsError, match="other data or settings"):
        train_autoencoder(AE, cohort, tiny(4), tmp_path / "pieces")


@pytest.mark.slow
@pytest.mark.parametrize("id", [AE, VAE])
def test_four_pictures_are_learned_by_heart(pixels, id):
    pixels = pixels[:, 32:96, 32:96]
    task = task_on(pixels, id, channels=(32, 64, 96), batch=4)
    optimizer = torch.optim.AdamW(task.vae.parameters(), lr=2e-3)
    for step in range(400):
        optimizer.zero_grad()
        task.loss(step, 0).backward()
        torch.nn.utils.clip_grad_norm_(task.vae.parameters(), 1.0)
        optimizer.step()
    z = torch.from_numpy(from_window(pixels)).unsqueeze(1)
    with torch.no_grad():
        assert psnr(decode(task.vae, encode(task.vae, z)), z).min() > 25


def test_a_few_steps_lower_the_loss_of_both(pixels):
    for id in (AE, VAE):
        task = task_on(pixels[:, 32:96, 32:96], id)
        optimizer = torch.optim.AdamW(task.vae.parameters(), lr=1e-2)
        before = task.validate()
        for step in range(30):
            optimizer.zero_grad()
            task.loss(step, 0).backward()
            optimizer.step()
        assert task.validate() < 0.7 * before


def test_the_terms_of_the_loss_are_what_they_are_said_to_be(pixels):
    kinds = {"perceptual": "embedder", "perceptual_weight": 0.25, "kl_weight": 0.5}
    plain, whole = task_on(pixels, AE), task_on(pixels, AE, **kinds)
    z = torch.from_numpy(from_window(pixels)).unsqueeze(1)
    with torch.no_grad():
        back = decode(plain.vae, encode(plain.vae, z))
        error = (back - z).abs().mean().item()
        assert plain.validate() == pytest.approx(error, rel=1e-4)
        apart = make_perceptual(Perceptual.EMBEDDER)(back, z).mean().item()
        assert whole.validate() == pytest.approx(error + 0.25 * apart, rel=1e-4)
        divergence = posterior(plain.vae, z).kl().mean().item() / z[0].numel()
    variational = [task_on(pixels, VAE, kl_weight=weight).validate() for weight in (0.0, 0.5)]
    assert variational[1] - variational[0] == pytest.approx(0.5 * divergence, rel=1e-3)
    assert variational[0] != pytest.approx(error, rel=1e-4), "vae2d decodes a sample"


def test_noise_is_named(pixels):
    task = task_on(pixels)
    assert task.validate() == task.validate()
    with torch.no_grad():
        assert task.loss(3, 0) == task.loss(3, 0)
        assert task.loss(3, 0) != task.loss(3, 1)
    assert np.array_equal(task.sheet(), task.sheet())


def test_the_loss_in_words():
    config = tiny(perceptual="embedder", kl_weight=0.01)
    assert loss_in_words(AE, config) == "mean absolute error + 0.5 x embedder distance"
    assert loss_in_words(VAE, tiny(kl_weight=0.01)) == "mean absolute error + 0.01 x KL (nats a pixel)"


def test_volumes_are_learned_from_slice_by_slice(cohort, tmp_path):
    scan = next(cohort.scans(Split.TRAIN))
    writer = CohortWriter(tmp_path / "volumes", Manifest(
        name="n", view="roi", dims=3, intensity="window", splits={}, digest=""))  # fmt: skip
    volume = np.stack([scan.pixels + np.uint16(k) for k in range(5)])[:, ::2, ::2]
    for split in (Split.TRAIN, Split.VALIDATION):
        writer.add(
            replace(scan, scan_id=split.value, pixels=volume, mask=None, split=split, spacing_mm=(4.0, 1.0, 1.0))
        )
    volumes = writer.close()
    for slices, count in ((SliceChoice.ALL, 5), (SliceChoice.CENTRAL3, 3)):
        record = train_autoencoder(AE, volumes, tiny(1, slices=slices), tmp_path / slices)
        assert (record.train_pictures, record.dims, record.slices) == (count, 3, slices)


def test_what_cannot_be_trained_is_refused_before_anything_is_written(cohort, tmp_path):
    with pytest.raises(UsageError, match="shrink a side by 4"):
        train_autoencoder(VAE, cohort, tiny(patch=1), tmp_path / "out")
    with pytest.raises(WeightsError, match="perceptual: lpips cannot be had"):
        train_autoencoder(VAE, cohort, tiny(perceptual="lpips"), tmp_path / "out", tmp_path)
    scan = next(cohort.scans(Split.TRAIN))
    writer = CohortWriter(tmp_path / "odd", Manifest(
        name="n", view="roi", dims=2, intensity="window", splits={}, digest=""))  # fmt: skip
    writer.add(replace(scan, pixels=scan.pixels[:100, :100], mask=None))
    with pytest.raises(CohortError, match="found pictures of 100 x 100"):
        train_autoencoder(VAE, writer.close(), tiny(), tmp_path / "out")
    assert not (tmp_path / "out").exists()
