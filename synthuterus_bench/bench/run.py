"""``evaluate``: from a folder to an entry. The same input, versions and device type give the same bytes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from synthuterus_bench.bench.bundle import Bundle, is_bundle, load_bundle
from synthuterus_bench.bench.by_bundle import NOTE, bundle_needs, score_by_bundle
from synthuterus_bench.bench.details import Details, save_details
from synthuterus_bench.bench.drawn import drawn_release, is_pipeline
from synthuterus_bench.bench.notes import left_out, notes_on, notes_on_sizes
from synthuterus_bench.bench.reference import PHANTOM, Reference, cache_folder, load_reference, unseen
from synthuterus_bench.bench.scoring import ScoredMetrics, score_metrics
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.bench.spatial import plane_banks, plane_needs, score_volumes
from synthuterus_bench.bench.stock import is_stock, load_stock
from synthuterus_bench.bench.submission import Submission, load_submission
from synthuterus_bench.bench.suite import Suite, find_suite
from synthuterus_bench.bench.tasks import ScoredTasks, score_tasks
from synthuterus_bench.bench.threads import one_thread
from synthuterus_bench.entry import DatasetRef, Entry, Result, SuiteRef, save_entry
from synthuterus_bench.errors import UsageError
from synthuterus_bench.metrics.bank import FeatureBank
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.features import Embedder, extract
from synthuterus_bench.metrics.scopes import compact
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import digest_bytes
from synthuterus_bench.vocab import Plane, Split

LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch", "torchvision", "torch-fidelity", "lpips")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An entry, its details, and how many seconds each stage took (which no result file holds)."""

    entry: Entry
    details: Details
    seconds: dict[str, float]

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
    track: Track = silent,
) -> Evaluation:
    """Evaluate the submission at ``path``.

    Args:
        path: a release or cohort folder, one with a subfolder of images for each orientation, or a pipeline folder:
            of this package, of which a release is drawn first and kept in ``cache``, or a stock unconditional one of
            diffusers.
        reference: ``phantom``, ``umd``, a prepared cohort folder with train and test splits, or a reference bundle.
        name: what to call the generator; by default what a release says.
        cache: folder of drawn references and samples, by default :func:`cache_folder`; ``features_cache`` that of
            features, by default ``features`` in it.
        workers: processes that extract features and train classifiers on the CPU; they change no number.
        embedder: by default the shipped one.

    Raises:
        UsageError: no such suite or device.
        SubmissionError, CohortError, WeightsError: see :func:`load_submission`, :func:`load_reference` and
            :func:`synthuterus_bench.nets.embedder.load_embedder`. Nothing is written.
    """
    check_device(device)
    suite, clock = find_suite(suite) if isinstance(suite, str) else suite, Clock()
    cache = cache or cache_folder()
    kept = features_cache or cache / "features"
    with clock.stage("submission"):
        submission = read_submission(path, suite, name, cache, device, track)
    embedder = embedder or shipped_embedder()
    if is_bundle(reference):
        bundle = load_bundle(Path(reference), suite)
        return _by_bundle(suite, submission, bundle, embedder, device, clock, weights_dir, workers, kept, track)
    with clock.stage("reference"):
        real = load_reference(reference, suite, cache, track)
    return evaluate_sets(
        Sets(submission, real),
        suite,
        embedder,
        weights_dir=weights_dir,
        features_cache=kept,
        workers=workers,
        device=device,
        track=track,
        clock=clock,
    )


def evaluate_sets(
    sets: Sets,
    suite: Suite,
    embedder: Embedder,
    *,
    weights_dir: Path | None,
    features_cache: Path,
    workers: int,
    device: str,
    track: Track,
    clock: Clock,
) -> Evaluation:
    """Evaluate a submission that is in memory against a reference that is; arguments as for :func:`evaluate`."""
    with clock.stage("features"):
        own = extract(sets.pixels, {Need.EMBEDDER, Need.CODES}, embedder, track=track)
        rows, scopes = compact(sets.scopes(suite.permutations, suite.pooled_permutations, suite.n_real_per_class))
        look = partial(
            extract,
            embedder=embedder,
            weights_dir=weights_dir,
            device=device,
            workers=workers,
            cache=features_cache,
            parts=sets.parts(rows),
            groups=scopes[0].strata,
            track=track,
        )
        bank = look(sets.pixels[rows], _needs(suite), into=own.take(rows))
        banks = {Plane.SAGITTAL: bank} | plane_banks(sets, suite, rows, look)
    with clock.stage("metrics"):
        metrics = score_metrics(suite.metrics, scopes, bank, track, left_out(sets.submission))
        metrics = score_volumes(suite, metrics, scopes, banks, track, left_out(sets.submission))
    with clock.stage("downstream"):
        tasks = score_tasks(
            suite,
            *sets.labelled(own),
            device=device,
            weights_dir=weights_dir,
            workers=workers,
            cache=features_cache,
            track=track,
        )
    details = _details(suite, sets, own, metrics, tasks)
    entry = _entry(suite, sets.submission, sets.real, [*metrics.results, *tasks.results], details, device)
    return Evaluation(entry, details, clock.seconds)


def read_submission(
    path: Path, suite: Suite, name: str | None, cache: Path, device: str, track: Track = silent
) -> Submission:
    """The submission at ``path``, its images drawn first where it is a pipeline; see :func:`evaluate`."""
    if is_stock(path):
        return load_stock(path, suite, cache, name, device, track)
    return load_submission(drawn_release(path, suite, cache, track) if is_pipeline(path) else path, suite, name)


def check_device(device: str) -> None:
    """Refuse a device that is not there.

    Raises:
        UsageError: no CUDA device that torch can use.
    """
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: found no CUDA device that torch can use", "use --device cpu")


def shipped_embedder() -> Embedder:
    """The embedder that comes with the package."""
    from synthuterus_bench.nets.embedder import load_embedder

    return load_embedder()


def _needs(suite: Suite) -> set[Need]:
    return (suite.needs | plane_needs(suite)) - {Need.EMBEDDER, Need.CODES}


def _by_bundle(
    suite: Suite,
    submission: Submission,
    bundle: Bundle,
    embedder: Embedder,
    device: str,
    clock: Clock,
    weights_dir: Path | None,
    workers: int,
    cache: Path,
    track: Track,
) -> Evaluation:
    with clock.stage("features"):
        how: dict[str, Any] = {
            "weights_dir": weights_dir,
            "device": device,
            "workers": workers,
            "cache": cache,
            "track": track,
        }
        bank = extract(submission.pixels, bundle_needs(suite), embedder, **how)
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
    return Evaluation(_entry(suite, submission, real, results, details, device), details, clock.seconds)


def _details(suite: Suite, sets: Sets, bank: FeatureBank, metrics: ScoredMetrics, tasks: ScoredTasks) -> Details:
    return Details(
        suite=suite.id,
        protocol_digest=suite.digest,
        reference_digest=sets.real.digest,
        intensity=sets.submission.intensity,
        found=sets.submission.found,
        confusions=tasks.confusions,
        similarities={"nearest real training image": sets.similarities(bank)},
        nulls=tuple(metrics.nulls),
        notes=(*notes_on(sets.submission), *notes_on_sizes(sets)),
    )


def overlap(submission: Submission, real: Reference) -> dict[str, int]:
    """Exact copies: evaluated images that are in a split of the reference, and repeats within the submission."""
    copies = {f"copies_of_{split}": _count(submission, real.digests[split]) for split in Split if split in real.digests}
    return copies | {"repeats": len(submission.digests) - len(set(submission.digests))}


def _count(submission: Submission, known: frozenset[str]) -> int:
    return sum(digest in known for digest in submission.digests)


def environment(device: str) -> dict[str, str]:
    """Versions, device type and threads; nothing that names a machine."""
    import platform

    import torch

    versions = {name: version(name) for name in ("synthuterus-bench", *LIBRARIES)}
    return versions | {"python": platform.python_version(), "device": device, "threads": str(torch.get_num_threads())}


def _entry(
    suite: Suite, submission: Submission, real: Reference, results: list[Result], details: Details, device: str
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
        overlap=overlap(submission, real),
        dataset=DatasetRef(manifest_sha256=submission.manifest_sha256, n_per_class=submission.per_class),
        sampling=submission.provenance.sampling,
        privacy=submission.provenance.privacy,
        results=results,
        artefacts={"details_sha256": digest_bytes(details.as_json().encode())},
        environment=environment(device),
    )
