import numpy as np
import pytest
import torch

from synthuterus_bench.errors import WeightsError
from synthuterus_bench.nets.segmenter import FILE, PARTS, Localiser, load_localiser, make_segmenter, save_localiser


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return make_segmenter().eval()


@pytest.fixture(scope="module")
def z():
    return np.random.default_rng(0).standard_normal((3, 96, 112)).astype(np.float32)


@pytest.mark.parametrize("shape", [(2, 128, 128), (1, 256, 256), (2, 100, 131), (1, 5, 17), (1, 16, 16), (0, 64, 64)])
def test_pictures_of_any_size_get_probabilities_of_their_size(net, shape):
    found = Localiser(net, "")(np.zeros(shape, np.float32))
    assert found.shape == (shape[0], len(PARTS), *shape[1:])
    assert found.dtype == np.float32
    assert ((found >= 0) & (found <= 1)).all()


def test_no_picture_depends_on_its_company(net, z):
    localiser = Localiser(net, "")
    assert np.array_equal(localiser(z)[2:], localiser(z[2:]))
    assert np.array_equal(localiser(z[::-1])[0], localiser(z)[2])


def test_padding_continues_the_picture(net, z):
    """A picture is padded by its last row and column: drawing them oneself changes nothing."""
    localiser = Localiser(net, "")
    odd = z[:1, :90, :110]
    by_hand = np.pad(odd, ((0, 0), (0, 6), (0, 2)), mode="edge")
    assert np.array_equal(localiser(odd), localiser(by_hand)[:, :, :90, :110])


def test_saving_and_loading(tmp_path, net, z):
    save_localiser(tmp_path, net)
    loaded = load_localiser(tmp_path)
    assert len(loaded.sha256) == 64
    assert (tmp_path / FILE).stat().st_size < 3e6
    assert np.allclose(loaded(z), Localiser(net, "")(z), atol=5e-3)


def test_missing_and_damaged_files_are_named(tmp_path):
    with pytest.raises(WeightsError, match="no such file"):
        load_localiser(tmp_path / "nowhere")
    (tmp_path / FILE).write_bytes(b"not weights")
    with pytest.raises(WeightsError, match="not a localiser"):
        load_localiser(tmp_path)


def test_a_truncated_file_and_another_network_are_refused(tmp_path, net):
    save_localiser(tmp_path / "cut", net)
    file = tmp_path / "cut" / FILE
    file.write_bytes(file.read_bytes()[:-1])
    save_localiser(tmp_path / "other", torch.nn.Linear(2, 2))
    for name in ("cut", "other"):
        with pytest.raises(WeightsError, match="not a localiser"):
            load_localiser(tmp_path / name)
