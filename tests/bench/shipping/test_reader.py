import numpy as np
import torch

from synthuterus_bench.bench.shipping import reader as reading
from synthuterus_bench.bench.shipping.conditions import NOT_SAID
from synthuterus_bench.bench.shipping.reader import Reader, ReaderNet, reader_of, train_reader
from synthuterus_bench.cohorts.window import to_window


def planted(count: int, side: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Pictures in which brightness is the class, noise the field strength, and a bar the sequence."""
    rng = np.random.default_rng(0)
    told = np.stack([rng.integers(0, values, count) for values in (4, 3, 2)], 1)
    z = rng.normal(size=(count, side, side)) * np.array([0.02, 0.3, 1.0])[told[:, 1], None, None]
    z += told[:, 0, None, None] - 1.5
    z[told[:, 2] == 1, :, 8:16] += 2
    return to_window(z.astype(np.float32)), told


def test_it_learns_what_pictures_show_and_nothing_from_what_says_nothing():
    pixels, told = planted(256)
    learn, silent = told.copy(), told.copy()
    silent[:, 1] = NOT_SAID
    net = train_reader(pixels[:192], learn[:192], epochs=12)
    found = Reader(net, "")(pixels[192:]) == told[192:]
    assert (found.mean(0) > 0.9).all()
    deaf = Reader(train_reader(pixels[:192], silent[:192], epochs=12), "")(pixels[192:]) == told[192:]
    assert deaf[:, 1].mean() < 0.7


def test_of_larger_pictures_the_middle_is_read():
    net = ReaderNet().eval()
    large = np.random.default_rng(0).integers(0, 65536, (40, 256, 256)).astype(np.uint16)
    assert np.array_equal(Reader(net, "")(large), Reader(net, "")(large[:, 64:192, 64:192]))


def test_it_is_trained_once_a_cohort_and_again_the_same(cohort, tmp_path, monkeypatch):
    state = torch.random.get_rng_state()
    digest = cohort.manifest.digest
    first, again = (reader_of(digest, lambda: cohort, tmp_path / name) for name in "ab")
    assert torch.equal(torch.random.get_rng_state(), state)
    assert first.sha256 == again.sha256
    monkeypatch.setattr(reading, "train_reader", None)
    assert reader_of(digest, None, tmp_path / "a").sha256 == first.sha256, "the cohort is not looked at"
    assert [path.suffix for path in (tmp_path / "a").iterdir()] == [".safetensors"]
