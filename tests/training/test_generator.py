"""Every id: trains, saves, loads in a fresh process, samples."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import CohortError, WeightsError
from synthuterus_bench.generators.catalogue import every_id, parse_id
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.generators.trained import load_record
from synthuterus_bench.nets.autoencoder import make_autoencoder, save_autoencoder
from synthuterus_bench.training.config import GeneratorConfig
from synthuterus_bench.training.generator import make_task, train_generator
from synthuterus_bench.vocab import VIEW_SIZE, Family, Split, View
from tests.conftest import tiny_config

KINDS = [
    pytest.param(family, view, marks=[pytest.mark.slow] if view is View.FULL else [])
    for family in Family
    for view in View
]
CODE = """
import json, sys
from pathlib import Path
from synthuterus_bench.cohorts.prompt import Condition, render
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.generators.sampler import Wanted, sample_chunk
from synthuterus_bench.generators.solve import SamplerConfig
from synthuterus_bench.vocab import Orientation, Sequence

found = {}
for folder in sys.argv[1:]:
    pipeline = load_pipeline(Path(folder))
    told = pipeline.model_id.conditioning
    prompt = render(Condition(Orientation.AV_AF, 3.0, Sequence.TSE)) if told.by_text else None
    wanted = [Wanted(Orientation.AV_AF if told.by_class else None, prompt, 0)]
    images = sample_chunk(pipeline, wanted, 0, SamplerConfig(steps=1, guidance=1))
    found[str(pipeline.model_id)] = [list(images.shape), int(images.max()) - int(images.min())]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def cohorts(cohort, tmp_path_factory) -> dict[tuple[int, View], Cohort]:
    """Eight scans of each kind, made of the same pictures: set into a larger one, stacked to a volume."""
    home, kinds = tmp_path_factory.mktemp("kinds"), {}
    scans = [scan for _, scan in zip(range(8), cohort.scans(Split.TRAIN), strict=False)]
    for dims, view in ((2, View.ROI), (2, View.FULL), (3, View.ROI), (3, View.FULL)):
        manifest = cohort.manifest.model_copy(update={"dims": dims, "view": view, "splits": {}, "digest": ""})
        writer = CohortWriter(home / f"{dims}-{view}", manifest)
        for scan in scans:
            writer.add(as_kind(scan, dims, view))
        kinds[dims, view] = writer.close()
    return kinds


def as_kind(scan: Scan, dims: int, view: View) -> Scan:
    """A picture as a scan of another kind."""
    edge = (VIEW_SIZE[view] - VIEW_SIZE[View.ROI]) // 2
    pixels, mask = (np.pad(plane, edge, mode="edge") for plane in (scan.pixels, scan.mask))
    if dims == 3:
        pixels, mask = (np.stack([np.roll(plane, k, 0) for k in range(24)]) for plane in (pixels, mask))
    spacing = (4.0, 1.0, 1.0) if dims == 3 else (1.0, 1.0)
    return replace(scan, pixels=pixels, mask=mask, spacing_mm=spacing, view=view)


@pytest.fixture(scope="module")
def autoencoder(tmp_path_factory) -> Path:
    """An untrained one: latents of random directions."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("vae")
    save_autoencoder(folder, make_autoencoder((8, 8), patch=4))
    return folder


def settings(family: Family, **changes: Any) -> GeneratorConfig:
    """As few numbers as there can be."""
    own = {"prediction": "sample", "patch": 1} if family is Family.LDM2D else {}
    return tiny_config(**({"batch": 1, "channels": (8, 8), "text_width": 8} | own | changes))


@pytest.mark.parametrize(("family", "view"), KINDS)
def test_every_id_trains_saves_loads_in_a_fresh_process_and_samples(family, view, cohorts, autoencoder, tmp_path):
    ids = [one for one in every_id() if (one.family, one.view) == (family, view)]
    dims = 3 if family is Family.DDPM3D else 2
    built_on = autoencoder if family is Family.LDM2D else None
    for model in ids:
        record = train_generator(model, cohorts[dims, view], settings(family), tmp_path / str(model), built_on)
        assert record == load_record(tmp_path / str(model) / "pipeline")
        assert record.losses
        assert str(model) in (tmp_path / str(model) / "pipeline" / "README.md").read_text(encoding="utf-8")
    folders = [str(tmp_path / str(model) / "pipeline") for model in ids]
    done = subprocess.run([sys.executable, "-c", CODE, *folders], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert set(found) == set(map(str, ids))
    for shape, spread in found.values():
        assert shape == [1, *load_pipeline(Path(folders[0])).shape]
        assert spread > 0


@pytest.mark.parametrize("family", Family)
def test_killed_and_resumed_gives_the_same_weights(family, cohorts, autoencoder, tmp_path):
    model = parse_id(f"{family}-ct-roi")
    data = cohorts[3 if family is Family.DDPM3D else 2, View.ROI]
    built_on = autoencoder if family is Family.LDM2D else None
    whole, part = settings(family, steps=4), settings(family, steps=2)
    train_generator(model, data, whole, tmp_path / "whole", built_on)
    train_generator(model, data, part, tmp_path / "pieces", built_on)
    train_generator(model, data, whole, tmp_path / "pieces", built_on)
    ours, theirs = (load_pipeline(tmp_path / name / "pipeline") for name in ("whole", "pieces"))
    for name in ("unet", "text_encoder"):
        for key, value in getattr(ours, name).state_dict().items():
            assert torch.equal(value, getattr(theirs, name).state_dict()[key])
    records = [(tmp_path / name / "pipeline" / "training.json").read_bytes() for name in ("whole", "pieces")]
    assert records[0] == records[1]


def test_a_model_of_volumes_learns_none_from_pictures_but_one_of_pictures_learns_slices(cohorts, tmp_path):
    with pytest.raises(CohortError, match="expected a 3D roi one"):
        train_generator(parse_id("ddpm3d-ct-roi"), cohorts[2, View.ROI], settings(Family.DDPM3D), tmp_path)
    model = parse_id("ddpm2d-class-roi")
    task = make_task(model, cohorts[3, View.ROI], settings(Family.DDPM2D, slices="central3"))
    assert task.data.pixels.shape == (3 * 8, 128, 128)


def test_early_stopping_needs_a_validation_split(cohorts, tmp_path):
    config = settings(Family.DDPM2D, patience=3, evaluate_every=1)
    with pytest.raises(CohortError, match="no validation split, which patience=3 needs"):
        train_generator(parse_id("ddpm2d-ct-roi"), cohorts[2, View.ROI], config, tmp_path)


def test_an_embedder_stands_in_for_lpips_only_in_so_many_words(cohorts, tmp_path):
    model, data = parse_id("ddpm2d-class-roi"), cohorts[2, View.ROI]
    with pytest.raises(WeightsError, match="alexnet"):
        train_generator(model, data, settings(Family.DDPM2D, perceptual="lpips"), tmp_path, weights_dir=tmp_path)
    train_generator(model, data, settings(Family.DDPM2D, perceptual="embedder"), tmp_path)
    assert "perceptual loss | embedder" in (tmp_path / "pipeline" / "README.md").read_text(encoding="utf-8")
