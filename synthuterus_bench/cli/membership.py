"""``synthbench membership``: do the weights of a model tell who was trained on?"""

from pathlib import Path
from typing import Annotated

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.output import out as sink


@app.command()
def membership(
    model: Annotated[Path, typer.Argument(help="Pipeline folder of a generator.")],
    reference: Annotated[Path, typer.Option(help="Prepared cohort it was trained on, with held-out patients.")],
    scans: Annotated[int, typer.Option(min=2, help="Images of each group, at most.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Seed of noise and of the choice of patients.")] = 0,
) -> None:
    """Test the weights by their losses on training and held-out patients, and write the result into the model's card.

    Example: synthbench membership runs/ct/pipeline --reference cohort
    """
    from synthuterus_bench.privacy.losses import measure_membership
    from synthuterus_bench.privacy.membership import MEMBERSHIP, save_membership

    found = measure_membership(model, reference, scans, seed, sink.track)
    save_membership(model, found)
    sink.result(
        found.model_dump(mode="json") | {"model": str(model)},
        f"{found.members} training images of {found.member_patients} patients, {found.others} of "
        f"{found.other_patients} held-out patients\n{found.sentence}\nwritten to {MEMBERSHIP} and README.md in {model}",
    )
