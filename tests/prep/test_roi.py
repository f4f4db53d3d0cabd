import pickle
from pathlib import Path

import numpy as np
import pytest

from synthuterus_bench.errors import WeightsError
from synthuterus_bench.prep.roi import localising


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """An untrained network."""
    import torch

    from synthuterus_bench.nets.segmenter import make_segmenter, save_localiser

    torch.manual_seed(0)
    home = tmp_path_factory.mktemp("localiser")
    save_localiser(home, make_segmenter())
    return home


def test_a_worker_loads_it_for_itself(folder):
    from synthuterus_bench.nets.segmenter import load_localiser
    from synthuterus_bench.prep.localise import locate

    found = pickle.loads(pickle.dumps(localising(folder)))
    assert found.sha256 == load_localiser(folder).sha256
    z = np.random.default_rng(0).normal(size=(2, 48, 40)).astype(np.float32)
    one, two = found.load()(z), locate(z, load_localiser(folder))
    assert (one and one.centre) == (two and two.centre)


def test_it_leaves_the_number_of_threads_alone(folder):
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        localising(folder).load()(np.zeros((1, 48, 40), np.float32))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_missing_one_is_an_error_that_names_the_options(tmp_path):
    with pytest.raises(WeightsError, match=str(tmp_path)) as error:
        localising(tmp_path)
    assert "--localiser DIR" in error.value.hint
    assert "--roi middle" in error.value.hint
