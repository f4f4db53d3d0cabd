"""Card and pictures of a measured generator."""

from pathlib import Path

from synthuterus_bench.bench.shipping.measure import Subject, samples_of
from synthuterus_bench.bench.shipping.pictures import A_CLASS, CURVE, SHEET, loss_curve, png, sample_sheet, slice_sheet
from synthuterus_bench.bench.shipping.real import one_a_patient
from synthuterus_bench.generators.measured import Measured, Value
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.generators.trained import load_record
from synthuterus_bench.privacy.membership import load_membership, with_section
from synthuterus_bench.privacy.plants import Strength
from synthuterus_bench.privacy.selftest_record import SELFTEST_FILE, load_selftest
from synthuterus_bench.repro import write_atomic
from synthuterus_bench.training.card import model_card
from synthuterus_bench.training.card_measured import share
from synthuterus_bench.training.pack import parameters_of
from synthuterus_bench.vocab import CLASSES, Family, Split


def write_pages(subject: Subject, measured: Measured, recipes: Path, page: Path) -> None:
    """Card and pictures in the pipeline folder, and the contact sheet once more as ``page`` of the docs.

    Of volumes the docs get a second page, ``<id>-slices.png``.
    ``recipes/<id>.md``, where there is one, stands on the card: what helped, what falls short.
    """
    folder, model = subject.pipeline, subject.model
    pixels, wanted = samples_of(subject.release, model)
    real = one_a_patient(subject.cohort, Split.TEST, model, A_CLASS * len(CLASSES))
    sheet = png(sample_sheet(pixels, wanted, real, model))
    write_atomic(folder / SHEET, sheet)
    write_atomic(page, sheet)
    if model.family is Family.DDPM3D:
        slices = slice_sheet(subject.release.scans(), subject.cohort.scans(Split.TEST))
        write_atomic(page.with_name(f"{model}-slices.png"), png(slices))
    write_atomic(folder / CURVE, png(loss_curve(load_record(folder))))
    write_card(folder, measured, recipes)


def write_card(folder: Path, measured: Measured, recipes: Path) -> None:
    """``README.md`` anew, from the records in the folder."""
    record, words = load_record(folder), recipes / f"{load_record(folder).model_id}.md"
    how = words.read_text(encoding="utf-8").strip() if words.is_file() else ""
    card = model_card(record, parameters_of(load_pipeline(folder)), how, measured=measured)
    card = f"{card.rstrip()}\n\n{_filter(folder)}"
    write_atomic(folder / "README.md", with_section(card, load_membership(folder)))


_FILTER = """## Filter

The privacy filter with the index in this folder, tested on changed copies of {plants} training images a kind and
strength. Least caught, at the two milder strengths: {least}; at the strongest: {strongest}.
Of {negatives} images of patients it never saw {wrong} are rejected. Of every kind: `selftest.json`. Filtered, not
proven private.
"""
_UNTESTED = """## Filter

The privacy filter with the index in this folder was not tested on planted copies: those are of images, not of
volumes.
"""


def _filter(folder: Path) -> str:
    """What the filter's self-test says, if there is one."""
    if not (folder / SELFTEST_FILE).is_file():
        return _UNTESTED
    found = load_selftest(folder / SELFTEST_FILE)
    mild, strong = ([one for one in found.cells if (one.strength == Strength.STRONG) is last] for last in (False, True))
    least, strongest = (min(cells, key=lambda one: one.sensitivity) for cells in (mild, strong))
    return _FILTER.format(
        plants=found.cells[0].plants,
        least=f"{_percent(least.sensitivity, least.interval)} ({least.transform})",
        strongest=f"{_percent(strongest.sensitivity, strongest.interval)} ({strongest.transform})",
        negatives=found.negatives,
        wrong=_percent(found.false_positives / found.negatives, found.false_positive_interval),
    )


def _percent(value: float, ends: tuple[float, float]) -> str:
    return share(Value(value=value, low=ends[0], high=ends[1]))
