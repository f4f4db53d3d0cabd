"""Weights to begin with: those of a trained generator, whose networks must be the ones that are to learn."""

import copy
from pathlib import Path

import torch

from synthuterus_bench.errors import WeightsError
from synthuterus_bench.generators.folder import weights_digest
from synthuterus_bench.generators.pipeline import SynthUterusPipeline, load_pipeline
from synthuterus_bench.nets.autoencoder import autoencoder_digest
from synthuterus_bench.nets.volume import VolumeDenoiser
from synthuterus_bench.repro import digest_json
from synthuterus_bench.training.diffusion import DiffusionTask

PARTS = ("unet", "text_encoder")


def begin_with(task: DiffusionTask, folder: Path) -> str:
    """Copy the weights of a pipeline folder into the networks of a training that has not begun.

    The average of the weights begins there as well; optimizer, warm-up and steps start anew.

    Returns:
        The digest of the folder's weights, without which the run is another one.

    Raises:
        WeightsError: it cannot be loaded, or its networks, vocabulary or latents are not those of ``task``.
    """
    found = load_pipeline(folder)
    _check(task.pipeline(), found, folder)
    for name in PARTS:
        if (net := getattr(found, name)) is not None:
            _copy(task.nets.get(name), net, f"{folder}: its {name}")
    return weights_digest(folder)


def _check(wanted: SynthUterusPipeline, found: SynthUterusPipeline, folder: Path) -> None:
    """What a network learned means the same only under the same prediction, words and latents.

    The view may be another: millimetres a pixel are the same, and the network is convolutional. Its schedule is shifted
    for size, so that a time means more or less noise than before, to which the first steps must get used. A model of
    volumes may begin with one of pictures: it then draws slices that know nothing of each other.
    """
    facts = {"prediction_type": _prediction, "vocabulary": _vocabulary, "autoencoder": _latents, "planes": _planes}
    for name, fact in facts.items():
        if (has := fact(found)) != (needs := fact(wanted)):
            raise WeightsError(f"{folder}: found another {name} ({has}), expected that of this training ({needs})")


def _prediction(pipeline: SynthUterusPipeline) -> str:
    return str(pipeline.scheduler.config["prediction_type"])


def _vocabulary(pipeline: SynthUterusPipeline) -> str:
    if pipeline.tokenizer is None:
        return "none"
    return digest_json(pipeline.tokenizer.get_vocab())[:12]


def _latents(pipeline: SynthUterusPipeline) -> str:
    return "none" if pipeline.vae is None else autoencoder_digest(copy.deepcopy(pipeline.vae).half())[:12]


def _planes(pipeline: SynthUterusPipeline) -> int:
    return int(pipeline.config["planes"])


def _copy(learns: torch.nn.Module | None, found: torch.nn.Module, where: str) -> None:
    if learns is None:
        return
    has, needs = found.state_dict(), learns.state_dict()
    if isinstance(learns, VolumeDenoiser) and not isinstance(found, VolumeDenoiser):
        has = learns.state_with(has)
    odd = [name for name in needs.keys() | has.keys() if name not in has or name not in needs]
    odd = odd or [name for name in needs if needs[name].shape != has[name].shape]
    if odd:
        hint = "give the settings it was trained with (training.json): channels, patch, layers, heads, text_width"
        raise WeightsError(f"{where} is another network (first difference: {min(odd)})", hint)
    learns.load_state_dict(has)
