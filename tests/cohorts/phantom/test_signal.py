import numpy as np
import pytest

from synthuterus_bench.cohorts.phantom.acquire import REFERENCE_SIGNAL, acquire
from synthuterus_bench.cohorts.phantom.grid import pixel_grid
from synthuterus_bench.cohorts.phantom.signal import Protocol, Tissue, draw_protocol, draw_signals
from synthuterus_bench.vocab import FIELD_STRENGTHS, Sequence, Vendor


@pytest.mark.parametrize("field", FIELD_STRENGTHS)
@pytest.mark.parametrize("sequence", Sequence)
def test_the_order_of_tissues_on_t2(field, sequence):
    rng = np.random.default_rng(0)
    drawn = [draw_signals(rng, draw_protocol(rng, field, sequence, Vendor.SIEMENS)) for _ in range(40)]
    mean = {tissue: np.mean([signals[tissue] for signals in drawn]) for tissue in Tissue}
    order = [Tissue.URINE, Tissue.ENDOMETRIUM, Tissue.MYOMETRIUM, Tissue.JUNCTIONAL_ZONE, Tissue.MUSCLE, Tissue.CORTEX]
    assert sorted(order, key=mean.__getitem__, reverse=True) == order


def test_signal_equation_without_scatter():
    class Quiet:
        def normal(self, mean, sd):
            return np.zeros_like(sd)

    protocol = Protocol(1.5, Sequence.TSE, Vendor.GE, 4000, 100, 150, 30, 0, 0, 0, 0)
    signal = draw_signals(Quiet(), protocol)[Tissue.MYOMETRIUM]
    assert signal == pytest.approx(0.90 * (1 - np.exp(-3850 / 1314)) * np.exp(-100 / 98), rel=1e-6)


def test_noise_of_an_empty_scan_is_rayleigh():
    protocol = Protocol(1.5, Sequence.TSE, Vendor.GE, 4000, 100, 150, 20, 0, 0, 0, 0)
    x, y = pixel_grid(128, (0, 0))
    image, _ = acquire(np.zeros((128, 128), np.float32), protocol, x, y, np.random.default_rng(1))
    sigma = REFERENCE_SIGNAL / 20
    assert image.mean() == pytest.approx(sigma * np.sqrt(np.pi / 2), rel=0.02)


def test_the_returned_field_is_the_one_applied():
    protocol = Protocol(3.0, Sequence.TSE, Vendor.GE, 4000, 100, 150, 1e9, 0.2, 0.2, 0, 0)
    x, y = pixel_grid(128, (0, 0))
    image, field = acquire(np.full((128, 128), 0.3, np.float32), protocol, x, y, np.random.default_rng(1))
    assert np.allclose(image, 0.3 * field, rtol=1e-4)
    assert field.std() > 0.05
