"""What many tests share, made once a session: a small phantom cohort and a tiny untrained generator."""

from pathlib import Path

import pytest
import torch

from synthuterus_bench.cohorts.phantom.population import draw_cohort
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.nets.denoiser import DenoiserSize
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.index import INDEX_FILE, build_index, save_index
from synthuterus_bench.training.config import LoopConfig
from synthuterus_bench.training.diffusion import DiffusionConfig, train_diffusion
from synthuterus_bench.training.pack import pack

TINY = DenoiserSize(image_size=128, patch=8, channels=(16, 16), layers=1, text_width=16)


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """72 phantom images: 9 rounds of the four classes, two slices each."""
    return draw_cohort(tmp_path_factory.mktemp("phantom") / "cohort", scans=72, seed=5, workers=1)


def tiny_config(steps: int = 2, **changes: object) -> DiffusionConfig:
    """A run of a few steps of a net that learns nothing."""
    loop = LoopConfig(steps=steps, warmup_steps=1, checkpoint_every=2)
    return DiffusionConfig(loop, TINY, batch=4, mixed_precision="no", **changes)


@pytest.fixture(scope="session")
def tiny_model(cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline folder after two steps of training, with the index of its training images."""
    home = tmp_path_factory.mktemp("tiny")
    task, losses = train_diffusion(cohort, tiny_config(), home)
    pack(task, "ddpm2d-ct-roi", cohort, losses, home / "pipeline")
    save_index(build_index(cohort, load_embedder()), home / "pipeline" / INDEX_FILE)
    return home / "pipeline"
