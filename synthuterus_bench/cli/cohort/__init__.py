"""``synthbench cohort``: draw, import, orient and show cohorts; one module a command."""

from importlib import import_module

import typer

from synthuterus_bench.cli import app

cohort = typer.Typer(help="Draw, import, orient and show cohorts.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(cohort, name="cohort")

for command in ("phantom", "importing", "umd", "orient", "show"):
    import_module(f"synthuterus_bench.cli.cohort.{command}")
