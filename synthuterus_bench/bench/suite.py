"""Suites: frozen protocols. Results rank together only when their protocol digests are equal."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from synthuterus_bench.errors import UsageError
from synthuterus_bench.repro import digest_json
from synthuterus_bench.vocab import VIEW_SIZE, View


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Regime(_Frozen):
    """One way to learn the orientation: a network trained on labels, or clusters of embedder features.

    ``pretrained`` begins with published ImageNet weights. ``share`` is that of the patients whose labels are seen, of
    every set. ``both`` adds the arm that learns from real images and the submission together.
    """

    name: Literal["supervised", "pretrained", "labels-10", "k-means"]
    net: str | None = None
    side: int | None = None
    epochs: int | None = None
    learning_rate: float | None = None
    share: float | None = None
    both: bool = True


class Probes(_Frozen):
    """Shortcut probes: the classifier of ``supervised`` on pictures without the organ, or asked for field strength.

    ``margin`` pixels beyond the uterus are hidden with it; ``frame`` pixels along each edge are what a border is.
    """

    margin: int
    frame: int


class Suite(_Frozen):
    """Everything that decides a number.

    ``permutations`` deal the real patients anew, for floors; ``pooled_permutations`` the synthetic and held-out images
    together, for the excess over the null.

    ``n_per_class`` images of each orientation are evaluated, fewer when the submission has fewer; metrics use at most
    as many as the reference has for training, so that their floors are of the same size. ``phantom_scans`` and
    ``phantom_seed`` draw the phantom reference; the seed is no command's default, so that a generator trained on a
    phantom cohort has not seen these patients.
    """

    id: str
    version: int = Field(ge=1)
    view: View
    n_per_class: int
    min_per_class: int = 2
    phantom_scans: int
    phantom_seed: int = 250807903
    metrics: tuple[str, ...]
    permutations: int
    pooled_permutations: int
    resamples: int
    seeds: tuple[int, ...]
    regimes: tuple[Regime, ...]
    probes: Probes | None = None

    @model_validator(mode="after")
    def _probed(self) -> "Suite":
        if self.probes and "supervised" not in {regime.name for regime in self.regimes}:
            raise ValueError(f"suite {self.id}: probes learn as the regime supervised does, which is not among its own")
        return self

    @property
    def size(self) -> int:
        """Pixels a side at 1 mm."""
        return VIEW_SIZE[self.view]

    @property
    def digest(self) -> str:
        """SHA-256 of the protocol."""
        return digest_json(self.model_dump(mode="json"))


_METRICS = (
    "fid-2048",
    "fid-64",
    "lpips",
    "fd-embedder",
    "kid-embedder",
    "irs-adjusted",
    "anatomy-plausible",
    "anatomy-valid",
    "anatomy-agreement",
)
_K_MEANS = Regime(name="k-means")

ROI = Suite(
    id="uterus-2d-roi",
    version=3,
    view=View.ROI,
    n_per_class=200,
    phantom_scans=1336,
    metrics=_METRICS,
    permutations=200,
    pooled_permutations=1000,
    resamples=1000,
    seeds=(0, 1, 2),
    regimes=(
        Regime(name="supervised", net="resnet18", side=64, epochs=10, learning_rate=1e-3),
        Regime(name="pretrained", net="resnet18", side=64, epochs=10, learning_rate=3e-4),
        Regime(name="labels-10", net="resnet18", side=64, epochs=40, learning_rate=1e-3, share=0.1),
        _K_MEANS,
    ),
    probes=Probes(margin=6, frame=16),
)
DEMO = Suite(
    id="demo",
    version=3,
    view=View.ROI,
    n_per_class=96,
    phantom_scans=640,
    metrics=_METRICS,
    permutations=50,
    pooled_permutations=200,
    resamples=500,
    seeds=(0,),
    regimes=(
        Regime(name="supervised", net="slim-resnet", side=64, epochs=20, learning_rate=3e-3, both=False),
        _K_MEANS,
    ),
)
SUITES = {suite.id: suite for suite in (ROI, DEMO)}


def find_suite(name: str) -> Suite:
    """The suite called ``name``.

    Raises:
        UsageError: there is none.
    """
    if name not in SUITES:
        raise UsageError(f"--suite {name}: no such suite, expected {' or '.join(SUITES)}")
    return SUITES[name]
