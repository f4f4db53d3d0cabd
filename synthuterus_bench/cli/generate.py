"""``synthbench generate``: a release from a generator."""

from pathlib import Path
from typing import Annotated

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.output import out as sink
from synthuterus_bench.vocab import Licence

DEFAULT = "ddpm2d-ct-roi"


@app.command()
def generate(
    model: Annotated[
        str | None,
        typer.Option(
            help="Model id; see `synthbench models`.", show_default="that of --checkpoint or --repo; ddpm2d-ct-roi"
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Release folder to make.")] = Path("synthuterus"),
    scans: Annotated[
        int,
        typer.Option(help="Images or volumes; where classes or prompts are told, in equal parts for the four classes."),
    ] = 800,
    reference: Annotated[
        Path | None, typer.Option(help="Training cohort for the privacy filter; default: the model's own index.")
    ] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Pipeline folder to use instead of shipped weights.")] = None,
    repo: Annotated[str | None, typer.Option(help="Hub repository to use, as ORG/NAME@REVISION.")] = None,
    embedder: Annotated[
        Path | None, typer.Option(help="Embedder folder of the filter.", show_default="the shipped one")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of plan and noise.")] = 0,
    steps: Annotated[int, typer.Option(min=1, help="Sampler steps.")] = 16,
    guidance: Annotated[
        float | None,
        typer.Option(min=0, help="Classifier-free guidance; 1 is none.", show_default="3.5; 1 where nothing is told"),
    ] = None,
    guidance_below: Annotated[
        float | None,
        typer.Option(
            help="Level of noise above which there is no guidance, for more variety; 10000: everywhere.",
            show_default="6 for latent models, else everywhere",
        ),
    ] = None,
    spacing: Annotated[
        float | None,
        typer.Option(
            help="Power that steps are spaced by: above 1 they are shorter towards the picture; 1 is even. dpm++ only.",
            show_default="2 for models in pixels under dpm++, else 1",
        ),
    ] = None,
    scheduler: Annotated[str, typer.Option(help="dpm++, ddim, ddpm, unipc or heun.")] = "dpm++",
    dtype: Annotated[
        str, typer.Option(help="float32 or bfloat16, which is faster on a GPU and less exact.")
    ] = "float32",
    tau: Annotated[float, typer.Option(min=-1, max=1, help="Largest allowed cosine to a training image.")] = 0.95,
    twin_tau: Annotated[
        float, typer.Option(min=-1, max=1, help="Largest allowed cosine between two images of the release.")
    ] = 0.98,
    cap: Annotated[int, typer.Option(min=1, help="Candidates a place, at most.")] = 5,
    floor: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Share of planted copies that the filter must have caught in its self-test, in every milder cell.",
            show_default="no self-test asked for",
        ),
    ] = None,
    self_test: Annotated[
        Path | None,
        typer.Option(help="Record of the filter's self-test.", show_default="selftest.json beside the index, if any"),
    ] = None,
    licence: Annotated[Licence, typer.Option(help="Licence of the release.")] = Licence.CC_BY_4_0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes.", show_default="one a core")] = None,
) -> None:
    """Draw a release of synthetic scans through the privacy filter.

    Example: synthbench generate --scans 80 --out synthuterus

    Killed, it goes on where it was; the same arguments give the same files.

    On several GPUs or nodes: accelerate launch -m synthuterus_bench generate ...
    """
    from synthuterus_bench.cohorts.layout import audit_file
    from synthuterus_bench.generators.folder import find_pipeline
    from synthuterus_bench.generators.solve import SamplerConfig
    from synthuterus_bench.generators.trained import load_record
    from synthuterus_bench.privacy.log import read_ends
    from synthuterus_bench.release.build import ReleasePlan
    from synthuterus_bench.release.build import generate as build
    from synthuterus_bench.workers import available_cores, process_count

    folder = find_pipeline(model or DEFAULT, checkpoint, repo)
    plan = ReleasePlan(
        model=model or load_record(folder).model_id,
        folder=folder,
        scans=scans,
        seed=seed,
        tau=tau,
        twin_tau=twin_tau,
        cap=cap,
        sampler=SamplerConfig(scheduler, steps, guidance, dtype, spacing, guidance_below),
        reference=reference,
        embedder=embedder,
        licence=licence,
        selftest=self_test,
        floor=floor,
    )
    sink.warn_of_lone_launch()
    alone = process_count() == 1
    cohort = build(plan, out, workers or (available_cores() if alone else 1), sink.track)
    _, footer = read_ends(audit_file(out, plan.config))
    summary = {"release": str(out), "scans": len(cohort), "digest": cohort.manifest.digest} | {
        name: footer[name] for name in ("generated", "rejected", "max_kept_similarity")
    }
    sink.result(
        summary,
        f"{len(cohort)} scans in {out}: {footer['generated']} candidates, {footer['rejected']} rejected by the filter, "
        f"largest similarity kept {footer['max_kept_similarity']:.3f}\n"
        f"load them with: datasets.load_dataset({str(out)!r})",
    )
