"""``synthbench study``: build a blinded reader study, score its answers, say how many readers a claim needs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.output import out
from synthuterus_bench.errors import UsageError
from synthuterus_bench.vocab import Split

if TYPE_CHECKING:
    from synthuterus_bench.study.power import Cell
    from synthuterus_bench.study.record import GroupScore, Score

study = typer.Typer(help="Blinded reader study: build, score, plan.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(study, name="study")

LARGE = 50_000_000


@study.command()
def build(
    real: Annotated[Path, typer.Option(help="Prepared cohort of real scans.", show_default=False)],
    synthetic: Annotated[Path, typer.Option(help="Release of synthetic scans.", show_default=False)],
    out_: Annotated[Path, typer.Option("--out", help="New folder for the page.", show_default=False)],
    n: Annotated[int, typer.Option(min=2, max=500, help="Scans of each kind.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Chooses and shuffles.")] = 0,
    split: Annotated[Split, typer.Option(help="Split of the real scans; only test was never trained on.")] = Split.TEST,
    balance: Annotated[bool, typer.Option(help="As many of each class of both kinds.")] = True,
    title: Annotated[str, typer.Option(help="Heading of the page.")] = "Real or synthetic?",
) -> None:
    """Build one page that shows real and synthetic scans in random order, and beside its folder the key.

    \b
    Examples:
      synthbench study build --real cohort --synthetic synthuterus --n 10 --seed 7 --out study

    Give study/study.html to readers and keep study.private/key.json. The page sends nothing; each reader saves a file.
    """
    from synthuterus_bench.study.build import build_study

    made = build_study(real, synthetic, out_, n, seed, split, balance, title)
    size = made.page.stat().st_size
    if size > LARGE:
        out.warn(f"{made.page} has {size / 1e6:.0f} MB and opens slowly; give a smaller --n")
    value = {"page": str(made.page), "key": str(made.key_path), "study": made.key.study, "bytes": size}
    human = (
        f"study {made.key.study[:12]}: {n} real and {n} synthetic, {size / 1e6:.1f} MB\n"
        f"page  {made.page}\nkey   {made.key_path}  (not for readers)"
    )
    out.result({**value, "images": len(made.key.items)}, human)


@study.command()
def score(
    key: Annotated[Path, typer.Argument(help="The key of the study.", show_default=False)],
    answers: Annotated[list[Path], typer.Argument(help="The files of the readers.", show_default=False)],
    out_: Annotated[
        Path | None,
        typer.Option("--out", help="Also write a report, an HTML file, and its JSON beside.", show_default="no file"),
    ] = None,
    margin: Annotated[float, typer.Option(help="Distance from 0.5 that still counts as chance.")] = 0.1,
) -> None:
    """Score answers: accuracy by group against chance, d', ROC, agreement, times, and how hard each image was.

    Files that were edited, doubled, are incomplete or belong to another study are refused.

    Example: synthbench study score study.private/key.json answers-*.json --out score.html
    """
    from synthuterus_bench.repro import check_place
    from synthuterus_bench.study.report import write_score
    from synthuterus_bench.study.score import score_study

    if out_ is not None:
        if out_.is_dir() or out_.suffix != ".html":
            raise UsageError(f"--out {out_}: expected the name of an .html file to write")
        check_place(out_)
    found = score_study(key, answers, margin)
    wrote = ""
    if out_ is not None:
        wrote = f"\nwrote {out_} and {write_score(found, out_)}"
    out.result(found.model_dump(mode="json", by_alias=True), _scored(found) + wrote)


@study.command()
def power(
    accuracy: Annotated[
        float | None,
        typer.Option(help="Assumed true accuracy.", show_default="0.65, with --equivalent 0.5"),
    ] = None,
    equivalent: Annotated[
        bool, typer.Option("--equivalent", help="Claim that readers do no better than guessing, within --margin.")
    ] = False,
    margin: Annotated[float, typer.Option(help="Of that claim.")] = 0.1,
    readers: Annotated[list[int] | None, typer.Option(min=1, help="Repeatable.", show_default="1 2 3 5 10")] = None,
    images: Annotated[
        list[int] | None, typer.Option(min=4, max=2000, help="Repeatable.", show_default="20 40 60 100 200")
    ] = None,
    wanted: Annotated[float, typer.Option("--power", min=0.01, max=0.999, help="Power to reach.")] = 0.8,
    alpha: Annotated[float, typer.Option(help="Level of the test; of each of two when --equivalent.")] = 0.05,
    sd_readers: Annotated[float, typer.Option(help="Spread of readers, probit scale.")] = 0.2,
    sd_images: Annotated[float, typer.Option(help="Spread of images, probit scale.")] = 0.5,
    draws: Annotated[int, typer.Option(min=100, max=100_000, help="Simulated studies a cell.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of the simulation.")] = 0,
) -> None:
    """Say how many readers and images a claim needs, before anybody reads.

    One reader is exact (binomial); several are simulated with readers and images that differ, and analysed as
    `study score` does.

    \b
    Examples:
      synthbench study power --accuracy 0.65
      synthbench study power --equivalent --margin 0.1 --readers 3 --readers 10 --images 100
    """
    from synthuterus_bench.study.power import Claim, images_for_each, images_for_one, power_table

    accuracy = (0.5 if equivalent else 0.65) if accuracy is None else accuracy
    claim = Claim(accuracy, margin if equivalent else None, alpha, sd_readers, sd_images)
    rows, columns = sorted({*(readers or (1, 2, 3, 5, 10))}), sorted({*(images or (20, 40, 60, 100, 200))})
    cells = power_table(claim, rows, columns, seed, draws, out.track)
    alone, needed = images_for_one(claim, wanted), images_for_each(cells, wanted)
    value = {
        "claim": {"accuracy": accuracy, "margin": claim.margin, "alpha": alpha},
        "assumed": {"sd_readers": sd_readers, "sd_images": sd_images},
        "power": wanted,
        "cells": [vars(cell) for cell in cells],
        "images_for_one_reader": alone,
        "images_of_the_table": {str(count): number for count, number in needed.items()},
    }
    out.result(value, _planned(cells, alone, needed, wanted))


def _scored(found: "Score") -> str:
    from synthuterus_bench.study.plots import groups_shown
    from synthuterus_bench.study.words import group_name

    head = f"study {found.study[:12]}: {found.images} images, {found.groups[0].readers} readers"
    lines = [head, *(_line(one) for one in groups_shown(found))]
    told = ", ".join(f"{group_name(one.group)} {one.value:.1%}" for one in found.reported)
    return "\n".join([*lines, f"reported by the paper, not measured here: {told}"])


def _line(one: "GroupScore") -> str:
    from synthuterus_bench.study.words import group_name

    low, high = one.accuracy_mean.interval
    equal = "equivalent to chance" if one.equivalent else "equivalence not shown"
    kappa = "undefined" if one.kappa is None else f"{one.kappa:.2f}"
    return (
        f"{group_name(one.group)} ({one.readers}): accuracy {one.accuracy_mean.value:.1%} [{low:.1%}, {high:.1%}], "
        f"{one.verdict}, {equal}; d' {one.d_prime:.2f}, AUC {one.auc.value:.2f}, kappa {kappa}, "
        f"{one.times.median:.1f} s an image"
    )


def _planned(cells: "list[Cell]", alone: int | None, needed: dict[int, int | None], wanted: float) -> str:
    columns = sorted({cell.images for cell in cells})
    known = {(cell.readers, cell.images): cell for cell in cells}
    lines = ["power    images " + "".join(f"{images:>8}" for images in columns)]
    for readers, number in needed.items():
        values = "".join(f"{known[readers, images].power:>8.2f}" for images in columns)
        reach = f"{number} images reach {wanted:.0%}" if number else f"none reaches {wanted:.0%}"
        lines.append(f"readers {readers:>7}{values}   {reach}")
    error = max(cell.error for cell in cells)
    lines += [f"simulated to within {error:.2f}"] if error else []
    return "\n".join([*lines, f"a claim about one reader alone needs {alone or 'over 2000'} images, exactly"])
