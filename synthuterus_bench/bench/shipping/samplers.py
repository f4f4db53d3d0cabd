"""A table of samplers: how fast each draws, and what the anatomy metric says of what it draws."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.shipping.anatomy import judge
from synthuterus_bench.bench.shipping.conditions import Answers, of_wanted, share_by_condition
from synthuterus_bench.bench.shipping.reader import Reader
from synthuterus_bench.bench.threads import one_thread
from synthuterus_bench.generators.guidance import guidance_of
from synthuterus_bench.generators.measured import SamplerRow
from synthuterus_bench.generators.pipeline import SynthUterusPipeline
from synthuterus_bench.generators.sampler import Wanted, chunk_size, resolve, sample_chunk
from synthuterus_bench.generators.solve import EVEN, SamplerConfig, Solver
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import digest_json, write_atomic

SAMPLERS = (
    SamplerConfig(),
    SamplerConfig(guidance=1.0),
    SamplerConfig(guidance=1.5),
    SamplerConfig(guidance=2.5),
    SamplerConfig(guidance_below=6.0),
    SamplerConfig(spacing=1.0),
    SamplerConfig(steps=12, spacing=1.5),
    SamplerConfig(Solver.DDIM, 50),
)


@dataclass(frozen=True)
class Job:
    """Samples to draw by each sampler; rows that are finished lie in ``kept``. ``reader`` says what they show."""

    pipeline: SynthUterusPipeline
    wanted: Sequence[Wanted]
    kept: Path
    samplers: tuple[SamplerConfig, ...] = SAMPLERS
    reader: Reader | None = None


def sampler_table(job: Job, track: Track = silent) -> list[SamplerRow]:
    """One row a sampler; those that come to the same, as of a model told nothing, once."""
    told = [resolve(job.pipeline, _possible(job.pipeline, one)) for one in job.samplers]
    with one_thread():
        return [_row(job, one) for one in track(dict.fromkeys(told), "samplers", len(set(told)))]


def _possible(pipeline: SynthUterusPipeline, sampler: SamplerConfig) -> SamplerConfig:
    return sampler if guidance_of(pipeline, None) != 1 else replace(sampler, guidance=None)


def _row(job: Job, sampler: SamplerConfig) -> SamplerRow:
    settings = [*asdict(sampler).values(), len(job.wanted), job.reader.sha256 if job.reader else None]
    path = job.kept / f"sampler-{digest_json(settings)[:16]}.json"
    if not path.is_file():
        write_atomic(path, _measure(job, sampler).model_dump_json() + "\n")
    return SamplerRow.model_validate_json(path.read_bytes())


def _measure(job: Job, sampler: SamplerConfig) -> SamplerRow:
    with counted_calls(job.pipeline) as calls:
        pixels, rate = draw_timed(job.pipeline, job.wanted, sampler)
    answers = Answers(of_wanted(job.wanted), job.reader(pixels)) if job.reader else None
    return SamplerRow(
        solver=str(sampler.scheduler),
        steps=sampler.steps,
        guidance=sampler.guidance or 1.0,
        spacing=sampler.spacing or EVEN,
        guidance_below=sampler.guidance_below,
        calls=calls[0] // -(-len(job.wanted) // chunk_size(job.pipeline.model_id)),
        images_a_second=float(f"{rate:.3g}"),
        anatomy=judge(f"{sampler.scheduler}, {sampler.steps} steps", pixels, [one.orientation for one in job.wanted]),
        recovered=share_by_condition(answers) if answers else {},
    )


@contextmanager
def counted_calls(pipeline: SynthUterusPipeline) -> Iterator[list[int]]:
    """Count calls of the network, in the one number of the list that is given."""
    calls = [0]

    def count(*_: object) -> None:
        calls[0] += 1

    handle = pipeline.unet.register_forward_hook(count)
    try:
        yield calls
    finally:
        handle.remove()


def draw_timed(
    pipeline: SynthUterusPipeline, wanted: Sequence[Wanted], sampler: SamplerConfig
) -> tuple[NDArray[np.uint16], float]:
    """Samples, of volumes the middle slices, and how many a second: the median over chunks, all of one size.

    On a CPU its own time counts, whatever else the machine has to do.
    """
    clock = time.process_time if pipeline.device.type == "cpu" else time.perf_counter
    size, seconds, drawn = chunk_size(pipeline.model_id), [], []
    for start in range(0, len(wanted), size):
        begun = clock()
        drawn.append(sample_chunk(pipeline, list(wanted[start : start + size]), 0, sampler))
        seconds.append((clock() - begun) / size)
    samples = np.concatenate(drawn)
    return samples[:, samples.shape[1] // 2] if samples.ndim == 4 else samples, 1 / float(np.median(seconds))
