"""``synthbench filter``: the privacy filter over a set that was made elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.audit import ENCODER_HELP, EncoderChoice
from synthuterus_bench.cli.output import out as sink


@app.command("filter")
def filter_(
    path: Annotated[
        Path, typer.Argument(help="A release or cohort folder, or a folder with a subfolder of images a class.")
    ],
    reference: Annotated[Path, typer.Option(help="Prepared cohort of the real scans that must not come back.")],
    out: Annotated[Path, typer.Option(help="New folder for the scans that pass.")],
    tau: Annotated[float, typer.Option(min=-1, max=1, help="Largest allowed cosine to a training image.")] = 0.95,
    twin_tau: Annotated[
        float, typer.Option(min=-1, max=1, help="Largest allowed cosine between two of the scans.")
    ] = 0.98,
    alpha: Annotated[
        float, typer.Option(min=0, max=1, help="Share of unseen patients' scans that calibrated bounds may reject.")
    ] = 0.01,
    encoder: Annotated[EncoderChoice, typer.Option(help=ENCODER_HELP)] = EncoderChoice.EMBEDDER,
    embedder: Annotated[Path | None, typer.Option(help="Embedder folder.", show_default="the shipped one")] = None,
    weights_dir: Annotated[
        Path | None, typer.Option(help="Folder of published weights.", show_default="$SYNTHBENCH_WEIGHTS")
    ] = None,
) -> None:
    """Keep the scans that are unlike every training image and unlike each other.

    Of near-duplicates the first stays. Every scan has a record in the new folder's audit log.

    Example: synthbench filter my_images/ --reference cohort --out filtered
    """
    from synthuterus_bench.bench.foreign import read_foreign
    from synthuterus_bench.cohorts.store import load_cohort
    from synthuterus_bench.privacy.encoders import EncoderName, load_encoder
    from synthuterus_bench.privacy.filter import PrivacyFilter
    from synthuterus_bench.privacy.index import build_index
    from synthuterus_bench.release.filtering import filter_set
    from synthuterus_bench.repro import staging_ground

    staging_ground(out)
    cohort = load_cohort(reference)
    found = read_foreign(path, cohort.manifest.view, cohort.manifest.dims)
    network = load_encoder(EncoderName(encoder), embedder, weights_dir)
    judge = PrivacyFilter(network, build_index(cohort, network, sink.track, alpha), tau)
    scans = sink.track(found.scans(), "filtering", len(found))
    made, counts = filter_set(scans, found.manifest, judge, out, twin_tau)
    reasons = ", ".join(f"{count} by {bound}" for bound, count in counts["by_bound"].items()) or "none rejected"
    sink.result(
        {"cohort": str(out), "digest": made.manifest.digest, **counts},
        f"{counts['accepted']} of {counts['generated']} scans passed into {out}; {reasons}\n"
        "filtered, not proven private",
    )
