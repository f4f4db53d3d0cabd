"""The model card of a generator, from its training record."""

import json
from typing import Any

from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.generators.measured import Measured
from synthuterus_bench.generators.trained import INITIAL, TrainingRecord
from synthuterus_bench.training.card_measured import facts, sections
from synthuterus_bench.vocab import VIEW_SIZE, Conditioning, Family

_CARD = """---
license: apache-2.0
library_name: diffusers
tags: [medical, mri, uterus, synthetic]
---

# {model}

{what} `synthbench generate --model {model} --checkpoint DIR` draws from it through the privacy filter.

| | |
|---|---|
| trained on | `{cohort}`, {scans:,} {kind}, digest `{digest}` |
| {kind} seen | {seen:,} |
| parameters | {parameters} |
| device | {device} |
| last training loss | {loss:.4f} |
{more}{how}
## Settings

{settings}
{samples}{quality}"""

_TOLD = {
    Conditioning.UNCOND: "nothing",
    Conditioning.CLASS: "the class",
    Conditioning.TEXT: "a prompt",
    Conditioning.CT: "class and prompt",
}
_KIND = {
    Family.DDPM2D: "A diffusion model in pixels",
    Family.LDM2D: "A latent diffusion model (EDM)",
    Family.DDPM3D: "A diffusion model of volumes",
}
_QUALITY = """
## Measured

{rows}

Real pictures of other patients get the last column. Anatomy is what a segmenter sees and the raw pixels bear out;
distances of features do not measure it. Look at the samples before you use them.
"""
_SAMPLES = """
![Samples, unselected](samples.png)
"""


def model_card(
    record: TrainingRecord,
    parameters: dict[str, int],
    how: str = "",
    samples: bool = False,
    measured: Measured | None = None,
) -> str:
    """The card of a generator.

    Args:
        parameters: number by part.
        how: a paragraph on the training.
        samples: whether ``samples.png`` lies beside the card.
        measured: of one that ships, which says more than the record's own few numbers.
    """
    model = parse_id(record.model_id)
    side = VIEW_SIZE[model.view]
    shape = f"24 x {side} x {side} at 4 x 1 x 1 mm" if model.family is Family.DDPM3D else f"{side} x {side} at 1 mm"
    what = f"{_KIND[model.family]} of sagittal T2-weighted uterine MRI: told {_TOLD[model.conditioning]}, it draws\n"
    return _CARD.format(
        model=record.model_id,
        what=f"{what}z-scores, {shape}.",
        kind="volumes" if model.family is Family.DDPM3D else "images",
        cohort=record.cohort,
        scans=record.train_scans,
        digest=record.cohort_digest[:16],
        seen=record.images_seen,
        parameters=", ".join(f"{name} {count:,}" for name, count in parameters.items()),
        device=record.device,
        loss=record.losses[-1],
        more=_more(record, measured) + (facts(measured) if measured else ""),
        how=f"\n{how}\n" if how else "",
        settings=_settings(record.config) + _refiner_settings(record),
        samples=_SAMPLES if samples and not measured else "",
        quality=sections(measured) if measured else _quality(record),
    )


def _quality(record: TrainingRecord) -> str:
    return _QUALITY.format(rows=_quality_table(record.quality)) if record.quality else ""


def _more(record: TrainingRecord, measured: Measured | None) -> str:
    told = {INITIAL} if measured and measured.begun else set()
    rows = []
    if record.validation:
        best = dict(record.validation).get(record.best_step or -1)
        rows.append(("best validation loss", "" if best is None else f"{best:.4f} after {record.best_step:,} steps"))
    if "perceptual" in record.config:
        rows.append(("perceptual loss", _perceptual(record)))
    if record.refiner:
        seen, loss = record.refiner.images_seen, record.refiner.losses[-1]
        rows.append(("refiner", f"{seen:,} images seen, last training loss {loss:.4f}"))
    rows += [(_origin(name), f"`{digest[:16]}`") for name, digest in record.digests.items() if name not in told]
    return "".join(f"| {name} | {value} |\n" for name, value in rows)


def _origin(name: str) -> str:
    return "initial weights" if name == INITIAL else f"built on {name.replace('_', ' ')}"


def _settings(config: dict[str, Any]) -> str:
    """All of them in one paragraph, as ``--set`` takes them."""
    flat = {key: value for key, value in config.items() if not isinstance(value, dict)}
    for inner in (value for value in config.values() if isinstance(value, dict)):
        flat |= inner
    return ", ".join(f"`{key}={json.dumps(value).strip(chr(34))}`" for key, value in sorted(flat.items())) + "."


def _refiner_settings(record: TrainingRecord) -> str:
    return f"\n\nRefiner: {_settings(record.refiner.config)}" if record.refiner else ""


def _perceptual(record: TrainingRecord) -> str:
    kind = record.config["perceptual"]
    return "none" if kind == "off" else f"{kind}, weight {record.config.get('perceptual_weight')}"


def _quality_table(quality: dict[str, float]) -> str:
    """One row a value; interval and floor, keys ``<name> low`` and so on, in columns of their own."""
    rows = ["| | value | interval | real against real |", "|---|---|---|---|"]
    for name, value in quality.items():
        if not name.endswith((" low", " high")):
            rows.append(f"| {name} | {value:g} | {_range(quality, name)} | {_range(quality, f'{name} floor')} |")
    return "\n".join(rows)


def _range(quality: dict[str, float], name: str) -> str:
    low, high = quality.get(f"{name} low"), quality.get(f"{name} high")
    return "" if low is None or high is None else f"{low:g} to {high:g}"
