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


class Kind(StrEnum):
    """What a reader is asked about a scan."""

    REAL = "real"
    SYNTHETIC = "synthetic"


class ReaderGroup(StrEnum):
    """Who reads a blinded study: the paper's three groups, and everybody else."""

    AI_RESEARCHER = "ai-researcher"
    JUNIOR_RADIOLOGIST = "junior-radiologist"
    SENIOR_RADIOLOGIST = "senior-radiologist"
    OTHER = "other"


class View(StrEnum):
    """Field of view: the whole pelvis (256 x 256 at 1 mm) or the uterus (128 x 128 at 1 mm)."""

    FULL = "full"
    ROI = "roi"


class Config(StrEnum):
    """Part of a release, in the order in which one becomes the default: a view, as images or as volumes."""

    FULL = "full"
    ROI = "roi"
    VOLUMES_FULL = "volumes-full"
    VOLUMES_ROI = "volumes-roi"


class Licence(StrEnum):
    """Licence of a release, as the Hub's cards name it."""

    CC_BY_4_0 = "cc-by-4.0"
    CC_BY_SA_4_0 = "cc-by-sa-4.0"
    CC_BY_NC_4_0 = "cc-by-nc-4.0"
    CC0_1_0 = "cc0-1.0"


VIEW_SIZE = {View.FULL: 256, View.ROI: 128}
"""Pixels a side at 1.0 mm."""


class Split(StrEnum):
    """Part of a cohort; no patient is in two."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Plane(StrEnum):
    """Plane of slices, by the axis of the body nearest to their normal."""

    SAGITTAL = "sagittal"
    CORONAL = "coronal"
    AXIAL = "axial"


class SliceChoice(StrEnum):
    """Which slices of a volume become images: all that show the body, the three about the centre, or the one at it."""

    ALL = "all"
    CENTRAL3 = "central3"
    MID = "mid"


class Otherwise(StrEnum):
    """What to do with a scan without a uterus in its mask: ask the localiser, or take the middle unasked."""

    LOCALISER = "localiser"
    MIDDLE = "middle"


class Family(StrEnum):
    """Model family: in pixels or in latents, 2D or 3D."""

    DDPM2D = "ddpm2d"
    LDM2D = "ldm2d"
    DDPM3D = "ddpm3d"


class Conditioning(StrEnum):
    """What a generator is told: nothing, class, text, or class and text."""

    UNCOND = "uncond"
    CLASS = "class"
    TEXT = "text"
    CT = "ct"

    @property
    def by_class(self) -> bool:
        """Whether it is told the orientation as a class."""
        return self in (Conditioning.CLASS, Conditioning.CT)

    @property
    def by_text(self) -> bool:
        """Whether it is told a prompt."""
        return self in (Conditioning.TEXT, Conditioning.CT)


class AutoencoderId(StrEnum):
    """Autoencoders of the latent models: plain, and variational."""

    AE2D = "ae2d"
    VAE2D = "vae2d"


class Prediction(StrEnum):
    """What a denoiser predicts, as diffusers names it: the noise, v, or the clean picture."""

    EPSILON = "epsilon"
    V = "v_prediction"
    SAMPLE = "sample"


class Perceptual(StrEnum):
    """Distance of the perceptual loss: none, LPIPS with the AlexNet file, or features of the embedder."""

    OFF = "off"
    LPIPS = "lpips"
    EMBEDDER = "embedder"


class TextEncoder(StrEnum):
    """Who reads prompts: a small model trained along, or the frozen text half of ``openai/clip-vit-base-patch32``."""

    OWN = "own"
    CLIP = "clip"


class Precision(StrEnum):
    """Mixed precision of training, as accelerate names it."""

    BF16 = "bf16"
    NO = "no"


class Scale(StrEnum):
    """Size of a training: what two cores can do, or the paper's."""

    SMALL = "small"
    PAPER = "paper"


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
