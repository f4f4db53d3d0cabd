"""Drawing from a stock pipeline, chunk by chunk, each kept in a file, so that a killed run goes on where it was."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from synthuterus_bench.bench.formats.picture import Picture
from synthuterus_bench.bench.images import standardised
from synthuterus_bench.bench.submission import label_of
from synthuterus_bench.cohorts.window import to_window
from synthuterus_bench.errors import SubmissionError
from synthuterus_bench.metrics.store import code_digest
from synthuterus_bench.nets.segmenter import load_localiser
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.release.position import find_position
from synthuterus_bench.repro import digest_json, stream_seed, write_atomic

CHUNK = 16


@dataclass(frozen=True, slots=True)
class Stock:
    """A folder that was looked at: its pipeline's and scheduler's class, steps a sample, digest of its weights."""

    folder: Path
    pipeline: str
    scheduler: str
    steps: int
    sha256: str


Chunk = tuple[NDArray[np.uint16], NDArray[np.int64]]


def draw_stock(stock: Stock, count: int, cache: Path, device: str = "cpu", track: Track = silent) -> Chunk:
    """Windowed images (count, rows, columns), and the index of the class measured on each.

    Raises:
        SubmissionError: the folder cannot be loaded, or draws what is no picture.
    """
    decides = [stock.sha256, version("diffusers"), device, load_localiser().sha256, code_digest("release")]
    home = cache / "drawn" / f"stock-{digest_json(decides)[:24]}"
    starts = range(0, count, CHUNK)
    chunks = [*track(_chunks(stock, home, starts, device), f"drawing with {stock.pipeline}", len(starts))]
    pixels, labels = (np.concatenate(part)[:count] for part in zip(*chunks, strict=True))
    return pixels, labels


def _chunks(stock: Stock, home: Path, starts: range, device: str) -> Iterator[Chunk]:
    pipeline: Any = None
    for start in starts:
        path = home / f"{start:06d}.safetensors"
        chunk = _read(path)
        if chunk is None:
            pipeline = pipeline or _load(stock, device)
            pixels = _sample(stock, pipeline, start)
            labels = np.array([label_of(find_position(image, load_localiser()).orientation) for image in pixels])
            write_atomic(path, save({"pixels": pixels, "labels": labels}))
            chunk = pixels, labels
        yield chunk


def _read(path: Path) -> Chunk | None:
    try:
        tensors = load_file(path)
        return tensors["pixels"], tensors["labels"]
    except (OSError, SafetensorError, KeyError):
        return None


def _load(stock: Stock, device: str) -> Any:
    import diffusers

    diffusers.utils.logging.disable_progress_bar()
    net, schedule = diffusers.UNet2DModel, getattr(diffusers, stock.scheduler)
    try:
        unet = net.from_pretrained(stock.folder / "unet", use_safetensors=True, local_files_only=True)
        scheduler = schedule.from_pretrained(stock.folder / "scheduler", local_files_only=True)
        pipeline = getattr(diffusers, stock.pipeline)(unet=unet.eval(), scheduler=scheduler)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise SubmissionError(f"{stock.folder}: not loadable ({' '.join(str(error).split())[:200]})") from None
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device)


def _sample(stock: Stock, pipeline: Any, start: int) -> NDArray[np.uint16]:
    """Images ``start`` and following, each from noise of its own, z-scored by itself in the fixed window."""
    import torch

    own = [torch.Generator().manual_seed(stream_seed(0, "sample", start + k)) for k in range(CHUNK)]
    drawn = pipeline(batch_size=CHUNK, generator=own, num_inference_steps=stock.steps, output_type="np").images
    if not np.isfinite(drawn).all():
        raise SubmissionError(f"{stock.folder}: drew values that are not finite numbers, expected images")
    gray = drawn.astype(np.float32).mean(-1)
    return np.stack([to_window(standardised(_picture(stock, image, start + k))) for k, image in enumerate(gray)])


def _picture(stock: Stock, image: NDArray[np.float32], number: int) -> Picture:
    if np.ptp(image) == 0:
        raise SubmissionError(f"{stock.folder}: sample {number} is a constant image, expected an MR image")
    return Picture(f"{stock.folder}: sample {number}", image)
