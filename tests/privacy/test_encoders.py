import numpy as np
import pytest
import torch
from torchvision.models import resnet50

from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.privacy.encoders import CHUNK, EncoderName, centres_itself, load_encoder
from synthuterus_bench.privacy.filter import Decision, PrivacyFilter
from synthuterus_bench.privacy.index import build_index, load_index, save_index
from synthuterus_bench.repro import digest_file
from synthuterus_bench.vocab import Split
from synthuterus_bench.weights import SWAV


@pytest.fixture(scope="module")
def swav(tmp_path_factory):
    """A random ResNet-50 as SwAV's file has it: names of a wrapped module, and heads that are not used."""
    torch.manual_seed(0)
    state = {f"module.{name}": value for name, value in resnet50().state_dict().items() if not name.startswith("fc.")}
    state |= {"module.projection_head.0.weight": torch.zeros(2, 2), "module.prototypes.weight": torch.zeros(2, 2)}
    home = tmp_path_factory.mktemp("weights")
    torch.save(state, home / SWAV.file)
    return home


def test_swav_is_torchvisions_trunk_and_no_row_depends_on_its_company(swav, cohort):
    encoder = load_encoder(EncoderName.SWAV, weights_dir=swav)
    z = from_window(cohort.arrays(Split.TRAIN)[0][: CHUNK + 2].astype(np.uint16))
    made = encoder(z)
    assert made.codes.shape == (CHUNK + 2, 2048)
    assert made.layer.shape == (CHUNK + 2, 2048)
    assert np.array_equal(made.codes[-1], encoder(z[-1:]).codes[0])
    assert encoder.sha256 == digest_file(swav / SWAV.file)
    assert not centres_itself(encoder)


def test_an_index_of_it_is_centred_and_catches_copies(swav, cohort, tmp_path):
    encoder = load_encoder(EncoderName.SWAV, weights_dir=swav)
    index = build_index(cohort, encoder)
    assert index.space is not None
    assert index.codes.shape[1] == index.space.basis.shape[1] <= 10
    save_index(index, tmp_path / "index.safetensors")
    again = load_index(tmp_path / "index.safetensors")
    assert np.array_equal(again.space.basis, index.space.basis)
    copies = PrivacyFilter(encoder, again).judge(cohort.arrays(Split.TRAIN)[0][:8].astype(np.uint16))
    assert {verdict.decision for verdict in copies} == {Decision.REJECTED}
    assert [verdict.neighbour for verdict in copies] == index.keys[:8]


@pytest.mark.parametrize("name", [EncoderName.SWAV, EncoderName.INCEPTION])
def test_a_missing_file_says_where_to_get_it(name, tmp_path):
    with pytest.raises(WeightsError, match=r"not at hand .* its publisher has it at https://"):
        load_encoder(name, weights_dir=tmp_path)


def test_another_network_is_refused(tmp_path):
    torch.save({"module.conv1.weight": torch.zeros(3, 3)}, tmp_path / SWAV.file)
    with pytest.raises(WeightsError, match=r"no conv1\.weight of the right shape"):
        load_encoder(EncoderName.SWAV, weights_dir=tmp_path)


def test_the_own_embedder_is_the_default():
    assert centres_itself(load_encoder())
