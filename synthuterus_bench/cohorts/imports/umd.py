"""UMD, the Uterine Myoma MRI Dataset (figshare 23541312): its layout, its labels, its defects.

``UMD/UMD/UMD_221129_NNN/`` holds a DICOM series ``*_NN.dcm``, the same scan as ``*_t2.nii.gz``, and its mask
``*_seg.nii.gz``. 33 masks are called ``_seq``, are not gzipped and say a spacing of 1 mm; case 037's is called
``UMD_2221129_037_seg``. The NIfTI is read, the mask lies on its grid, and the DICOM only tells field strength, maker
and sequence.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from synthuterus_bench.cohorts.imports.bids import ScanLabel, label_of, read_table
from synthuterus_bench.errors import DataError
from synthuterus_bench.vocab import Label

SOURCE = "umd"
LABELS: Mapping[int, Label] = {
    0: Label.BACKGROUND,
    1: Label.MYOMETRIUM,
    2: Label.ENDOMETRIUM,
    3: Label.MYOMA,
    4: Label.CYST,
}
"""Wall, cavity (with the junctional zone), myoma and Nabothian cyst in our words."""

_CASE = re.compile(r"UMD_\d{6,7}_(\d{3})", re.IGNORECASE)
_IMAGE = re.compile(r"_t2\.nii(\.gz)?$", re.IGNORECASE)
_MASK = re.compile(r"_se[gq](\.nii)?(\.gz)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Case:
    """One patient's scan: the image, its mask and one DICOM slice, where they are there."""

    name: str
    image: Path
    mask: Path | None
    header: Path | None


def cases_in(paths: Iterable[Path]) -> tuple[list[Case], list[Path]]:
    """The cases among files, and the files that belong to none.

    A folder is a case if it is called so and holds one T2. Its DICOM files are then another copy of that scan.
    """
    folders: dict[Path, list[Path]] = {}
    for path in paths:
        folders.setdefault(path.parent, []).append(path)
    cases, others = list[Case](), list[Path]()
    for folder, files in folders.items():
        images = [path for path in files if _IMAGE.search(path.name)]
        if not _CASE.fullmatch(folder.absolute().name) or len(images) != 1:
            others += files
            continue
        masks = sorted(path for path in files if _MASK.search(path.name))
        slices = sorted(path for path in files if path.suffix.lower() == ".dcm")
        cases.append(Case(folder.absolute().name, images[0], *(next(iter(found), None) for found in (masks, slices))))
        others += [path for path in files if path not in (*images, *masks, *slices)]
    return cases, others


def keys_of(case: str | None) -> tuple[str, ...]:
    """How tables may call a case: its name, or its number with or without zeros in front."""
    number = case_number(case or "")
    return () if case is None or number is None else (case, number, str(int(number)))


def case_number(name: str) -> str | None:
    """The three digits of a case, from its number or from a name that begins as its folder's; ``None`` if neither."""
    if re.fullmatch(r"\d{1,3}", name):
        return f"{int(name):03}"
    found = _CASE.match(name)
    return found.group(1) if found else None


def with_figo(label: ScanLabel, figo: Mapping[str, str], case: str | None) -> ScanLabel:
    """The label with the FIGO type of a case, where it has none of its own."""
    number = case_number(case or "")
    return replace(label, figo=figo.get(number)) if number and label.figo is None else label


def read_figo(path: Path) -> dict[str, str]:
    """FIGO types by case number, from a ``.csv`` or ``.tsv`` with columns ``id`` (or ``case``) and ``figo``.

    Raises:
        DataError: the table is missing or malformed, names what is no case, one case twice, or no FIGO type.
    """
    columns, rows = read_table(path)
    names = [name for name in ("id", "case") if name in columns]
    if not names or "figo" not in columns:
        raise DataError(f"{path}: found columns {columns}, expected id and figo")
    seen: dict[str, str | None] = {}
    for line, row in rows:
        place, name = f"{path} line {line}", row.get(names[0], "")
        number = case_number(name)
        if number is None or number in seen:
            told = "expected three digits or UMD_221129_NNN" if number is None else "expected each case once"
            raise DataError(f"{place}: found case {name[:40]!r}, {told}")
        seen[number] = label_of(row, place, ("figo",)).figo
    return {number: figo for number, figo in seen.items() if figo is not None}
