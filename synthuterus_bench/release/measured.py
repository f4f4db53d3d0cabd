"""What an entry says about a release, as rows of its card."""

import re
from dataclasses import dataclass

from synthuterus_bench.entry import Entry, Result
from synthuterus_bench.errors import UsageError
from synthuterus_bench.release.parts import Part
from synthuterus_bench.repro import canonical_json
from synthuterus_bench.vocab import CLASSES, Config

_SCOPES = ("pooled", *CLASSES)
_TELLING = ("regime", "extractor", "layer", "k")
"""Parameters that tell results of one metric apart, as far as a reader wants to know."""


@dataclass(frozen=True)
class Measured:
    """The results of one entry: metrics down, scopes across, every cell ready to print."""

    id: str
    config: Config
    suite: str
    reference: str
    scopes: list[str]
    rows: list[tuple[str, list[str]]]


def measured(entry: Entry, parts: list[Part]) -> Measured:
    """The table of an entry.

    Raises:
        UsageError: the entry is not of these images.
    """
    config = next((part.config for part in parts if part.manifest.digest == entry.dataset.manifest_sha256), None)
    if config is None:
        raise UsageError(
            f"entry {entry.id[:12]}: found one of other images (digest {entry.dataset.manifest_sha256[:12]}), expected "
            f"one of {' or '.join(part.manifest.digest[:12] for part in parts)}",
            "evaluate the release first: synthbench evaluate RELEASE --out entry.json",
        )
    present = {result.scope for result in entry.results}
    scopes = [scope for scope in _SCOPES if scope in present]
    rows: dict[tuple[str, str], dict[str, Result]] = {}
    for result in entry.results:
        rows.setdefault((result.metric, canonical_json(result.params)), {})[result.scope] = result
    table = [(_name(found), [_cell(found.get(scope)) for scope in scopes]) for found in rows.values()]
    suite = f"{entry.suite.id} v{entry.suite.version}"
    return Measured(entry.id, config, suite, _plain(entry.suite.reference), scopes, table)


def _plain(text: object) -> str:
    """Text of an entry, which is untrusted, without signs that mean something in Markdown."""
    return " ".join(re.sub(r"[^\w.,:;%+/()-]+", " ", str(text)).split())


def _name(found: dict[str, Result]) -> str:
    one = next(iter(found.values()))
    told = [_plain(one.params[name]) for name in _TELLING if name in one.params]
    arrow = {"lower": " ↓", "higher": " ↑", "none": ""}[one.direction]
    return f"{one.metric}{arrow}{' (' + ', '.join(told) + ')' if told else ''}"


def _cell(result: Result | None) -> str:
    if result is None:
        return ""
    if result.value is None:
        return f"{result.status}: {_plain(result.reason)}"
    interval = f" [{result.ci.low:.3g}, {result.ci.high:.3g}]" if result.ci else ""
    floor = f" ({result.floor.value:.3g})" if result.floor else ""
    return f"{result.value:.3g}{interval}{floor}"
