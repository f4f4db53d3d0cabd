"""``synthbench train``: train a generator, an autoencoder, the embedder or the localiser on a prepared cohort."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.output import as_text
from synthuterus_bench.cli.output import out as sink
from synthuterus_bench.errors import UsageError
from synthuterus_bench.vocab import Scale

if TYPE_CHECKING:
    from synthuterus_bench.cohorts.store import Cohort
    from synthuterus_bench.training.search import Trial
    from synthuterus_bench.training.settings import Layer
    from synthuterus_bench.training.start import Inputs
    from synthuterus_bench.training.targets import Target


@app.command()
def train(
    what: Annotated[
        str,
        typer.Argument(help="A model id (see `synthbench models`), ae2d, vae2d, refiner, embedder or localiser."),
    ],
    cohort: Annotated[
        Path | None,
        typer.Option(help="Prepared cohort: its train split is learned, its validation split decides when to stop."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for checkpoints and weights; a second run goes on from there.")
    ] = None,
    preset: Annotated[
        Scale, typer.Option(help="Settings to start from: for two cores, or the paper's for a GPU.")
    ] = Scale.SMALL,
    config: Annotated[
        Path | None,
        typer.Option(help="YAML or JSON file of settings over the preset; may say init, too.", show_default="none"),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="One setting over preset and file; may be given again."),
    ] = None,
    search: Annotated[
        Path | None,
        typer.Option(
            metavar="GRID", help="YAML file of settings with lists of values: train every combination in OUT/search."
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of weights, batches and noise.", show_default="0")
    ] = None,
    autoencoder: Annotated[
        Path | None,
        typer.Option(help="For ldm2d models: an autoencoder's folder, or vae2d for the shipped one."),
    ] = None,
    embedder: Annotated[
        Path | None,
        typer.Option(help="Embedder for perceptual loss, quality and privacy index.", show_default="the shipped one"),
    ] = None,
    init: Annotated[
        Path | None,
        typer.Option(help="Pipeline folder to begin with, or the id of a shipped model.", show_default="random"),
    ] = None,
    generator: Annotated[
        Path | None,
        typer.Option(help="For refiner: the latent model's pipeline folder, or the id of a shipped one."),
    ] = None,
    weights_dir: Annotated[
        Path | None, typer.Option(help="Folder of published weight files (AlexNet, CLIP).", show_default="the cache")
    ] = None,
    show_config: Annotated[
        bool, typer.Option("--show-config", help="Print the effective settings as YAML and train nothing.")
    ] = False,
) -> None:
    """Train a generator (a diffusers pipeline folder), an autoencoder, the embedder or the localiser.

    Example: synthbench train ddpm2d-ct-roi --cohort cohort --out my-model --set steps=20000

    Example: synthbench train vae2d --cohort cohort --out my-vae --preset paper --config mine.yaml

    Example: synthbench train refiner --cohort cohort --out finer --generator my-ldm/pipeline

    Example: synthbench train ddpm2d-ct-roi --cohort cohort --out grid --search grid.yaml

    Example: synthbench train ddpm2d-ct-roi --cohort cohort --out my-model --init ddpm2d-ct-roi --set lr=2e-4

    Stopped at any moment, the same command goes on from the last checkpoint.

    On several GPUs or nodes: accelerate launch -m synthuterus_bench train ...
    """
    from synthuterus_bench.cohorts.store import load_cohort
    from synthuterus_bench.training.settings import INIT, Layer, parse_assignments, read_mapping
    from synthuterus_bench.training.targets import parse_target

    target = parse_target(what)
    settings = read_mapping(config) if config else {}
    init = init or _named(settings.pop(INIT, None))
    layers = [Layer(str(config), settings)] if config else []
    layers.append(Layer("--set", parse_assignments(set_ or [])))
    if seed is not None:
        layers.append(Layer("--seed", {"seed": seed}))
    if show_config:
        _show(target, preset, layers, load_cohort(cohort) if cohort else None)
        return
    if cohort is None or out is None:
        missing = "--cohort" if cohort is None else "--out"
        raise UsageError(f"no {missing}, expected {missing} DIR")
    sink.warn_of_lone_launch()
    data, inputs = load_cohort(cohort), _inputs(autoencoder, embedder, weights_dir, init, generator)
    if search:
        _search(target, preset, layers, search, data, out, inputs)
    else:
        _train(target, preset, layers, data, out, inputs)


def _settle(target: "Target", preset: Scale, layers: "list[Layer]", data: "Cohort | None") -> Any:
    """The settings, with lengths counted on the cohort."""
    from synthuterus_bench.training.presets import settle
    from synthuterus_bench.training.targets import example_count
    from synthuterus_bench.workers import process_count

    count = None if data is None else lambda config: example_count(target, data, config)
    return settle(target, preset, layers, count, process_count())


def _show(target: "Target", preset: Scale, layers: "list[Layer]", data: "Cohort | None") -> None:
    from synthuterus_bench.training.settings import dump_settings

    config = _settle(target, preset, layers, data)
    sink.result(config.model_dump(mode="json"), dump_settings(config).rstrip())


def _inputs(
    autoencoder: Path | None,
    embedder: Path | None,
    weights_dir: Path | None,
    init: Path | None,
    generator: Path | None,
) -> "Inputs":
    from synthuterus_bench.nets.autoencoder import find_autoencoder
    from synthuterus_bench.nets.embedder import load_embedder
    from synthuterus_bench.training.start import Inputs

    home = find_autoencoder(autoencoder) if autoencoder else None
    return Inputs(home, load_embedder(embedder) if embedder else None, weights_dir, _shipped(init), _shipped(generator))


def _named(value: Any) -> Path | None:
    """What a file of settings says to begin with."""
    if value is None or isinstance(value, str):
        return Path(value) if value else None
    raise UsageError(f"--config: init is {value!r}, expected a pipeline folder or the id of a shipped model")


def _shipped(given: Path | None) -> Path | None:
    """The folder that is meant: ``given``, or that of the shipped model of this name where there is none."""
    from synthuterus_bench.generators.catalogue import SHIPPED
    from synthuterus_bench.generators.folder import find_pipeline

    named = given is not None and str(given) in SHIPPED and not given.exists()
    return find_pipeline(str(given)) if named else given


def _train(target: "Target", preset: Scale, layers: "list[Layer]", data: "Cohort", out: Path, inputs: "Inputs") -> None:
    from synthuterus_bench.generators.catalogue import ModelId
    from synthuterus_bench.training.start import start
    from synthuterus_bench.training.targets import Helper

    done = start(target, data, _settle(target, preset, layers, data), out, inputs, sink.track)
    if isinstance(target, ModelId) or target is Helper.REFINER:
        _keep_index(data, out / "pipeline", inputs)
    sink.result(done.facts, done.sentence)


def _keep_index(data: "Cohort", folder: Path, inputs: "Inputs") -> None:
    """Codes of the training images for the privacy filter, by the main process."""
    from synthuterus_bench.nets.embedder import load_embedder
    from synthuterus_bench.privacy.index import build_index, index_home, save_index
    from synthuterus_bench.workers import process_index

    if process_index():
        return
    index = index_home(folder, data)
    save_index(build_index(data, inputs.embedder or load_embedder(), sink.track), index)
    if index.parent != folder:
        sink.warn(f"{index} holds codes of your training images: keep it private, do not publish it")


def _search(
    target: "Target", preset: Scale, layers: "list[Layer]", file: Path, data: "Cohort", out: Path, inputs: "Inputs"
) -> None:
    from synthuterus_bench.training.search import BEST, apart, check_search, read_grid
    from synthuterus_bench.training.search import search as run_search
    from synthuterus_bench.training.settings import Layer
    from synthuterus_bench.training.start import outcome, start
    from synthuterus_bench.workers import process_index

    grid = read_grid(file)
    configs = [_settle(target, preset, [*layers, Layer(str(file), values)], data) for values in grid]
    check_search(data, configs)
    if unlike := apart(target, grid):
        sink.warn(f"validation losses of different {', '.join(unlike)} measure different things: judge by more")

    def train_one(config: Any, folder: Path) -> Any:
        start(target, data, config, folder, inputs, sink.track)
        return outcome(target, folder)

    pairs = list(zip(grid, configs, strict=True))
    trials = run_search(target, pairs, train_one, out, process_index() == 0, sink.say)
    facts = {"trials": [trial.values | {"validation": trial.validation, "folder": trial.folder} for trial in trials]}
    best = out / BEST
    sink.result(facts | {"best": str(best)}, f"{_table(trials)}\nthe best settings are in {best}: train with --config")


def _table(trials: "list[Trial]") -> str:
    """The trials as a table, the best first."""
    from rich.table import Table

    table = Table(*trials[0].values, "validation", "at step", "folder")
    for trial in trials:
        value = "-" if trial.validation is None else f"{trial.validation:.5f}"
        step = trial.failed or str(trial.best_step)
        table.add_row(*map(str, trial.values.values()), value, step, f"search/{trial.folder}")
    return as_text(table)
