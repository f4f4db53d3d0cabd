"""What many tests share, made once a session: a small phantom cohort and a tiny untrained generator; a stand-in Hub."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from synthuterus_bench.cohorts.phantom.population import draw_cohort
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.generators.solve import SamplerConfig
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.index import INDEX_FILE, build_index, save_index
from synthuterus_bench.release.build import ReleasePlan, generate
from synthuterus_bench.training.autoencoder import train_autoencoder
from synthuterus_bench.training.config import AutoencoderConfig, GeneratorConfig, RefinerConfig
from synthuterus_bench.training.generator import train_generator
from synthuterus_bench.training.refiner import train_refiner
from synthuterus_bench.vocab import AutoencoderId
from tests.support.browser import browser, opened  # noqa: F401
from tests.support.hub_server import WRITE, Hub

TINY: dict[str, Any] = {
    "batch": 4,
    "warmup_steps": 1,
    "checkpoint_every": 2,
    "patch": 8,
    "channels": (16, 16),
    "text_width": 16,
    "quality_samples": 0,
}
"""A net that learns nothing, in no time."""


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing that tests keep lands in the cache of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNTHBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """72 phantom images: 9 rounds of the four classes, two slices each."""
    return draw_cohort(tmp_path_factory.mktemp("phantom") / "cohort", scans=72, seed=5, workers=1)


def tiny_config(steps: int = 2, **changes: Any) -> GeneratorConfig:
    """A run of a few steps of a tiny net."""
    return GeneratorConfig(**(TINY | {"steps": steps} | changes))


@pytest.fixture(scope="session")
def tiny_model(cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline folder after two steps of training, with the index of its training images."""
    home = tmp_path_factory.mktemp("tiny")
    train_generator(parse_id("ddpm2d-ct-roi"), cohort, tiny_config(), home)
    save_index(build_index(cohort, load_embedder()), home / "pipeline" / INDEX_FILE)
    return home / "pipeline"


@pytest.fixture(scope="session")
def tiny_latent(cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline folder of a latent model, after two steps, on an autoencoder after one."""
    home = tmp_path_factory.mktemp("latent")
    small = AutoencoderConfig(steps=1, batch=2, channels=(8, 8, 8), checkpoint_every=1)
    train_autoencoder(AutoencoderId.VAE2D, cohort, small, home / "vae")
    config = tiny_config(patch=1, prediction="sample")
    train_generator(parse_id("ldm2d-ct-roi"), cohort, config, home, home / "vae" / "autoencoder")
    return home / "pipeline"


def tiny_refiner(**changes: Any) -> RefinerConfig:
    """A refiner that learns nothing, in no time."""
    tiny = {"steps": 2, "batch": 2, "warmup_steps": 1, "checkpoint_every": 2, "patch": 8, "channels": (16, 16)}
    return RefinerConfig(**(tiny | {"evaluate_every": 0, "precision": "no"} | changes))


@pytest.fixture(scope="session")
def tiny_refined(tiny_latent: Path, cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a refiner after two steps."""
    home = tmp_path_factory.mktemp("refined")
    train_refiner(tiny_latent, cohort, tiny_refiner(), home)
    return home / "pipeline"


@pytest.fixture(scope="session")
def small_release(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release folder of eight images of noise."""
    plan = ReleasePlan("ddpm2d-ct-roi", tiny_model, scans=8, sampler=SamplerConfig(steps=1, dtype="float32"), tau=1.0)
    return generate(plan, tmp_path_factory.mktemp("release") / "synthuterus").root


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub of its own for a test: the clients of this process ask it as alice, who may write, and do not wait."""
    from huggingface_hub import constants, file_download
    from huggingface_hub.utils import _http

    with Hub(tmp_path / "hub") as running:
        told = {"ENDPOINT": running.url, "HF_HUB_DISABLE_XET": True, "HF_HUB_OFFLINE": False}
        told |= {"HUGGINGFACE_CO_URL_TEMPLATE": running.url + "/{repo_id}/resolve/{revision}/{filename}"}
        for name, value in (told | {"HF_HUB_CACHE": str(tmp_path / "hub-cache")}).items():
            monkeypatch.setattr(constants, name, value)
        monkeypatch.setenv("HF_TOKEN", WRITE)
        for module in (_http, file_download):
            monkeypatch.setattr(module, "time", SimpleNamespace(time=time.time, sleep=lambda seconds: None))
        yield running
