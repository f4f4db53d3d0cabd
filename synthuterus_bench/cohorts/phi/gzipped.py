"""Gzip headers (RFC 1952): file name, comment, extra field and time of packing."""

import datetime as dt
from collections.abc import Iterator
from typing import BinaryIO

from synthuterus_bench.cohorts.phi.record import Finding, Kind

MAGIC = b"\x1f\x8b"
_EXTRA, _NAME, _COMMENT = 0x04, 0x08, 0x10


def find_gzip(stream: BinaryIO, file: str) -> Iterator[Finding]:
    """What the first member's header says beside how to unpack it."""
    header = stream.read(10)
    flags, seconds = header[3], int.from_bytes(header[4:8], "little")
    if seconds:
        when = dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()
        yield Finding(file, Kind.GZIP, "MTIME", when)
    if flags & _EXTRA:
        extra = stream.read(int.from_bytes(stream.read(2), "little"))
        yield Finding(file, Kind.GZIP, "EXTRA", f"{len(extra)} bytes", content=False)
    for bit, keyword in ((_NAME, "FNAME"), (_COMMENT, "FCOMMENT")):
        if flags & bit:
            yield Finding(file, Kind.GZIP, keyword, _text(stream))


def _text(stream: BinaryIO) -> str:
    signs = bytearray()
    while (sign := stream.read(1)) not in (b"", b"\0"):
        signs += sign
    return signs.decode("latin-1")
