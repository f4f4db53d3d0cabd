"""An entry as a branch of a git repository that holds a board: one commit on top of HEAD, no file touched."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from synthuterus_bench.board.git import blobs_below, commit_of, git
from synthuterus_bench.board.history import BOARD, board_of
from synthuterus_bench.board.proposal import Proposal
from synthuterus_bench.errors import DataError, UsageError


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch with the entry, or where ``on_board``, HEAD itself; ``new`` says that this run made it."""

    name: str
    commit: str
    on_board: bool
    new: bool


def board_in(folder: Path) -> Path:
    """The board in a working tree.

    Raises:
        UsageError: there is none.
    """
    found = board_of(folder) or (folder / BOARD if (folder / BOARD).is_dir() else None)
    if found is None:
        raise UsageError(f"--git {folder}: found neither {BOARD}/ nor entries/ in it", "give a clone of the board")
    return found


def find_branch(proposal: Proposal, folder: Path) -> Branch | None:
    """Where the entry is already: in HEAD, or in its branch.

    Raises:
        DataError: its branch holds something else.
    """
    board, home = board_in(folder), proposal.files[0]
    head = commit_of(folder, "HEAD")
    if home.name in blobs_below(board, head):
        return Branch("HEAD", head, True, False)
    there = git(board, "for-each-ref", "--format=%(objectname)", f"refs/heads/{proposal.branch}").decode().strip()
    if not there:
        return None
    if home.name not in blobs_below(board, there):
        raise DataError(f"{folder}: found a branch {proposal.branch} without the entry", "remove or rename the branch")
    return Branch(proposal.branch, there, False, False)


def write_branch(proposal: Proposal, folder: Path) -> Branch:
    """Make the branch, unless there is one or the entry is on the board.

    Raises:
        UsageError: ``folder`` is no repository with a board and a commit.
        DataError: git refuses.
    """
    found = find_branch(proposal, folder)
    if found is not None:
        return found
    board, head = board_in(folder), commit_of(folder, "HEAD")
    top = Path(git(board, "rev-parse", "--show-toplevel").decode().strip())
    prefix = board.resolve().relative_to(top.resolve())
    with TemporaryDirectory() as home:
        index = Path(home) / "index"
        git(top, "read-tree", head, index=index)
        for item in proposal.files:
            data = item.source if isinstance(item.source, bytes) else item.source.read_bytes()
            blob = git(top, "hash-object", "-w", "--stdin", data=data).decode().strip()
            place = (prefix / item.name).as_posix()
            git(top, "update-index", "--add", "--cacheinfo", f"100644,{blob},{place}", index=index)
        tree = git(top, "write-tree", index=index).decode().strip()
    message = f"{proposal.title}\n\n{proposal.text}\n".encode()
    commit = git(top, "commit-tree", tree, "-p", head, data=message).decode().strip()
    git(top, "update-ref", f"refs/heads/{proposal.branch}", commit, "0" * len(head))
    return Branch(proposal.branch, commit, False, True)
