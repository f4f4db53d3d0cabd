"""Networks of the published architectures with random weights, as files and as their libraries' own objects."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from synthuterus_bench import weights
from synthuterus_bench.metrics import alexnet, features, inception, resnet
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.repro import digest_file

LAYERS = ["64", "192", "768", "2048"]


def bare_inception() -> Any:
    """torch-fidelity's network without weights of anybody."""

    class Bare(FeatureExtractorInceptionV3):
        def load_state_dict(self, state_dict: Any) -> None:
            return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "load", lambda *args, **kwargs: None)
        return Bare("bare", LAYERS, feature_extractor_weights_path="none")


def lively(network: Any) -> Any:
    """Random weights that keep signals alive down to the last layer, and normalisations that do something."""
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
            module.weight.data.uniform_(0.8, 1.2, generator=generator)
            module.bias.data.normal_(0, 0.1, generator=generator)
    return network.eval().requires_grad_(False)


def inception_of(folder: Path) -> Any:
    """torch-fidelity's own extractor on the Inception file of a folder."""
    network = bare_inception()
    torch.nn.Module.load_state_dict(network, torch.load(folder / weights.INCEPTION.file, weights_only=True))
    return network.eval().requires_grad_(False)


def write_networks(folder: Path) -> Path:
    """Every published file that extractors read."""
    torch.manual_seed(0)
    torch.save(torchvision.models.alexnet().state_dict(), folder / weights.ALEXNET.file)
    torch.save(dict(lively(bare_inception()).state_dict()), folder / weights.INCEPTION.file)
    torch.save(lively(torchvision.models.resnet18()).state_dict(), folder / weights.RESNET18.file)
    trunk = lively(torchvision.models.resnet50()).state_dict()
    torch.save({"state_dict": {f"module.{name}": value for name, value in trunk.items()}}, folder / weights.SWAV.file)
    return folder


def trust(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Let the random files of a folder pass as the published ones: under their true digests."""

    def known(name: str) -> weights.Pretrained:
        old = getattr(weights, name)
        return weights.Pretrained(old.file, old.url, digest_file(folder / old.file)[:8], old.purpose)

    patch.setattr(inception, "INCEPTION", known("INCEPTION"))
    for module in (alexnet, features):
        patch.setattr(module, "ALEXNET", known("ALEXNET"))
    architectures = {Need.RESNET18: ("resnet18", known("RESNET18")), Need.SWAV: ("resnet50", known("SWAV"))}
    patch.setattr(resnet, "_ARCHITECTURES", architectures)
