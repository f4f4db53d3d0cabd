"""The header allow-list of the gate: PNG, NIfTI and Parquet carry what this package writes and nothing else."""

import json
import re
import struct
import zlib
from pathlib import Path
from typing import Any

from synthuterus_bench.cohorts.imagefile import decode_nifti, nifti_bytes
from synthuterus_bench.cohorts.record import Dims
from synthuterus_bench.cohorts.rows import features
from synthuterus_bench.errors import GateError

_PNG = b"\x89PNG\r\n\x1a\n"
_CHUNKS = re.compile(r"IHDR(,IDAT)+,IEND")
_GRAY16 = b"\x10\0\0\0\0"
"""End of IHDR: 16 bit, gray, deflate, no filter method, not interlaced."""

_GZIP = b"\x1f\x8b\x08\0\0\0\0\0"
"""How a gzip member begins that says neither name, comment, extra field nor time."""

_WRITER = "parquet-cpp-arrow version "
_KEYS = {b"ARROW:schema", b"huggingface"}


def check_png(data: bytes, place: str) -> None:
    """A 16-bit gray PNG of IHDR, IDAT and IEND alone.

    Raises:
        GateError: other chunks, another kind of picture, or bytes after the end.
    """
    check_picture(data, place)
    if data[24:29] != _GRAY16:
        raise GateError(f"{place}: found a PNG that is not 16-bit gray, expected one that is")


def check_picture(data: bytes, place: str) -> None:
    """A PNG of any kind with no chunks but IHDR, IDAT and IEND, and nothing after them.

    Raises:
        GateError: there is more.
    """
    kinds: list[str] = []
    at = len(_PNG)
    while data.startswith(_PNG) and at + 12 <= len(data) and kinds[-1:] != ["IEND"]:
        (size,) = struct.unpack(">I", data[at : at + 4])
        kinds.append(data[at + 4 : at + 8].decode("latin-1"))
        at += 12 + size
    odd = sorted(set(kinds) - {"IHDR", "IDAT", "IEND"})
    if odd or not _CHUNKS.fullmatch(",".join(kinds)):
        raise GateError(f"{place}: found PNG chunks {', '.join(odd or kinds) or 'none'}, expected IHDR, IDAT and IEND")
    if at != len(data):
        raise GateError(f"{place}: found {abs(len(data) - at)} bytes more or less than the PNG has, expected none")


def check_nifti(data: bytes, place: str) -> None:
    """A gzipped NIfTI-1 whose header is byte for byte what :func:`nifti_bytes` writes for its pixels.

    Raises:
        GateError: another header, extensions, a gzip header with more than it needs, or bytes after the end.
    """
    if not data.startswith(_GZIP):
        raise GateError(f"{place}: found a gzip header with name, comment or time, expected a bare one")
    unpacking = zlib.decompressobj(wbits=31)
    raw = unpacking.decompress(data)
    if not unpacking.eof or unpacking.unused_data:
        raise GateError(f"{place}: found {len(unpacking.unused_data)} bytes after the gzip member, expected none")
    if raw != nifti_bytes(*decode_nifti(data), windowed=True):
        raise GateError(f"{place}: found a NIfTI header with more than shape, spacing and scale, expected no more")


def check_parquet(path: Path, dims: Dims, place: str) -> None:
    """A shard with our columns, and no metadata but the schema and what ``datasets`` says about it.

    Raises:
        GateError: other columns, other metadata, or written by another program.
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        schema, made_by = file.schema_arrow, file.metadata.created_by or ""
        metadata: dict[bytes, bytes] = {**(file.metadata.metadata or {}), **(schema.metadata or {})}
    if odd := sorted(key.decode("utf-8", "replace") for key in metadata.keys() - _KEYS):
        raise GateError(f"{place}: found metadata {', '.join(odd)}, expected the schema alone")
    if not schema.equals(features(dims).arrow_schema) or not _says_our_features(metadata, schema, dims):
        raise GateError(f"{place}: found other columns or features than those of the schema")
    if any(field.metadata and set(field.metadata) - {b"PARQUET:field_id"} for field in schema):
        raise GateError(f"{place}: found metadata of columns, expected none")
    if not made_by.startswith(_WRITER):
        raise GateError(f"{place}: found a table written by {made_by[:40] or 'no one'}, expected Arrow")


def _says_our_features(metadata: dict[bytes, bytes], schema: Any, dims: Dims) -> bool:
    from datasets import Features

    said = json.loads(metadata.get(b"huggingface", b"null"))
    bare = isinstance(said, dict) and [*said] == ["info"] and [*said["info"]] == ["features"]
    return bare and Features.from_arrow_schema(schema) == features(dims)
