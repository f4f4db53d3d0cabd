"""From a generator to a release: plan, draw, filter, write. The same plan gives the same bytes, killed or not."""

import shutil
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from synthuterus_bench.cohorts.layout import MANIFEST, audit_file, config_of
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.errors import DataError, GateError, UsageError, WeightsError
from synthuterus_bench.generators import refiner
from synthuterus_bench.generators.catalogue import ModelId, parse_id
from synthuterus_bench.generators.folder import weights_digest
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.generators.plan import Shares, check_scans, make_plan
from synthuterus_bench.generators.sampler import Wanted, resolve
from synthuterus_bench.generators.shares import shares_of
from synthuterus_bench.generators.solve import EVEN, SamplerConfig
from synthuterus_bench.generators.trained import TrainingRecord, load_record
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.nets.segmenter import load_localiser
from synthuterus_bench.privacy.duplicates import TWIN_TAU, Survivors
from synthuterus_bench.privacy.filter import TAU, PrivacyFilter
from synthuterus_bench.privacy.index import build_index, find_index, load_index, save_index
from synthuterus_bench.privacy.log import read_ends
from synthuterus_bench.privacy.selftest_record import SELFTEST_FILE, load_selftest
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.release.candidates import Engine, chunk_jobs, dims_of, is_measured, sampling_device
from synthuterus_bench.release.crew import Crew, draw_missing, muster
from synthuterus_bench.release.gate import check_release
from synthuterus_bench.release.launched import appears
from synthuterus_bench.release.logs import check_selftest
from synthuterus_bench.release.quota import CAP, fill
from synthuterus_bench.release.twins import settle
from synthuterus_bench.release.write import write_release
from synthuterus_bench.repro import digest_json, staged_folder
from synthuterus_bench.vocab import Config, Licence

_WHATEVER_IS_DRAWN = ("cap", "scans", "licence", "floor")
"""Facts of the header that change no sample."""


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """What to generate. The filter compares with the train split of ``reference``, else with the model's own index.

    ``tau`` bounds the similarity to training images, ``twin_tau`` that of two images of the release.

    Attributes:
        selftest: record of the filter's self-test, by default the one beside the index, if there is one.
        floor: share of planted copies that the filter must have caught in it; None asks for no self-test.
    """

    model: str
    folder: Path
    scans: int = 800
    seed: int = 0
    tau: float = TAU
    twin_tau: float = TWIN_TAU
    cap: int = CAP
    sampler: SamplerConfig = field(default_factory=SamplerConfig)
    reference: Path | None = None
    embedder: Path | None = None
    licence: Licence = Licence.CC_BY_4_0
    selftest: Path | None = None
    floor: float | None = None

    def __post_init__(self) -> None:
        check_scans(self.scans, self.id.conditioning)

    @property
    def id(self) -> ModelId:
        """The model's id."""
        return parse_id(self.model)

    @property
    def config(self) -> Config:
        """What the release calls its rows."""
        return config_of(self.id.view, dims_of(self.id))


def generate(plan: ReleasePlan, out: Path, workers: int = 1, track: Track = silent) -> Cohort:
    """Build the release folder ``out``; goes on with an unfinished run of the same plan.

    Chunks drawn so far lie in the hidden folder ``.<out>.work`` beside ``out`` until the release is whole. Called by
    every process of an ``accelerate launch``, each draws its share of them.

    Args:
        workers: processes of this machine; processes that were launched together are one each.

    Raises:
        UsageError: the plan makes no sense.
        WeightsError: the generator, its index or the embedder cannot be read.
        QuotaError: a class cannot be filled within its cap.
        DataError: ``out`` holds something else, or a process that was launched along does not see it.
    """
    out = out.resolve()
    work = out.parent / f".{out.name}.work"
    with muster(workers) as crew:
        facts = facts_of(plan.folder)
        crew.meet(work, facts)
        if crew.leads:
            return _lead(plan, out, work, facts, crew, track)
        crew.serve()
    appears(out / plan.config / MANIFEST)
    return load_cohort(out)


def _lead(plan: ReleasePlan, out: Path, work: Path, facts: dict[str, Any], crew: Crew, track: Track = silent) -> Cohort:
    plan, engine, record, shares = _prepared(plan, work, track)
    header = facts | _header(plan, engine, record)
    selftest = _selftest(plan, engine, header)
    if out.exists() and any(out.iterdir() if out.is_dir() else [out]):
        shutil.rmtree(work, ignore_errors=True)
        return _finished(out, plan.config, header)
    places = make_plan(plan.scans, plan.id.conditioning, shares, plan.seed)
    chunks, survivors = work / digest_json(_what_decides_a_sample(header))[:16], Survivors(plan.twin_tau)

    def draw(wanted: list[Wanted], before: int) -> list[Path]:
        label = "replacing rejected" if before else "drawing"
        drawn = draw_missing(chunk_jobs(wanted, plan.id, chunks), crew, engine, track, label)
        return settle(drawn, before, survivors)

    filled = fill(places, plan.seed, draw, plan.cap)
    with staged_folder(out) as folder:
        write_release(folder, filled, plan.id, header, selftest)
        check_release(folder)
    shutil.rmtree(work, ignore_errors=True)
    return load_cohort(out)


def _prepared(plan: ReleasePlan, work: Path, track: Track) -> tuple[ReleasePlan, Engine, TrainingRecord, Shares]:
    """The plan with the sampler's settings filled in, and what it is drawn and filtered with."""
    record = _checked(plan)
    plan = replace(plan, sampler=resolve(load_pipeline(plan.folder), plan.sampler))
    engine, shares = _engine(plan, record, work, track)
    return plan, engine, record, shares


def _checked(plan: ReleasePlan) -> TrainingRecord:
    record = load_record(plan.folder)
    if record.model_id != plan.model:
        raise WeightsError(f"{plan.folder}: found weights of {record.model_id}, expected {plan.model}")
    return record


def _engine(plan: ReleasePlan, record: TrainingRecord, work: Path, track: Track) -> tuple[Engine, Shares]:
    """The filter's index: of ``--reference`` if given (kept in ``work``), else the one beside the weights."""
    embedder = load_embedder(plan.embedder)
    path, shares = find_index(plan.folder), record.proportions
    if plan.reference is not None:
        cohort = load_cohort(plan.reference)
        if cohort.manifest.view is not plan.id.view:
            raise UsageError(
                f"--reference {plan.reference}: found view {cohort.manifest.view}, expected {plan.id.view}"
            )
        shares = shares_of(cohort) or shares
        path = work / f"index-{cohort.manifest.digest[:16]}-{embedder.sha256[:16]}.safetensors"
        if not path.is_file():
            save_index(build_index(cohort, embedder, track), path)
    index = load_index(path)
    PrivacyFilter(embedder, index, plan.tau)
    if plan.reference is None and index.reference_digest != record.cohort_digest:
        raise WeightsError(f"{path}: an index of another cohort than the one {plan.folder.name} was trained on")
    return Engine(plan.id, plan.folder, path, plan.embedder, plan.tau, plan.seed, plan.sampler), shares


def facts_of(folder: Path) -> dict[str, Any]:
    """What must be the same in every process that draws for a release: versions, device, weights."""
    return {
        "versions": {name: version(name) for name in ("synthuterus-bench", "torch", "diffusers")},
        "device": sampling_device(),
        "weights_sha256": weights_digest(folder),
    }


def _header(plan: ReleasePlan, engine: Engine, record: TrainingRecord) -> dict[str, Any]:
    judge = PrivacyFilter(load_embedder(plan.embedder), load_index(engine.index), plan.tau)
    measured = is_measured(plan.id.conditioning)
    return {
        "model": plan.model,
        **judge.facts,
        "reference_is_training_data": judge.index.reference_digest == record.cohort_digest,
        "classes": "measured" if measured else "told",
        "localiser_sha256": load_localiser().sha256 if measured else None,
        "duplicate_threshold": plan.twin_tau,
        "cap": plan.cap,
        "scans": plan.scans,
        "seed": plan.seed,
        "sampler": asdict(plan.sampler),
        "training_cohort": record.cohort,
        "training_preset": record.preset,
        "licence": plan.licence,
        "floor": plan.floor,
    } | ({"refiner": asdict(refiner.SAMPLER)} if record.refiner else {})


def _selftest(plan: ReleasePlan, engine: Engine, header: dict[str, Any]) -> Path | None:
    """The record of the filter's self-test.

    Raises:
        GateError: it is of another encoder or reference, below the floor, or a floor is asked for and there is none.
        DataError: it is malformed, or not where the plan says.
    """
    path = plan.selftest or engine.index.parent / SELFTEST_FILE
    if path.is_file() or plan.selftest:
        check_selftest(load_selftest(path), header, path)
    elif plan.floor is not None:
        raise GateError(
            f"{path}: no self-test of the privacy filter, expected one for --floor {plan.floor:g}",
            "make one with: synthbench audit self-test",
        )
    return path if path.is_file() else None


def _what_decides_a_sample(header: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in header.items() if name not in _WHATEVER_IS_DRAWN}


def _finished(out: Path, config: Config, header: dict[str, Any]) -> Cohort:
    """The release that is already there, if it is the one asked for."""
    log = audit_file(out, config)
    if not log.is_file():
        raise DataError(f"{out}: found something that is no release of {config}", "remove it or give another --out")
    if different := _different(log, header):
        raise DataError(f"{out}: found a release with another {different[0]}", "remove it or give another --out")
    check_release(out)
    return load_cohort(out)


def _different(log: Path, header: dict[str, Any]) -> list[str]:
    """What the log of a release says otherwise than ``header``."""
    there = read_ends(log)[0]
    there = there | {"sampler": {"spacing": EVEN, "guidance_below": None} | there.get("sampler", {})}
    return [name for name, value in header.items() if there.get(name) != value]


def is_of_plan(out: Path, plan: ReleasePlan) -> bool:
    """Whether the release in ``out`` is the one that a plan with the index beside its weights would give.

    Raises:
        WeightsError: the generator, its index or the embedder cannot be read.
    """
    plan, engine, record, _ = _prepared(plan, out.parent, silent)
    try:
        return not _different(audit_file(out, plan.config), facts_of(plan.folder) | _header(plan, engine, record))
    except DataError:
        return False
