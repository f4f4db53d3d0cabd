"""What a release says about its making: the generator's id, and what its privacy filter did."""

import json
from pathlib import Path
from typing import Any

from synthuterus_bench.entry import Generator, Privacy
from synthuterus_bench.errors import EntryError, UsageError
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.repro import digest_file
from synthuterus_bench.vocab import View

AUDIT = Path("audit") / "audit.jsonl"


def describe_generator(name: str, model: str | None, dims: int) -> Generator:
    """The generator block of an entry; ``model`` is the id its images carry, if they carry one."""
    try:
        known = parse_id(model or "")
    except UsageError:
        return Generator(name=name, dims=3 if dims == 3 else 2)
    return Generator(
        name=name,
        family=str(known.family),
        dims=3 if "3d" in known.family else 2,
        conditioning=str(known.conditioning),
        roi=known.view is View.ROI,
    )


def read_privacy(release: Path) -> Privacy:
    """The privacy block from the first and last line of the audit log; what they do not say is None.

    Raises:
        EntryError: a field has a value that no entry can hold.
    """
    path = release / AUDIT
    if not path.is_file():
        return Privacy()
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
    said = _fields(lines[0], ("encoder_sha256", "threshold"))
    said |= _fields(lines[-1], ("generated", "rejected", "max_kept_similarity"))
    try:
        return Privacy(**said, audit_sha256=digest_file(path))
    except ValueError as error:
        raise EntryError(f"{path}: {' '.join(str(error).split())[:200]}") from None


def _fields(line: str, names: tuple[str, ...]) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return {name: record.get(name) for name in names} if isinstance(record, dict) else {}
