"""The card of a release: filled from its rows, its audit logs and, if given, entries; nothing is typed by hand.

The words are templates in ``dataset_cards/``: SynthUterus, and SynthUterus ROI where only the ``roi`` view is there.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from synthuterus_bench import __version__
from synthuterus_bench.cohorts.layout import CARD
from synthuterus_bench.entry import Entry
from synthuterus_bench.errors import DataError
from synthuterus_bench.release.croissant import CROISSANT, describe
from synthuterus_bench.release.licence import TERMS
from synthuterus_bench.release.measured import measured
from synthuterus_bench.release.parts import Part, read_parts
from synthuterus_bench.release.plot import PLOT, draw_composition
from synthuterus_bench.repro import write_atomic
from synthuterus_bench.resources import resource
from synthuterus_bench.vocab import Licence, Orientation, View

LICENCE = "LICENSE"
CARD_FILES = (CARD, LICENCE, CROISSANT, PLOT)
"""What a card consists of."""

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def write_card(release: Path, entries: Sequence[Entry] = ()) -> None:
    """Write ``README.md``, ``LICENSE``, ``croissant.json`` and the plot into a release that has its rows and logs.

    Raises:
        UsageError: an entry is of other images.
        DataError: a log or table is damaged, or the licences of the configs differ.
    """
    for name, data in card_files(read_parts(release), entries).items():
        write_atomic(release / name, data)


def card_files(parts: list[Part], entries: Sequence[Entry] = ()) -> dict[str, bytes]:
    """Name and contents of each of ``CARD_FILES``.

    Raises:
        UsageError: an entry is of other images.
        DataError: the licences of the configs differ, or an audit log lacks what a card tells.
    """
    facts = _facts(parts, licence_of(parts))
    tables = [measured(entry, parts) for entry in entries]
    card = _rendered("synthuterus-roi.md.j2" if facts["roi"] else "synthuterus.md.j2", facts | {"entries": tables})
    described = describe(parts, facts, _rendered("rai.yaml.j2", facts))
    return {
        CARD: (re.sub(r"\n{3,}", "\n\n", card).rstrip() + "\n").encode(),
        LICENCE: facts["terms"].text.encode(),
        CROISSANT: (json.dumps(described, indent=2, ensure_ascii=False) + "\n").encode(),
        PLOT: draw_composition(parts),
    }


def licence_of(parts: list[Part]) -> Licence:
    """The one licence of all configs.

    Raises:
        DataError: there are several.
    """
    found = sorted({part.licence for part in parts})
    if len(found) > 1:
        raise DataError(f"found configs with licences {', '.join(found)}, expected one licence in a release")
    return found[0]


def size_category(rows: int) -> str:
    """The size of a data set as the Hub's cards tell it."""
    return next((name for limit, name in _SIZES if rows < limit), "n>1M")


def _rendered(template: str, facts: dict[str, Any]) -> str:
    from jinja2 import UndefinedError

    try:
        return _template(template).render(facts)
    except UndefinedError as error:
        raise DataError(f"the audit log lacks what a card tells: {error.message}") from None


def _template(name: str) -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(resource("dataset_cards"))
    words = Environment(undefined=StrictUndefined, loader=loader, autoescape=False)
    words.filters["code"] = lambda text: "`" + re.sub(r"[`\s|]+", " ", str(text)) + "`"
    return words.get_template(name)


def _facts(parts: list[Part], licence: Licence) -> dict[str, Any]:
    """What the templates fill in."""
    rows, roi = sum(part.rows for part in parts), all(part.manifest.view is View.ROI for part in parts)
    return {
        "title": "SynthUterus ROI" if roi else "SynthUterus",
        "roi": roi,
        "parts": parts,
        "rows": rows,
        "kinds": " and ".join(sorted({part.kind for part in parts})),
        "images": [part for part in parts if part.manifest.dims == 2],
        "volumes": [part for part in parts if part.manifest.dims == 3],
        "phantom": all(part.phantom for part in parts),
        "foreign": [str(part.config) for part in parts if not part.header["reference_is_training_data"]],
        "told": [str(part.config) for part in parts if not part.measured],
        "measured": [str(part.config) for part in parts if part.measured],
        "generated": sum(part.footer["generated"] for part in parts),
        "rejected": sum(part.footer["rejected"] for part in parts),
        "size": size_category(rows),
        "licence": licence,
        "terms": TERMS[licence],
        "plot": PLOT,
        "orientations": [str(name) for name in Orientation],
        "citation": resource("dataset_cards/citation.bib")
        .read_text(encoding="utf-8")
        .replace("VERSION", __version__)
        .rstrip(),
    }
