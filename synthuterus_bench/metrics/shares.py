"""Shares of images with valid anatomy, with Wilson intervals: for a model card, and as metrics of the benchmark.

``anatomy-plausible``: one uterus of plausible size with cervix and cavity. ``anatomy-valid``: and its tissues in
order in the raw pixels. ``anatomy-agreement``: and its measured orientation is the one asked for. All three are shares
of all images, so each is at most the one before. An image that was asked to be ``ambiguous``, or nothing, does not
count for agreement; one that is measured ``ambiguous`` does, against it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.entry import Interval
from synthuterus_bench.metrics.base import Features, Judge, Measurement, Metric, Need, Scope
from synthuterus_bench.metrics.judging import judge_share
from synthuterus_bench.stats import effective_trials, wilson_interval
from synthuterus_bench.vocab import CLASSES, Orientation

if TYPE_CHECKING:
    from synthuterus_bench.metrics.anatomy import Anatomy

Verdicts = NDArray[np.floating]
LEVEL = 0.95
RULE = 1
"""Part of a result's identity; it goes up when the verdict on a picture can change."""


class Verdict(IntEnum):
    """Columns of the array of ``Need.ANATOMY``; the last is an index of ``CLASSES``, -1 for ``ambiguous``."""

    PLAUSIBLE = 0
    VALID = 1
    CLASS = 2


@dataclass(frozen=True, slots=True)
class Share:
    """``hits`` of ``trials``."""

    hits: int
    trials: int

    @property
    def value(self) -> float:
        """The share; NaN of nothing."""
        return self.hits / self.trials if self.trials else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval; of nothing it is all of [0, 1]."""
        return wilson_interval(self.hits, self.trials) if self.trials else (0.0, 1.0)

    def as_text(self) -> str:
        """``93.8 % [91.2, 95.6]``."""
        if not self.trials:
            return "no images"
        low, high = self.interval
        return f"{self.value:.1%} [{100 * low:.1f}, {100 * high:.1f}]".replace("%", " %")


@dataclass(frozen=True, slots=True)
class Summary:
    """Many images in numbers: the three shares, how often each flaw was found, and the classes of valid images."""

    plausible: Share
    valid: Share
    agreement: Share
    flaws: dict[str, int]
    orientations: dict[Orientation, int]

    def as_text(self) -> str:
        """Two or three sentences for a card."""
        first = (
            f"Of {self.plausible.trials} images {self.plausible.as_text()} show one plausible uterus to the segmenter; "
            f"{self.valid.as_text()} have valid anatomy, with endometrium, junctional zone and myometrium in order "
            "of brightness as well."
        )
        if not self.agreement.trials:
            return first
        asked = f"Of {self.agreement.trials} asked for an orientation {self.agreement.as_text()}"
        return f"{first} {asked} have valid anatomy and are measured to lie so."

    def as_json(self) -> dict[str, object]:
        """Plain values for a card; agreement is null where no class was asked for."""
        shares = {"plausible": self.plausible, "valid": self.valid, "agreement": self.agreement}
        return {
            "images": self.plausible.trials,
            **{name: _plain(share) for name, share in shares.items()},
            "flaws": self.flaws,
            "orientations": {str(name): count for name, count in self.orientations.items()},
        }


def _plain(share: Share) -> dict[str, object] | None:
    if not share.trials:
        return None
    return {"value": share.value, "hits": share.hits, "of": share.trials, "interval": list(share.interval)}


def summarise(examined: "Sequence[Anatomy]", asked: Sequence[Orientation | None] | None = None) -> Summary:
    """Shares over many images.

    Args:
        asked: the orientation each image was asked to have; None, all or one, where none was.

    Raises:
        ValueError: not as many asked as examined.
    """
    wanted = [None] * len(examined) if asked is None else list(asked)
    pairs = [(one, name) for one, name in zip(examined, wanted, strict=True) if name in CLASSES]
    found = Counter(str(flaw) for one in examined for flaw in one.flaws)
    classes = Counter(one.orientation for one in examined if one.valid)
    return Summary(
        Share(sum(one.plausible for one in examined), len(examined)),
        Share(sum(one.valid for one in examined), len(examined)),
        Share(sum(one.valid and one.orientation is name for one, name in pairs), len(pairs)),
        dict(sorted(found.items())),
        {name: classes[name] for name in Orientation if classes[name]},
    )


def verdicts(examined: "Sequence[Anatomy]") -> Verdicts:
    """One row an image, columns as :class:`Verdict`."""
    rows = [
        (one.plausible, one.valid, CLASSES.index(one.orientation) if one.orientation in CLASSES else -1)
        for one in examined
    ]
    return np.array(rows, np.float64).reshape(-1, len(Verdict))


def measure_share(features: Features, scope: Scope, verdict: Verdict) -> Measurement:
    """Share of the synthetic images of a scope; its null is that of as many real images, which is what can be reached.

    For ``Verdict.CLASS`` a hit is a valid image whose class is its own stratum.
    """
    hits = _hits(features, scope, verdict)
    null = np.array([hits[draw.fake].mean() for draw in scope.null])
    found = hits[scope.fake]
    interval = _interval(found, scope.units[scope.fake])
    return Measurement(float(found.mean()), len(scope.test), len(scope.fake), null, interval)


def _interval(hits: NDArray[np.bool_], units: NDArray[np.int64]) -> Interval:
    trials = effective_trials(hits, units)
    low, high = wilson_interval(float(hits.mean()) * trials, trials)
    alone = trials == len(hits)
    method, unit = ("Wilson score", "image") if alone else ("Wilson score, effective number of images", "patient")
    return Interval(low=low, high=high, level=LEVEL, method=method, unit=unit)


def judge_shares(features: Features, scope: Scope, verdict: Verdict) -> Judge:
    """The same share of groups of synthetic rows."""
    return judge_share(_hits(features, scope, verdict))


def _hits(features: Features, scope: Scope, verdict: Verdict) -> NDArray[np.bool_]:
    rows = features.rows
    if verdict is Verdict.CLASS:
        return (rows[:, Verdict.VALID] > 0) & (rows[:, Verdict.CLASS] == scope.strata)
    return np.asarray(rows[:, verdict] > 0)


def _metric(name: str, verdict: Verdict) -> Metric:
    measure, judge = partial(measure_share, verdict=verdict), partial(judge_shares, verdict=verdict)
    return Metric(name, Need.ANATOMY, "higher", measure, judge, low=0.0, high=1.0, params={"rule": RULE})


ANATOMY = (
    _metric("anatomy-plausible", Verdict.PLAUSIBLE),
    _metric("anatomy-valid", Verdict.VALID),
    _metric("anatomy-agreement", Verdict.CLASS),
)
"""From the weakest demand to the strongest."""
