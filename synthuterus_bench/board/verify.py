"""``synthbench leaderboard verify``: an entry done again, from published features, from images, or from weights."""

from dataclasses import dataclass
from pathlib import Path

from synthuterus_bench.bench.bundle import is_bundle
from synthuterus_bench.bench.opening import open_submission
from synthuterus_bench.bench.published import read_published
from synthuterus_bench.bench.recomputing import score_published
from synthuterus_bench.bench.reference import PHANTOM, UMD, Reference, cache_folder, load_reference
from synthuterus_bench.bench.run import Clock, environment, evaluate_sets
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.bench.stock import is_stock
from synthuterus_bench.bench.submission import Submission
from synthuterus_bench.bench.suite import SUITES, Suite
from synthuterus_bench.bench.threads import one_thread
from synthuterus_bench.bench.tools import Tools, make_tools
from synthuterus_bench.board.agreement import compare_results
from synthuterus_bench.board.levels import Level
from synthuterus_bench.board.verification import Verification, tolerances_of, verdict_of
from synthuterus_bench.entry import Entry, Result, Sampling
from synthuterus_bench.errors import EntryError, SubmissionError, UsageError
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.generators.folder import weights_digest
from synthuterus_bench.generators.solve import SamplerConfig
from synthuterus_bench.generators.trained import load_record
from synthuterus_bench.metrics.features import Embedder
from synthuterus_bench.privacy.filter import TAU
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.release.build import ReleasePlan, facts_of, generate
from synthuterus_bench.repro import digest_file, digest_json
from synthuterus_bench.vocab import CLASSES

MOST = 10
"""How many times the images that a suite evaluates a release may hold that is drawn again."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What an entry is done again with; ``reference`` as ``evaluate`` takes it, None for the one that is named."""

    tools: Tools
    cache: Path
    reference: str | None = None


def make_bench(
    reference: str | None = None,
    *,
    weights_dir: Path | None = None,
    cache: Path | None = None,
    features_cache: Path | None = None,
    workers: int = 1,
    device: str = "cpu",
    embedder: Embedder | None = None,
    track: Track = silent,
) -> Bench:
    """A bench with what is left open filled in; arguments as for :func:`synthuterus_bench.bench.run.evaluate`."""
    cache = cache or cache_folder()
    return Bench(make_tools(embedder, weights_dir, features_cache, workers, device, track, cache), cache, reference)


@one_thread()
def verify(entry: Entry, level: Level, source: Path, bench: Bench, suite: Suite | None = None) -> Verification:
    """Do an entry again and say how that came out.

    Args:
        source: of ``recompute`` the file of features that the entry names, of ``re-embed`` its images, of
            ``regenerate`` the pipeline folder of its weights.
        suite: by default the frozen one that the entry names.

    Raises:
        EntryError: the entry is of another protocol than this version has, or does not say what is needed.
        SubmissionError: ``source`` is not what the entry was made from.
        UsageError: the reference is not at hand, or is a bundle.
    """
    suite = _suite_of(entry, suite)
    match level:
        case Level.RECOMPUTE:
            return _recompute(entry, source, bench, suite)
        case Level.RE_EMBED:
            return _re_embed(entry, source, bench, suite)
        case Level.REGENERATE:
            return _regenerate(entry, source, bench, suite)


def _suite_of(entry: Entry, given: Suite | None) -> Suite:
    suite = given or SUITES.get(entry.suite.id)
    if suite is None or suite.digest != entry.suite.protocol_digest:
        raise EntryError(
            f"entry {entry.id[:12]}: suite {entry.suite.id} v{entry.suite.version} of digest "
            f"{entry.suite.protocol_digest[:12]} is not in this version of synthbench",
            "verify it with a version that has it",
        )
    return suite


def _reference(entry: Entry, bench: Bench, suite: Suite) -> Reference:
    """The reference of an entry, the very one."""
    named = {str(suite.phantom): PHANTOM, UMD: UMD}.get(entry.suite.reference)
    wanted = bench.reference or named
    if wanted is None:
        raise UsageError(f"entry {entry.id[:12]}: of the reference {entry.suite.reference}", "give it: --reference DIR")
    if is_bundle(wanted):
        raise UsageError(f"--reference {wanted}: found a bundle, expected the reference itself: its images are needed")
    real = load_reference(wanted, suite, bench.cache, bench.tools.track)
    if real.digest != entry.suite.reference_digest:
        found, expected = real.digest[:12], entry.suite.reference_digest[:12]
        raise UsageError(f"--reference {wanted}: found digest {found}, expected {expected} as in the entry")
    return real


def _recompute(entry: Entry, source: Path, bench: Bench, suite: Suite) -> Verification:
    named = entry.artefacts.get("features_sha256")
    if named is None:
        raise EntryError(
            f"entry {entry.id[:12]}: names no published features, so there is nothing to recompute from",
            "verify it from its images: --level re-embed --images DIR",
        )
    if source.is_file() and (found := digest_file(source)) != named:
        raise SubmissionError(f"{source}: found digest {found[:12]}, expected the {named[:12]} that the entry names")
    published = read_published(source)
    _check_same(source, "manifest", published.header.manifest_sha256, entry.dataset.manifest_sha256)
    if published.header.protocol_digest != suite.digest or published.per_class != entry.dataset.n_per_class:
        raise SubmissionError(f"{source}: found features of another suite or of other images than the entry's")
    results = score_published(published, _reference(entry, bench, suite), suite, bench.tools)
    return _verification(entry, Level.RECOMPUTE, {"features_sha256": named}, results, bench)


def _re_embed(entry: Entry, source: Path, bench: Bench, suite: Suite) -> Verification:
    submission = open_submission(
        source, suite, entry.generator.name, bench.cache, bench.tools.device, bench.tools.track
    )
    _check_same(source, "images", submission.manifest_sha256, entry.dataset.manifest_sha256)
    evidence = {"manifest_sha256": submission.manifest_sha256}
    return _verification(entry, Level.RE_EMBED, evidence, _again(entry, submission, bench, suite), bench)


def _regenerate(entry: Entry, source: Path, bench: Bench, suite: Suite) -> Verification:
    claimed = entry.generator.weights.sha256 if entry.generator.weights else None
    if claimed is None:
        raise EntryError(f"entry {entry.id[:12]}: names no weights, so there is nothing to regenerate from")
    if not source.is_dir():
        raise UsageError(f"--weights {source}: no such folder, expected the pipeline folder of the generator")
    _check_same(source, "weights", weights_digest(source), claimed)
    submission = _drawn(entry, source, bench, suite)
    exact = submission.manifest_sha256 == entry.dataset.manifest_sha256
    evidence = {"weights_sha256": claimed, "manifest_sha256": submission.manifest_sha256}
    results = _again(entry, submission, bench, suite)
    return _verification(entry, Level.REGENERATE, evidence, results, bench, exact)


def _drawn(entry: Entry, source: Path, bench: Bench, suite: Suite) -> Submission:
    """The images of an entry drawn again by what it says of their making."""
    facts = (entry.generator.name, bench.cache, bench.tools.device, bench.tools.track)
    if is_stock(source):
        return open_submission(source, suite, *facts)
    plan = plan_of(entry, source, suite)
    name = f"{entry.id[:16]}-{digest_json(facts_of(source))[:16]}"
    release = generate(plan, bench.cache / "regenerated" / name, bench.tools.workers, bench.tools.track)
    return open_submission(release.root, suite, *facts)


def plan_of(entry: Entry, folder: Path, suite: Suite) -> ReleasePlan:
    """The plan of the release that an entry was made from; all kept candidates of it, as many as there were.

    Raises:
        EntryError: the entry does not say by which seed, or was drawn of more images than ``MOST`` times what the
            suite evaluates.
    """
    sampling, privacy = entry.sampling, entry.privacy
    if len(sampling.seeds) != 1:
        raise EntryError(f"entry {entry.id[:12]}: found {len(sampling.seeds)} seeds, expected the one it was drawn by")
    kept = sum(entry.dataset.n_per_class.values())
    if privacy.generated is not None and privacy.rejected is not None:
        kept = privacy.generated - privacy.rejected
    if kept > (most := MOST * suite.n_per_class * len(CLASSES)):
        raise EntryError(
            f"entry {entry.id[:12]}: of {kept} images, expected at most {most} to draw again",
            "verify it from its images: --level re-embed --images DIR",
        )
    tau = TAU if privacy.threshold is None else privacy.threshold
    model = str(parse_id(load_record(folder).model_id))
    return ReleasePlan(model, folder, kept, sampling.seeds[0], tau, sampler=_sampler(sampling))


def _sampler(sampling: Sampling) -> SamplerConfig:
    said = sampling.model_dump(exclude={"seeds"})
    return SamplerConfig(**{name: value for name, value in said.items() if value is not None})


def _again(entry: Entry, submission: Submission, bench: Bench, suite: Suite) -> list[Result]:
    sets = Sets(submission, _reference(entry, bench, suite))
    return evaluate_sets(sets, suite, bench.tools, Clock()).entry.results


def _check_same(source: Path, what: str, found: str, expected: str) -> None:
    if found != expected:
        raise SubmissionError(
            f"{source}: found {what} of digest {found[:12]}, expected {expected[:12]} as in the entry",
            "these are not what the entry was made from",
        )


def _verification(
    entry: Entry,
    level: Level,
    evidence: dict[str, str],
    results: list[Result],
    bench: Bench,
    exact: bool | None = None,
) -> Verification:
    tolerances = tolerances_of(level, exact)
    compared = [*compare_results(entry.results, results, tolerances)]
    return Verification(
        entry=entry.id,
        level=level,
        evidence=evidence,
        exact_images=exact,
        tolerances=tolerances,
        results=compared,
        environment=environment(bench.tools.device),
        verdict=verdict_of(compared),
    )
