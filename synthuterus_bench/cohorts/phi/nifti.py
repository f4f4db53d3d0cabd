"""NIfTI headers: free text fields and extensions. Voxels are not read."""

from collections.abc import Iterator
from typing import Any, BinaryIO

from synthuterus_bench.cohorts.phi.dicom import find_dataset
from synthuterus_bench.cohorts.phi.record import Finding, Kind

TEXTS = ("descrip", "aux_file", "db_name", "intent_name", "data_type")
_FIRST, _SECOND = (b"n+1", b"ni1"), (b"n+2", b"ni2")


def is_nifti(head: bytes) -> bool:
    """Whether a file that begins so (at least 348 bytes) is NIfTI-1 or NIfTI-2, single or header alone."""
    return head[344:347] in _FIRST or head[4:7] in _SECOND


def find_nifti(stream: BinaryIO, file: str) -> Iterator[Finding]:
    """Texts of the header, and every extension; of one that holds DICOM, its attributes too."""
    header = _header(stream)
    for field in TEXTS:
        if field in header.keys():  # noqa: SIM118 (a header is iterated by its values)
            text = bytes(header[field].tobytes()).split(b"\0")[0].decode("latin-1").strip()
            if text:
                yield Finding(file, Kind.NIFTI, field, text)
    for extension in header.extensions:
        yield from _extension(extension, file)


def _header(stream: BinaryIO) -> Any:
    import nibabel
    from nibabel.nifti1 import Nifti1PairHeader
    from nibabel.nifti2 import Nifti2PairHeader

    head = stream.read(348)
    stream.seek(0)
    kinds: dict[bytes, Any] = {
        b"n+1": nibabel.Nifti1Header,
        b"ni1": Nifti1PairHeader,
        b"n+2": nibabel.Nifti2Header,
        b"ni2": Nifti2PairHeader,
    }
    magic = head[4:7] if head[4:7] in _SECOND else head[344:347]
    return kinds[magic].from_fileobj(stream, check=False)


def _extension(extension: Any, file: str) -> Iterator[Finding]:
    content = extension.get_content()
    keyword = f"extension {extension.get_code()}"
    if hasattr(content, "iterall"):
        yield Finding(file, Kind.EXTENSION, f"{keyword} (DICOM)", f"{len(content)} attributes", content=False)
        yield from find_dataset(content, file)
        return
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content)
    yield Finding(file, Kind.EXTENSION, keyword, text.rstrip("\0").strip() or "empty")
