"""``synthbench train``: train a generator, the embedder or the localiser on a prepared cohort."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.output import out as sink

DEFAULTS: dict[str, Any] = {
    "generator": {"steps": 20_000, "decay_steps": 4_000, "batch": 16, "lr": 8e-4},
    "embedder": {"steps": 420, "decay_steps": 150, "batch": 96, "lr": 1.5e-3},
    "localiser": {"steps": 1_500, "decay_steps": 750, "batch": 8, "lr": 5e-3},
}


class Precision(StrEnum):
    """Mixed precision, as accelerate names it."""

    BF16 = "bf16"
    NO = "no"


@app.command()
def train(
    what: Annotated[str, typer.Argument(help="ddpm2d-ct-roi, ddpm2d-ct-full, embedder or localiser.")],
    cohort: Annotated[Path, typer.Option(help="Prepared cohort; its train split is used.")],
    out: Annotated[Path, typer.Option(help="Folder for checkpoints and weights; a second run goes on from there.")],
    steps: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Optimizer steps; of the localiser, in each of two rounds.",
            show_default="20000; embedder 420; localiser 1500",
        ),
    ] = None,
    decay_steps: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Steps of the final learning rate decay.",
            show_default="4000; embedder 150; localiser 750",
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(min=1, help="Images, patients or crops a step.", show_default="16; embedder 96; localiser 8"),
    ] = None,
    lr: Annotated[
        float | None,
        typer.Option(help="Learning rate.", show_default="0.0008; embedder 0.0015; localiser 0.005"),
    ] = None,
    uterus_weight: Annotated[float, typer.Option(min=0, help="Extra loss weight inside the uterus mask.")] = 2.0,
    seed: Annotated[int, typer.Option(help="Seed of weights, batches and noise.")] = 0,
    embedder: Annotated[
        Path | None, typer.Option(help="Embedder folder for the privacy index.", show_default="the shipped one")
    ] = None,
    precision: Annotated[Precision, typer.Option(help="Arithmetic of the denoiser's forward.")] = Precision.BF16,
    annotated: Annotated[int, typer.Option(min=1, help="Patients whose masks the localiser may see.")] = 20,
    pseudo: Annotated[
        int, typer.Option(min=0, help="Images of other patients offered to the localiser for pseudo-labels.")
    ] = 600,
) -> None:
    """Train a generator (a diffusers pipeline folder), the embedder or the localiser.

    Example: synthbench train ddpm2d-ct-roi --cohort cohort --out my-model --steps 20000

    Example: synthbench train localiser --cohort full-view-cohort --out my-localiser --annotated 20

    On several devices: accelerate launch -m synthuterus_bench train ...
    """
    from synthuterus_bench.cohorts.store import load_cohort
    from synthuterus_bench.training.config import LoopConfig

    usual = DEFAULTS.get(what, DEFAULTS["generator"])
    decay = usual["decay_steps"] if decay_steps is None else decay_steps
    data, batch = load_cohort(cohort), batch or usual["batch"]
    loop = LoopConfig.model_validate(
        {"steps": steps or usual["steps"], "decay_steps": decay, "lr": lr or usual["lr"], "batch": batch, "seed": seed}
    )
    if what == "embedder":
        _embedder(data, loop, batch, seed, out)
    elif what == "localiser":
        _localiser(data, loop, batch, annotated, pseudo, seed, out)
    else:
        _generator(what, data, loop, batch, uterus_weight, seed, embedder, precision, out)


def _embedder(data: Any, loop: Any, batch: int, seed: int, out: Path) -> None:
    from synthuterus_bench.training.config import EmbedderConfig
    from synthuterus_bench.training.embedder import train_embedder

    trained = train_embedder(data, EmbedderConfig.model_validate(loop.model_dump()), out, sink.track)
    sink.result({"embedder": str(out), "sha256": trained.sha256}, f"embedder in {out}")


def _localiser(data: Any, loop: Any, batch: int, annotated: int, pseudo: int, seed: int, out: Path) -> None:
    from synthuterus_bench.training.config import LocaliserConfig
    from synthuterus_bench.training.localiser import load_record, train_localiser

    config = LocaliserConfig.model_validate(loop.model_dump() | {"annotated": annotated, "pseudo": pseudo})
    trained = train_localiser(data, config, out, sink.track)
    record = load_record(out)
    sink.result(
        {"localiser": str(out), "sha256": trained.sha256, **record.model_dump()},
        f"localiser in {out}: {record.annotated_pictures} annotated pictures of {annotated} patients, "
        f"{record.pseudo_kept} of {record.pseudo_offered} pseudo-labels kept",
    )


def _generator(
    what: str,
    data: Any,
    loop: Any,
    batch: int,
    uterus_weight: float,
    seed: int,
    embedder: Path | None,
    precision: Precision,
    out: Path,
) -> None:
    from synthuterus_bench.generators.catalogue import parse_id
    from synthuterus_bench.nets.embedder import load_embedder
    from synthuterus_bench.privacy.index import build_index, index_home, save_index
    from synthuterus_bench.training.config import GeneratorConfig
    from synthuterus_bench.training.generator import train_generator

    settings = loop.model_dump() | {"uterus_weight": uterus_weight, "precision": precision.value}
    record = train_generator(
        parse_id(what), data, GeneratorConfig(**settings), out, embedder=load_embedder(embedder), track=sink.track
    )
    folder = out / "pipeline"
    index = index_home(folder, data)
    save_index(build_index(data, load_embedder(embedder), sink.track), index)
    if index.parent != folder:
        sink.warn(f"{index} holds codes of your training images: keep it private, do not publish it")
    summary = {"pipeline": str(folder), "images_seen": record.images_seen, "loss": record.losses[-1]}
    sink.result(summary, f"pipeline in {folder}, {record.images_seen:,} images seen, loss {record.losses[-1]:.4f}")
