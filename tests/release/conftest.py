"""Tiny generators of many ids, each trained for two steps when a test first asks for it, and volumes to learn from."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.nets.autoencoder import make_autoencoder, save_autoencoder
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.index import INDEX_FILE, build_index, save_index
from synthuterus_bench.training.generator import train_generator
from synthuterus_bench.vocab import Family, Split
from tests.conftest import tiny_config
from tests.release.made import make_release

SLICES = 24


@pytest.fixture(scope="session")
def made_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of eight images of noise that passes the gate."""
    return make_release(tmp_path_factory.mktemp("images") / "synthuterus")


@pytest.fixture(scope="session")
def made_volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of four volumes."""
    return make_release(tmp_path_factory.mktemp("volumes") / "synthuterus", "ddpm3d-ct-roi", scans=4)


@pytest.fixture
def release(made_images: Path, tmp_path: Path) -> Path:
    """A copy of the images to plant a fault in."""
    return shutil.copytree(made_images, tmp_path / "synthuterus")


@pytest.fixture
def stack(made_volumes: Path, tmp_path: Path) -> Path:
    """A copy of the volumes to plant a fault in."""
    return shutil.copytree(made_volumes, tmp_path / "synthuterus")


@pytest.fixture(scope="session")
def volumes(cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """Eight training volumes of 24 slices, each slice a training image of ``cohort``."""
    manifest = cohort.manifest.model_copy(update={"dims": 3, "splits": {}, "digest": ""})
    writer = CohortWriter(tmp_path_factory.mktemp("volumes") / "cohort", manifest)
    scans = list(cohort.scans(Split.TRAIN))
    for number in range(8):
        pixels = np.stack([scans[(5 * number + k) % len(scans)].pixels for k in range(SLICES)])
        writer.add(replace(scans[5 * number], pixels=pixels, mask=None, spacing_mm=(4.0, 1.0, 1.0), slice_mm=None))
    return writer.close()


def autoencoder(home: Path) -> Path:
    """An untrained one: latents of random directions."""
    torch.manual_seed(0)
    save_autoencoder(home / "vae", make_autoencoder((8, 8), patch=4))
    return home / "vae"


@pytest.fixture(scope="session")
def model_of(
    cohort: Cohort, volumes: Cohort, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """The pipeline folder of an id of the ``roi`` view, with the index of its training images."""
    made = {"ddpm2d-ct-roi": tiny_model}

    def make(name: str) -> Path:
        if name not in made:
            model = parse_id(name)
            home, data = tmp_path_factory.mktemp(name), volumes if model.family is Family.DDPM3D else cohort
            latent = model.family is Family.LDM2D
            own = {"prediction": "sample", "patch": 1} if latent else {}
            train_generator(model, data, tiny_config(batch=2, **own), home, autoencoder(home) if latent else None)
            save_index(build_index(data, load_embedder()), home / "pipeline" / INDEX_FILE)
            made[name] = home / "pipeline"
        return made[name]

    return make
