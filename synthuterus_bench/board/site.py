"""The leaderboard as a static site: an index, the paper's tables, a page and files for each entry; no network.

Entries come from strangers: every field is printed by :mod:`synthuterus_bench.look`, which makes it inert and
escapes it, or stands in a block of JSON that is read as text; file names are made of digests and suite ids alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from synthuterus_bench.bench.comparison.record import Comparison
from synthuterus_bench.bench.table import TITLES
from synthuterus_bench.board.badges import DECLARED, Verification, badge_of
from synthuterus_bench.board.block import block
from synthuterus_bench.board.boards import Board, boards_of, is_control, superseded
from synthuterus_bench.board.exports import HUB_DATASET, as_csv, as_json, space_readme
from synthuterus_bench.board.many import FEW, uncollected
from synthuterus_bench.board.page import Page, files_of
from synthuterus_bench.board.paper import paper_tables
from synthuterus_bench.board.rank import RANK_METRIC, Listed
from synthuterus_bench.board.reported import Reported, reported_table
from synthuterus_bench.board.retractions import Retraction, apply_retractions
from synthuterus_bench.entry import Entry
from synthuterus_bench.look import render
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import canonical_json, digest_bytes, staged_folder
from synthuterus_bench.workers import map_in_order

PAGES = Path(__file__).parent / "pages"


@dataclass(frozen=True)
class Material:
    """What stands beside the entries: what was withdrawn, what papers report, what others found by doing it again."""

    retractions: Sequence[Retraction] = ()
    reported: Sequence[Reported] = ()
    verifications: Mapping[str, Sequence[Verification]] = field(default_factory=dict)
    comparisons: Sequence[Comparison] = ()


def build_site(
    entries: Iterable[Entry],
    out: Path,
    material: Material,
    *,
    space: bool = False,
    dataset: str = HUB_DATASET,
    workers: int = 1,
    track: Track = silent,
) -> Path:
    """Write the site into a new folder ``out``; its ``index.html`` is returned.

    Entries that a later entry of the same generator supersedes keep their page but leave the tables.

    Args:
        space: also write the ``README.md`` of a static Space.
        dataset: the benchmark on the Hub that exported results name.
        workers: processes that write the pages of many entries; they change no byte.

    Raises:
        DataError: ``out`` exists and is not an empty folder.
    """
    texts = {digest_bytes(text.encode()): (text, entry) for entry in entries for text in [_text(entry)]}
    original = {name: entry for name, (_, entry) in texts.items()}
    badges = {name: badge_of(material.verifications[name]) for name in original if name in material.verifications}
    listed = [
        Listed(name, apply_retractions(entry, [*material.retractions])) for name, entry in sorted(original.items())
    ]
    newer = superseded(original)
    shown = [each for each in listed if each.id not in newer]
    boards = boards_of(shown, badges, material.comparisons)
    with staged_folder(out) as folder, uncollected():
        (folder / "entry").mkdir()
        for name, text in _whole(boards, shown, material.reported):
            _write(folder / name, text)
        standings = {line.standing.listed.id: line.standing for board in boards for line in board.order}
        jobs = [
            Page(each, texts[each.id][0], badges.get(each.id, DECLARED), standings.get(each.id), newer.get(each.id))
            for each in listed
        ]
        write = partial(_write_page, folder / "entry", dataset)
        many = workers > 1 and len(jobs) > FEW
        written = map_in_order(write, jobs, workers) if many else map(write, jobs)
        for _ in track(written, "pages", len(jobs)):
            pass
        if space:
            _write(folder / "README.md", space_readme(len(shown)))
    return out / "index.html"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")


def _whole(boards: list[Board], shown: list[Listed], reported: Sequence[Reported]) -> Iterator[tuple[str, str]]:
    """The files that speak of all entries."""
    from markupsafe import Markup

    yield (
        "index.html",
        render(
            "index.html.j2",
            PAGES / "index",
            boards=boards,
            data=Markup(block(boards)),
            reported=[reported_table(paper) for paper in reported],
            rank_title=TITLES[RANK_METRIC],
        ),
    )
    ours = [each.entry for each in shown if not is_control(each.entry)]
    yield "paper.html", render("paper.html.j2", PAGES / "paper", sheets=paper_tables(ours, [*reported]))
    for board in boards:
        yield f"tables/{board.name}.csv", as_csv(board)
        yield f"tables/{board.name}.json", as_json(board)


def _text(entry: Entry) -> str:
    """The canonical JSON, whose SHA-256 is the entry's id."""
    return canonical_json(entry.as_json())


def _write_page(folder: Path, dataset: str, page: Page) -> None:
    for name, text in files_of(page, dataset):
        _write(folder / f"{page.listed.id}{name}", text)
