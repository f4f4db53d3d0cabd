import numpy as np
import pytest

from synthuterus_bench.cohorts.phantom.signal import Protocol, Tissue, draw_protocol, draw_signals, relaxation
from synthuterus_bench.vocab import FIELD_STRENGTHS, Sequence, Vendor


class Quiet:
    """A random stream that scatters nothing."""

    def normal(self, mean, sd):
        return np.zeros_like(sd)


def protocol(field: float = 3.0, tr: float = 4200, te: float = 130, contrast: bool = False) -> Protocol:
    return Protocol(field, Sequence.TSE, Vendor.GE, contrast, tr, te, 150, 30, 0, 0, 0, 0)


@pytest.mark.parametrize("field", FIELD_STRENGTHS)
@pytest.mark.parametrize("sequence", Sequence)
def test_the_order_of_tissues_on_t2(field, sequence):
    rng = np.random.default_rng(0)
    drawn = [draw_signals(rng, draw_protocol(rng, field, sequence, Vendor.SIEMENS)) for _ in range(40)]
    mean = {tissue: np.mean([signals[tissue] for signals in drawn]) for tissue in Tissue}
    order = [Tissue.URINE, Tissue.ENDOMETRIUM, Tissue.MYOMETRIUM, Tissue.JUNCTIONAL_ZONE, Tissue.MUSCLE, Tissue.CORTEX]
    assert sorted(order, key=mean.__getitem__, reverse=True) == order


def test_signal_equation_without_scatter():
    signal = draw_signals(Quiet(), protocol(1.5, 4000, 100))[Tissue.MYOMETRIUM]
    assert signal == pytest.approx(0.90 * (1 - np.exp(-3850 / 1314)) * np.exp(-100 / (90 * 79 / 76)), rel=1e-6)


@pytest.mark.parametrize(
    ("tissue", "measured"),
    [(Tissue.URINE, 1.38), (Tissue.MARROW, 0.55), (Tissue.MYOMA, 0.34), (Tissue.MUSCLE, 0.13)],
)
def test_signals_are_near_those_measured_in_a_scan_of_umd(tissue, measured):
    signals = draw_signals(Quiet(), protocol())
    assert signals[tissue] / signals[Tissue.FAT] == pytest.approx(measured, rel=0.12)


@pytest.mark.parametrize("tissue", Tissue)
def test_t1_grows_and_t2_falls_with_the_field(tissue):
    values = [relaxation(tissue, field) for field in FIELD_STRENGTHS]
    assert [t1 for t1, _ in values] == sorted(t1 for t1, _ in values)
    assert [t2 for _, t2 in values] == sorted((t2 for _, t2 in values), reverse=True)


def test_low_field_by_the_published_factors():
    (low_t1, low_t2), (t1, t2) = (relaxation(Tissue.ENDOMETRIUM, field) for field in (0.55, 1.5))
    assert (t1, low_t1 / t1, low_t2 / t2) == pytest.approx((1703, 0.68, 1.26))


def test_contrast_agent_darkens_the_myometrium_and_leaves_fat():
    with_, without = (draw_signals(Quiet(), protocol(contrast=contrast)) for contrast in (True, False))
    assert with_[Tissue.MYOMETRIUM] < 0.95 * without[Tissue.MYOMETRIUM]
    assert with_[Tissue.FAT] == without[Tissue.FAT]
