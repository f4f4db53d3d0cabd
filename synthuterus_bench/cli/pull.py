"""``synthbench pull``: a release or a model from the Hub."""

from pathlib import Path
from typing import Annotated

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.output import out as sink


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="Repository, as ORG/NAME or ORG/NAME@REVISION (tag, branch or commit).")],
    out: Annotated[Path, typer.Option(help="Folder to make.")],
    kind: Annotated[
        str | None, typer.Option(help="release or model.", show_default="found out; needed where both are there")
    ] = None,
) -> None:
    """Fetch a release or a model from the Hub, and verify every file of it.

    Example: synthbench pull my-org/synthuterus@v1.0 --out synthuterus

    The commit that a tag or branch stood for is recorded beside the folder, in DIR.origin.json. Interrupted, it goes on
    where it was.
    """
    from synthuterus_bench.release.pull import kind_of
    from synthuterus_bench.release.pull import pull as fetch

    repository, _, revision = name.partition("@")
    done = fetch(repository, out, revision or None, kind_of(kind), track=sink.track)
    sink.result(
        done.origin.model_dump(mode="json") | {"out": str(out), "files": done.files, "fetched": done.fetched},
        f"{done.files} files in {out}, all verified: {done.origin.kind} {repository} at commit {done.origin.commit}",
    )
