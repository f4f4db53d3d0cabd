"""What a tissue looks like on a T2-weighted scan: spin-echo signal equations over relaxation tables.

Signal = PD (1 - exp(-(TR - ETL) / T1)) exp(-TE / T2); HASTE has infinite TR.

T1 at 1.5 T of endometrium (1703), junctional zone (1168) and myometrium (1314 ms): Takatsu et al. 2015. T2 are
"TSE-effective" values at 3 T, as echo trains with refocusing below 180 degrees show them: fat 150, marrow 115, muscle
48, junctional zone 60, cervix 65, myoma 85, myometrium 90, endometrium 180, urine 1000 ms. From 3 T to 1.5 T T2 grows
as measured in endometrium (97 to 111), myometrium (76 to 79), muscle (44 to 51) and fat (102 to 135 ms); elsewhere by
10 %. From 1.5 T to 0.55 T T1 falls by 32 % and T2 grows by 26 % (Campbell-Washburn et al. 2019); from 1.5 T to 3 T T1
grows by 20 %. Proton densities and all other numbers are assumptions of the usual size. At 3 T, TR 4200 and TE 130 ms
the table gives about what was measured in a scan of the UMD data (fat = 1): urine 1.38, marrow .55, muscle .13.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from synthuterus_bench.cohorts.phantom.anatomy import truncated
from synthuterus_bench.vocab import Sequence, Vendor


class Tissue(StrEnum):
    """Everything that has a signal of its own."""

    FAT = "fat"
    MUSCLE = "muscle"
    MYOMETRIUM = "myometrium"
    JUNCTIONAL_ZONE = "junctional zone"
    ENDOMETRIUM = "endometrium"
    STROMA = "cervical stroma"
    CERVIX = "outer cervix"
    MUCUS = "mucus"
    WALL = "hollow organ wall"
    MUCOSA = "mucosa"
    URINE = "urine"
    STOOL = "stool"
    GAS = "gas"
    GEL = "gel"
    MARROW = "marrow"
    CORTEX = "cortical bone"
    CARTILAGE = "cartilage"
    DISC = "disc"
    FLUID = "fluid"
    BOWEL = "bowel content"
    COLLAPSED = "collapsed bowel"
    VESSEL = "vessel"
    OVARY = "ovary"
    MYOMA = "myoma"
    CYST = "cyst"
    SKIN = "skin"


RELAXATION = {
    Tissue.FAT: (0.95, 330, 150),
    Tissue.MUSCLE: (0.85, 1000, 48),
    Tissue.MYOMETRIUM: (0.90, 1314, 90),
    Tissue.JUNCTIONAL_ZONE: (0.85, 1168, 60),
    Tissue.ENDOMETRIUM: (0.95, 1703, 180),
    Tissue.STROMA: (0.85, 1150, 58),
    Tissue.CERVIX: (0.88, 1200, 80),
    Tissue.MUCUS: (0.98, 2200, 330),
    Tissue.WALL: (0.82, 1020, 54),
    Tissue.MUCOSA: (0.93, 1300, 130),
    Tissue.URINE: (1.0, 3500, 1000),
    Tissue.STOOL: (0.62, 800, 65),
    Tissue.GAS: (0.01, 1000, 30),
    Tissue.GEL: (0.97, 2500, 380),
    Tissue.MARROW: (0.72, 480, 115),
    Tissue.CORTEX: (0.06, 600, 10),
    Tissue.CARTILAGE: (0.65, 900, 40),
    Tissue.DISC: (0.75, 900, 60),
    Tissue.FLUID: (1.0, 3500, 900),
    Tissue.BOWEL: (0.95, 2400, 240),
    Tissue.COLLAPSED: (0.88, 1250, 95),
    Tissue.VESSEL: (0.12, 1400, 100),
    Tissue.OVARY: (0.9, 1400, 105),
    Tissue.MYOMA: (0.78, 1300, 78),
    Tissue.CYST: (1.0, 3000, 600),
    Tissue.SKIN: (0.7, 900, 35),
}
"""Proton density, T1 (ms) at 1.5 T and TSE-effective T2 (ms) at 3 T."""

T1_FACTOR = {0.55: 0.68, 1.5: 1.0, 3.0: 1.2}
T2_AT_LOW_FIELD = 1.26
T2_FACTOR = {Tissue.ENDOMETRIUM: 111 / 97, Tissue.MYOMETRIUM: 79 / 76, Tissue.MUSCLE: 51 / 44, Tissue.FAT: 135 / 102}
"""T2 at 1.5 T over T2 at 3 T."""
T2_FACTOR_ELSEWHERE = 1.10

GADOLINIUM_T2 = {Tissue.MYOMETRIUM: 0.92, Tissue.ENDOMETRIUM: 0.94, Tissue.VESSEL: 0.9, Tissue.MUCOSA: 0.9}
"""What contrast agent given before the scan leaves of a tissue's T2 (assumption); urine: see the bladder."""

SNR = {0.55: 18.0, 1.5: 34.0, 3.0: 50.0}
BIAS = {0.55: 0.09, 1.5: 0.15, 3.0: 0.26}


@dataclass(frozen=True, slots=True)
class Protocol:
    """One acquisition: times in ms, ``snr`` against fat, ``bias`` and ``coil`` as log-field amplitudes.

    ``phase_axis`` 0 encodes phase from head to foot, 1 from front to back; ``ghost`` is the strength of breathing.
    """

    field_strength: float
    sequence: Sequence
    vendor: Vendor
    contrast: bool
    tr: float
    te: float
    etl: float
    snr: float
    bias: float
    coil: float
    phase_axis: int
    ghost: float


def draw_protocol(
    rng: np.random.Generator, field: float, sequence: Sequence, vendor: Vendor, contrast: bool = False
) -> Protocol:
    """Echo times by vendor and sequence, noise and bias field by field strength."""
    haste = sequence is Sequence.HASTE
    centre = 92 if haste else (101 if vendor is Vendor.SIEMENS else 112)
    return Protocol(
        field_strength=field,
        sequence=sequence,
        vendor=vendor,
        contrast=contrast,
        tr=np.inf if haste else rng.uniform(3600, 5800),
        te=truncated(rng, centre, 6, centre - 14, centre + 14),
        etl=rng.uniform(280, 480) if haste else rng.uniform(110, 200),
        snr=SNR[field] * float(np.exp(rng.normal(0, 0.2))) * (0.75 if haste else 1.0),
        bias=truncated(rng, BIAS[field], 0.05, 0.03, 0.45),
        coil=truncated(rng, 0.22, 0.1, 0, 0.45),
        phase_axis=int(rng.integers(2)),
        ghost=0.0 if haste else max(0.0, float(rng.normal(0.03, 0.03))),
    )


def relaxation(tissue: Tissue, field_strength: float) -> tuple[float, float]:
    """T1 and TSE-effective T2 in ms of a tissue at 0.55, 1.5 or 3 T."""
    _, t1, t2 = RELAXATION[tissue]
    grown = 1.0 if field_strength == 3.0 else T2_FACTOR.get(tissue, T2_FACTOR_ELSEWHERE)
    return t1 * T1_FACTOR[field_strength], t2 * grown * (T2_AT_LOW_FIELD if field_strength == 0.55 else 1.0)


def draw_signals(rng: np.random.Generator, protocol: Protocol) -> dict[Tissue, np.float32]:
    """Signal of every tissue under a protocol, with the patient's own scatter of PD (4 %), T1 (5 %) and T2 (10 %)."""
    mixing = 1.10 if protocol.sequence is Sequence.HASTE else 1.0
    signals = {}
    for tissue in RELAXATION:
        density, (t1, t2) = RELAXATION[tissue][0], relaxation(tissue, protocol.field_strength)
        scatter = np.exp(rng.normal(0, (0.04, 0.05, 0.10)))
        t2 *= scatter[2] * mixing * (GADOLINIUM_T2.get(tissue, 1.0) if protocol.contrast else 1.0)
        recovery = 1 - np.exp(-(protocol.tr - protocol.etl) / (t1 * scatter[1]))
        signals[tissue] = np.float32(density * scatter[0] * recovery * np.exp(-protocol.te / t2))
    return signals
