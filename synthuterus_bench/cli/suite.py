"""``synthbench suite``: what the frozen protocols say, and statistics of a private reference for others."""

from pathlib import Path
from typing import Annotated

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.options import Device, DeviceOption, PublishedWeights, SuiteName
from synthuterus_bench.cli.output import out

suite = typer.Typer(help="Frozen protocols and reference bundles.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(suite, name="suite")

NEXT = "see one whole: synthbench suite show NAME"


@suite.command("list")
def list_() -> None:
    """The suites there are, with version and digest.

    Example: synthbench suite list
    """
    from synthuterus_bench.bench.suite import SUITES
    from synthuterus_bench.cli.suite_table import list_table

    rows = [{"id": one.id, "version": one.version, "digest": one.digest, "title": one.title} for one in SUITES.values()]
    out.result({"suites": rows}, f"{list_table([*SUITES.values()])}\n{NEXT}")


@suite.command()
def show(
    name: Annotated[SuiteName, typer.Argument(help="The suite.", show_default=False)],
    weights_dir: PublishedWeights = None,
) -> None:
    """Everything that a suite freezes, its digest, what it costs, and which published weights it needs.

    Example: synthbench suite show uterus-2d-roi
    """
    from synthuterus_bench.bench.cost import cost_of
    from synthuterus_bench.bench.needed import weights_needed
    from synthuterus_bench.bench.suite import find_suite
    from synthuterus_bench.cli.suite_table import show_table

    found = find_suite(name.value)
    needed, cost = weights_needed(found, weights_dir), cost_of(found)
    told = {"weights": [one.as_json() for one in needed], "cost": cost.as_json()}
    value = {"suite": found.model_dump(mode="json"), "digest": found.digest, **told}
    out.result(value, show_table(found, needed, cost))


@suite.command()
def reference(
    cohort: Annotated[str, typer.Argument(help="A prepared cohort folder, phantom or umd.", show_default=False)],
    out_: Annotated[Path, typer.Option("--out", help="File to write, *.safetensors.", show_default=False)],
    name: Annotated[SuiteName, typer.Option("--suite", help="Protocol to make it for.")] = SuiteName.ROI,
    least: Annotated[int, typer.Option(min=20, help="Held-out patients that every orientation must have.")] = 20,
    most_telling: Annotated[
        float,
        typer.Option(
            min=0.5,
            max=1.0,
            help="Largest AUC of guessing, from statistics and a patient's image, whether she is among them; what "
            "would tell more is withheld.",
        ),
    ] = 0.75,
    weights_dir: PublishedWeights = None,
    device: DeviceOption = Device.CPU,
) -> None:
    """Statistics of a reference, with which others can be scored against patients they may not see.

    The file holds means and covariances of image features by orientation, floors, counts and digests; no image, no
    features of one, no name. Statistics can still give away whether somebody is among the patients: how far is
    measured, printed and written into it. Publish one bundle of a cohort, never two that differ by a few patients.

    Example: synthbench suite reference cohort --suite uterus-2d-roi --out our-hospital.safetensors
    """
    from synthuterus_bench.bench.bundle import SUFFIX, save_bundle
    from synthuterus_bench.bench.bundling import make_bundle
    from synthuterus_bench.bench.reference import load_reference
    from synthuterus_bench.bench.suite import find_suite
    from synthuterus_bench.bench.tools import make_tools
    from synthuterus_bench.cli.suite_table import revealed
    from synthuterus_bench.errors import UsageError
    from synthuterus_bench.metrics.store import CacheWarning
    from synthuterus_bench.repro import check_place, digest_file
    from synthuterus_bench.workers import available_cores

    if not out_.name.endswith(SUFFIX) or out_.is_dir():
        raise UsageError(f"--out {out_}: expected the name of a {SUFFIX} file")
    check_place(out_)
    found = find_suite(name.value)
    with out.telling(CacheWarning):
        tools = make_tools(None, weights_dir, None, available_cores(), device.value, out.track)
        bundle = make_bundle(load_reference(cohort, found, track=out.track), found, tools, least, most_telling)
    save_bundle(bundle, out_)
    value = bundle.header.model_dump(mode="json", by_alias=True) | {"path": str(out_), "sha256": digest_file(out_)}
    out.result(value, revealed(bundle, out_))
