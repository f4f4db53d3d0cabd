"""``synthbench audit``: test the filter, verify a release's log, audit any set of images."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthuterus_bench.cli import app
from synthuterus_bench.cli.output import out as sink
from synthuterus_bench.errors import GateError

if TYPE_CHECKING:
    from synthuterus_bench.cohorts.store import Cohort
    from synthuterus_bench.privacy.attacks import Attacks
    from synthuterus_bench.privacy.filter import PrivacyFilter

audit = typer.Typer(
    help="Test the privacy filter, verify a log, audit a set of images.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(audit, name="audit")

ENCODER_HELP = "Who embeds: the project's embedder, or a published network (its file must be at hand)."


class EncoderChoice(StrEnum):
    """Encoders to choose from."""

    EMBEDDER = "embedder"
    SWAV = "swav"
    INCEPTION = "inception"


Encoder = Annotated[EncoderChoice, typer.Option(help=ENCODER_HELP)]
EmbedderFolder = Annotated[Path | None, typer.Option(help="Embedder folder.", show_default="the shipped one")]
WeightsDir = Annotated[
    Path | None, typer.Option(help="Folder of published weights.", show_default="$SYNTHBENCH_WEIGHTS")
]
Tau = Annotated[float, typer.Option(min=-1, max=1, help="Largest allowed cosine to a training image.")]


@audit.command("self-test")
def self_test(
    reference: Annotated[Path, typer.Option(help="Prepared cohort of images: train is planted, test must pass.")],
    out: Annotated[Path, typer.Option(help="Record to write.")] = Path("selftest.json"),
    index: Annotated[
        Path | None, typer.Option(help="Index to test.", show_default="one built from the reference")
    ] = None,
    plants: Annotated[int, typer.Option(min=1, help="Copies planted for each transform and strength.")] = 400,
    negatives: Annotated[int, typer.Option(min=1, help="Images of test patients.")] = 1000,
    autoencoder: Annotated[
        Path | None,
        typer.Option(help="Autoencoder of the round trip: its folder, or vae2d.", show_default="none: left out"),
    ] = None,
    floor: Annotated[float, typer.Option(min=0, max=1, help="Least sensitivity at the two milder strengths.")] = 0.99,
    tau: Tau = 0.95,
    seed: Annotated[int, typer.Option(min=0, help="Seed of what is planted.")] = 0,
    encoder: Encoder = EncoderChoice.EMBEDDER,
    embedder: EmbedderFolder = None,
    weights_dir: WeightsDir = None,
) -> None:
    """Plant changed copies of training images and images of unseen patients, and see what the filter does.

    Exit code 1 if a transform is caught less often than --floor.

    Example: synthbench audit self-test --reference cohort --autoencoder vae2d --out selftest.json
    """
    from synthuterus_bench.cli.selftest_table import selftest_table
    from synthuterus_bench.cohorts.store import load_cohort
    from synthuterus_bench.nets.autoencoder import find_autoencoder
    from synthuterus_bench.privacy.selftest import run_selftest
    from synthuterus_bench.repro import check_place

    check_place(out)
    cohort = load_cohort(reference)
    judge = _filter(cohort, index, encoder, embedder, weights_dir, tau)
    found = run_selftest(
        judge,
        cohort,
        plants=plants,
        negatives=negatives,
        seed=seed,
        autoencoder=find_autoencoder(autoencoder) if autoencoder else None,
        track=sink.track,
    )
    found.save(out)
    value = {**found.model_dump(mode="json"), "passes": found.passes(floor), "path": str(out)}
    sink.result(value, f"{selftest_table(found)}\nwrote {out}")
    if not found.passes(floor):
        cell = min(found.below(floor), key=lambda one: one.sensitivity)
        where = f"self-test: {cell.transform} at strength {cell.strength}"
        raise GateError(f"{where} caught {cell.sensitivity:.1%}, expected {floor:.1%}")


@audit.command()
def verify(
    release: Annotated[Path, typer.Argument(help="Release folder.")],
    reference: Annotated[
        Path | None,
        typer.Option(
            help="Training cohort, to recompute every score of the configs that were filtered against it.",
            show_default="scores are not checked",
        ),
    ] = None,
    encoder: Encoder = EncoderChoice.EMBEDDER,
    embedder: EmbedderFolder = None,
    weights_dir: WeightsDir = None,
) -> None:
    """Check the chain of a release's audit log, its checksums and the gate; with --reference its scores too.

    A record that was changed, dropped, inserted or reordered is named.

    Example: synthbench audit verify synthuterus --reference cohort
    """
    from synthuterus_bench.cohorts.store import load_cohort
    from synthuterus_bench.privacy.encoders import EncoderName, load_encoder
    from synthuterus_bench.release.verify import verify as check

    cohort = load_cohort(reference) if reference else None
    network = load_encoder(EncoderName(encoder), embedder, weights_dir) if reference else None
    found = check(release, cohort, network, sink.track)
    records = ", ".join(f"{count} in {name}" for name, count in found.records.items())
    scores = "scores not recomputed (give --reference)"
    if found.largest_difference is not None:
        scores = f"{found.scores} scores recomputed, largest difference {found.largest_difference:.6f}"
    if found.elsewhere:
        scores += f"; those of {', '.join(found.elsewhere)} not, which had another reference or encoder"
    value = {
        "records": found.records,
        "scores": found.scores,
        "largest_difference": found.largest_difference,
        "not_recomputed": [*found.elsewhere],
    }
    sink.result({"release": str(release), **value}, f"{release}: records {records}; chain and checksums hold; {scores}")


@audit.command()
def run(
    path: Annotated[
        Path, typer.Argument(help="A release or cohort folder, or a folder with a subfolder of images a class.")
    ],
    reference: Annotated[Path, typer.Option(help="Prepared cohort of the real training scans, with a test split.")],
    out: Annotated[Path, typer.Option(help="New folder for the public report; DIR.private is made beside it.")] = Path(
        "audit"
    ),
    selftest: Annotated[
        Path | None, typer.Option("--self-test", help="Record of a self-test to show.", show_default="none")
    ] = None,
    index: Annotated[
        Path | None, typer.Option(help="Index to compare with.", show_default="one built from the reference")
    ] = None,
    tau: Tau = 0.95,
    twin_tau: Annotated[
        float, typer.Option(min=-1, max=1, help="Cosine above which two of the scans are near-duplicates.")
    ] = 0.98,
    encoder: Encoder = EncoderChoice.EMBEDDER,
    embedder: EmbedderFolder = None,
    weights_dir: WeightsDir = None,
) -> None:
    """Audit a set of synthetic images, whoever made it: filter, attacks, near-duplicates, and a report of each.

    The public report names no one and shows no scan; real scans and their ids are in the private one alone.

    Example: synthbench audit run my_images/ --reference cohort --out audit
    """
    from synthuterus_bench.bench.foreign import read_foreign
    from synthuterus_bench.bench.leakage import examine
    from synthuterus_bench.bench.leakage_report import check_homes, write_pages
    from synthuterus_bench.cohorts.store import load_cohort
    from synthuterus_bench.privacy.selftest_record import load_selftest

    check_homes(out)
    cohort, shown = load_cohort(reference), load_selftest(selftest) if selftest else None
    found = read_foreign(path, cohort.manifest.view, cohort.manifest.dims)
    judge = _filter(cohort, index, encoder, embedder, weights_dir, tau)
    seen = examine(found, cohort, judge, twin_tau, sink.track)
    pages = write_pages(out, seen, cohort, found, shown)
    attacks = seen.attacks
    c_t = "of too few images" if attacks.copying.c_t is None else f"{attacks.copying.c_t:.2f}"
    human = (
        f"{seen.scans} scans: {seen.rejected} rejected ({seen.reasons}); membership AUC {attacks.membership.auc:.3f} "
        f"[{attacks.membership.interval[0]:.3f}, {attacks.membership.interval[1]:.3f}]{_beyond(attacks)}, linkage risk "
        f"{attacks.linkage.risk:.3f}, authentic {attacks.copying.authentic:.1%} "
        f"(unseen patients {attacks.copying.authentic_null:.1%}), C_T {c_t}\n"
        f"wrote {pages.public} and, not to be published, {pages.private}"
    )
    sink.result({**seen.public(), "report": str(pages.public), "private": str(pages.private)}, human)


def _beyond(attacks: "Attacks") -> str:
    """Membership inference beyond chance, where it was measured."""
    if attacks.chance is None:
        return ""
    low, high = attacks.chance.interval
    return f", beyond chance {attacks.chance.excess:+.3f} [{low:+.3f}, {high:+.3f}]"


def _filter(
    cohort: "Cohort",
    index: Path | None,
    encoder: EncoderChoice,
    embedder: Path | None,
    weights_dir: Path | None,
    tau: float,
) -> "PrivacyFilter":
    """The filter with a given index, or one built from the cohort."""
    from synthuterus_bench.privacy.encoders import EncoderName, load_encoder
    from synthuterus_bench.privacy.filter import PrivacyFilter
    from synthuterus_bench.privacy.index import build_index, load_index

    network = load_encoder(EncoderName(encoder), embedder, weights_dir)
    found = load_index(index) if index else build_index(cohort, network, sink.track)
    return PrivacyFilter(network, found, tau)
