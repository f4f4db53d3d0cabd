"""What is found, and how it may be shown."""

from dataclasses import dataclass
from enum import StrEnum

SHOWN = 24
"""Characters of a masked value that are shown."""


class Kind(StrEnum):
    """Where a trace lies."""

    GZIP = "gzip header"
    NIFTI = "NIfTI header"
    EXTENSION = "NIfTI extension"
    DICOM = "DICOM attribute"
    UID = "DICOM UID"
    PRIVATE = "DICOM private tag"
    GRAPHIC = "DICOM overlay"
    BURNED = "burned-in text"
    PREAMBLE = "DICOM preamble"
    PNG = "PNG chunk"
    SIDECAR = "JSON key"
    COLUMN = "table column"
    PARQUET = "Parquet metadata"
    PATH = "absolute path"
    SALT = "salt"
    UNREAD = "not looked into"


@dataclass(frozen=True, slots=True)
class Finding:
    """One trace in one file: ``keyword`` is a field's name; ``value`` is what it holds, in clear.

    Without ``content`` the value tells only how much there is, or why a file was not looked into.
    """

    file: str
    kind: Kind
    keyword: str
    value: str
    content: bool = True

    @property
    def shown(self) -> str:
        """The value as a report may show it."""
        return masked(self.value) if self.content else self.value


def masked(value: str) -> str:
    """The shape of a value and none of its content: letters as x and X, digits as 9, at most 24 characters.

    A date still looks like a date and a name like a name; no letter or digit of either can be read.
    """
    shape = "".join(_shape(sign) for sign in value[:SHOWN])
    return shape + (" ..." if len(value) > SHOWN else "")


def _shape(sign: str) -> str:
    if sign.isdigit() or sign.isnumeric():
        return "9"
    if sign.isalpha():
        return "X" if sign.isupper() else "x"
    return sign if sign.isascii() and sign.isprintable() else "?"
