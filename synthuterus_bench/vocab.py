"""The closed words: everything that can be one of a few things is an enum here."""

from enum import IntEnum, StrEnum

FIELD_STRENGTHS = (0.55, 1.5, 3.0)
"""Field strengths in tesla that prompts and generators know."""


class Orientation(StrEnum):
    """Position of the uterus: version (anteverted, retroverted), then flexion (anteflexed, retroflexed)."""

    AV_AF = "av-af"
    AV_RF = "av-rf"
    RV_AF = "rv-af"
    RV_RF = "rv-rf"
    AMBIGUOUS = "ambiguous"


CLASSES = (Orientation.AV_AF, Orientation.AV_RF, Orientation.RV_AF, Orientation.RV_RF)
"""The four orientations that generators draw and benchmarks score, in their one order."""


class Sequence(StrEnum):
    """T2-weighted sequence family."""

    TSE = "TSE"
    HASTE = "HASTE"


class Vendor(StrEnum):
    """Scanner maker."""

    SIEMENS = "siemens"
    PHILIPS = "philips"
    GE = "ge"
    OTHER = "other"


class View(StrEnum):
    """Field of view: the whole pelvis (256 x 256 at 1 mm) or the uterus (128 x 128 at 1 mm)."""

    FULL = "full"
    ROI = "roi"


VIEW_SIZE = {View.FULL: 256, View.ROI: 128}
"""Pixels a side at 1.0 mm."""


class Split(StrEnum):
    """Part of a cohort; no patient is in two."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class SliceChoice(StrEnum):
    """Which slices of a volume become images: all that show the body, the three about the centre, or the one at it."""

    ALL = "all"
    CENTRAL3 = "central3"
    MID = "mid"


class Otherwise(StrEnum):
    """What to do with a scan without a uterus in its mask: ask the localiser, or take the middle unasked."""

    LOCALISER = "localiser"
    MIDDLE = "middle"


class PresetName(StrEnum):
    """The frozen phantom populations."""

    V1 = "phantom-v1"
    HOSPITAL_V1 = "phantom-hospital-v1"


class Label(IntEnum):
    """Tissue labels of masks."""

    BACKGROUND = 0
    FAT = 1
    MUSCLE = 2
    BONE = 3
    MYOMETRIUM = 4
    JUNCTIONAL_ZONE = 5
    ENDOMETRIUM = 6
    CERVIX = 7
    VAGINA = 8
    BLADDER = 9
    RECTUM = 10
    BOWEL = 11
    MYOMA = 12
    CYST = 13
    OTHER = 14


UTERUS = (Label.MYOMETRIUM, Label.JUNCTIONAL_ZONE, Label.ENDOMETRIUM, Label.CERVIX)
"""Labels that together are the healthy uterus."""

LESIONS = (Label.MYOMA, Label.CYST)
"""Labels of what may grow in it."""
