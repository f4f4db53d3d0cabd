"""What evaluations are timed on: published networks with random weights, and as many phantom images as wanted."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from synthuterus_bench import weights
from synthuterus_bench.bench.provenance import Provenance
from synthuterus_bench.bench.reference import Part, Reference
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.bench.submission import Submission
from synthuterus_bench.cohorts.phantom.population import draw_cohort
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.entry import Generator
from synthuterus_bench.metrics import alexnet, features, inception
from synthuterus_bench.repro import digest_file, stream
from synthuterus_bench.vocab import CLASSES

LAYERS = ["64", "192", "768", "2048"]
DRAWN = 96


def random_networks(folder: Path) -> Any:
    """AlexNet and Inception files with random weights, which pass as published; torch-fidelity's network."""
    import torchvision

    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / weights.INCEPTION.file).exists():
        torch.manual_seed(0)
        network = _bare_inception(folder)
        for module in network.modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        torch.save(torchvision.models.alexnet().state_dict(), folder / weights.ALEXNET.file)
        torch.save(dict(network.state_dict()), folder / weights.INCEPTION.file)
    for name, modules in {"INCEPTION": (inception,), "ALEXNET": (alexnet, features)}.items():
        known = getattr(weights, name)
        digest = digest_file(folder / known.file)
        for module in modules:
            setattr(module, name, weights.Pretrained(known.file, known.url, digest, known.purpose))
    return inception.build_inception(torch.load(folder / weights.INCEPTION.file, weights_only=True))


def _bare_inception(folder: Path) -> Any:
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    class Bare(FeatureExtractorInceptionV3):
        def load_state_dict(self, *_: Any) -> None:
            return None

    torch.save({}, folder / "empty.pth")
    return Bare("bare", LAYERS, feature_extractor_weights_path=folder / "empty.pth")


def make_sets(work: Path, n_fake: int, n_train: int, n_test: int) -> Sets:
    """As many images as wanted from a small phantom cohort; one image of each patient."""
    folder = work / "phantom"
    cohort = load_cohort(folder) if folder.exists() else draw_cohort(folder, scans=DRAWN, seed=1, workers=1)
    drawn = np.stack([scan.pixels for scan in cohort.scans()])
    fake, train, test = (_part(drawn, count, place) for place, count in enumerate((n_fake, n_train, n_test)))
    facts: tuple[Any, ...] = ((), {}, "0" * 64, "window", Generator(name="timed"), Provenance())
    return Sets(Submission(fake.pixels, fake.labels, fake.units, *facts), Reference("timed", "0" * 64, train, test, {}))


def _part(drawn: NDArray[np.uint16], count: int, place: int) -> Part:
    rng = stream(0, "timed", place)
    moved = [
        np.roll(drawn[row], tuple(rng.integers(-9, 10, 2)), (0, 1)) for row in rng.integers(len(drawn), size=count)
    ]
    return Part(np.stack(moved), np.sort(np.arange(count) % len(CLASSES)), np.arange(count))
