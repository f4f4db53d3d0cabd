"""UMD, the Uterine Myoma MRI Dataset (figshare 23541312): its layout, its labels, its defects.

``UMD/UMD/UMD_221129_NNN/`` holds a DICOM series ``*_NN.dcm``, the same scan as ``*_t2.nii.gz``, and its mask
``*_seg.nii.gz``. 33 masks are called ``_seq``, are not gzipped and say a spacing of 1 mm; case 037's is called
``UMD_2221129_037_seg``. The NIfTI is read, the mask lies on its grid, and the DICOM only tells field strength, maker
and sequence.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

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
_FIGO = re.compile(r"[0-8](?:\s*[-,;/]\s*[0-8]){0,15}")


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


def read_figo(path: Path) -> dict[str, str]:
    """FIGO types by case number, from a ``.csv`` or ``.tsv`` with columns ``id`` (or ``case``) and ``figo``.

    Raises:
        DataError: the table is missing or malformed, names what is no case, one case twice, or no FIGO type.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
            names = [name for name in ("id", "case") if name in (reader.fieldnames or ())]
            if not names or "figo" not in (reader.fieldnames or ()):
                raise DataError(f"{path}: found columns {reader.fieldnames}, expected id and figo")
            rows = [(row[names[0]] or "", row["figo"], f"{path} line {reader.line_num}") for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a readable table ({error})") from None
    types: dict[str, str] = {}
    for name, figo, place in rows:
        number, kind = case_number(name.strip()), figo_type(figo, place)
        if number is None or number in types:
            told = "expected three digits or UMD_221129_NNN" if number is None else "expected each case once"
            raise DataError(f"{place}: found case {name!r}, {told}")
        if kind is not None:
            types[number] = kind
    return types


def figo_type(text: str | None, place: str) -> str | None:
    """A FIGO type of a myoma (0 to 8), a hybrid such as 2-5, or several; ``None`` for an empty cell or n/a.

    Raises:
        DataError: anything else, for a cell goes into every copy of the cohort.
    """
    word = (text or "").strip()
    if word.lower() in ("", "n/a"):
        return None
    if not _FIGO.fullmatch(word):
        raise DataError(f"{place}: found FIGO type {word[:40]!r}, expected 0 to 8, such as 4 or 2-5")
    return word
