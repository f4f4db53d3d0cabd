"""PNG chunks: everything that is not needed to show the picture."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from synthuterus_bench.cohorts.phi.record import Finding, Kind

MAGIC = b"\x89PNG\r\n\x1a\n"
PICTURE = {"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "sBIT", "bKGD", "pHYs", "cICP"}
"""Chunks that say how the picture looks and nothing else. Others are findings: tEXt, zTXt, iTXt, tIME, eXIf, iCCP..."""

_MOST = 1 << 16


def find_png(stream: BinaryIO, file: str) -> Iterator[Finding]:
    """Chunks beyond the picture, and bytes after its end.

    Raises:
        EOFError: the file ends inside a chunk.
    """
    stream.read(len(MAGIC))
    kind = ""
    while kind != "IEND":
        size, name = int.from_bytes(stream.read(4)), stream.read(4)
        data = stream.read(size)
        if len(name) < 4 or len(data) < size or len(stream.read(4)) < 4:
            raise EOFError("ends inside a chunk")
        kind = name.decode("latin-1")
        if kind not in PICTURE:
            yield _chunk(kind, data, file)
    rest = len(stream.read())
    if rest:
        yield Finding(file, Kind.PNG, "after the end", f"{rest} bytes", content=False)


def _chunk(kind: str, data: bytes, file: str) -> Finding:
    if kind == "tIME":
        month, day, hour, minute, second = data[2:7]
        date = f"{int.from_bytes(data[:2]):04}-{month:02}-{day:02}"
        return Finding(file, Kind.PNG, kind, f"{date}T{hour:02}:{minute:02}:{second:02}")
    if kind not in ("tEXt", "zTXt", "iTXt"):
        return Finding(file, Kind.PNG, kind, f"{len(data)} bytes", content=False)
    key, _, rest = data.partition(b"\0")
    return Finding(file, Kind.PNG, f"{kind} {key.decode('latin-1')}", _text(kind, rest))


def _text(kind: str, rest: bytes) -> str:
    if kind == "tEXt":
        return rest.decode("latin-1")
    if kind == "zTXt":
        return _inflated(rest[1:]).decode("latin-1")
    packed, text = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    return (_inflated(text) if packed else text).decode("utf-8", "replace")


def _inflated(data: bytes) -> bytes:
    """At most 64 KiB of it: a chunk may be a bomb."""
    return zlib.decompressobj().decompress(data, _MOST)
