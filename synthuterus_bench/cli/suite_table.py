"""Suites and bundles as people read them."""

from pathlib import Path
from typing import TYPE_CHECKING

from synthuterus_bench.bench.bundle import Bundle
from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.cli.output import as_text
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.repro import digest_file

if TYPE_CHECKING:
    from synthuterus_bench.bench.cost import Cost
    from synthuterus_bench.bench.needed import Needed

REVEALS = """\
It reveals, to whoever reads it: the mean and the covariance of image features of the held-out patients in each scope
below, how many patients that are, floors, and the digest of the cohort; no image, no features of an image, no name.
Whoever also holds a patient's image can guess whether she is among them; how often rightly is measured below by one
simple attack (AUC, 0.5 is chance): a better attack can tell more. Never publish two bundles that differ by few
patients."""


def list_table(suites: list[Suite]) -> str:
    """One line a suite."""
    from rich.table import Table

    table = Table("suite", "version", "digest", "what")
    for suite in suites:
        table.add_row(suite.id, str(suite.version), suite.digest[:12], suite.title)
    return as_text(table)


def show_table(suite: Suite, needed: "list[Needed]", cost: "Cost") -> str:
    """All that a suite freezes, what it needs and what it costs."""
    from rich.table import Table

    table = Table("", f"{suite.id}, version {suite.version}", show_lines=True)
    rows = {"digest": suite.digest, "what": suite.title}
    for name, said in (rows | _images(suite) | _measures(suite) | _learning(suite) | _price(cost)).items():
        table.add_row(name, said)
    return "\n".join([as_text(table), *([_files(needed)] if needed else ["no published weights needed"])])


def _files(needed: "list[Needed]") -> str:
    from rich.table import Table

    table = Table("published weights", "wanted for", "here")
    for one in needed:
        table.add_row(f"{one.file}\n{one.url.rpartition('/')[0]}", ", ".join(one.wanted_for), _here(one))
    return as_text(table)


def _here(one: "Needed") -> str:
    return f"yes, sha256 {one.sha256[:12]}" if one.sha256 else f"no: {one.reason.partition(': ')[2].partition(' (')[0]}"


def _images(suite: Suite) -> dict[str, str]:
    window = f"z-scores {suite.window.low:g} to {suite.window.high:g} in {suite.window.bits} bit"
    size = f"{suite.size} x {suite.size} at {suite.pixel_mm:g} mm"
    whole = f"{size}, slices at {suite.slice_mm or 0:g} mm; middle slices {', '.join(suite.planes)}"
    drawn = f"a sample of {suite.phantom_scans} scans" if suite.phantom_scans else "whole"
    digest = (suite.phantom_digest or "not frozen")[:12]
    each = "all" if suite.images_per_patient is None else f"{suite.images_per_patient}"
    return {
        "images": f"{suite.dims}D, view {suite.view}, {size if suite.dims == 2 else whole}; {window}",
        "references": ", ".join(suite.references),
        "phantom": f"{suite.phantom}, {drawn}, seed {suite.phantom_seed}, digest {digest}",
        "of each orientation": (
            f"{suite.n_per_class} synthetic against {suite.n_real_per_class} held-out images, {each} of each patient; "
            f"at least {suite.min_per_class} synthetic"
        ),
    }


def _measures(suite: Suite) -> dict[str, str]:
    found = {"metrics": _by_need(suite.metrics)}
    if suite.dims == 3:
        found |= {"in other planes": _by_need(suite.plane_metrics), "of wholes": _by_need(suite.volume_metrics)}
    return found | {
        "chance": (
            f"{suite.permutations} relabellings of real patients, {suite.pooled_permutations} of synthetic and real "
            f"images, {suite.resamples} resamples of test patients"
        )
    }


def _by_need(names: tuple[str, ...]) -> str:
    needs: dict[Need, list[str]] = {}
    for name in names:
        needs.setdefault(METRICS[name].need, []).append(name)
    return "\n".join(f"{need}: {', '.join(group)}" for need, group in needs.items())


def _learning(suite: Suite) -> dict[str, str]:
    lines = []
    for regime in suite.regimes:
        facts = regime.model_dump(exclude_none=True, exclude={"name"})
        lines.append(f"{regime.name}: {', '.join(f'{name} {value}' for name, value in facts.items())}")
    probes = suite.probes
    hidden = "none" if probes is None else f"uterus and {probes.margin} pixels; frame of {probes.frame}; field strength"
    return {"regimes": "\n".join(lines), "seeds": ", ".join(map(str, suite.seeds)), "shortcut probes": hidden}


def _price(cost: "Cost") -> dict[str, str]:
    first = f"first: {cost.trainings_first} trainings, about {cost.core_minutes_first:g} core-minutes"
    later = f"later: {cost.trainings_later} trainings, about {cost.core_minutes_later:g}"
    return {"cost": f"{first}\n{later}; the reference is kept in the cache. Looking and learning, all weights at hand"}


def revealed(bundle: Bundle, path: Path) -> str:
    """What a bundle holds and gives away."""
    from rich.table import Table

    header = bundle.header
    table = Table("layer", "scope", "patients", "images", "dimensions", "guessing membership (AUC)")
    for one in header.told:
        count, dims = header.counts[one.scope], len(bundle.moments[one.layer, one.scope].mean)
        row = (one.layer, one.scope, count.patients, count.images, dims, f"{one.membership_auc:.2f}")
        table.add_row(*map(str, row))
    withheld = [f"not in it: {name}: {why}" for name, why in header.withheld.items()]
    return "\n".join([REVEALS, as_text(table), *withheld, f"wrote {path} (sha256 {digest_file(path)[:12]})"])
