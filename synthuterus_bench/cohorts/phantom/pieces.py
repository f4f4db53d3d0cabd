"""Drawing in pieces, each kept in a file, so that a killed run goes on where it was."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synthuterus_bench import __version__
from synthuterus_bench.cohorts.phantom.draw import Drawing, draw_scans
from synthuterus_bench.cohorts.phantom.presets import Member
from synthuterus_bench.cohorts.record import Dims, Scan
from synthuterus_bench.cohorts.rows import decode_row, encode_row
from synthuterus_bench.cohorts.writer import write_shard
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import digest_file, digest_json
from synthuterus_bench.workers import map_in_order

PIECE: dict[Dims, int] = {2: 16, 3: 2}
"""Patients a piece."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Patients that are drawn together, and the file that keeps them."""

    path: Path
    people: tuple[Member, ...]
    drawing: Drawing


def code_digest() -> str:
    """What decides the bytes of a phantom besides its parameters: this room's code, and the versions it runs on."""
    files = [digest_file(file) for file in sorted(Path(__file__).parent.glob("*.py"))]
    return digest_json([__version__, np.__version__, files])


def draw_pieces(
    people: list[Member], drawing: Drawing, work: Path, workers: int, track: Track = silent
) -> Iterator[Scan]:
    """All scans in order; those that a run before this one left in ``work`` are not drawn again."""
    step = PIECE[drawing.dims]
    groups = [tuple(people[i : i + step]) for i in range(0, len(people), step)]
    code = code_digest()
    pieces = [Piece(work / f"{_key(group, drawing, code)}.parquet", group, drawing) for group in groups]
    missing = [piece for piece in pieces if not piece.path.is_file()]
    drawn = map_in_order(draw_piece, missing, min(workers, len(missing))) if workers > 1 else map(draw_piece, missing)
    for _ in track(drawn, f"drawing ({step} patients a step)", len(missing)) if missing else ():
        pass
    for piece in pieces:
        yield from _read(piece) or draw_piece(piece)


def _key(people: tuple[Member, ...], drawing: Drawing, code: str) -> str:
    return digest_json([repr(people), repr(drawing), code])[:24]


def draw_piece(piece: Piece) -> list[Scan]:
    """Draw a piece and keep it."""
    scans = [scan for member in piece.people for scan in draw_scans(member, piece.drawing)]
    write_shard(piece.path, [encode_row(scan) for scan in scans], piece.drawing.dims)
    return scans


def _read(piece: Piece) -> list[Scan] | None:
    """The scans of a piece; ``None`` where its file is damaged."""
    import pyarrow.parquet as pq

    try:
        rows = pq.ParquetFile(piece.path).read().to_pylist()
    except (OSError, ValueError):
        return None
    return [decode_row(row, piece.drawing.dims) for row in rows]
