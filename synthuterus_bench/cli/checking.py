"""``synthbench evaluate --check``: what is wrong with a submission, before any work begins."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from synthuterus_bench.cli.output import out

if TYPE_CHECKING:
    from synthuterus_bench.bench.checks import Checked


def check_only(path: Path, suite: str, reference: str) -> None:
    """Print every fault of a submission; exit code 1 if there is any."""
    from synthuterus_bench.bench.checks import check

    found = check(path, suite, reference, track=out.track)
    out.result(found.as_json(), _human(found, path))
    if found.faults:
        raise typer.Exit(1)


def _human(found: "Checked", path: Path) -> str:
    lines = []
    for one in found.faults:
        lines.append(f"{one.fault}: {one.message}")
        if one.hint:
            lines.append(f"  {one.hint}")
    if found.per_class:
        counts = ", ".join(f"{count} {name}" for name, count in found.per_class.items())
        lines.append(f"read as {found.form}: {counts}")
    lines += [
        f"near copies of {one.split} images: {len(one.rows)} of {one.looked} (chance: about {one.expected:.1f})"
        for one in found.near
    ]
    lines.append(_verdict(found, path))
    return "\n".join(lines)


def _verdict(found: "Checked", path: Path) -> str:
    if found.faults:
        return f"{path}: {len(found.faults)} fault{'s' if len(found.faults) > 1 else ''}"
    if found.draws:
        return f"{path}: a generator that can be drawn from; its images are looked at when they are drawn"
    searched = ", ".join(found.compared)
    return f"{path}: no fault" + (f"; searched for copies of {searched} images" if searched else "")
