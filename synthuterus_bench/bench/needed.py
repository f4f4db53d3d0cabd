"""Published weights that a suite needs, and whether they are at hand."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.weights import ALEXNET, INCEPTION, RESNET18, SWAV, Pretrained, pretrained_digest

FILES = {Need.SWAV: SWAV, Need.RESNET18: RESNET18, Need.LPIPS: ALEXNET} | {
    need: INCEPTION for need in Need if need.startswith("inception")
}
PRETRAINED = "regime pretrained"


@dataclass(frozen=True, slots=True)
class Needed:
    """A published file, what of a suite needs it, and its digest; or why it is of no use."""

    file: str
    url: str
    wanted_for: tuple[str, ...]
    sha256: str | None
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def weights_needed(suite: Suite, folder: Path | None = None) -> list[Needed]:
    """Every published file that a suite needs, in the order of its metrics."""
    wanted: dict[Pretrained, list[str]] = {}
    for name in dict.fromkeys((*suite.metrics, *suite.plane_metrics, *suite.volume_metrics)):
        if METRICS[name].need in FILES:
            wanted.setdefault(FILES[METRICS[name].need], []).append(name)
    if any(regime.name == "pretrained" for regime in suite.regimes):
        wanted.setdefault(RESNET18, []).append(PRETRAINED)
    return [_needed(known, tuple(names), folder) for known, names in wanted.items()]


def _needed(known: Pretrained, names: tuple[str, ...], folder: Path | None) -> Needed:
    try:
        return Needed(known.file, known.url, names, pretrained_digest(known, folder), "")
    except WeightsError as error:
        return Needed(known.file, known.url, names, None, error.message)
