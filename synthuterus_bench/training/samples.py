"""Unselected samples of a generator, for sheets and cards."""

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.generators.catalogue import ModelId
from synthuterus_bench.generators.pipeline import SynthUterusPipeline
from synthuterus_bench.generators.sampler import Wanted, chunk_size, sample_chunk
from synthuterus_bench.generators.solve import SamplerConfig
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.training.pictures import Pictures
from synthuterus_bench.vocab import CLASSES


def wanted_like(data: Pictures, model: ModelId, count: int) -> list[Wanted]:
    """``count`` samples to draw with conditions that occur in ``data``, classes in turn."""
    rows_of = [np.flatnonzero(data.classes == k) for k in range(len(CLASSES))]
    present = [rows for rows in rows_of if len(rows)] or [np.arange(len(data))]
    wanted = []
    for index in range(count):
        rows = present[index % len(present)]
        row = rows[index // len(present) % len(rows)]
        orientation = CLASSES[data.classes[row]] if model.conditioning.by_class else None
        wanted.append(Wanted(orientation, data.prompts[row] if model.conditioning.by_text else None, index))
    return wanted


def draw(pipeline: SynthUterusPipeline, wanted: list[Wanted], seed: int, track: Track = silent) -> NDArray[np.uint16]:
    """Samples by the default sampler, (n, rows, columns); of volumes the middle slice."""
    size, config = chunk_size(pipeline.model_id), SamplerConfig()
    chunks = [wanted[i : i + size] for i in range(0, len(wanted), size)]
    samples = np.concatenate(
        [sample_chunk(pipeline, chunk, seed, config) for chunk in track(chunks, "drawing samples", len(chunks))]
    )
    return samples[:, samples.shape[1] // 2] if samples.ndim == 4 else samples
