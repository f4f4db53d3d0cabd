import numpy as np
import pytest
import torch

from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.nets.embedder import EmbedderNet, load_embedder, save_embedder
from synthuterus_bench.vocab import Split


@pytest.fixture(scope="module")
def z(cohort):
    return from_window(cohort.arrays(Split.TRAIN)[0][:34])


def test_rows_are_unit_and_do_not_depend_on_their_company(z):
    embedder = load_embedder()
    whole, alone = embedder(z), embedder(z[33:])
    assert whole.features.shape == (34, 288)
    assert whole.codes.shape == (34, 128)
    assert np.allclose(np.linalg.norm(whole.codes, axis=1), 1, atol=1e-5)
    assert np.allclose(whole.codes[33:], alone.codes, atol=1e-5)
    assert np.allclose(whole.features[33:], alone.features, atol=1e-5)


def test_slices_of_one_patient_are_closer_than_other_patients(z):
    codes = load_embedder()(z).codes
    cosines = codes @ codes.T
    own = cosines[np.arange(0, 34, 2), np.arange(1, 34, 2)]
    np.fill_diagonal(cosines, -1)
    cosines[np.arange(0, 34, 2), np.arange(1, 34, 2)] = -1
    assert own.min() > cosines[np.arange(0, 34, 2)].max()


def test_small_changes_keep_an_image_recognisable(z):
    rng, embedder = np.random.default_rng(0), load_embedder()
    noisy = (z + 0.1 * rng.standard_normal(z.shape)).astype(np.float32)
    assert (embedder(z).codes * embedder(noisy).codes).sum(1).min() > 0.95


def test_saving_and_loading(tmp_path, z):
    torch.manual_seed(0)
    net = EmbedderNet().eval()
    save_embedder(tmp_path, net, torch.zeros(128))
    with torch.no_grad():
        expected = net(torch.from_numpy(z[:2]).unsqueeze(1))[0].numpy()
    assert np.allclose(load_embedder(tmp_path)(z[:2]).features, expected, atol=5e-3)


def test_missing_and_damaged_files_are_named(tmp_path):
    with pytest.raises(WeightsError, match="no such file"):
        load_embedder(tmp_path / "nowhere")
    (tmp_path / "embedder.safetensors").write_bytes(b"not weights")
    with pytest.raises(WeightsError, match="not an embedder"):
        load_embedder(tmp_path)
