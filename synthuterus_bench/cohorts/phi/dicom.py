"""DICOM: attributes of the confidentiality profile, UIDs, private tags, overlays, burned-in text."""

import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO

from synthuterus_bench.cohorts.phi.ps315 import actions, keyword_of
from synthuterus_bench.cohorts.phi.record import Finding, Kind

_PICTURED = ("BurnedInAnnotation", "RecognizableVisualFeatures")


def find_dicom(stream: BinaryIO, file: str) -> Iterator[Finding]:
    """What a DICOM file holds that the basic profile of PS3.15 Annex E would not let pass.

    Raises:
        Exception: whatever pydicom raises on a damaged file.
    """
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = pydicom.dcmread(stream)
        if any(getattr(data, "preamble", None) or b""):
            yield Finding(file, Kind.PREAMBLE, "preamble", "128 bytes, not all zero", content=False)
        yield from find_dataset(data.file_meta, file)
        yield from find_dataset(data, file)


def find_dataset(data: Any, file: str) -> Iterator[Finding]:
    """The same for a data set, sequences included; an element that cannot be read does not hide the others."""
    for tag in [*data.keys()]:
        try:
            element = data[tag]
        except Exception as error:  # pydicom raises whatever a damaged element leads to
            yield Finding(file, Kind.UNREAD, "damaged DICOM element", f"{tag} {type(error).__name__}", content=False)
            continue
        finding = _judge(element, file)
        if finding is not None:
            yield finding
        for item in element.value if element.VR == "SQ" else ():
            yield from find_dataset(item, file)


def _judge(element: Any, file: str) -> Finding | None:
    text, content = _text(element)
    if not text:
        return None
    found = _field(element)
    return None if found is None else Finding(file, *found, text, content)


def _field(element: Any) -> tuple[Kind, str] | None:
    """Kind and name of what the profile does not let pass; private tags and overlays go by their groups."""
    group, keyword = int(element.tag.group), keyword_of(int(element.tag), element.keyword)
    if element.tag.is_private:
        creator = element.value if element.tag.is_private_creator else element.private_creator
        return Kind.PRIVATE, f"({group:04X}) {creator or 'no creator'}"
    if group >> 8 in (0x50, 0x60):
        return Kind.GRAPHIC, f"({group:04X})"
    if keyword in _PICTURED:
        return (Kind.BURNED, keyword) if str(element.value).upper() == "YES" else None
    action = actions().get(keyword)
    return None if action is None else (Kind.UID if action == "U" else Kind.DICOM, keyword)


def _text(element: Any) -> tuple[str, bool]:
    """A value as text, empty if it says nothing, and whether the text is its content rather than its size."""
    value = element.value
    if element.tag.is_private_creator:
        return "a block of private tags", False
    if element.VR == "SQ":
        return f"{len(value)} items" if len(value) else "", False
    if isinstance(value, bytes):
        return f"{len(value)} bytes" if value.strip(b"\0 ") else "", False
    return "" if value is None else str(value).strip(), True
