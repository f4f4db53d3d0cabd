"""How fast samples are drawn, and how good they are for it: our sampler beside diffusers' own pipeline loop.

    python benchmarks/generate.py speed   [--model DIR] [--rounds 5]
    python benchmarks/generate.py quality COHORT WORK [--model DIR] [--images 128]

``speed``: same weights, one thread, no guidance (diffusers' loop for such a network has none): diffusers' own
``DDPMPipeline`` at batch 1 and at our batch size, and ours, by turns, at 10, 20, 50 and 1000 steps (the last from 100
of them: every step costs the same); the share of our wall time inside the denoiser; bf16; two processes against one.

``quality``: every setting draws the same conditions from the same noise, without guidance. Frechet distance of embedder
features to the test patients of COHORT, and valid anatomy, each with a 95 % interval. Chunks are kept in WORK, so that
a killed run goes on.

A setting is *not inferior* to DDPM with 1000 steps if, with 95 % confidence one-sided, its valid anatomy is at most 10
points lower and its Frechet distance at most 10 % higher. Both margins were stated before the first run.
"""

import argparse
import json
import platform
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import DDPMPipeline
from numpy.typing import NDArray
from safetensors.numpy import load_file, save
from torch import nn

from synthuterus_bench.cohorts.prompt import Condition, render
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.generators.folder import find_pipeline
from synthuterus_bench.generators.pipeline import SynthUterusPipeline, load_pipeline
from synthuterus_bench.generators.sampler import Wanted, sample_chunk
from synthuterus_bench.generators.solve import SCHEDULERS, SamplerConfig, Solver
from synthuterus_bench.metrics.anatomy import examine
from synthuterus_bench.metrics.frechet import frechet_distance
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.nets.segmenter import load_localiser
from synthuterus_bench.repro import write_atomic
from synthuterus_bench.stats import wilson_interval
from synthuterus_bench.vocab import CLASSES, FIELD_STRENGTHS, Sequence, Split
from synthuterus_bench.workers import map_in_order

CHUNK = 16
STEPS = (10, 20, 50)
BASE = SamplerConfig(Solver.DDPM, 1000, 1.0)
SETTINGS = [
    *(
        SamplerConfig(solver, steps, 1.0, spacing=1)
        for solver in (Solver.DPM, Solver.UNIPC, Solver.DDIM)
        for steps in STEPS
    ),
    *(SamplerConfig(Solver.HEUN, steps, 1.0) for steps in (6, 10, 25)),
    SamplerConfig(Solver.DPM, 12, 1.0, spacing=1),
    SamplerConfig(Solver.DPM, 12, 1.5, spacing=1),
    SamplerConfig(Solver.DPM, 12, 1.5, spacing=1.5),
    SamplerConfig(Solver.DDPM, 50, 1.0),
    SamplerConfig(Solver.DPM, 20, 1.0, "bfloat16", spacing=1),
    BASE,
]
ANATOMY_MARGIN, DISTANCE_MARGIN, ONE_SIDED = 0.10, 0.10, 1.645


def asked(index: int) -> Wanted:
    """Classes in turn, each field strength and sequence as often."""
    condition = Condition(CLASSES[index % 4], FIELD_STRENGTHS[index // 4 % 3], list(Sequence)[index // 12 % 2])
    return Wanted(condition.orientation, render(condition), index)


class TheirNet(nn.Module):
    """The denoiser as diffusers' unconditional loop wants it: conditions fixed, patches for pixels."""

    dtype, device = torch.float32, torch.device("cpu")

    def __init__(self, pipeline: SynthUterusPipeline, batch: int) -> None:
        super().__init__()
        wanted = [asked(index) for index in range(batch)]
        self.net, self.config = pipeline.unet, pipeline.unet.config
        self.told = pipeline.tell([one.orientation for one in wanted], [one.prompt for one in wanted])

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> object:
        """The network's answer."""
        told = self.told
        return self.net(
            x, t, class_labels=told.classes, encoder_hidden_states=told.text, encoder_attention_mask=told.mask
        )


def theirs(pipeline: SynthUterusPipeline, batch: int, steps: int) -> float:
    """Seconds an image of diffusers' own loop with the same solver."""
    scheduler = SCHEDULERS[Solver.DPM](pipeline.scheduler.config)
    loop = DDPMPipeline(unet=TheirNet(pipeline, batch), scheduler=scheduler)
    loop.set_progress_bar_config(disable=True)
    begun = time.perf_counter()
    loop(batch_size=batch, num_inference_steps=steps, output_type="np")
    return (time.perf_counter() - begun) / batch


def ours(pipeline: SynthUterusPipeline, steps: int, dtype: str = "float32") -> float:
    """Seconds an image of ours."""
    wanted = [asked(index) for index in range(CHUNK)]
    begun = time.perf_counter()
    sample_chunk(pipeline, wanted, 0, SamplerConfig(Solver.DPM, steps, 1.0, dtype, 1))
    return (time.perf_counter() - begun) / CHUNK


def inside(pipeline: SynthUterusPipeline, steps: int) -> float:
    """Share of our wall time that passes inside the denoiser."""
    spent, forward = 0.0, pipeline.unet.forward

    def timed(*args: object, **kwargs: object) -> object:
        nonlocal spent
        begun = time.perf_counter()
        answer = forward(*args, **kwargs)
        spent += time.perf_counter() - begun
        return answer

    pipeline.unet.forward = timed
    begun = time.perf_counter()
    sample_chunk(
        pipeline, [asked(index) for index in range(CHUNK)], 0, SamplerConfig(Solver.DPM, steps, 1.0, spacing=1)
    )
    share = spent / (time.perf_counter() - begun)
    pipeline.unet.forward = forward
    return share


def speed(model: Path, rounds: int) -> None:
    """Print medians over rounds that take turns, and ratios of rounds."""
    torch.set_num_threads(1)
    pipeline = load_pipeline(model)
    print("| steps | diffusers, batch 1 | diffusers, batch 16 | ours | ours / diffusers, batch 16 | bf16 / float32 |")
    print("|---|---|---|---|---|---|")
    ours(pipeline, 2), theirs(pipeline, CHUNK, 2)
    for steps in (*STEPS, 100):
        turns = max(2, rounds * 20 // steps) if steps < 100 else 1
        rows = np.array(
            [
                (
                    theirs(pipeline, 1, steps),
                    theirs(pipeline, CHUNK, steps),
                    ours(pipeline, steps),
                    ours(pipeline, steps, "bfloat16"),
                )
                for _ in range(turns)
            ]
        ) * (10 if steps == 100 else 1)
        one, batch, mine, half = np.median(rows, 0)
        low, ratio, high = np.percentile(rows[:, 2] / rows[:, 1], (0, 50, 100))
        print(
            f"| {1000 if steps == 100 else steps} | {1 / one:.3f} /s | {1 / batch:.3f} /s | {1 / mine:.3f} /s "
            f"| {ratio:.3f} ({low:.3f} to {high:.3f}) | {half / mine:.2f} |",
            flush=True,
        )
    print(f"inside the denoiser: {np.median([inside(pipeline, 20) for _ in range(3)]):.1%} of the wall time")
    gains = [processes(model, 1) / processes(model, 2) for _ in range(3)]
    print(f"two single-threaded processes: {np.median(gains):.2f} times one ({min(gains):.2f} to {max(gains):.2f})")


def processes(model: Path, count: int) -> float:
    """Seconds for eight chunks of 10 steps once the workers are loaded."""
    jobs = [(SamplerConfig(Solver.DPM, 10, 1.0), start) for start in range(0, 8 * CHUNK, CHUNK)]
    answers = map_in_order(_chunk, [(SamplerConfig(Solver.DPM, 1, 1.0), 0)] * count + jobs, count, _load, (model,))
    for _ in range(count):
        next(answers)
    begun = time.perf_counter()
    for _ in answers:
        pass
    return time.perf_counter() - begun


_pipeline: list[SynthUterusPipeline] = []


def _load(model: Path) -> None:
    torch.set_num_threads(1)
    _pipeline[:] = [load_pipeline(model)]


def _chunk(job: tuple[SamplerConfig, int]) -> NDArray[np.uint16]:
    config, start = job
    return sample_chunk(_pipeline[0], [asked(index) for index in range(start, start + CHUNK)], 0, config)


def quality(model: Path, cohort: Path, work: Path, images: int) -> None:
    """Draw every setting, measure it, print the table."""
    work.mkdir(parents=True, exist_ok=True)
    _load(model)
    embedder, localiser = load_embedder(), load_localiser()
    real = embedder(from_window(load_cohort(cohort).arrays(Split.TEST)[0].astype(np.uint16))).features
    found = {}
    for config in SETTINGS:
        pixels = np.concatenate([_kept(work, config, start) for start in range(0, images, CHUNK)])
        z = from_window(pixels)
        valid = np.array([examine(one, localiser).valid for one in z])
        found[config] = embedder(z).features, valid
        print(f"{config.scheduler} {config.steps} {config.dtype}: drawn", flush=True)
    table(found, real)


def _kept(work: Path, config: SamplerConfig, start: int) -> NDArray[np.uint16]:
    told = f"{'' if config.guidance == 1 else '-guided'}{f'-spaced{config.spacing}' if config.spacing == 1.5 else ''}"
    path = work / f"{config.scheduler}-{config.steps}-{config.dtype}{told}-{start:04d}.safetensors"
    if not path.is_file():
        write_atomic(path, save({"pixels": _chunk((config, start))}))
    return load_file(path)["pixels"]


def jackknife(left: NDArray, right: NDArray | None, real: NDArray) -> tuple[float, float]:
    """Log Frechet distance of ``left`` (to that of ``right``), and its standard error over samples left out."""

    def value(rows: NDArray) -> float:
        log = np.log(frechet_distance(left[rows], real))
        return log - (np.log(frechet_distance(right[rows], real)) if right is not None else 0.0)

    every = np.arange(len(left))
    out = np.array([value(np.delete(every, index)) for index in every])
    return value(every), float(np.sqrt((len(every) - 1) * out.var()))


def table(found: dict[SamplerConfig, tuple[NDArray, NDArray]], real: NDArray) -> None:
    """One row a setting, with the verdict against the base."""
    base_features, base_valid = found[BASE]
    print("| solver | steps | network calls | fd-embedder | to DDPM-1000 | valid anatomy | difference | not inferior |")
    print("|---|---|---|---|---|---|---|---|")
    for config, (features, valid) in found.items():
        log, error = jackknife(features, None, real)
        apart, apart_error = jackknife(features, base_features, real)
        change = valid.astype(float) - base_valid
        mean, change_error = change.mean(), change.std(ddof=1) / np.sqrt(len(change))
        low, high = wilson_interval(int(valid.sum()), len(valid))
        passed = (
            apart + ONE_SIDED * apart_error <= np.log(1 + DISTANCE_MARGIN)
            and mean - ONE_SIDED * change_error >= -ANATOMY_MARGIN
        )
        calls = config.steps * 2 - 1 if config.scheduler == Solver.HEUN else config.steps
        calls *= 1 if config.guidance == 1 else 2
        name = f"{config.scheduler}{' bf16' * (config.dtype != 'float32')}{' guided' * (config.guidance != 1)}"
        name += f", spacing {config.spacing}" * (config.spacing == 1.5)
        print(
            f"| {name} | {config.steps} | {calls} "
            f"| {np.exp(log):.2f} ({np.exp(log - 1.96 * error):.2f} to {np.exp(log + 1.96 * error):.2f}) "
            f"| x {np.exp(apart):.3f} (to {np.exp(apart + ONE_SIDED * apart_error):.3f}) "
            f"| {valid.mean():.1%} ({low:.1%} to {high:.1%}) "
            f"| {mean:+.1%} (from {mean - ONE_SIDED * change_error:+.1%}) | {'yes' if passed else 'no'} |"
        )


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["speed", "quality"])
    parser.add_argument("cohort", nargs="?", type=Path)
    parser.add_argument("work", nargs="?", type=Path)
    parser.add_argument("--model", type=Path, default=find_pipeline("ddpm2d-ct-roi"))
    parser.add_argument("--images", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    versions = {"python": platform.python_version(), "torch": torch.__version__, "machine": platform.machine()}
    print(json.dumps(versions | {"model": given.model.name, "capability": torch.backends.cpu.get_cpu_capability()}))
    if given.what == "speed":
        speed(given.model, given.rounds)
    else:
        quality(given.model, given.cohort, given.work, given.images)


if __name__ == "__main__":
    main()
