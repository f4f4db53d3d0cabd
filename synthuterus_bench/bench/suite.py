"""Suites: frozen protocols, files of this package. Results rank together only when their protocol digests are equal.

A suite is ``suites/<id>.json``; its digest is that of what the file says. A change of any setting is a new version.
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from synthuterus_bench.cohorts.record import Dims
from synthuterus_bench.cohorts.window import HIGH, LOW
from synthuterus_bench.errors import SuiteError, UsageError
from synthuterus_bench.metrics.base import NO_WHOLE, Need
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.repro import digest_json
from synthuterus_bench.vocab import VIEW_SIZE, Plane, PresetName, View

BITS = 16
FOLDER = Path(__file__).with_name("suites")


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Regime(_Frozen):
    """One way to learn the orientation: a network trained on labels, or clusters of embedder features.

    ``pretrained`` begins with published ImageNet weights. ``share`` is that of the patients whose labels are seen, of
    every set. ``both`` adds the arm that learns from real images and the submission together. Every arm makes
    ``updates`` steps of the optimiser, so that none wins by longer training.
    """

    name: Literal["supervised", "pretrained", "labels-10", "k-means"]
    net: str | None = None
    side: int | None = None
    updates: int | None = Field(default=None, ge=1)
    learning_rate: float | None = None
    share: float | None = None
    both: bool = True

    @model_validator(mode="after")
    def _whole(self) -> "Regime":
        recipe = (self.net, self.side, self.updates, self.learning_rate)
        trained = self.name != "k-means"
        if any((part is not None) is not trained for part in recipe):
            raise ValueError(f"{self.name}: net, side, updates and learning_rate belong to every regime but k-means")
        return self


class Probes(_Frozen):
    """Shortcut probes: the classifier of ``supervised`` on pictures without the organ, or asked for field strength.

    ``margin`` pixels beyond the uterus are hidden with it; ``frame`` pixels along each edge are what a border is.
    """

    margin: int
    frame: int


class Window(_Frozen):
    """z-scores from ``low`` to ``high`` mapped affinely to ``bits``."""

    low: float
    high: float
    bits: int


class Suite(_Frozen):
    """Everything that decides a number.

    Attributes:
        view: ``size`` pixels a side at ``pixel_mm``; volumes have slices at ``slice_mm``.
        planes: of which the middle slice of a volume is compared; sagittal ones alone in 2D.
        references: what submissions may be compared with.
        phantom: the population that the phantom reference is: the whole frozen preset, or where ``phantom_scans`` is
            set a sample of that size, drawn with ``phantom_seed``, which is no command's default, so that a generator
            trained on a phantom cohort has not seen these patients. ``phantom_digest`` is that of the cohort drawn.
        n_per_class: images of each orientation that are evaluated, fewer when the submission has fewer.
        n_real_per_class: held-out images of each orientation that these are compared with, of whole patients; the
            patients left over only deal floors and test classifiers.
        images_per_patient: held-out images of each patient that are used; all of them when None.
        permutations: relabellings of the real patients, for floors; ``pooled_permutations`` of the synthetic and
            held-out images together, for the excess over the null. ``resamples`` of test patients, for intervals.
        metrics: on images, or middle sagittal slices of volumes; ``plane_metrics`` on the slices of the other planes,
            ``volume_metrics`` on the features of all three side by side.
        seeds: of the trainings of every regime and probe.
    """

    id: str
    version: int = Field(ge=1)
    title: str
    view: View
    dims: Dims
    size: int
    pixel_mm: float
    slice_mm: float | None = None
    planes: tuple[Plane, ...]
    window: Window
    references: tuple[Literal["phantom", "umd", "folder"], ...]
    phantom: PresetName
    phantom_scans: int | None = None
    phantom_seed: int = 0
    phantom_digest: str | None = None
    n_per_class: int
    n_real_per_class: int
    images_per_patient: int | None = None
    min_per_class: int
    metrics: tuple[str, ...]
    plane_metrics: tuple[str, ...] = ()
    volume_metrics: tuple[str, ...] = ()
    permutations: int
    pooled_permutations: int
    resamples: int
    seeds: tuple[int, ...]
    regimes: tuple[Regime, ...]
    probes: Probes | None = None

    @model_validator(mode="after")
    def _known(self) -> "Suite":
        named = (*self.metrics, *self.plane_metrics, *self.volume_metrics)
        if unknown := sorted(set(named) - set(METRICS)):
            raise ValueError(f"suite {self.id}: no such metric {', '.join(unknown)}")
        if odd := [name for name in self.volume_metrics if METRICS[name].need in NO_WHOLE]:
            raise ValueError(f"suite {self.id}: {odd[0]} is no measure of features, so none of whole volumes")
        window = (self.window.low, self.window.high, self.window.bits)
        if self.size != VIEW_SIZE[self.view] or window != (LOW, HIGH, BITS):
            raise ValueError(f"suite {self.id}: size and window are not those that images are kept in")
        return self

    @model_validator(mode="after")
    def _of_one_dimension(self) -> "Suite":
        if self.dims == 2 and (self.planes != (Plane.SAGITTAL,) or self.plane_metrics or self.volume_metrics):
            raise ValueError(f"suite {self.id}: planes and volumes belong to 3D")
        if self.dims == 3 and (self.slice_mm is None or self.planes[:1] != (Plane.SAGITTAL,)):
            raise ValueError(f"suite {self.id}: 3D needs slice_mm, and sagittal as its first plane")
        return self

    @model_validator(mode="after")
    def _probed(self) -> "Suite":
        if self.probes and "supervised" not in {regime.name for regime in self.regimes}:
            raise ValueError(f"suite {self.id}: probes learn as the regime supervised does, which is not among its own")
        return self

    @property
    def digest(self) -> str:
        """SHA-256 of the protocol."""
        return digest_json(self.model_dump(mode="json"))

    @property
    def needs(self) -> set[Need]:
        """What its metrics of images are computed from."""
        return {METRICS[name].need for name in self.metrics}


def read_suite(path: Path) -> Suite:
    """Read and check the file of a suite.

    Raises:
        SuiteError: not a suite, or not the one that its name says.
    """
    try:
        suite = Suite.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        raise SuiteError(f"{path}: {'.'.join(map(str, first['loc'])) or 'suite'}: {first['msg']}") from None
    if suite.id != path.stem:
        raise SuiteError(f"{path}: found suite {suite.id}, expected {path.stem}")
    return suite


NAMES = ("uterus-2d-roi", "uterus-2d-full", "uterus-3d-roi", "uterus-3d-full", "demo")
SUITES = {name: read_suite(FOLDER / f"{name}.json") for name in NAMES}
ROI, DEMO = SUITES["uterus-2d-roi"], SUITES["demo"]


def find_suite(name: str) -> Suite:
    """The suite called ``name``.

    Raises:
        UsageError: there is none.
    """
    if name not in SUITES:
        raise UsageError(f"--suite {name}: no such suite, expected {' or '.join(SUITES)}")
    return SUITES[name]
