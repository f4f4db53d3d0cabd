"""``synthbench leaderboard submit``: an entry to the board that others see."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synthuterus_bench.cli.leaderboard import leaderboard, stop_at_problems
from synthuterus_bench.cli.output import out
from synthuterus_bench.errors import UsageError

if TYPE_CHECKING:
    from synthuterus_bench.board.check import Checked
    from synthuterus_bench.board.proposal import Proposal


@leaderboard.command()
def submit(
    entry: Annotated[Path, typer.Argument(help="Entry file; its details go along if they lie beside it.")],
    repo: Annotated[
        str | None,
        typer.Option(metavar="ORG/NAME", help="Hub dataset that holds the board's entries.", show_default=False),
    ] = None,
    git: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Clone of a git repository that holds the board.", show_default=False),
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="Do it; without it, only say what would be done.")] = False,
) -> None:
    """Check an entry and propose it: as a pull request on the Hub, or as a branch of a git clone.

    Without --send nothing is sent or written, and nobody is asked. A second run opens no second pull request. The
    branch holds one commit on top of HEAD; neither the working tree nor what is checked out changes.

    \b
    Examples:
      synthbench leaderboard submit entry.json --repo my-org/uterus-board
      synthbench leaderboard submit entry.json --repo my-org/uterus-board --send
      synthbench leaderboard submit entry.json --git board-clone --send
    """
    from synthuterus_bench.board.proposal import propose
    from synthuterus_bench.release.remote import check_name

    if repo is not None and git is not None:
        raise UsageError("found --repo and --git, expected one of them")
    if send and repo is None and git is None:
        raise UsageError("--send: found neither --repo nor --git, expected where to")
    if repo is not None:
        check_name(repo)
    checked = _checked(entry, git)
    proposal = propose(checked.entries[entry], entry)
    if not send:
        _tell(proposal, repo, git)
    elif repo is not None:
        _to_hub(proposal, repo)
    elif git is not None:
        _to_git(proposal, git)


def _checked(entry: Path, folder: Path | None) -> "Checked":
    """The entry, sound and new; beside those of a clone, so that copied numbers are seen before others see them."""
    from synthuterus_bench.board.admission import admit
    from synthuterus_bench.board.branch import board_in
    from synthuterus_bench.board.check import Checked
    from synthuterus_bench.board.entries import HOME, home_of
    from synthuterus_bench.workers import available_cores

    if not entry.is_file():
        raise UsageError(f"{entry}: no such file, expected one entry")
    alone = admit([entry])
    stop_at_problems(alone)
    if folder is None:
        return alone
    board = board_in(folder)
    if (board / home_of(alone.entries[entry])).exists() or not (board / HOME).is_dir():
        return alone
    beside = admit([board / HOME, entry], None, available_cores(), out.track)
    stop_at_problems(Checked(beside.entries, [one for one in beside.problems if one.file == str(entry)]))
    return beside


def _facts(proposal: "Proposal") -> dict[str, Any]:
    files = {item.name: item.size for item in proposal.files}
    return {"entry": proposal.entry.id, "title": proposal.title, "files": files}


def _tell(proposal: "Proposal", repo: str | None, folder: Path | None) -> None:
    lines = [f"{item.size:>9,}  {item.name}" for item in proposal.files]
    if repo is not None:
        lines.append(f'would open the pull request "{proposal.title}" on the dataset {repo}')
    elif folder is not None:
        lines.append(f"would write the branch {proposal.branch} in {folder}")
    else:
        lines.append("say where to: --repo ORG/NAME or --git DIR")
    where = {"repository": repo, "git": str(folder) if folder else None, "branch": proposal.branch if folder else None}
    lines.append("nothing was sent; add --send to do it")
    out.result(_facts(proposal) | where | {"sent": False}, "\n".join(lines))


def _to_hub(proposal: "Proposal", repo: str) -> None:
    from synthuterus_bench.board.hub import send_to_hub

    done = send_to_hub(proposal, repo)
    told = "opened" if done.new else "found"
    where = "it is on the board already:" if done.on_board else f"{told} the pull request"
    facts = {"repository": repo, "url": done.url, "on_board": done.on_board, "sent": done.new}
    out.result(_facts(proposal) | facts, f"entry {proposal.entry.id[:12]}: {where} {done.url}")


def _to_git(proposal: "Proposal", folder: Path) -> None:
    from synthuterus_bench.board.branch import write_branch

    done = write_branch(proposal, folder)
    facts = {"git": str(folder), "branch": done.name, "commit": done.commit, "on_board": done.on_board}
    if done.on_board:
        text = "it is on the board already, in HEAD"
    else:
        text = f"{'wrote' if done.new else 'found'} the branch {done.name}\npush it with: git push origin {done.name}"
    out.result(_facts(proposal) | facts | {"sent": done.new}, f"entry {proposal.entry.id[:12]}: {text}")
