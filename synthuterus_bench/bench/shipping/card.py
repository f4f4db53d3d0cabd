"""Card and pictures of a measured generator."""

from pathlib import Path

from synthuterus_bench.bench.shipping.measure import Subject, samples_of
from synthuterus_bench.bench.shipping.pictures import A_CLASS, CURVE, SHEET, loss_curve, png, sample_sheet
from synthuterus_bench.bench.shipping.real import one_a_patient
from synthuterus_bench.generators.measured import Measured
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.generators.trained import load_record
from synthuterus_bench.repro import write_atomic
from synthuterus_bench.training.card import model_card
from synthuterus_bench.training.pack import parameters_of
from synthuterus_bench.vocab import CLASSES, Split


def write_pages(subject: Subject, measured: Measured, recipes: Path, page: Path) -> None:
    """Card and pictures in the pipeline folder, and the contact sheet once more as ``page`` of the docs.

    ``recipes/<id>.md``, where there is one, stands on the card: what helped, what falls short.
    """
    folder, model = subject.pipeline, subject.model
    pixels, wanted = samples_of(subject.release, model)
    real = one_a_patient(subject.cohort, Split.TEST, model, A_CLASS * len(CLASSES))
    sheet = png(sample_sheet(pixels, wanted, real, model))
    write_atomic(folder / SHEET, sheet)
    write_atomic(page, sheet)
    write_atomic(folder / CURVE, png(loss_curve(load_record(folder))))
    write_card(folder, measured, recipes)


def write_card(folder: Path, measured: Measured, recipes: Path) -> None:
    """``README.md`` anew, from the records in the folder."""
    record, words = load_record(folder), recipes / f"{load_record(folder).model_id}.md"
    how = words.read_text().strip() if words.is_file() else ""
    write_atomic(folder / "README.md", model_card(record, parameters_of(load_pipeline(folder)), how, measured=measured))
