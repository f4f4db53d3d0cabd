"""The last of the checks: what the site would draw of an entry alone, drawn before it can stop a whole board."""

from collections.abc import Iterator

from synthuterus_bench.board.badges import DECLARED
from synthuterus_bench.board.block import block
from synthuterus_bench.board.boards import boards_of
from synthuterus_bench.board.exports import HUB_DATASET, as_csv, as_json
from synthuterus_bench.board.page import Page, files_of
from synthuterus_bench.board.paper import paper_tables
from synthuterus_bench.board.rank import Listed
from synthuterus_bench.board.sheets import as_latex, as_markdown
from synthuterus_bench.entry import Entry
from synthuterus_bench.repro import canonical_json


def undrawable(entry: Entry) -> Iterator[str]:
    """One line where an entry cannot be drawn, whatever the reason."""
    try:
        _draw(entry)
    except Exception as error:
        yield f"cannot be drawn ({type(error).__name__}: {error})"


def _draw(entry: Entry) -> None:
    listed = Listed(entry.id, entry)
    boards = boards_of([listed], {})
    block(boards)
    for board in boards:
        as_csv(board), as_json(board)
    sheets = paper_tables([entry], [])
    as_markdown(sheets), as_latex(sheets)
    standings = [line.standing for board in boards for line in board.order]
    page = Page(listed, canonical_json(entry.as_json()), DECLARED, next(iter(standings), None), None)
    for _ in files_of(page, HUB_DATASET):
        pass
