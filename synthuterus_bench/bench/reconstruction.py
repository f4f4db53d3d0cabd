"""What autoencoders give back: the left half of Fig. 3 of Mueller et al. 2025, with intervals and two yardsticks.

Every picture of a split is encoded and decoded. Values are means over pictures, for the full volume (all slices that
the cohort holds) and for the central three, with a 95 % bootstrap over patients. Beside the paper's LPIPS stand the
embedder's distance, PSNR and SSIM, all in the display window but the embedder's, which reads z-scores. An autoencoder
is convolutional: one that was trained on the other view takes the pictures as they are, unresized.

Yardsticks: ``bicubic`` keeps means of 4 x 4 pixels, 16 times fewer numbers as well, and enlarges them again;
``other-patient`` shows a picture of the next patient instead, so that its distance is that of two people.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray

from synthuterus_bench.bench.reconstruction_record import (
    BICUBIC,
    DIRECTIONS,
    OTHER_PATIENT,
    SCHEMA,
    Reconstruction,
    ReconstructionReport,
    Value,
)
from synthuterus_bench.bench.reconstruction_sample import GiveBack, Ints, Sample, bicubic, next_patient, read_sample
from synthuterus_bench.bench.threads import one_thread
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.entry import Interval
from synthuterus_bench.errors import UsageError, WeightsError
from synthuterus_bench.metrics.bank import chunks
from synthuterus_bench.metrics.fidelity import psnr, ssim
from synthuterus_bench.nets.autoencoder import autoencoder_digest, decode, encode, load_autoencoder
from synthuterus_bench.nets.autoencoder_record import load_autoencoder_record
from synthuterus_bench.nets.embedder import Embedder, load_embedder
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import stream
from synthuterus_bench.stats import bootstrap_counts, percentile_interval, significant
from synthuterus_bench.training.perceptual import PerceptualDistance, embedder_distance, load_lpips
from synthuterus_bench.vocab import SliceChoice, Split

CHUNK, RESAMPLES, MIN_PATIENTS = 16, 2000, 3
LIBRARIES = ("synthuterus-bench", "numpy", "torch", "diffusers", "monai", "lpips")

Floats = NDArray[np.float64]
_Loaded = tuple[Reconstruction, AutoencoderKL]


@dataclass(frozen=True)
class Ruler:
    """The distances that can be had, and why others cannot."""

    distances: dict[str, PerceptualDistance]
    missing: dict[str, str] = field(default_factory=dict)

    def __call__(self, given: torch.Tensor, target: torch.Tensor) -> dict[str, Floats]:
        """Each metric of pictures (B, 1, H, W): (B,)."""
        found = {name: distance(given, target).double().cpu().numpy() for name, distance in self.distances.items()}
        return found | {"psnr": psnr(given.cpu(), target.cpu()), "ssim": ssim(given.cpu(), target.cpu())}


@one_thread()
def evaluate_reconstruction(
    checkpoints: list[Path],
    cohort: Cohort,
    split: Split = Split.TEST,
    *,
    weights_dir: Path | None = None,
    device: str = "cpu",
    embedder: Embedder | None = None,
    track: Track = silent,
) -> ReconstructionReport:
    """Measure autoencoders on a split of a prepared cohort.

    Args:
        checkpoints: folders of autoencoders, or those that hold one as ``autoencoder``.
        weights_dir: where the AlexNet file lies; without it LPIPS is ``unavailable``, with the reason.
        embedder: by default the shipped one.

    Raises:
        UsageError: no such device, or no checkpoints.
        WeightsError: a folder is no autoencoder.
        CohortError: the cohort is not prepared, lacks the split, or its sides are no multiples of 8.
    """
    if not checkpoints:
        raise UsageError("no autoencoder given, expected at least one folder")
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: found no CUDA device that torch can use", "use --device cpu")
    loaded = [_load(folder, cohort, split, device) for folder in checkpoints]
    sample, ruler = read_sample(cohort, split, device), make_ruler(weights_dir, device, embedder)
    ways = [(one, _autoencoded(vae, sample)) for one, vae in _told_apart(loaded)]
    found = []
    for one, give_back in [*ways, *_yardsticks(sample)]:
        rows = measure(sample, give_back, ruler, track, one.name)
        found.append(one.model_copy(update={"values": list(_values(sample, rows, ruler))}))
    return _report(cohort, split, ruler, found, device)


def _load(folder: Path, cohort: Cohort, split: Split, device: str) -> _Loaded:
    """An autoencoder, and its entry without values yet."""
    home = folder / "autoencoder" if (folder / "autoencoder").is_dir() else folder
    vae, record = load_autoencoder(home), load_autoencoder_record(home)
    seen = split is Split.TRAIN and record.cohort_digest == cohort.manifest.digest
    central = "" if record.slices is SliceChoice.ALL else f"-{record.slices}"
    name, digest = f"{record.id}-{record.view}{central}", autoencoder_digest(vae)
    return Reconstruction(name=name, digest=digest, trained=record, seen=seen, values=[]), vae.to(device)


def _told_apart(loaded: list[_Loaded]) -> list[_Loaded]:
    """Those of one name get the first digits of their digests beside it."""
    names = [one.name for one, _ in loaded]
    clear = lambda one: one.name if names.count(one.name) == 1 else f"{one.name} {str(one.digest)[:8]}"
    return [(one.model_copy(update={"name": clear(one)}), vae) for one, vae in loaded]


def make_ruler(weights_dir: Path | None = None, device: str = "cpu", embedder: Embedder | None = None) -> Ruler:
    """The embedder's distance, and LPIPS where its file is at hand."""
    near = embedder_distance(embedder or load_embedder(), device)
    try:
        return Ruler({"lpips": load_lpips(weights_dir, device), "embedder-distance": near})
    except WeightsError as error:
        return Ruler({"embedder-distance": near}, {"lpips": error.message})


def _autoencoded(vae: AutoencoderKL, sample: Sample) -> GiveBack:
    return lambda rows: decode(vae, encode(vae, sample.z(rows)))


def _yardsticks(sample: Sample) -> list[tuple[Reconstruction, GiveBack]]:
    known: list[tuple[str, GiveBack]] = [(BICUBIC, lambda rows: bicubic(sample.z(rows)))]
    if len(np.unique(sample.patients)) > 1:
        partner = next_patient(sample.patients)
        known.append((OTHER_PATIENT, lambda rows: sample.z(partner[rows])))
    return [(Reconstruction(name=name, values=[]), give_back) for name, give_back in known]


@torch.no_grad()
def measure(
    sample: Sample, give_back: GiveBack, ruler: Ruler, track: Track = silent, label: str = "pictures"
) -> dict[str, Floats]:
    """Each metric of every picture, (N,), in fixed padded chunks."""
    pieces = []
    every = np.arange(len(sample.pixels))
    for rows, kept in track(chunks(every, CHUNK), label, -(-len(every) // CHUNK)):
        found = ruler(give_back(rows), sample.z(rows))
        pieces.append({name: values[:kept] for name, values in found.items()})
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def _values(sample: Sample, measured: dict[str, Floats], ruler: Ruler) -> Iterator[Value]:
    for metric, direction in DIRECTIONS.items():
        for region, rows in sample.regions.items():
            patients = sample.patients[rows]
            base = Value(
                metric=metric,
                direction=direction,
                region=region,
                pictures=len(rows),
                patients=len(np.unique(patients)),
                status="unavailable",
                reason=ruler.missing.get(metric),
            )
            if metric not in measured:
                yield base
                continue
            value, interval = patient_bootstrap(measured[metric][rows], patients)
            yield base.model_copy(update={"status": "ok", "value": significant(value), "ci": interval})


def patient_bootstrap(values: Floats, patients: Ints) -> tuple[float, Interval | None]:
    """Mean over pictures, and its 95 % percentile interval when patients are drawn again with all of their pictures.

    No interval with under three patients.
    """
    names, place = np.unique(patients, return_inverse=True)
    sums, sizes = np.bincount(place, values), np.bincount(place)
    if len(names) < MIN_PATIENTS:
        return float(values.mean()), None
    counts = bootstrap_counts(stream(0, "reconstruction bootstrap"), len(names), RESAMPLES)
    low, high = percentile_interval((counts @ sums) / (counts @ sizes))
    ends = {"low": significant(low), "high": significant(high)}
    return float(values.mean()), Interval(**ends, level=0.95, method=f"bootstrap, {RESAMPLES} draws", unit="patient")


def _report(
    cohort: Cohort, split: Split, ruler: Ruler, found: list[Reconstruction], device: str
) -> ReconstructionReport:
    manifest = cohort.manifest
    extractors: dict[str, str | None] = dict.fromkeys(ruler.missing)
    extractors |= {name: distance.sha256 for name, distance in ruler.distances.items()}
    environment = {name: version(name) for name in LIBRARIES} | {"device": device}
    return ReconstructionReport(
        schema=SCHEMA,
        cohort=manifest.name,
        cohort_digest=manifest.digest,
        view=manifest.view,
        dims=manifest.dims,
        split=split,
        extractors=extractors,
        reconstructions=found,
        environment=environment,
    )
