"""What a report is made of, before it is HTML or Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from synthuterus_bench.bench.details import Confusion, NearCopies, Null
from synthuterus_bench.bench.table import Table
from synthuterus_bench.entry import Entry
from synthuterus_bench.look.plots import Figure


@dataclass(frozen=True)
class Strip:
    """Example images of one class: of the submission, and of the reference beside them."""

    name: str
    words: str
    submission: tuple[str, ...]
    reference: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """A synthetic image and the real training image nearest to it, as ``data:`` addresses, and their cosine."""

    synthetic: str
    real: str
    cosine: float


@dataclass(frozen=True)
class PaperTable:
    """What a paper reports beside our results: rows of texts, each with whether it was reported and not measured.

    The first ``left`` columns are words.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], bool], ...]
    notes: tuple[str, ...]
    left: int


@dataclass(frozen=True)
class Parts:
    """Everything that a report shows.

    Attributes:
        confusions: the first seed of each regime and arm.
        similarity: of images to their nearest real training image, against held-out real images.
        near: near copies by split of the reference.
        audit: similarity of a release's candidates, from its audit log.
        neighbours: nearest pairs by class, of public references alone.
    """

    entry: Entry
    strips: Sequence[Strip]
    table: Table
    notes: tuple[str, ...]
    dots: Sequence[Figure]
    confusions: Mapping[str, Confusion]
    rocs: Mapping[str, Figure]
    nulls: Sequence[tuple[str, list[tuple[str, Null | None]]]]
    similarity: Figure | None
    near: Mapping[str, NearCopies]
    audit: Mapping[str, Figure]
    neighbours: Mapping[str, Sequence[Pair]]
    projection: Figure | None
    paper: tuple[PaperTable, ...]
