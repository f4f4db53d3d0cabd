"""From trained weights to what ships; each step is skipped where its result is there, of these weights and judges."""

import shutil
from pathlib import Path

from synthuterus_bench.bench.shipping.begun import begun_with
from synthuterus_bench.bench.shipping.card import write_pages
from synthuterus_bench.bench.shipping.filters import index_of, selftest_of
from synthuterus_bench.bench.shipping.measure import Subject, measure
from synthuterus_bench.bench.shipping.parcel import ship
from synthuterus_bench.bench.shipping.reader import reader_of
from synthuterus_bench.bench.shipping.yard import Yard, cohort_of, digest_of
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.generators.catalogue import ModelId
from synthuterus_bench.generators.folder import weights_digest
from synthuterus_bench.generators.measured import MEASURED, Measured, load_measured
from synthuterus_bench.generators.trained import load_record
from synthuterus_bench.nets.embedder import FILE, load_embedder
from synthuterus_bench.nets.segmenter import load_localiser
from synthuterus_bench.privacy.index import INDEX_FILE
from synthuterus_bench.privacy.losses import measure_membership
from synthuterus_bench.privacy.membership import MEMBERSHIP, load_membership, save_membership
from synthuterus_bench.privacy.selftest_record import SELFTEST_FILE
from synthuterus_bench.release.build import ReleasePlan, generate, is_of_plan
from synthuterus_bench.repro import digest_file, write_atomic
from synthuterus_bench.vocab import Family
from synthuterus_bench.workers import available_cores

EMBEDDER, READERS = "embedder", "readers"


def pack_model(model: ModelId, yard: Yard) -> Measured:
    """Index, self-test, membership test, release, measurements, pictures, card, and the copy that ships.

    Raises:
        WeightsError: nothing was trained, or the folder is larger than what may ship.
    """
    cohort = cohort_of(yard, model.view, 3 if model.family is Family.DDPM3D else 2)
    out = yard.out(model)
    pipeline, work = yard.pipeline(model), out / "measured"
    record = load_record(pipeline)
    if record.cohort_digest != cohort.manifest.digest:
        raise WeightsError(f"{pipeline}: trained on another cohort than {cohort.root}", "train it anew")
    filter_pipeline(pipeline, cohort, yard)
    judge_membership(model, pipeline, cohort, yard)
    digest = digest_of(yard, model.view, 2)
    reader = reader_of(digest, lambda: cohort_of(yard, model.view, 2), yard.ship / READERS, yard.track)
    release = draw_release(model, out, yard)
    subject = Subject(pipeline, out, release, cohort, work / weights_digest(pipeline)[:16], reader, yard.embedder)
    measured = measured_of(subject, yard)
    write_pages(subject, measured, yard.recipes, yard.pages / f"{model}.png")
    ship(pipeline, yard.ship / str(model))
    yard.say(f"{model}: in {yard.ship / str(model)}{_beside(measured, yard)}")
    return measured


def _beside(measured: Measured, yard: Yard) -> str:
    """A word of warning where the embedder that ships is not the one that the index is made by."""
    shipped = yard.ship / EMBEDDER / FILE
    if shipped.is_file() and digest_file(shipped) != measured.embedder_sha256:
        return f"; its index is by another embedder than {shipped.parent} has: pack {EMBEDDER} as well"
    return ""


def filter_pipeline(pipeline: Path, cohort: Cohort, yard: Yard) -> None:
    """The filter's index and self-test inside the folder: codes of training images are public, as phantoms are."""
    _copy(index_of(cohort, yard), pipeline / INDEX_FILE)
    if (tested := selftest_of(cohort, yard)) is not None:
        _copy(tested, pipeline / SELFTEST_FILE)


def _copy(file: Path, target: Path) -> None:
    if not target.is_file() or digest_file(target) != digest_file(file):
        write_atomic(target, file.read_bytes())


def judge_membership(model: ModelId, pipeline: Path, cohort: Cohort, yard: Yard) -> None:
    """``membership.json``; kept where it is of these weights, this cohort and no more scans."""
    scans, digest = yard.extent.members(model), weights_digest(pipeline)
    if (pipeline / MEMBERSHIP).is_file():
        found = load_membership(pipeline)
        known = max(found.members, found.others) <= scans and found.cohort_digest == cohort.manifest.digest
        if known and found.weights_sha256 == digest:
            return
    yard.say(f"{model}: membership test")
    save_membership(pipeline, measure_membership(pipeline, cohort.root, scans, track=yard.track))


def draw_release(model: ModelId, out: Path, yard: Yard) -> Cohort:
    """The release that is measured, in ``out/release``; one of other weights, index or size is drawn anew."""
    plan = ReleasePlan(str(model), yard.pipeline(model), yard.scans(model), embedder=yard.embedder)
    release = out / "release"
    if release.exists() and not is_of_plan(release, plan):
        shutil.rmtree(release)
    yard.say(f"{model}: {plan.scans} samples in {release}")
    return generate(plan, release, available_cores(), yard.track)


def measured_of(subject: Subject, yard: Yard) -> Measured:
    """``measured.json``: read where it is of these weights, this release and these judges, else measured."""
    found = load_measured(subject.pipeline)
    identity = {
        "weights_sha256": weights_digest(subject.pipeline),
        "embedder_sha256": load_embedder(subject.embedder).sha256,
        "reader_sha256": subject.reader.sha256,
        "localiser_sha256": load_localiser().sha256,
        "samples": len(subject.release),
    }
    begun = begun_with(load_record(subject.pipeline), subject.out, yard.initial)
    same = found is not None and all(getattr(found, name) == value for name, value in identity.items())
    if found and same and found.begun == begun:
        return found
    if found is None or not same:
        yard.say(f"{subject.model}: measuring")
        found = measure(subject, yard.extent, yard.track)
    measured = found.model_copy(update={"begun": begun})
    write_atomic(subject.pipeline / MEASURED, measured.model_dump_json(indent=1) + "\n")
    return measured
