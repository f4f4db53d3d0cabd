from importlib.metadata import version

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from synthuterus_bench.metrics import features, store
from synthuterus_bench.metrics.base import Need
from synthuterus_bench.metrics.extractor import Extractor
from synthuterus_bench.metrics.features import extract
from synthuterus_bench.metrics.store import CacheWarning, Store

KEY = {"images": "a", "weights": "b"}


class Counting:
    """An extractor of block means that counts the images it saw."""

    def __init__(self, monkeypatch, weights_sha256="1" * 64, scale=1.0):
        self.seen = 0
        made = Extractor("means", {Need.SWAV: {"resize": "none"}}, 4, lambda: weights_sha256, lambda: self.network)
        self.scale = scale
        monkeypatch.setattr(features._Work, "extractors", lambda work: [made])

    def network(self, pixels):
        self.seen += len(pixels)
        return (self.scale * pixels.reshape(len(pixels), 4, -1).mean(2),)


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 65535, (8, 16, 16)).astype(np.uint16)


def run(pixels, cache, parts=()):
    return extract(pixels, [Need.SWAV], None, cache=cache, parts=parts).arrays[Need.SWAV]


def test_each_set_is_looked_at_once_whatever_stands_beside_it(pixels, tmp_path, monkeypatch):
    counting = Counting(monkeypatch)
    first = run(pixels, tmp_path, (4, 4))
    assert counting.seen == 8
    np.testing.assert_array_equal(run(pixels, tmp_path, (4, 4)), first)
    assert counting.seen == 8
    other = pixels.copy()
    other[0, 0, 0] ^= 1
    assert not np.array_equal(run(other, tmp_path, (4, 4))[0], first[0])
    assert counting.seen == 12
    np.testing.assert_array_equal(run(pixels[4:], tmp_path), first[4:])
    assert counting.seen == 12


def test_other_weights_or_code_find_nothing(pixels, tmp_path, monkeypatch):
    run_with = lambda **kind: (Counting(monkeypatch, **kind), run(pixels, tmp_path))[1]
    first = run_with()
    np.testing.assert_array_equal(run_with(weights_sha256="2" * 64, scale=2.0), 2 * first)
    monkeypatch.setattr(features, "code_digest", lambda: "other")
    np.testing.assert_array_equal(run_with(scale=3.0), 3 * first)


def test_nothing_is_kept_without_a_folder(pixels, tmp_path, monkeypatch):
    counting = Counting(monkeypatch)
    run(pixels, None)
    run(pixels, None)
    assert counting.seen == 16


def spoil_truncate(path):
    path.write_bytes(path.read_bytes()[:-9])


def spoil_text(path):
    path.write_text("not a file of tensors")


def spoil_numbers(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def spoil_foreign(path):
    """A whole file of the same shape, under a name that is not its own."""
    other = Store(path.parent / "other")
    other.save(KEY, load_file(path))
    next(other.folder.iterdir()).replace(path)


def spoil_bare(path):
    save_file(load_file(path), path)


@pytest.mark.parametrize("spoil", [spoil_truncate, spoil_text, spoil_numbers, spoil_foreign, spoil_bare])
def test_a_file_of_no_use_is_told_of_and_made_anew(pixels, tmp_path, monkeypatch, spoil):
    counting = Counting(monkeypatch)
    first = run(pixels, tmp_path)
    (path,) = tmp_path.glob("*.safetensors")
    whole = path.read_bytes()
    spoil(path)
    with pytest.warns(CacheWarning, match="made anew"):
        again = run(pixels, tmp_path)
    np.testing.assert_array_equal(again, first)
    assert counting.seen == 16
    assert path.read_bytes() == whole
    run(pixels, tmp_path)
    assert counting.seen == 16


def test_a_folder_that_cannot_be_written_costs_only_the_keeping(pixels, tmp_path, monkeypatch):
    counting = Counting(monkeypatch)
    (tmp_path / "file").write_text("")
    with pytest.warns(CacheWarning, match="inside: nothing kept"):
        run(pixels, tmp_path / "file" / "inside")
    assert counting.seen == 8


def test_lpips_distances_are_kept_for_their_images_and_groups(pixels, tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(features, "pretrained_digest", lambda *args: "0" * 64)
    monkeypatch.setattr(features, "load_lpips_features", lambda *args: None)
    monkeypatch.setattr(features, "pairwise_lpips", lambda *args: made.append(1) or np.ones((8, 8), np.float32))
    for groups in (np.zeros(8, int), np.zeros(8, int), np.arange(8) % 2):
        extract(pixels, [Need.LPIPS], None, cache=tmp_path, groups=groups)
    assert len(made) == 2


def test_the_code_digest_sees_the_code(monkeypatch):
    store.code_digest.cache_clear()
    before = store.code_digest()
    store.code_digest.cache_clear()
    monkeypatch.setattr(store, "version", lambda name: "0.0" if name == "scipy" else version(name))
    assert store.code_digest() != before
    store.code_digest.cache_clear()
