"""Where the files of a board lie, and how the file of a stranger becomes an entry: within limits, every fault named."""

import json
import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from synthuterus_bench.board.bounds import LARGEST
from synthuterus_bench.entry import Entry
from synthuterus_bench.errors import EntryError
from synthuterus_bench.look.text import one_line
from synthuterus_bench.repro import unique_keys

HOME = "entries"
VERIFICATIONS = "verifications"
COMPARISONS = "comparisons"
REPORTED = "reported"
RETRACTIONS = "retractions.yaml"
DETAILS = ".details.json"
MAX_BYTES = 2 * 2**20
MAX_DEPTH = 12
MAX_FAULTS = 20
"""Faults of one file that are told; a file of nothing else has as many as it has lines."""

_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d")
"""Names that are no folder on Windows."""

Model = TypeVar("Model", bound=BaseModel)


class FaultyError(EntryError):
    """A file that is no entry, or no verification; ``faults`` has one line for each thing that is wrong."""

    def __init__(self, where: Path, faults: list[str]) -> None:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(f"{where}: {faults[0]}{more}")
        self.faults = faults


def slug(name: str) -> str:
    """The folder of a generator: its name in lower-case ASCII letters and digits with hyphens between."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    short = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "unnamed"
    return f"generator-{short}" if _RESERVED.fullmatch(short) else short


def home_of(entry: Entry) -> str:
    """Where an entry belongs: ``entries/<suite>/<generator>/<id>.json``."""
    return f"{HOME}/{entry.suite.id}/{slug(entry.generator.name)}/{entry.id}.json"


def read_entry(path: Path) -> Entry:
    """Read and validate an entry; the file is untrusted.

    Raises:
        FaultyError: no plain file, above 2 MiB, no JSON, a key given twice, nested too deep, numbers that are none or
            beyond all measure, unknown keys, wrong types or values.
    """
    return read_file(path, Entry)


def read_file(path: Path, kind: type[Model]) -> Model:
    """A JSON file of a stranger as a model; see :func:`read_entry`."""
    data = _bytes_of(path)
    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=unique_keys, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise FaultyError(path, [f"not valid JSON ({one_line(str(error))})"]) from None
    if faults := [*dict.fromkeys(_beyond(value, "", 1))]:
        raise FaultyError(path, _some(faults))
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise FaultyError(path, _some([_said(fault) for fault in error.errors(include_url=False)])) from None


def _bytes_of(path: Path) -> bytes:
    """The whole of a plain file, which links, devices and pipes are not; no more than the limit is ever read."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise FaultyError(path, ["no such file"]) from None
    except OSError:
        if path.is_symlink():
            raise FaultyError(path, ["a link, expected a file"]) from None
        raise
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise FaultyError(path, ["not a plain file"])
        data = file.read(MAX_BYTES + 1)
        size = max(os.fstat(handle).st_size, len(data))
    if len(data) > MAX_BYTES:
        raise FaultyError(path, [f"found {size} bytes, expected at most {MAX_BYTES}"])
    return data


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _beyond(value: Any, place: str, depth: int) -> Iterator[str]:
    """What no field of any file may hold: levels upon levels, and numbers that nothing measures."""
    if depth > MAX_DEPTH:
        yield f"{one_line(place)[:80]}: nested deeper than {MAX_DEPTH} levels"
    elif isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for name, inner in parts:
            if isinstance(inner, dict | list | float):
                yield from _beyond(inner, f"{place}.{name}".lstrip("."), depth + 1)
    elif isinstance(value, float) and not abs(value) <= LARGEST:
        yield f"{one_line(place)}: found {value:g}, a number beyond {LARGEST:g}"


def _said(fault: Any) -> str:
    place = ".".join(str(part) for part in fault["loc"]) or "entry"
    return one_line(f"{place}: {fault['msg']}")


def _some(faults: list[str]) -> list[str]:
    left = len(faults) - MAX_FAULTS
    return [*faults[:MAX_FAULTS], f"and {left} more faults"] if left > 0 else faults
