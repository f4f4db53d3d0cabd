"""How good a generator is: its release beside test patients, by metrics of the table, and its samplers by turns."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.shipping.anatomy import negative_controls, of_verdicts
from synthuterus_bench.bench.shipping.conditions import Answers, of_scans, of_wanted, recovered
from synthuterus_bench.bench.shipping.cost import this_machine, training_cost
from synthuterus_bench.bench.shipping.reader import Reader
from synthuterus_bench.bench.shipping.real import one_a_patient, pictures_of, scans_of
from synthuterus_bench.bench.shipping.recipes import recipe_digest
from synthuterus_bench.bench.shipping.samplers import SAMPLERS, Job, sampler_table
from synthuterus_bench.cohorts.layout import audit_file
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.generators.catalogue import ModelId, parse_id
from synthuterus_bench.generators.folder import weights_digest
from synthuterus_bench.generators.measured import Judged, Measured, SamplerRow, Value
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.generators.sampler import Wanted
from synthuterus_bench.generators.solve import SamplerConfig
from synthuterus_bench.generators.trained import load_record
from synthuterus_bench.metrics.base import Measurement, Need
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.nets.segmenter import load_localiser
from synthuterus_bench.privacy.log import read_log
from synthuterus_bench.privacy.selftest import NEGATIVES, PLANTS
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.release.candidates import sampling_device
from synthuterus_bench.repro import write_atomic
from synthuterus_bench.stats import significant, wilson_interval
from synthuterus_bench.training.pictures import Pictures
from synthuterus_bench.training.quality import ANATOMY, DISTANCES, Compared, compare
from synthuterus_bench.vocab import CLASSES, VIEW_SIZE, Family, Split, View

COVERAGE = ("irs-adjusted", "precision-embedder", "recall-embedder", "density-embedder", "coverage-embedder")
NAMES = (*ANATOMY, *DISTANCES, *COVERAGE)


DEAR = (VIEW_SIZE[View.FULL] // VIEW_SIZE[View.ROI]) ** 2
"""Pictures of the region that one of the full view costs."""


@dataclass(frozen=True)
class Extent:
    """How much is looked at.

    Attributes:
        train: images of training patients, for floors and for what is retrieved.
        test: images of test patients.
        controls: of which each kind of picture without a uterus is made.
        samples: that every sampler draws; of volumes ``volumes``, of the full view a ``DEAR``-th.
        permutations: relabellings of real patients.
        membership: images of training and of held-out patients, each at most, of the membership test; of volumes
            ``membership_volumes``, of the full view a ``DEAR``-th.
        plants, negatives: copies a cell, and images of test patients, of the filter's self-test.
    """

    train: int = 800
    test: int = 400
    controls: int = 100
    samples: int = 64
    volumes: int = 4
    permutations: int = 200
    samplers: tuple[SamplerConfig, ...] = SAMPLERS
    membership: int = 500
    membership_volumes: int = 20
    plants: int = PLANTS
    negatives: int = NEGATIVES

    def drawn(self, model: ModelId) -> int:
        """Samples of each sampler."""
        return self.volumes if model.family is Family.DDPM3D else _fewer(self.samples, model)

    def members(self, model: ModelId) -> int:
        """Scans of each group of the membership test."""
        return self.membership_volumes if model.family is Family.DDPM3D else _fewer(self.membership, model)


def _fewer(count: int, model: ModelId) -> int:
    return count // DEAR if model.view is View.FULL else count


@dataclass(frozen=True)
class Subject:
    """What is measured: a pipeline folder, the folder it was trained in, its release, the cohort it learned from; by
    which reader and embedder (None: the shipped one). Finished parts are kept in ``work``."""

    pipeline: Path
    out: Path
    release: Cohort
    cohort: Cohort
    work: Path
    reader: Reader
    embedder: Path | None = None

    @property
    def model(self) -> ModelId:
        """Which generator."""
        return parse_id(load_record(self.pipeline).model_id)


def measure(subject: Subject, extent: Extent, track: Track = silent) -> Measured:
    """Everything that stands on the card."""
    record, model, embedder = load_record(subject.pipeline), subject.model, load_embedder(subject.embedder)
    pixels, wanted = samples_of(subject.release, model)
    train = one_a_patient(subject.cohort, Split.TRAIN, model, extent.train)
    scans = scans_of(subject.cohort, Split.TEST, model, extent.test)
    test = pictures_of(scans)
    compared = compare(pixels, wanted, [train, test], NAMES, embedder, extent.permutations, track)
    footer = read_log(audit_file(subject.release.home, subject.release.config))[-1]
    return Measured(
        weights_sha256=weights_digest(subject.pipeline),
        recipe_sha256=recipe_digest(record.config),
        embedder_sha256=embedder.sha256,
        localiser_sha256=load_localiser().sha256,
        reference=f"{subject.cohort.manifest.name}, test split",
        reference_digest=subject.cohort.manifest.digest,
        reference_images=len(test),
        samples=len(wanted),
        candidates=footer["generated"],
        rejected=footer["rejected"],
        values=_values(compared) | {"rejected by the filter": _share(footer["rejected"], footer["generated"])},
        unavailable=_unavailable(compared, model),
        anatomy=[*_beside(compared, wanted, test), *_controls(subject, test, extent, track)],
        samplers=_samplers(subject, wanted[: extent.drawn(model)], extent, track),
        device="one core" if sampling_device() == "cpu" else this_machine(),
        cost=training_cost(subject.out, record),
        conditions=recovered(
            Answers(of_wanted(wanted), subject.reader(pixels)), Answers(of_scans(scans), subject.reader(test.pixels))
        ),
        reader_sha256=subject.reader.sha256,
    )


def samples_of(release: Cohort, model: ModelId) -> tuple[NDArray[np.uint16], list[Wanted]]:
    """Pictures of a release, of volumes the middle slices, and what each was told."""
    pixels, wanted = [], []
    for index, scan in enumerate(release.scans()):
        pixels.append(scan.pixels if scan.pixels.ndim == 2 else scan.pixels[len(scan.pixels) // 2])
        told = scan.orientation if model.conditioning.by_class else None
        wanted.append(Wanted(told, scan.prompt if model.conditioning.by_text else None, index))
    return np.stack(pixels).astype(np.uint16), wanted


def _values(compared: Compared) -> dict[str, Value]:
    return {name: _value(found) for name, found in compared.found.items() if METRICS[name].within(found.value)}


def _value(found: Measurement) -> Value:
    ends: dict[str, float] = {}
    if found.interval:
        ends |= {"low": found.interval.low, "high": found.interval.high}
    floor = found.floor if len(found.null) else None
    if floor and floor.low is not None and floor.high is not None:
        ends |= {"floor_low": floor.low, "floor_high": floor.high}
    return Value(value=significant(found.value, 4), **{name: significant(end, 4) for name, end in ends.items()})


def _share(hits: int, trials: int) -> Value:
    low, high = wilson_interval(hits, trials)
    return Value(value=significant(hits / trials, 4), low=significant(low, 4), high=significant(high, 4))


def _unavailable(compared: Compared, model: ModelId) -> dict[str, str]:
    """Why values are lacking, by name."""
    missing, reasons = compared.bank.missing, {}
    for name in NAMES:
        found = compared.found.get(name)
        if name == "anatomy-agreement" and not model.conditioning.by_class:
            reasons[name] = "no class is told that a sample could agree with"
        elif METRICS[name].need in missing:
            reasons[name] = missing[METRICS[name].need]
        elif found is None:
            reasons[name] = "too few real patients for a floor"
        elif not METRICS[name].within(found.value):
            reasons[name] = f"the value {found.value} is outside the metric's bounds"
    return reasons


def _beside(compared: Compared, wanted: list[Wanted], test: Pictures) -> list[Judged]:
    """Samples, and fresh images of test patients."""
    if Need.ANATOMY not in compared.bank.arrays:
        return []
    rows, scope = compared.bank.arrays[Need.ANATOMY], compared.scope
    told = wanted[0].orientation is not None
    asked = np.array([CLASSES.index(one.orientation) if one.orientation in CLASSES else -1 for one in wanted])
    return [
        of_verdicts("samples", rows[: len(wanted)], asked if told else None),
        of_verdicts("fresh phantom images", rows[scope.test], test.classes if told else None),
    ]


def _controls(subject: Subject, test: Pictures, extent: Extent, track: Track) -> list[Judged]:
    path = subject.work / "controls.jsonl"
    if not path.is_file():
        found = negative_controls(test.pixels[:: max(1, len(test) // extent.controls)][: extent.controls], track)
        write_atomic(path, "".join(one.model_dump_json() + "\n" for one in found))
    return [Judged.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _samplers(subject: Subject, wanted: list[Wanted], extent: Extent, track: Track) -> list[SamplerRow]:
    pipeline = load_pipeline(subject.pipeline).to(sampling_device())
    return sampler_table(Job(pipeline, wanted, subject.work, extent.samplers, subject.reader), track)
