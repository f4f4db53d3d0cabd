"""``synthbench generate`` and ``synthbench models``."""

from pathlib import Path
from typing import Annotated

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.output import out as sink


@app.command()
def generate(
    model: Annotated[str, typer.Option(help="Model id; see `synthbench models`.")] = "ddpm2d-ct-roi",
    out: Annotated[Path, typer.Option(help="Release folder to make.")] = Path("synthuterus"),
    scans: Annotated[int, typer.Option(help="Scans, in equal parts for the four classes.")] = 800,
    reference: Annotated[
        Path | None, typer.Option(help="Training cohort for the privacy filter; default: the model's own index.")
    ] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Pipeline folder to use instead of shipped weights.")] = None,
    repo: Annotated[str | None, typer.Option(help="Hub repository to use, as ORG/NAME@REVISION.")] = None,
    embedder: Annotated[
        Path | None, typer.Option(help="Embedder folder of the filter.", show_default="the shipped one")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of plan and noise.")] = 0,
    steps: Annotated[int, typer.Option(min=1, help="Sampler steps.")] = 12,
    guidance: Annotated[float, typer.Option(min=0, help="Classifier-free guidance; 1 is none.")] = 1.5,
    scheduler: Annotated[str, typer.Option(help="dpm++, ddim or ddpm.")] = "dpm++",
    tau: Annotated[float, typer.Option(min=-1, max=1, help="Largest allowed cosine to a training image.")] = 0.95,
    cap: Annotated[int, typer.Option(min=1, help="Candidates a place, at most.")] = 5,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: one a core.")] = None,
) -> None:
    """Draw a release of synthetic scans through the privacy filter.

    Example: synthbench generate --scans 80 --out synthuterus

    Killed, it goes on where it was; the same arguments give the same files.
    """
    from synthuterus_bench.generators.catalogue import parse_id
    from synthuterus_bench.generators.pipeline import find_pipeline
    from synthuterus_bench.generators.sampler import SamplerConfig
    from synthuterus_bench.privacy.log import AUDIT_FILE, read_log
    from synthuterus_bench.release.build import ReleasePlan
    from synthuterus_bench.release.build import generate as build
    from synthuterus_bench.workers import available_cores

    parse_id(model)
    plan = ReleasePlan(
        model=model,
        folder=find_pipeline(model, checkpoint, repo),
        scans=scans,
        seed=seed,
        tau=tau,
        cap=cap,
        sampler=SamplerConfig(scheduler, steps, guidance),
        reference=reference,
        embedder=embedder,
    )
    cohort = build(plan, out, workers or available_cores(), sink.track)
    footer = read_log(out / AUDIT_FILE)[-1]
    summary = {"release": str(out), "scans": len(cohort), "digest": cohort.manifest.digest} | {
        name: footer[name] for name in ("generated", "rejected", "max_kept_similarity")
    }
    sink.result(
        summary,
        f"{len(cohort)} scans in {out}: {footer['generated']} candidates, {footer['rejected']} rejected by the filter, "
        f"largest similarity kept {footer['max_kept_similarity']:.3f}\n"
        f"load them with: datasets.load_dataset({str(out)!r})",
    )


@app.command()
def models() -> None:
    """List model ids and which weights come with the package.

    Example: synthbench models
    """
    from synthuterus_bench.generators.catalogue import SHIPPED, every_id

    rows = [{"id": str(one), "shipped": str(one) in SHIPPED} for one in every_id()]
    lines = [f"{row['id']:<20} {'shipped' if row['shipped'] else 'needs --checkpoint or --repo'}" for row in rows]
    sink.result({"models": rows}, "\n".join(lines))
