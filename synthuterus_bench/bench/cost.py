"""What an evaluation costs, from how many images are looked at and how many updates are made; none is timed here.

Rates are processor seconds of one core (AVX-512, float32), measured: see docs/evaluate.md.
"""

from dataclasses import asdict, dataclass
from typing import Any

from synthuterus_bench.bench.needed import FILES
from synthuterus_bench.bench.suite import Regime, Suite
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.vocab import CLASSES

UPDATE_SECONDS = {"resnet18": 0.39, "slim-resnet": 0.02}
"""Of 32 images at 64 x 64."""

USUAL_SIDE = 64
LOOK_SECONDS = {"inception": 0.156, "anatomy": 0.031, "embedder": 0.0023, "swav": 0.12, "lpips": 0.05}
"""Of one image through one network; those of SwAV and LPIPS are estimates."""

PROBES = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """Trainings and core-minutes of the first evaluation and of later ones, which find the reference in the cache.

    ``real`` and ``synthetic`` images are looked at by every network; minutes are those of learning and looking.
    """

    trainings_first: int
    trainings_later: int
    core_minutes_first: float
    core_minutes_later: float
    real_images: int
    synthetic_images: int

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def cost_of(suite: Suite) -> Cost:
    """The cost of a suite with the phantom as reference, published weights at hand."""
    learned = [regime for regime in suite.regimes if regime.net]
    ours = {regime.name: len(suite.seeds) * (2 if regime.both else 1) for regime in learned}
    real = {regime.name: len(suite.seeds) for regime in learned}
    if suite.probes:
        ours["supervised"] += PROBES * len(suite.seeds)
        real["supervised"] += PROBES * len(suite.seeds)
    synthetic = suite.n_per_class * len(CLASSES)
    real_images = 2 * suite.n_real_per_class * len(CLASSES)
    later = sum(ours[regime.name] * training_seconds(regime) for regime in learned) + synthetic * _look(suite)
    more = sum(real[regime.name] * training_seconds(regime) for regime in learned) + real_images * _look(suite)
    return Cost(
        trainings_first=sum(ours.values()) + sum(real.values()),
        trainings_later=sum(ours.values()),
        core_minutes_first=round((later + more) / 60, 1),
        core_minutes_later=round(later / 60, 1),
        real_images=real_images,
        synthetic_images=synthetic,
    )


def training_seconds(regime: Regime) -> float:
    """Core seconds of one training."""
    area = ((regime.side or 0) / USUAL_SIDE) ** 2
    return UPDATE_SECONDS[regime.net or ""] * area * (regime.updates or 0)


def _look(suite: Suite) -> float:
    """Core seconds of one image through all networks of a suite."""
    once = {_network(METRICS[name].need) for name in suite.metrics}
    planes = {_network(METRICS[name].need) for name in (*suite.plane_metrics, *suite.volume_metrics)}
    seconds = sum(LOOK_SECONDS[name] for name in once)
    return seconds + (len(suite.planes) - 1) * sum(LOOK_SECONDS[name] for name in planes)


def _network(need: Need) -> str:
    if need in FILES:
        return need.partition("-")[0]
    return "anatomy" if need is Need.ANATOMY else "embedder"
