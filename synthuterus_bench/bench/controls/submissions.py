"""Control submissions: images whose fault, or lack of one, is known, made from the reference itself.

Half of the training patients are taken out of the reference; they are real patients whom nothing knows, and what most
controls are made of. All controls hold equally many images of each class and are compared with what is left. Of volumes
they are made of the slices that a suite looks at.
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
from synthuterus_bench.cohorts.record import Dims
from synthuterus_bench.cohorts.window import from_window, to_window
from synthuterus_bench.entry import Generator
from synthuterus_bench.errors import CohortError
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
        CohortError: a class has too few patients.
    """
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

    def blur(pixels: Pixels, *_: str) -> Pixels:
        return to_window(gaussian_filter(from_window(pixels), (0, BLUR, BLUR), mode="nearest"))

    return _on_every_plane(halves.given, blur)


def _noise(halves: Halves) -> Part:
    """Pixels of each image in random order: the same grey values without a picture."""

    def shuffle(pixels: Pixels, *plane: str) -> Pixels:
        shuffled = [
            stream(0, "controls", "noise", row, *plane).permutation(image.ravel()).reshape(image.shape)
            for row, image in enumerate(pixels)
        ]
        return np.stack(shuffled)

    return _of_nobody(_on_every_plane(halves.given, shuffle))


def _constant(halves: Halves) -> Part:
    same = np.zeros(len(halves.given.labels), np.int64)
    return _of_nobody(_on_every_plane(halves.given, lambda pixels, *_: pixels[same]))


def _one_mode(halves: Halves) -> Part:
    labels = halves.given.labels
    first = [np.flatnonzero(labels == k)[0] for k in labels]

    def jitter(pixels: Pixels, *plane: str) -> Pixels:
        return np.stack([_jittered(pixels[source], row, *plane) for row, source in enumerate(first)])

    return _of_nobody(_on_every_plane(halves.given, jitter))


def _jittered(image: Pixels, row: int, *plane: str) -> Pixels:
    rng = stream(0, "controls", "jitter", row, *plane)
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


def _on_every_plane(part: Part, change: Callable[..., Pixels]) -> Part:
    """``change`` called with the images, and of volumes with the slices of each other plane and its name."""
    planes = {plane: change(pixels, str(plane)) for plane, pixels in part.planes.items()}
    return replace(part, pixels=change(part.pixels), planes=planes)


def _of_nobody(part: Part) -> Part:
    """Made-up images: each is a patient of its own."""
    return replace(part, units=np.arange(len(part.labels)))


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
    dims: Dims = 3 if part.planes else 2
    return Submission(
        part.pixels,
        part.labels,
        np.unique(part.units, return_inverse=True)[1].astype(np.int64),
        digests,
        {str(one): count for one, count in zip(CLASSES, counts, strict=True)},
        digest_json(sorted(digests)),
        "window",
        Generator(name=name, dims=dims),
        Provenance(),
        dims,
        fields=part.fields,
        planes=part.planes,
    )
