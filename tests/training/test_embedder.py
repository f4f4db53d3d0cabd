import math

import numpy as np
import pytest
import torch

from synthuterus_bench.training.augment import augment
from synthuterus_bench.training.config import EmbedderConfig
from synthuterus_bench.training.embedder import EmbedderTask, nt_xent, read_patients, train_embedder
from synthuterus_bench.training.loop import make_accelerator
from synthuterus_bench.vocab import Split


def test_the_loss_of_orthogonal_pairs_is_known():
    codes = torch.eye(4) - 0.25
    unit = codes / codes.norm(dim=1, keepdim=True)
    cosine = float(unit[0] @ unit[1])
    same, other = math.exp(1 / 0.5), math.exp(cosine / 0.5)
    assert nt_xent(codes, codes, 0.5).item() == pytest.approx(-math.log(same / (same + 6 * other)), rel=1e-5)


def test_swapped_partners_cost_more():
    codes = torch.randn(8, 16, generator=torch.Generator().manual_seed(0))
    assert nt_xent(codes, codes, 0.1) < nt_xent(codes, codes.roll(1, 0), 0.1)


def test_views_stay_finite_differ_and_repeat_with_their_generator(cohort):
    x = torch.randn(4, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    first, again, other = (augment(x, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.isfinite().all()
    assert first.shape == x.shape


def test_training_writes_an_embedder_that_loads(cohort, tmp_path):
    config = EmbedderConfig(steps=3, warmup_steps=1, batch=6)
    embedder = train_embedder(cohort, config, tmp_path)
    pixels = cohort.arrays(Split.TRAIN)[0]
    codes = embedder(pixels.astype(np.float32) / 20000).codes
    assert codes.shape == (len(pixels), 128)
    assert np.isfinite(codes).all()


def test_validation_is_the_same_every_time_and_needs_two_patients(cohort):
    config, patients = EmbedderConfig(batch=6), read_patients(cohort, Split.VALIDATION)
    task = EmbedderTask(config, patients, make_accelerator(config), patients)
    with torch.no_grad():
        assert task.validate() == task.validate() > 0
    task.held = None
    assert task.validate() is None
