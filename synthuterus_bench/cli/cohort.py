"""``synthbench cohort``: draw, import and show cohorts."""

from synthuterus_bench.cli import app

import typer

cohort = typer.Typer(help="Draw, import and show cohorts.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(cohort, name="cohort")
