"""Pictures of a card: unselected samples of each class beside fresh phantom images, and the course of the losses."""

import io
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.sheet import contact_sheet
from synthuterus_bench.cohorts.window import to_display
from synthuterus_bench.generators.catalogue import ModelId
from synthuterus_bench.generators.sampler import Wanted
from synthuterus_bench.generators.trained import TrainingRecord
from synthuterus_bench.training.pictures import Pictures
from synthuterus_bench.vocab import CLASSES, Orientation

SHEET, CURVE = "samples.png", "losses.png"
A_CLASS = 10
TILE = 128
EVERY = 2
LEVELS = 16
"""Grays of a page: less than half the bytes of 256, and hard to tell from them in noisy pictures."""

Gray = NDArray[np.uint8]


def sample_sheet(pixels: NDArray[np.uint16], wanted: Sequence[Wanted], real: Pictures, model: ModelId) -> Gray:
    """The first ten samples of each class, and below each row ten phantom images of it, one a test patient.

    Of a model that is told no class, the first forty samples, and phantom images of any class.
    """
    images: list[NDArray[np.uint16]] = []
    captions: list[str] = []
    for number, name in enumerate(CLASSES):
        ours, theirs = _rows(wanted, real, number, model.conditioning.by_class)
        label = name if model.conditioning.by_class else "told nothing"
        images += [*pixels[ours], *real.pixels[theirs]]
        captions += [str(label)] * len(ours)
        captions += [f"phantom {_class(real, row)}" for row in theirs]
    return _coarse(contact_sheet([to_display(one) for one in images], captions, A_CLASS, TILE))


def _rows(
    wanted: Sequence[Wanted], real: Pictures, number: int, by_class: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which samples and which phantom images stand in the pair of rows ``number``."""
    if not by_class:
        part = np.arange(number * A_CLASS, (number + 1) * A_CLASS)
        return part[part < len(wanted)], part[part < len(real)]
    ours = np.array([one.orientation is CLASSES[number] for one in wanted])
    return np.flatnonzero(ours)[:A_CLASS], np.flatnonzero(real.classes == number)[:A_CLASS]


def _class(real: Pictures, row: int) -> Orientation:
    number = int(real.classes[row])
    return CLASSES[number] if number < len(CLASSES) else Orientation.AMBIGUOUS


def slice_sheet(ours: Iterable[Scan], theirs: Iterable[Scan]) -> Gray:
    """Every second slice of the first volume of each class, and below it of a phantom's, from one side to the other."""
    drawn, phantom = (_first_of_class(scans) for scans in (ours, theirs))
    images: list[NDArray[np.uint16]] = []
    captions: list[str] = []
    for name in CLASSES:
        for volume, label in ((drawn.get(name), name), (phantom.get(name), f"phantom {name}")):
            if volume is not None:
                images += [*volume[::EVERY]]
                captions += [f"{number + 1}: {label}" for number in range(0, len(volume), EVERY)]
    columns = len(next(iter(phantom.values()))[::EVERY])
    return _coarse(contact_sheet([to_display(one) for one in images], captions, columns, TILE))


def _first_of_class(scans: Iterable[Scan]) -> dict[Orientation, NDArray[np.uint16]]:
    found: dict[Orientation, NDArray[np.uint16]] = {}
    for scan in scans:
        found.setdefault(scan.orientation, scan.pixels.astype(np.uint16))
        if set(CLASSES) <= set(found):
            break
    return found


def _coarse(page: Gray) -> Gray:
    step = 256 // LEVELS
    return np.minimum(255, np.rint(page / step) * step).astype(np.uint8)


def png(page: Gray) -> bytes:
    """A gray page as a small file."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(page).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def loss_curve(record: TrainingRecord) -> Gray:
    """Training and validation loss against images seen, 480 x 240."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.8, 2.4), dpi=100, layout="constrained")
    canvas, axes = FigureCanvasAgg(figure), figure.add_subplot()
    seen, losses = training_course(record)
    axes.plot(seen, losses, "k-", label="training, mean since the point before")
    if record.validation:
        steps, values = np.array(record.validation, np.float64).T
        axes.plot(steps * images_a_step(record) / 1000, values, "o--", color="0.5", markersize=3, label="validation")
    axes.set(xlabel="thousand images seen", ylabel="loss")
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., 0].copy()


def training_course(record: TrainingRecord) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Thousands of images seen at every checkpoint, and the mean loss of the interval that it ends."""
    every = record.config["checkpoint_every"] * images_a_step(record)
    seen = np.minimum(every * np.arange(1, len(record.losses) + 1), record.images_seen)
    return seen / 1000, np.array(record.losses)


def images_a_step(record: TrainingRecord) -> float:
    """In all processes; the last evaluation is always at the end."""
    return record.images_seen / (record.validation[-1][0] if record.validation else record.config["steps"])
