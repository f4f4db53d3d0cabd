"""Control submissions: images whose fault, or lack of one, is known, made from the reference itself.

Half of the training patients are taken out of the reference; they are real patients whom nothing knows, and what most
controls are made of. All controls hold equally many images of each class and are compared with what is left.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.parts import Part
from synthuterus_bench.bench.provenance import Provenance
from synthuterus_bench.bench.reference import MIN_PATIENTS, Reference
from synthuterus_bench.bench.submission import Submission
from synthuterus_bench.bench.suite import Suite
from synthuterus_bench.cohorts.window import from_window, to_window
from synthuterus_bench.entry import Generator
from synthuterus_bench.errors import CohortError, UsageError
from synthuterus_bench.repro import digest_array, digest_json, stream
from synthuterus_bench.vocab import CLASSES, Split

BLUR = 2.0
"""Standard deviation of the blurring Gaussian, in pixels of 1 mm."""

SHIFT, NOISE = 1, 0.05
"""How far images of one mode are moved, in pixels, and the standard deviation of their noise, in z-scores."""

Ints = NDArray[np.int64]
Pixels = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Halves:
    """``given``: images of patients who are out of the reference, as many of each class; ``real``: what is left."""

    given: Part
    real: Reference

    @property
    def copied(self) -> Part:
        """As many training images that are left."""
        return equal_classes(self.real.train, len(self.given.labels) // len(CLASSES))


def halve(real: Reference, suite: Suite) -> Halves:
    """Deal the training patients of each class into two halves.

    Raises:
        UsageError: a suite of volumes.
        CohortError: a class has too few patients.
    """
    if suite.dims != 2:
        raise UsageError(f"--controls: found suite {suite.id} of volumes, expected one of images")
    train = real.train
    out = np.isin(train.units, _half_of_patients(train))
    given, left = train.take(np.flatnonzero(out)), train.take(np.flatnonzero(~out))
    count = min(np.bincount(part.labels, minlength=len(CLASSES)).min() for part in (given, left))
    digests = real.digests | {Split.TRAIN: frozenset(map(digest_array, left.pixels))}
    given = equal_classes(given, min(int(count), suite.n_per_class))
    return Halves(given, replace(real, train=left, digests=digests))


def _half_of_patients(train: Part) -> Ints:
    """Numbers of half of the patients of each class, that of their first image."""
    patients, first = np.unique(train.units, return_index=True)
    chosen = []
    for k, name in enumerate(CLASSES):
        of_class = patients[train.labels[first] == k]
        if len(of_class) < 2 * MIN_PATIENTS:
            raise CohortError(
                f"found {len(of_class)} training patients of {name}, expected at least {2 * MIN_PATIENTS}, "
                "for half of them become controls"
            )
        chosen.append(stream(0, "controls", "half", str(name)).permutation(of_class)[: len(of_class) // 2])
    return np.concatenate(chosen)


def equal_classes(part: Part, count: int) -> Part:
    """The first ``count`` images of each class, class by class."""
    return part.take(np.concatenate([np.flatnonzero(part.labels == k)[:count] for k in range(len(CLASSES))]))


def _real_half(halves: Halves) -> Part:
    return halves.given


def _blurred(halves: Halves) -> Part:
    from scipy.ndimage import gaussian_filter

    z = gaussian_filter(from_window(halves.given.pixels), (0, BLUR, BLUR), mode="nearest")
    return replace(halves.given, pixels=to_window(z))


def _noise(halves: Halves) -> Part:
    """Pixels of each image in random order: the same grey values without a picture."""
    shuffled = [
        stream(0, "controls", "noise", row).permutation(image.ravel()).reshape(image.shape)
        for row, image in enumerate(halves.given.pixels)
    ]
    return _of_nobody(halves.given, np.stack(shuffled))


def _constant(halves: Halves) -> Part:
    pixels = np.broadcast_to(halves.given.pixels[0], halves.given.pixels.shape)
    return _of_nobody(halves.given, pixels.copy())


def _one_mode(halves: Halves) -> Part:
    labels = halves.given.labels
    first = [halves.given.pixels[np.flatnonzero(labels == k)[0]] for k in range(len(CLASSES))]
    return _of_nobody(halves.given, np.stack([_jittered(first[k], row) for row, k in enumerate(labels)]))


def _jittered(image: Pixels, row: int) -> Pixels:
    rng = stream(0, "controls", "jitter", row)
    down, across = rng.integers(0, 2 * SHIFT + 1, 2)
    rows, columns = image.shape
    moved = np.pad(image, SHIFT, mode="edge")[down : down + rows, across : across + columns]
    return to_window(from_window(moved) + NOISE * rng.standard_normal(image.shape))


def _memorised(halves: Halves) -> Part:
    return halves.copied


def _wrong_labels(halves: Halves) -> Part:
    wrong = (halves.given.labels + 1) % len(CLASSES)
    order = np.argsort(wrong, kind="stable")
    return replace(halves.given, labels=wrong).take(order)


def _of_nobody(part: Part, pixels: Pixels) -> Part:
    """Made-up images: each is a patient of its own."""
    return replace(part, pixels=pixels, units=np.arange(len(pixels)))


CONTROLS: dict[str, Callable[[Halves], Part]] = {
    "real-half": _real_half,
    "blurred": _blurred,
    "noise": _noise,
    "constant": _constant,
    "one-mode-per-class": _one_mode,
    "memorised": _memorised,
    "wrong-labels": _wrong_labels,
}
"""By name, as in ``bounds.yaml``."""


def make_control(name: str, halves: Halves) -> Submission:
    """The submission of a control."""
    part = CONTROLS[name](halves)
    digests = tuple(map(digest_array, part.pixels))
    counts = np.bincount(part.labels, minlength=len(CLASSES)).tolist()
    return Submission(
        part.pixels,
        part.labels,
        np.unique(part.units, return_inverse=True)[1].astype(np.int64),
        digests,
        {str(one): count for one, count in zip(CLASSES, counts, strict=True)},
        digest_json(sorted(digests)),
        "window",
        Generator(name=name),
        Provenance(),
        fields=part.fields,
    )
