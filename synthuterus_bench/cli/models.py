"""``synthbench models``: every generator and autoencoder, what each draws and needs, and how good the shipped are."""

from typing import TYPE_CHECKING, Any

from synthuterus_bench.cli import app
from synthuterus_bench.cli.output import out as sink
from synthuterus_bench.vocab import VIEW_SIZE, AutoencoderId, Conditioning, Family, View

if TYPE_CHECKING:
    from synthuterus_bench.generators.catalogue import ModelId

_TOLD = {
    Conditioning.UNCOND: "nothing",
    Conditioning.CLASS: "class",
    Conditioning.TEXT: "prompt",
    Conditioning.CT: "class, prompt",
}
_NOTES = """\
checkpoint   `generate --checkpoint DIR` with what `train` made, or --repo ORG/NAME@REVISION
autoencoder  ae2d or vae2d of the view, in the model's folder; trained first; vae2d of roi ships
text         a text encoder, in the model's folder: a small one of its own, or CLIP's
localiser    no class is told, so classes are measured; it is shipped"""


@app.command()
def models() -> None:
    """List every model: what it draws, is told and needs; measured quality of those whose weights are shipped.

    Example: synthbench models

    Example: synthbench --json models
    """
    from synthuterus_bench.generators.catalogue import every_id

    generators = [_generator(one) for one in every_id()]
    autoencoders = [_autoencoder(one) for one in AutoencoderId]
    lines = [f"{'model':<20}{'draws':<16}{'is told':<15}{'needs'}"]
    lines += [_line(row) for row in (*generators, *autoencoders)]
    shipped = [line for row in generators if row["shipped"] for line in _quality(row)]
    sink.result(
        {"models": generators, "autoencoders": autoencoders}, "\n".join([*lines, "", _NOTES, "", *shipped]).rstrip()
    )


def _generator(model: "ModelId") -> dict[str, Any]:
    from synthuterus_bench.generators.catalogue import SHIPPED
    from synthuterus_bench.prep.spatial import SLICES

    side, shipped = VIEW_SIZE[model.view], str(model) in SHIPPED
    needs = {
        "checkpoint": not shipped,
        "autoencoder": not shipped and model.family is Family.LDM2D,
        "text": not shipped and model.conditioning.by_text,
        "localiser": not model.conditioning.by_class,
    }
    return {
        "id": str(model),
        "draws": [SLICES, side, side] if model.family is Family.DDPM3D else [side, side],
        "told": _TOLD[model.conditioning],
        "shipped": shipped,
        "needs": [name for name, needed in needs.items() if needed],
        "measured": _record(str(model)) if shipped else None,
    }


def _record(model: str) -> dict[str, Any]:
    from synthuterus_bench.generators.folder import find_pipeline
    from synthuterus_bench.generators.measured import load_measured
    from synthuterus_bench.generators.trained import load_record

    folder = find_pipeline(model)
    record, measured = load_record(folder), load_measured(folder)
    return {
        "trained_on": record.cohort,
        "images": record.train_scans,
        "quality": measured.flat() if measured else record.quality,
        "unavailable": measured.unavailable if measured else {},
    }


def _autoencoder(kind: AutoencoderId) -> dict[str, Any]:
    from synthuterus_bench.weights import SHIPPED_AUTOENCODER

    sides, shipped = [[VIEW_SIZE[view]] * 2 for view in View], kind == SHIPPED_AUTOENCODER
    return {
        "id": str(kind),
        "draws": sides,
        "told": "a picture",
        "shipped": shipped,
        "needs": [] if shipped else ["checkpoint"],
    }


def _line(row: dict[str, Any]) -> str:
    sizes = row["draws"] if isinstance(row["draws"][0], list) else [row["draws"]]
    shapes = " or ".join(str(size[0]) if len(sizes) > 1 else " x ".join(map(str, size)) for size in sizes)
    needs = ", ".join((["shipped"] if row["shipped"] else []) + row["needs"])
    return f"{row['id']:<20}{shapes:<16}{row['told']:<15}{needs}".rstrip()


def _quality(row: dict[str, Any]) -> list[str]:
    """A table of the measured values of a shipped model, each with its interval and its floor."""
    measured = row["measured"]
    lines = [f"{row['id']}, trained on {measured['images']:,} images of {measured['trained_on']}"]
    lines += [f"  {'':<34}{'value':>10}  {'interval':<20}{'floor (real against real)'}"]
    quality = measured["quality"]
    for name, value in quality.items():
        if not name.endswith((" low", " high")):
            lines.append(f"  {name:<34}{value:>10g}  {_range(quality, name):<20}{_range(quality, f'{name} floor')}")
    lines += [f"  {name:<34}unavailable: {reason}" for name, reason in measured["unavailable"].items()]
    return [line.rstrip() for line in lines]


def _range(quality: dict[str, float], name: str) -> str:
    low, high = quality.get(f"{name} low"), quality.get(f"{name} high")
    return "" if low is None or high is None else f"{low:g} to {high:g}"
