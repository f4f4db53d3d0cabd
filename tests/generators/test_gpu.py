import numpy as np
import pytest
import torch

from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.generators.folder import find_pipeline
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.generators.sampler import sample_chunk
from synthuterus_bench.generators.solve import SamplerConfig
from tests.generators.test_sampler import WANTED

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]


def test_the_gpu_draws_the_same_pictures_twice_and_those_of_the_cpu_nearly():
    config = SamplerConfig(steps=10, dtype="float32")
    slow = sample_chunk(load_pipeline(find_pipeline("ddpm2d-ct-roi")), WANTED, 0, config)
    pipeline = load_pipeline(find_pipeline("ddpm2d-ct-roi")).to("cuda")
    fast, again = (sample_chunk(pipeline, WANTED, 0, config) for _ in range(2))
    assert np.array_equal(fast, again)
    assert np.corrcoef(from_window(fast).ravel(), from_window(slow).ravel())[0, 1] > 0.98
