"""``synthbench push``: a release or a model to the Hub."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.output import out as sink
from synthuterus_bench.errors import UsageError

if TYPE_CHECKING:
    from synthuterus_bench.release.parcel import Parcel


@app.command()
def push(
    folder: Annotated[Path, typer.Argument(help="Release folder, or pipeline folder of a model.")],
    name: Annotated[str, typer.Argument(help="Repository, as ORG/NAME; made where there is none.")],
    public: Annotated[bool, typer.Option("--public", help="Let everyone see it; asks first.")] = False,
    revision: Annotated[str | None, typer.Option(metavar="TAG", help="Tag to give to what is pushed.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, and ask nobody.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before publishing; for machines.")] = False,
) -> None:
    """Send a release or a model to the Hub: after its gate, private unless told otherwise, verified, then tagged.

    Example: synthbench push synthuterus my-org/synthuterus --dry-run

    Example: synthbench push synthuterus my-org/synthuterus --public --revision v1.0

    Interrupted, it goes on where it was: only what is missing is sent.
    """
    from synthuterus_bench.release.hub import parcel_of
    from synthuterus_bench.release.hub import push as send
    from synthuterus_bench.release.remote import check_name, check_tag

    check_name(name)
    check_tag(revision)
    parcel = parcel_of(folder)
    if dry_run:
        _show(parcel, name, public, revision)
        return
    if public and not yes:
        _confirm(name)
    for left, why in parcel.left_out:
        sink.warn(f"{left} stays here: {why}")
    done = send(parcel, name, public=public, tag=revision, track=sink.track)
    facts: dict[str, Any] = {
        "repository": name,
        "kind": parcel.kind.noun,
        "url": done.url,
        "commit": done.commit,
        "tag": done.tag,
        "private": done.private,
        "files": done.files,
        "sent": done.sent,
        "sent_bytes": done.sent_bytes,
        "left_out": [left for left, _ in parcel.left_out],
    }
    seen = "private" if done.private else "public"
    sink.result(
        facts,
        f"{done.files} files at {done.url} ({seen}), {done.sent} of them sent now, all verified\n"
        + "".join(f"{note}\n" for note in parcel.notes)
        + f"fetch them with: synthbench pull {name}@{done.tag or done.commit} --out DIR",
    )


def _show(parcel: "Parcel", name: str, public: bool, tag: str | None) -> None:
    from huggingface_hub import constants

    seen = "public" if public else "private"
    lines = [f"{item.size:>13,}  {item.name}" for item in parcel.items]
    lines += [f"{'stays here':>13}  {left} ({why})" for left, why in parcel.left_out]
    facts: dict[str, Any] = {
        "repository": name,
        "endpoint": constants.ENDPOINT,
        "kind": parcel.kind.noun,
        "private": not public,
        "tag": tag,
        "files": {item.name: item.size for item in parcel.items},
        "bytes": parcel.size,
        "left_out": dict(parcel.left_out),
    }
    where = f"{seen} {parcel.kind.noun} {name} at {constants.ENDPOINT}" + (f", tag {tag}" if tag else "")
    lines += [*parcel.notes, f"{len(parcel.items)} files, {parcel.size:,} bytes, would go to the {where}"]
    sink.result(facts, "\n".join([*lines, "nothing was sent, and nobody was asked"]))


def _confirm(name: str) -> None:
    """Ask a person for the repository's name.

    Raises:
        UsageError: there is nobody to ask, or another name is typed.
    """
    if not sys.stdin.isatty():
        raise UsageError("--public without a terminal to confirm at, expected --yes with it; nothing was sent")
    print(f"everyone will see {name}; type its name to go on: ", end="", file=sys.stderr, flush=True)
    typed = sys.stdin.readline().strip()
    if typed != name:
        raise UsageError(f"found {typed!r}, expected {name!r}; nothing was sent")
