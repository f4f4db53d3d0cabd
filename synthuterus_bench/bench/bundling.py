"""From a private reference to its bundle: statistics of its held-out images, floors, and what that gives away."""

from collections.abc import Sequence

import numpy as np

from synthuterus_bench.bench.bundle import Bundle, Count, Header, KnownFloor, Told
from synthuterus_bench.bench.provenance import Provenance
from synthuterus_bench.bench.reference import Reference
from synthuterus_bench.bench.scoring import score_metrics
from synthuterus_bench.bench.sets import Sets
from synthuterus_bench.bench.submission import Submission
from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.bench.threads import one_thread
from synthuterus_bench.bench.tools import Tools
from synthuterus_bench.entry import Generator
from synthuterus_bench.errors import SuiteError, UsageError
from synthuterus_bench.metrics.bank import FeatureBank
from synthuterus_bench.metrics.base import Need, Scope
from synthuterus_bench.metrics.frechet import measure_frechet
from synthuterus_bench.metrics.scopes import compact
from synthuterus_bench.metrics.summary import Moments, moments_of, telling
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.progress import Track
from synthuterus_bench.vocab import CLASSES

LEAST_PATIENTS = 20
"""Held-out patients of every class, below which nothing is told of a cohort."""

MOST_TELLING = 0.75
"""AUC of guessing membership, above which statistics are withheld unless asked for."""


def told_by_moments(suite: Suite) -> list[str]:
    """The metrics of a suite that need means and covariances of real images, and no more."""
    return [name for name in suite.metrics if METRICS[name].measure is measure_frechet]


def told_by_images(suite: Suite) -> list[str]:
    """Those that judge synthetic images alone."""
    return [name for name in suite.metrics if METRICS[name].need is Need.ANATOMY]


@one_thread()
def make_bundle(
    real: Reference,
    suite: Suite,
    tools: Tools,
    least: int = LEAST_PATIENTS,
    most_telling: float = MOST_TELLING,
) -> Bundle:
    """The bundle of a reference.

    Args:
        least: held-out patients that every class must have.
        most_telling: AUC of guessing membership above which the statistics of a layer in a scope are withheld;
            those of fewer images than dimensions always are, since they tell for certain.

    Raises:
        UsageError: a suite of volumes: its few patients would be told from their statistics.
        SuiteError: a class has fewer patients, or nothing may be told.
    """
    if suite.dims == 3:
        raise UsageError(f"suite {suite.id}: volumes have no reference bundle, their patients are too few to hide in")
    sets = Sets(_stand_in(real, suite), real)
    rows, scopes = compact(sets.scopes(suite.permutations, 0, suite.n_real_per_class))
    counts = {scope.name: _count(scope) for scope in scopes}
    _check_patients(counts, least, real.name)
    names = (*told_by_moments(suite), *told_by_images(suite))
    bank = tools.look(sets.pixels[rows], {METRICS[name].need for name in names}, parts=sets.parts(rows))
    moments, told, withheld = _statistics(bank, scopes, told_by_moments(suite), most_telling)
    if not moments:
        raise SuiteError(f"{real.name}: nothing to tell: {'; '.join(sorted(set(withheld.values())))}")
    layers = {need: bank.identity[need] for need in {need for need, _ in moments}}
    header = Header(
        suite=suite.id,
        version=suite.version,
        protocol_digest=suite.digest,
        reference=real.name,
        reference_digest=real.digest,
        counts=counts,
        layers=layers,
        withheld=withheld,
        told=tuple(told),
        floors=_floors(names, scopes, bank, tools.track),
    )
    return Bundle(header, moments)


def _stand_in(real: Reference, suite: Suite) -> Submission:
    """Held-out images in the place of synthetic ones: floors hang on the number of those alone."""
    rows = [np.resize(np.flatnonzero(real.test.labels == k), suite.n_per_class) for k in range(len(CLASSES))]
    part = real.test.take(np.concatenate(rows))
    units = np.arange(len(part.labels))
    generator, nothing = Generator(name="none"), "0" * 64
    return Submission(part.pixels, part.labels, units, (), {}, nothing, "window", generator, Provenance())


def _count(scope: Scope) -> Count:
    return Count(patients=len(np.unique(scope.units[scope.test])), images=len(scope.test))


def _check_patients(counts: dict[str, Count], least: int, name: str) -> None:
    for scope, count in counts.items():
        if count.patients < least:
            raise SuiteError(
                f"{name}: found {count.patients} held-out patients of {scope}, expected at least {least}",
                "fewer patients are too easily told from their statistics; hold out more",
            )


Statistics = tuple[dict[tuple[Need, str], Moments], list[Told], dict[str, str]]


def _statistics(bank: FeatureBank, scopes: Sequence[Scope], names: list[str], most_telling: float) -> Statistics:
    moments: dict[tuple[Need, str], Moments] = {}
    told, withheld = list[Told](), dict[str, str]()
    for need in dict.fromkeys(METRICS[name].need for name in names):
        if need not in bank.arrays:
            withheld[need] = bank.missing[need][:500]
            continue
        for scope in scopes:
            found = moments_of(bank.arrays[need][scope.test])
            auc = _auc(bank, need, scope, found)
            if auc > most_telling or _spans(found):
                withheld[f"{need} {scope.name}"] = (
                    f"withheld by the reference's owner: {found.n} images in {len(found.mean)} dimensions would tell "
                    f"who is among them (AUC {auc:.2f}, at most {most_telling:g})"
                )
                continue
            moments[need, scope.name] = found
            told.append(Told(layer=need, scope=scope.name, membership_auc=round(auc, 3)))
    return moments, told, withheld


def _spans(found: Moments) -> bool:
    """Whether rows are so few that each lies in the plane that their covariance spans, and others do not."""
    return found.n <= len(found.mean) + 1


def _auc(bank: FeatureBank, need: Need, scope: Scope, found: Moments) -> float:
    """Of members against all other real images of the scope."""
    if _spans(found):
        return 1.0
    rows = bank.arrays[need]
    real = np.unique(np.concatenate([scope.train, *(draw.real for draw in scope.null)]))
    return telling(rows[scope.test], rows[np.setdiff1d(real, scope.test)], found)


def _floors(names: Sequence[str], scopes: list[Scope], bank: FeatureBank, track: Track) -> tuple[KnownFloor, ...]:
    return tuple(
        KnownFloor(metric=row.metric, scope=row.scope, n_real=row.n_real, n_fake=row.n_fake, floor=row.floor)
        for row in score_metrics(tuple(names), scopes, bank, track).results
        if row.floor is not None
    )
