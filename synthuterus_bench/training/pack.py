"""From trained networks to a pipeline folder with its training record and model card."""

from pathlib import Path

from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.generators.pipeline import Share, SynthUterusPipeline, TrainingRecord, save_pipeline
from synthuterus_bench.generators.shares import shares_of
from synthuterus_bench.repro import write_atomic
from synthuterus_bench.training.diffusion import DiffusionTask, config_dict

_CARD = """---
license: apache-2.0
library_name: diffusers
tags: [medical, mri, uterus, synthetic]
---

# {model}

A conditional diffusion model of sagittal T2-weighted uterine MRI: class and text in, {size} x {size} z-scored image
at 1 mm out. `synthbench generate --checkpoint DIR` draws from it through the privacy filter.

| | |
|---|---|
| trained on | `{cohort}`, {scans:,} images, digest `{digest}` |
| images seen | {seen:,} |
| parameters | {parameters:,} |
| device | {device} |
| last training loss | {loss:.4f} |
{how}
{quality}"""

_QUALITY = """
## Measured

{rows}

Class agreement and feature distances do not measure anatomy: look at the samples before you use them.
"""


def pack(task: DiffusionTask, model: str, cohort: Cohort, losses: list[float], folder: Path) -> TrainingRecord:
    """Write the pipeline folder of a finished run."""
    config = task.config
    record = TrainingRecord(
        model_id=model,
        cohort=cohort.manifest.name,
        cohort_digest=cohort.manifest.digest,
        preset=cohort.manifest.preset,
        train_scans=len(task.data.pixels),
        shares=[Share(field_strength=f, sequence=s, scans=int(n)) for (f, s), n in sorted(shares_of(cohort).items())],
        images_seen=config.loop.steps * config.batch * task.accelerator.num_processes,
        config=config_dict(config),
        losses=[round(loss, 5) for loss in losses],
        device=task.accelerator.device.type,
    )
    pipeline = SynthUterusPipeline(
        unet=task.unet, scheduler=task.schedule, text_encoder=task.text_encoder, tokenizer=task.tokenizer
    )
    parameters = sum(p.numel() for net in task.nets.values() for p in net.parameters())
    save_pipeline(folder, pipeline.to("cpu"), record)
    write_atomic(folder / "README.md", model_card(record, config.size.image_size, parameters))
    return record


def model_card(record: TrainingRecord, size: int, parameters: int, how: str = "") -> str:
    """The card of a generator, from its training record; ``how`` is a paragraph on the training."""
    return _CARD.format(
        model=record.model_id,
        size=size,
        cohort=record.cohort,
        scans=record.train_scans,
        digest=record.cohort_digest[:16],
        seen=record.images_seen,
        parameters=parameters,
        device=record.device,
        loss=record.losses[-1],
        how=f"\n{how}\n" if how else "",
        quality=_QUALITY.format(rows=_quality_table(record.quality)) if record.quality else "",
    )


def _quality_table(quality: dict[str, float]) -> str:
    """One row a value; interval and floor, keys ``<name> low`` and so on, in columns of their own."""
    rows = ["| | value | interval | floor (real against real) |", "|---|---|---|---|"]
    for name, value in quality.items():
        if not name.endswith((" low", " high")):
            rows.append(f"| {name} | {value:g} | {_range(quality, name)} | {_range(quality, f'{name} floor')} |")
    return "\n".join(rows)


def _range(quality: dict[str, float], name: str) -> str:
    low, high = quality.get(f"{name} low"), quality.get(f"{name} high")
    return "" if low is None or high is None else f"{low:g} to {high:g}"
