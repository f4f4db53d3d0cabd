"""Where things lie while generators are made, and how much is drawn.

Work lies in one folder: cohorts ``v1-<view>-<dims>d``, trainings ``w-<id>`` (what ``synthbench train`` leaves), inside
them ``release``, ``measured`` and the pipeline folder, which is copied when it is whole; ``filters``, made once a
cohort for all models. The readers ship, so that models made on other machines are judged by the same ones.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from synthuterus_bench.bench.shipping.measure import Extent
from synthuterus_bench.cohorts.phantom.frozen import difference, frozen
from synthuterus_bench.cohorts.phantom.population import draw_preset
from synthuterus_bench.cohorts.record import Dims
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.errors import CohortError, UsageError
from synthuterus_bench.generators.catalogue import ModelId
from synthuterus_bench.nets.embedder import FILE
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.training.targets import Helper, Target
from synthuterus_bench.vocab import AutoencoderId, Family, PresetName, View
from synthuterus_bench.workers import available_cores, process_count

SAMPLES, FULL, VOLUMES = 400, 200, 40
"""Of releases that are measured: images of the region, of the full view, which cost four times as much, and volumes."""

PIPELINE = "pipeline"


@dataclass(frozen=True)
class Yard:
    """Where things lie, and how much is drawn.

    Attributes:
        ship: folder of shipped pipeline folders; ``pages`` of contact sheets for the docs.
        samples: of the release that is measured; by default ``SAMPLES`` and so on.
        initial: pipeline folder whose weights trainings of generators begin with; None for random ones.
        until: step at which trainings pause; nothing is packed then.
    """

    work: Path
    recipes: Path
    ship: Path
    pages: Path
    samples: int | None = None
    until: int | None = None
    initial: Path | None = None
    extent: Extent = field(default_factory=Extent)
    track: Track = silent
    say: Callable[[str], None] = lambda _: None

    def out(self, target: Target, view: View = View.ROI) -> Path:
        """The folder a target is trained in; an autoencoder of the full view beside that of the region."""
        full = isinstance(target, AutoencoderId) and view is View.FULL
        return self.work / f"w-{target}{'-full' if full else ''}"

    def pipeline(self, model: ModelId) -> Path:
        """The finished pipeline folder of a model."""
        return finished(self.out(model))

    def refiner(self, model: ModelId) -> Path:
        """The folder that a latent model's refiner is trained in."""
        return self.out(model) / Helper.REFINER

    @property
    def embedder(self) -> Path | None:
        """The embedder that was trained here; None for the shipped one where none was."""
        home = self.out(Helper.EMBEDDER)
        return home if (home / FILE).is_file() else None

    def scans(self, model: ModelId) -> int:
        """Samples of a release."""
        usual = VOLUMES if model.family is Family.DDPM3D else FULL if model.view is View.FULL else SAMPLES
        return self.samples or usual


def finished(home: Path) -> Path:
    """The pipeline folder of the training in ``home``: of a latent model with its refiner, where there is one."""
    refined = home / Helper.REFINER / PIPELINE
    return refined if refined.is_dir() else home / PIPELINE


def digest_of(yard: Yard, view: View, dims: Dims) -> str:
    """The digest of the cohort that :func:`cohort_of` gives, which is not drawn for it where it is frozen."""
    known = frozen(PresetName.V1, view, dims)
    if known is None or (yard.work / f"v1-{view}-{dims}d").exists():
        return cohort_of(yard, view, dims).manifest.digest
    return str(known["digest"])


def cohort_of(yard: Yard, view: View, dims: Dims) -> Cohort:
    """The frozen phantom cohort of a view, drawn where it is not there yet.

    Raises:
        CohortError: what is there or was drawn is not the cohort that weights hang on.
        UsageError: it is not there, and several processes were launched.
    """
    root = yard.work / f"v1-{view}-{dims}d"
    if not root.exists():
        if process_count() > 1:
            raise UsageError(f"{root}: no cohort yet", "draw it in one process first: scripts/weights, without launch")
        yard.say(f"drawing {PresetName.V1} into {root}")
        draw_preset(root, PresetName.V1, view=view, dims=dims, workers=available_cores(), track=yard.track)
    cohort = load_cohort(root)
    if unlike := difference(cohort.manifest):
        raise CohortError(f"{root}: {unlike}")
    return cohort
