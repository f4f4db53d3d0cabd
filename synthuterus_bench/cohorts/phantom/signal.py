"""What a tissue looks like on a T2-weighted scan: spin-echo signal equations over relaxation tables.

Signal = PD (1 - exp(-(TR - ETL) / T1)) exp(-TE / T2); HASTE has infinite TR. T1 of the uterine layers at 1.5 T are from
Takatsu et al. 2015 (endometrium 1703, junctional zone 1168, myometrium 1314 ms). T2 are "TSE-effective" values,
chosen so that the layers stand out as they do on clinical scans. T1 grows and T2 falls with field as powers of
B0 / 1.5 T: -26 % and +16 % at 0.55 T, less than the measured -32 % and +26 % (Campbell-Washburn et al. 2019). All other
tissues and numbers are assumptions of the usual size, not measurements.
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
    VESSEL = "vessel"
    SKIN = "skin"


RELAXATION = {
    Tissue.FAT: (0.95, 300, 150),
    Tissue.MUSCLE: (0.85, 1000, 48),
    Tissue.MYOMETRIUM: (0.90, 1314, 98),
    Tissue.JUNCTIONAL_ZONE: (0.85, 1168, 58),
    Tissue.ENDOMETRIUM: (0.95, 1703, 195),
    Tissue.STROMA: (0.85, 1150, 56),
    Tissue.CERVIX: (0.88, 1200, 84),
    Tissue.MUCUS: (0.98, 2200, 350),
    Tissue.WALL: (0.82, 1020, 52),
    Tissue.MUCOSA: (0.93, 1300, 140),
    Tissue.URINE: (1.0, 3500, 1100),
    Tissue.STOOL: (0.62, 800, 65),
    Tissue.GAS: (0.01, 1000, 30),
    Tissue.GEL: (0.97, 2500, 400),
    Tissue.MARROW: (0.72, 480, 110),
    Tissue.CORTEX: (0.06, 600, 10),
    Tissue.CARTILAGE: (0.65, 900, 40),
    Tissue.DISC: (0.75, 900, 60),
    Tissue.FLUID: (1.0, 3500, 900),
    Tissue.BOWEL: (0.95, 2400, 260),
    Tissue.VESSEL: (0.12, 1400, 100),
    Tissue.SKIN: (0.7, 900, 35),
}
"""Proton density, T1 and TSE-effective T2 (ms) at 1.5 T."""

T1_EXPONENT, T2_EXPONENT = 0.30, -0.15
SNR = {0.55: 18.0, 1.5: 34.0, 3.0: 50.0}
BIAS = {0.55: 0.09, 1.5: 0.15, 3.0: 0.26}


@dataclass(frozen=True, slots=True)
class Protocol:
    """One acquisition: times in ms, ``snr`` against fat, ``bias`` and ``coil`` as log-field amplitudes."""

    field_strength: float
    sequence: Sequence
    vendor: Vendor
    tr: float
    te: float
    etl: float
    snr: float
    bias: float
    coil: float
    phase_axis: int
    ghost: float


def draw_protocol(rng: np.random.Generator, field: float, sequence: Sequence, vendor: Vendor) -> Protocol:
    """Echo times by vendor and sequence, noise and bias field by field strength."""
    haste = sequence is Sequence.HASTE
    centre = 92 if haste else (101 if vendor is Vendor.SIEMENS else 112)
    return Protocol(
        field_strength=field,
        sequence=sequence,
        vendor=vendor,
        tr=np.inf if haste else rng.uniform(3600, 5800),
        te=truncated(rng, centre, 6, centre - 14, centre + 14),
        etl=rng.uniform(280, 480) if haste else rng.uniform(110, 200),
        snr=SNR[field] * float(np.exp(rng.normal(0, 0.2))) * (0.75 if haste else 1.0),
        bias=truncated(rng, BIAS[field], 0.05, 0.03, 0.45),
        coil=truncated(rng, 0.22, 0.1, 0, 0.45),
        phase_axis=int(rng.integers(2)),
        ghost=0.0 if haste else max(0.0, float(rng.normal(0.010, 0.010))),
    )


def draw_signals(rng: np.random.Generator, protocol: Protocol) -> dict[Tissue, np.float32]:
    """Signal of every tissue under a protocol, with the patient's own scatter of PD (3 %), T1 (5 %) and T2 (8 %)."""
    ratio = protocol.field_strength / 1.5
    mixing = 1.10 if protocol.sequence is Sequence.HASTE else 1.0
    signals = {}
    for tissue, (density, t1, t2) in RELAXATION.items():
        scatter = np.exp(rng.normal(0, (0.03, 0.05, 0.08)))
        t1, t2 = t1 * scatter[1] * ratio**T1_EXPONENT, t2 * scatter[2] * mixing * ratio**T2_EXPONENT
        recovery = 1 - np.exp(-(protocol.tr - protocol.etl) / t1)
        signals[tissue] = np.float32(density * scatter[0] * recovery * np.exp(-protocol.te / t2))
    return signals
