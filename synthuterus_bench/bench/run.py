"""``evaluate``: from a folder to an entry. The same input, versions and device type give the same bytes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path

from synthuterus_bench.bench.bundle import Bundle, is_bundle, load_bundle
from synthuterus_bench.bench.by_bundle import NOTE, bundle_needs, score_by_bundle
from synthuterus_bench.bench.details import Details, NearCopies, save_details
from synthuterus_bench.bench.gallery import Gallery, make_gallery
from synthuterus_bench.bench.near import Near, exact_copies, near_of
from synthuterus_bench.bench.notes import left_out, notes_on, notes_on_copies, notes_on_sizes
from synthuterus_bench.bench.opening import open_submission
from synthuterus_bench.bench.pixels import blank, out_of_range
from synthuterus_bench.bench.published import publish, to_bytes
from synthuterus_bench.bench.reference import PHANTOM, Reference, cache_folder, load_reference, unseen
from synthuterus_bench.bench.scoring import ScoredMetrics, score_metrics
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.bench.spatial import plane_banks, plane_needs, score_volumes
from synthuterus_bench.bench.submission import Form, Submission
from synthuterus_bench.bench.suite import Suite, find_suite
from synthuterus_bench.bench.tasks import ScoredTasks, score_tasks
from synthuterus_bench.bench.threads import one_thread
from synthuterus_bench.bench.tools import OWN, Tools, make_tools
from synthuterus_bench.entry import DatasetRef, Entry, Result, SuiteRef, save_entry
from synthuterus_bench.errors import UsageError
from synthuterus_bench.metrics.bank import FeatureBank
from synthuterus_bench.metrics.features import Embedder
from synthuterus_bench.metrics.scopes import compact
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import digest_bytes
from synthuterus_bench.vocab import Plane

LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch", "torchvision", "torch-fidelity", "lpips")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An entry, its details, and how many seconds each stage took (which no result file holds).

    ``gallery`` is what a report may show of single images; there is none against a bundle.
    ``features`` is the file of published features that the entry names, where one was asked for.
    """

    entry: Entry
    details: Details
    seconds: dict[str, float]
    gallery: Gallery | None = None
    features: bytes | None = None

    def save(self, path: Path) -> Path:
        """Write the entry to ``path`` and its details beside it, both or neither; returns where the details are."""
        written = save_details(self.details, path)
        try:
            save_entry(self.entry, path)
        except BaseException:
            written.unlink(missing_ok=True)
            raise
        return written


@dataclass(slots=True)
class Clock:
    """Seconds of each stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begun


@one_thread()
def evaluate(
    path: Path,
    suite: str | Suite = "uterus-2d-roi",
    reference: str = PHANTOM,
    *,
    name: str | None = None,
    weights_dir: Path | None = None,
    cache: Path | None = None,
    features_cache: Path | None = None,
    workers: int = 1,
    device: str = "cpu",
    embedder: Embedder | None = None,
    publish_features: bool = False,
    track: Track = silent,
) -> Evaluation:
    """Evaluate the submission at ``path``.

    Args:
        path: a release or cohort folder, one with a subfolder of images for each orientation, a folder of Parquet or
            Arrow tables, an ``.npz`` archive, ``hf:ORG/NAME@COMMIT``, or a pipeline folder: of this package, of which
            a release is drawn first and kept in ``cache``, or a stock unconditional one of diffusers.
        reference: ``phantom``, ``umd``, a prepared cohort folder with train and test splits, or a reference bundle.
        name: what to call the generator; by default what a release says.
        cache: folder of drawn references and samples, by default :func:`cache_folder`; ``features_cache`` that of
            features, by default ``features`` in it.
        workers: processes that extract features and train classifiers on the CPU; they change no number.
        embedder: by default the shipped one.
        publish_features: whether to keep the submission's features for others to compute with.

    Raises:
        UsageError: no such suite or device, or features to be published against a reference that is not public.
        SubmissionError, CohortError, WeightsError: see :func:`open_submission`, :func:`load_reference` and
            :func:`synthuterus_bench.nets.embedder.load_embedder`. Nothing is written.
    """
    cache, clock = cache or cache_folder(), Clock()
    tools = make_tools(embedder, weights_dir, features_cache, workers, device, track, cache)
    suite = find_suite(suite) if isinstance(suite, str) else suite
    with clock.stage("submission"):
        submission = open_submission(path, suite, name, cache, device, track)
    if is_bundle(reference):
        if publish_features:
            raise UsageError(f"features are published against public references alone, found {reference}")
        return _by_bundle(suite, submission, load_bundle(Path(reference), suite), tools, clock)
    with clock.stage("reference"):
        real = load_reference(reference, suite, cache, track)
    return evaluate_sets(Sets(submission, real), suite, tools, clock, publish_features)


def evaluate_sets(sets: Sets, suite: Suite, tools: Tools, clock: Clock, publish_features: bool = False) -> Evaluation:
    """Evaluate a submission that is in memory against a reference that is; see :func:`evaluate`."""
    with clock.stage("features"):
        own = tools.embed(sets.pixels)
        near = near_of(sets, own, tools)
        rows, scopes = compact(sets.scopes(suite.permutations, suite.pooled_permutations, suite.n_real_per_class))
        look = partial(tools.look, parts=sets.parts(rows), groups=scopes[0].strata)
        bank = look(sets.pixels[rows], (suite.needs | plane_needs(suite)) - OWN, into=own.take(rows))
        banks = {Plane.SAGITTAL: bank} | plane_banks(sets, suite, rows, look)
        features = to_bytes(publish(sets, suite, rows, banks)) if publish_features else None
    with clock.stage("metrics"):
        metrics = score_metrics(suite.metrics, scopes, bank, tools.track, left_out(sets.submission))
        metrics = score_volumes(suite, metrics, scopes, banks, tools.track, left_out(sets.submission))
    with clock.stage("downstream"):
        tasks = score_tasks(
            suite,
            *sets.labelled(own),
            device=tools.device,
            weights_dir=tools.weights_dir,
            workers=tools.workers,
            cache=tools.cache,
            track=tools.track,
        )
    details = _details(suite, sets, own, metrics, tasks, near)
    results = [*metrics.results, *tasks.results]
    entry = _entry(suite, sets.submission, sets.real, results, details, tools.device, near, features)
    return Evaluation(entry, details, clock.seconds, make_gallery(sets, own), features)


def _by_bundle(suite: Suite, submission: Submission, bundle: Bundle, tools: Tools, clock: Clock) -> Evaluation:
    with clock.stage("features"):
        bank = tools.look(submission.pixels, bundle_needs(suite))
    with clock.stage("metrics"):
        results = score_by_bundle(suite, submission, bundle, bank, left_out(submission))
    details = Details(
        suite=suite.id,
        protocol_digest=suite.digest,
        reference_digest=bundle.header.reference_digest,
        intensity=submission.intensity,
        found=submission.found,
        confusions={},
        similarities={},
        nulls=(),
        notes=(NOTE, *notes_on(submission)),
    )
    real = unseen(bundle.header.reference, bundle.header.reference_digest)
    return Evaluation(_entry(suite, submission, real, results, details, tools.device), details, clock.seconds)


def _details(
    suite: Suite, sets: Sets, bank: FeatureBank, metrics: ScoredMetrics, tasks: ScoredTasks, near: tuple[Near, ...]
) -> Details:
    return Details(
        suite=suite.id,
        protocol_digest=suite.digest,
        reference_digest=sets.real.digest,
        intensity=sets.submission.intensity,
        found=sets.submission.found,
        confusions=tasks.confusions,
        rocs=tasks.rocs,
        similarities={"nearest real training image": sets.similarities(bank)},
        nulls=tuple(metrics.nulls),
        notes=(*notes_on(sets.submission), *notes_on_sizes(sets, suite), *notes_on_copies(near)),
        near={str(one.split): NearCopies(**one.as_json()) for one in near},
    )


def overlap(submission: Submission, real: Reference, near: tuple[Near, ...] = ()) -> dict[str, int]:
    """Evaluated images that are in a split of the reference to the pixel, near copies, repeats, and no pictures.

    Only splits that the reference has are counted; near copies only of splits that were compared.
    """
    copies = {f"copies_of_{split}": int(found.sum()) for split, found in exact_copies(submission, real).items()}
    copies |= {f"near_copies_of_{one.split}": len(one.rows) for one in near}
    odd = {"blank": int(blank(submission.pixels).sum()), "out_of_range": int(out_of_range(submission.pixels).sum())}
    return copies | {"repeats": len(submission.digests) - len(set(submission.digests))} | odd


def environment(device: str) -> dict[str, str]:
    """Versions, device type and threads; nothing that names a machine."""
    import platform

    import torch

    versions = {name: version(name) for name in ("synthuterus-bench", *LIBRARIES)}
    return versions | {"python": platform.python_version(), "device": device, "threads": str(torch.get_num_threads())}


def _entry(
    suite: Suite,
    submission: Submission,
    real: Reference,
    results: list[Result],
    details: Details,
    device: str,
    near: tuple[Near, ...] = (),
    features: bytes | None = None,
) -> Entry:
    return Entry(
        suite=SuiteRef(
            id=suite.id,
            version=suite.version,
            protocol_digest=suite.digest,
            reference=real.name,
            reference_digest=real.digest,
        ),
        generator=submission.generator,
        training_data=submission.training_data,
        external_data=submission.card.external_data,
        overlap=overlap(submission, real, near),
        dataset=_dataset(submission),
        sampling=submission.provenance.sampling,
        privacy=submission.provenance.privacy,
        results=results,
        artefacts=_artefacts(details, features),
        environment=environment(device),
        submitter=submission.card.submitter,
        supersedes=submission.card.supersedes,
    )


def _artefacts(details: Details, features: bytes | None) -> dict[str, str]:
    published = {"features_sha256": digest_bytes(features)} if features else {}
    return {"details_sha256": digest_bytes(details.as_json().encode())} | published


def _dataset(submission: Submission) -> DatasetRef:
    drawn = submission.form is Form.PIPELINE
    return DatasetRef(
        manifest_sha256=submission.manifest_sha256,
        n_per_class=submission.per_class,
        preprocess_digest=submission.preprocess,
        repo=None if drawn else submission.source.repo,
        revision=None if drawn else submission.source.revision,
        form=None if submission.form is None else str(submission.form),
    )
