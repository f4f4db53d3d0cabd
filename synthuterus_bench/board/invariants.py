"""What must hold inside one entry beyond its schema. Each function yields one line for each thing that does not."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from synthuterus_bench.bench.table import POOLED, SCOPES, key_of
from synthuterus_bench.board.amounts import odd_amounts
from synthuterus_bench.board.arithmetic import wrong_arithmetic
from synthuterus_bench.board.bounds import LARGEST, bounds_of
from synthuterus_bench.entry import Entry, Privacy, Result
from synthuterus_bench.look.text import https, unsafe
from synthuterus_bench.metrics.shares import ANATOMY
from synthuterus_bench.vocab import CLASSES, Orientation

MAX_TEXT = 600
MAX_RESULTS = 2000
MAX_ALIKE, MAX_PARAMS = 16, 40
"""Results of one metric in one scope, and parameters of one result: a suite gives fewer, a thousand stop a page."""

MAX_INTEGER = 2**63
SLACK = 1e-6
_MACHINE = re.compile(r"(^|[\s'\"(=:])(/(home|root|Users|mnt|media|tmp|var|srv|scratch)/|[A-Za-z]:\\)")
DEMANDS = tuple(metric.name for metric in ANATOMY)
LINKS = ("https://", "doi:", "arxiv:")


def broken_invariants(entry: Entry) -> Iterator[str]:
    """Every broken invariant of an entry, as one line each."""
    yield from _texts_and_numbers(entry.as_json(), "")
    yield from _links(entry)
    yield from _dataset(entry)
    yield from _privacy(entry.privacy)
    if not 0 < len(entry.results) <= MAX_RESULTS:
        yield f"results: found {len(entry.results)}, expected 1 to {MAX_RESULTS}"
    for result in entry.results:
        yield from (f"{result.metric} {result.scope}: {what}" for what in _result(result, entry))
    yield from _duplicates(entry.results)
    yield from _crowds(entry.results)
    yield from _sums(entry.results, Orientation.AMBIGUOUS in entry.dataset.n_per_class)
    yield from _demands(entry.results)
    yield from wrong_arithmetic(entry.results)


def _texts_and_numbers(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts_and_numbers(name, f"{place} key")
            yield from _texts_and_numbers(inner, f"{place}.{name}".lstrip("."))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts_and_numbers(inner, f"{place}.{index}")
    elif isinstance(value, str):
        yield from _text(value, place)
    elif isinstance(value, int | float) and abs(value) > (MAX_INTEGER if isinstance(value, int) else LARGEST):
        yield f"{place}: found a number beyond {LARGEST:g}"


def _text(value: str, place: str) -> Iterator[str]:
    if unsafe(value):
        yield f"{place}: holds control or direction characters"
    if _MACHINE.search(value):
        yield f"{place}: holds a path of somebody's machine"
    if len(value) > MAX_TEXT:
        yield f"{place}: found {len(value)} characters, expected at most {MAX_TEXT}"


def _links(entry: Entry) -> Iterator[str]:
    generator = entry.generator
    links = {"generator.code": generator.code, "generator.paper": generator.paper, "dataset.repo": entry.dataset.repo}
    links |= {f"artefacts.{name}": link for name, link in entry.artefacts.items()}
    for place, link in links.items():
        scheme = ":" in (link or "") and not (link or "").lower().startswith(LINKS)
        if scheme or ("://" in (link or "") and not https(link)):
            yield f"{place}: found {link!r}, expected an https address or a plain name"


def _dataset(entry: Entry) -> Iterator[str]:
    for name, count in entry.dataset.n_per_class.items():
        if name not in set(Orientation):
            yield f"dataset.n_per_class: unknown class {name!r}, expected one of {', '.join(Orientation)}"
        if count < 0:
            yield f"dataset.n_per_class: found {count} images of {name}"
    if sum(entry.dataset.n_per_class.values()) < 1:
        yield "dataset.n_per_class: no images"


def _privacy(privacy: Privacy) -> Iterator[str]:
    if (privacy.rejected or 0) > (privacy.generated or 0):
        yield f"privacy: found {privacy.rejected} rejected of {privacy.generated} generated"
    threshold, kept = privacy.threshold, privacy.max_kept_similarity
    if threshold is not None and kept is not None and kept > threshold + SLACK:
        yield f"privacy: kept an image of similarity {kept:g}, above the threshold {threshold:g}"
    shares = {"membership_auc": privacy.membership_auc, **(privacy.self_test or {})}
    for name, share in shares.items():
        if share is not None and not 0 <= share <= 1:
            yield f"privacy: {name} is {share:g}, expected 0 to 1"


def _result(result: Result, entry: Entry) -> Iterator[str]:
    if result.scope not in SCOPES:
        yield f"unknown scope, expected one of {', '.join(SCOPES)}"
    bounds = bounds_of(result.metric)
    if bounds.direction and result.direction != bounds.direction:
        yield f"direction {result.direction}, expected {bounds.direction}"
    values = {"value": result.value, "floor": result.floor.value if result.floor else None}
    values |= {f"seed {place}": value for place, value in enumerate(result.per_seed or [])}
    for name, value in values.items():
        if value is not None and not bounds.low - SLACK <= value <= bounds.high + SLACK:
            yield f"{name} {value:g} outside [{bounds.low:g}, {bounds.high:g}]"
    if result.ci and result.value is not None and not _inside(result.value, result.ci.low, result.ci.high):
        yield f"value {result.value:g} outside its own interval [{result.ci.low:g}, {result.ci.high:g}]"
    yield from odd_amounts(result)
    if result.status == "ok":
        yield from _counts(result, entry)


def _inside(value: float, low: float, high: float) -> bool:
    slack = SLACK * max(1.0, abs(value))
    return low - slack <= value <= high + slack


def _counts(result: Result, entry: Entry) -> Iterator[str]:
    if result.n_real < 1 or result.n_fake < 1:
        yield f"a value from {result.n_real} real and {result.n_fake} synthetic images"
    per_class = entry.dataset.n_per_class
    images = sum(per_class.values()) if result.scope == POOLED else per_class.get(result.scope, 0)
    if entry.generator.dims == 2 and result.n_fake > images:
        yield f"{result.n_fake} synthetic images, but the dataset has {images}"


def _duplicates(results: list[Result]) -> Iterator[str]:
    seen = Counter((*key_of(result), result.scope) for result in results)
    yield from (
        f"{metric} {scope}: given {times} times with equal parameters"
        for (metric, _, scope), times in seen.items()
        if times > 1
    )


def _crowds(results: list[Result]) -> Iterator[str]:
    for (metric, scope), times in Counter((result.metric, result.scope) for result in results).items():
        if times > MAX_ALIKE:
            yield f"{metric} {scope}: found {times} sets of parameters, expected at most {MAX_ALIKE}"
    for result in results:
        if len(result.params) > MAX_PARAMS:
            found = f"found {len(result.params)} parameters, expected at most {MAX_PARAMS}"
            yield f"{result.metric} {result.scope}: {found}"


def _sums(results: list[Result], measured: bool) -> Iterator[str]:
    """Pooled counts against classes.

    The retrieval score asks with fewer images in a class than it has; where classes were ``measured``, images without
    one are pooled only.
    """
    found = {(*key_of(result), result.scope): result for result in results if result.status == "ok"}
    for (metric, params, scope), pooled in found.items():
        classes = [found.get((metric, params, name)) for name in CLASSES]
        if scope != POOLED or None in classes:
            continue
        real, fake = (sum(getattr(result, name) for result in classes) for name in ("n_real", "n_fake"))
        if pooled.n_real != real:
            yield f"{metric}: {pooled.n_real} real images pooled, but {real} over the classes"
        if pooled.n_fake < fake or (pooled.n_fake > fake and not metric.startswith("irs") and not measured):
            yield f"{metric}: {pooled.n_fake} synthetic images pooled, but {fake} over the classes"


def _demands(results: list[Result]) -> Iterator[str]:
    """Each share of the anatomy metric is one of all images, and asks for more than the one before."""
    found = {(*key_of(result), result.scope): result.value for result in results if result.value is not None}
    for (metric, params, scope), share in found.items():
        for weaker in DEMANDS[: DEMANDS.index(metric)] if metric in DEMANDS else ():
            other = found.get((weaker, params, scope))
            if other is not None and share > other + SLACK:
                yield f"{metric} {scope}: {share:g}, above {weaker} {other:g}"
