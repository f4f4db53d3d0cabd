"""From a generator to a release: plan, draw, filter, write. The same plan gives the same bytes, killed or not."""

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

from synthuterus_bench.cohorts.record import Manifest, Scan
from synthuterus_bench.cohorts.store import Cohort, load_cohort
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import DataError, WeightsError
from synthuterus_bench.generators.catalogue import ModelId, parse_id
from synthuterus_bench.generators.pipeline import TrainingRecord, load_record, weights_digest
from synthuterus_bench.generators.plan import Shares, check_scans, make_plan
from synthuterus_bench.generators.sampler import SamplerConfig, Wanted
from synthuterus_bench.generators.shares import shares_of
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.filter import TAU, PrivacyFilter
from synthuterus_bench.privacy.index import build_index, find_index, load_index, save_index
from synthuterus_bench.privacy.log import AUDIT_FILE, read_log, write_log
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.release.candidates import Engine, draw_all, read_chunk, sampling_device
from synthuterus_bench.release.card import write_card
from synthuterus_bench.release.gate import check_release, write_checksums
from synthuterus_bench.release.quota import CAP, Accepted, Filled, fill
from synthuterus_bench.repro import digest_json, staged_folder
from synthuterus_bench.vocab import Split


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """What to generate. The filter compares with the train split of ``reference``, else with the model's own index."""

    model: str
    folder: Path
    scans: int = 800
    seed: int = 0
    tau: float = TAU
    cap: int = CAP
    sampler: SamplerConfig = field(default_factory=SamplerConfig)
    reference: Path | None = None
    embedder: Path | None = None

    def __post_init__(self) -> None:
        check_scans(self.scans)


def generate(plan: ReleasePlan, out: Path, workers: int = 1, track: Track = silent) -> Cohort:
    """Build the release folder ``out``; goes on with an unfinished run of the same plan.

    Chunks drawn so far lie in the hidden folder ``.<out>.work`` beside ``out`` until the release is whole.

    Raises:
        UsageError: the plan makes no sense.
        WeightsError: the generator, its index or the embedder cannot be read.
        QuotaError: a class cannot be filled within its cap.
        DataError: ``out`` holds something else.
    """
    model, record = _checked(plan)
    out = out.resolve()
    work = out.parent / f".{out.name}.work"
    engine, shares = _engine(plan, record, work, track)
    header = _header(plan, engine, record)
    if out.exists() and any(out.iterdir() if out.is_dir() else [out]):
        shutil.rmtree(work, ignore_errors=True)
        return _finished(out, header)
    places = make_plan(plan.scans, shares, plan.seed)
    chunks = work / digest_json(_what_decides_a_sample(header))[:16]

    def draw(wanted: list[Wanted], done: int) -> list[Path]:
        label = "drawing (chunks of 16)" if not done else "replacing rejected"
        return draw_all(wanted, engine, chunks, workers, track, label)

    filled = fill(places, plan.seed, draw, plan.cap)
    with staged_folder(out) as folder:
        _write(folder, filled, model, header, record)
        check_release(folder)
    shutil.rmtree(work, ignore_errors=True)
    return load_cohort(out)


def _checked(plan: ReleasePlan) -> tuple[ModelId, TrainingRecord]:
    model, record = parse_id(plan.model), load_record(plan.folder)
    if record.model_id != plan.model:
        raise WeightsError(f"{plan.folder}: found weights of {record.model_id}, expected {plan.model}")
    return model, record


def _engine(plan: ReleasePlan, record: TrainingRecord, work: Path, track: Track) -> tuple[Engine, Shares]:
    """The filter's index: of ``--reference`` if given (kept in ``work``), else the one beside the weights."""
    embedder = load_embedder(plan.embedder)
    path, shares = find_index(plan.folder), record.proportions
    if plan.reference is not None:
        cohort = load_cohort(plan.reference)
        shares = shares_of(cohort) or shares
        path = work / f"index-{cohort.manifest.digest[:16]}-{embedder.sha256[:16]}.safetensors"
        if not path.is_file():
            save_index(build_index(cohort, embedder, track), path)
    index = load_index(path)
    PrivacyFilter(embedder, index, plan.tau)
    if plan.reference is None and index.reference_digest != record.cohort_digest:
        raise WeightsError(f"{path}: an index of another cohort than the one {plan.folder.name} was trained on")
    return Engine(plan.folder, path, plan.embedder, plan.tau, plan.seed, plan.sampler), shares


def _header(plan: ReleasePlan, engine: Engine, record: TrainingRecord) -> dict[str, Any]:
    index = load_index(engine.index)
    return {
        "versions": {name: version(name) for name in ("synthuterus-bench", "torch", "diffusers")},
        "device": sampling_device(),
        "model": plan.model,
        "weights_sha256": weights_digest(plan.folder),
        "encoder_sha256": index.encoder_sha256,
        "reference_digest": index.reference_digest,
        "reference_scans": len(index.keys),
        "reference_is_training_data": index.reference_digest == record.cohort_digest,
        "threshold": plan.tau,
        "cap": plan.cap,
        "scans": plan.scans,
        "seed": plan.seed,
        "sampler": asdict(plan.sampler),
    }


def _what_decides_a_sample(header: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in header.items() if name not in ("cap", "scans")}


def _finished(out: Path, header: dict[str, Any]) -> Cohort:
    """The release that is already there, if it is the one asked for."""
    if not (out / AUDIT_FILE).is_file():
        raise DataError(f"{out}: found something that is no release", "remove it or give another --out")
    there = read_log(out / AUDIT_FILE)[0]
    different = [name for name, value in header.items() if there.get(name) != value]
    if different:
        raise DataError(f"{out}: found a release with another {different[0]}", "remove it or give another --out")
    check_release(out)
    return load_cohort(out)


def _write(folder: Path, filled: Filled, model: ModelId, header: dict[str, Any], record: TrainingRecord) -> None:
    generator = f"{model}@{header['weights_sha256'][:12]}"
    manifest = Manifest(
        name="synthuterus", view=model.view, dims=2, intensity="window", splits={}, digest="", seed=header["seed"]
    )
    writer = CohortWriter(folder, manifest)
    for scan in _scans(filled.accepted, model, generator):
        writer.add(scan)
    cohort = writer.close()
    write_log(folder / AUDIT_FILE, header, filled.records)
    write_card(folder, cohort, read_log(folder / AUDIT_FILE), record)
    write_checksums(folder)


def _scans(accepted: list[Accepted], model: ModelId, generator: str) -> Iterator[Scan]:
    numbered = enumerate(accepted)
    for path, group in groupby(numbered, key=lambda item: item[1].chunk):
        chunk = read_chunk(path)
        if chunk is None:
            raise DataError(f"{path}: chunk vanished while the run was going on")
        for number, one in group:
            yield Scan(
                scan_id=f"synth-{model.view}-{number:05d}",
                pixels=chunk.pixels[one.row],
                spacing_mm=(1.0, 1.0),
                split=Split.TRAIN,
                source="synthetic",
                view=model.view,
                orientation=one.place.orientation,
                field_strength=one.place.condition.field_strength,
                sequence=one.place.condition.sequence,
                prompt=one.place.prompt,
                seed=one.seed,
                generator=generator,
                max_similarity=one.verdict.max_similarity,
            )
