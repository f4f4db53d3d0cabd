"""A stock unconditional pipeline of diffusers, drawn with diffusers' own class; its classes are measured.

The folder is untrusted: ``model_index.json`` may name ``DDPMPipeline`` or ``DDIMPipeline`` with a ``UNet2DModel`` and
one of two schedulers and nothing else; weights are safetensors; nothing is fetched and no code of the folder is run.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from synthuterus_bench.bench.provenance import Provenance
from synthuterus_bench.bench.reading import preprocessing
from synthuterus_bench.bench.stock_samples import Stock, draw_stock
from synthuterus_bench.bench.submission import UNNAMED, Form, Submission, select
from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.entry import Generator, Sampling, Weights
from synthuterus_bench.errors import SubmissionError
from synthuterus_bench.generators.folder import linked_folders, weights_digest
from synthuterus_bench.generators.parameters import count_parameters
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import digest_array, digest_json
from synthuterus_bench.vocab import CLASSES, View
from synthuterus_bench.weights import PICKLES

STEPS = {"DDPMPipeline": 1000, "DDIMPipeline": 50}
"""Pipelines that are known, with the steps that diffusers takes by default, or as many as there are."""

SCHEDULERS = ("DDPMScheduler", "DDIMScheduler")
WEIGHTS = Path("unet") / "diffusion_pytorch_model.safetensors"
_INDEX = "model_index.json"
_REFUSED = (".py", *PICKLES)


def is_stock(path: Path) -> bool:
    """Whether a folder is a pipeline that diffusers' own classes draw from."""
    return (path / _INDEX).is_file() and _json(path / _INDEX).get("_class_name") in STEPS


def load_stock(
    path: Path, suite: Suite, cache: Path, name: str | None = None, device: str = "cpu", track: Track = silent
) -> Submission:
    """Draw as many images as ``suite`` evaluates, seed 0, and measure their classes; kept in ``cache``.

    Raises:
        SubmissionError: the folder holds anything but the known classes and safetensors, or its images are not of the
            suite's size.
    """
    stock = check_stock(path, suite)
    pixels, labels = draw_stock(stock, suite.n_per_class * len(CLASSES), cache, device, track)
    digests = tuple(digest_array(image) for image in pixels)
    whole = Submission(
        pixels,
        labels,
        np.arange(len(labels)),
        digests,
        {},
        digest_json(sorted(digests)),
        "standardised",
        Generator(
            name=name or UNNAMED,
            family=stock.pipeline,
            conditioning="uncond",
            roi=suite.view is View.ROI,
            parameters=count_parameters(path),
            weights=Weights(sha256=stock.sha256),
        ),
        Provenance(
            sampling=Sampling(scheduler=stock.scheduler, steps=stock.steps, dtype="float32", seeds=[0]),
            measured=True,
        ),
        generated=True,
        form=Form.PIPELINE,
        preprocess=preprocessing(suite, intensity="standardised"),
    )
    return select(whole, suite, path)


def check_stock(path: Path, suite: Suite) -> Stock:
    """Look at a folder before anything in it is loaded.

    Raises:
        SubmissionError: see :func:`load_stock`.
    """
    index = _json(path / _INDEX)
    odd = sorted(file.name for file in path.rglob("*") if file.suffix in _REFUSED)
    if odd:
        raise SubmissionError(f"{path}: found {odd[0]}, expected safetensors and JSON only, no pickles and no code")
    if links := linked_folders(path):
        raise SubmissionError(f"{path}: found {links[0]}, a link to another folder, expected the folder itself")
    parts = {name: part for name, part in index.items() if not name.startswith("_")}
    known = {name: {"unet": ["diffusers", "UNet2DModel"], "scheduler": ["diffusers", name]} for name in SCHEDULERS}
    scheduler = next((name for name, expected in known.items() if parts == expected), None)
    if scheduler is None:
        raise SubmissionError(
            f"{path / _INDEX}: found {json.dumps(parts)[:200]}; expected a UNet2DModel and a "
            f"{' or '.join(SCHEDULERS)} of diffusers, and nothing else"
        )
    if not (path / WEIGHTS).is_file():
        raise SubmissionError(f"{path}: no {WEIGHTS}, expected weights in safetensors")
    _check_net(path / "unet" / "config.json", suite)
    steps = min(STEPS[index["_class_name"]], _trained_steps(path / "scheduler" / "scheduler_config.json"))
    return Stock(path, index["_class_name"], scheduler, steps, weights_digest(path))


def _trained_steps(config: Path) -> int:
    steps = _json(config).get("num_train_timesteps", 1000)
    if not isinstance(steps, int) or steps < 1:
        raise SubmissionError(f"{config}: found {steps!r} for num_train_timesteps, expected a positive number")
    return steps


def _check_net(config: Path, suite: Suite) -> None:
    net = _json(config)
    if net.get("_class_name") != "UNet2DModel":
        raise SubmissionError(f"{config}: found {net.get('_class_name')}, expected UNet2DModel")
    if net.get("num_class_embeds") or net.get("class_embed_type"):
        raise SubmissionError(f"{config}: found a network that is told a class, expected an unconditional one")
    channels = (net.get("in_channels"), net.get("out_channels"))
    if channels not in ((1, 1), (3, 3)):
        raise SubmissionError(
            f"{config}: found {channels[0]} channels in and {channels[1]} out, expected 1 or 3 of both"
        )
    size = net.get("sample_size")
    sides = size if isinstance(size, list) else [size, size]
    if sides != [suite.size, suite.size]:
        found = " x ".join(map(str, sides))
        raise SubmissionError(f"{config}: found images of {found}, expected {suite.size} x {suite.size} at 1 mm")


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise SubmissionError(f"{path}: not a readable JSON object, expected a part of a diffusers pipeline")
    return value
