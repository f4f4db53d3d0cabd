"""The three sets of an evaluation in one numbering: submission, then real training, then held-out real images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.bench.details import Histogram, histogram
from synthuterus_bench.bench.parts import Part
from synthuterus_bench.bench.reference import Reference
from synthuterus_bench.bench.submission import NO_CLASS, Submission
from synthuterus_bench.downstream.regimes import Labelled
from synthuterus_bench.metrics.bank import FeatureBank
from synthuterus_bench.metrics.base import Need, Scope
from synthuterus_bench.metrics.scopes import make_scopes
from synthuterus_bench.vocab import CLASSES, Plane

MOST = 512
"""Images of a class that are compared; all pairs of three sets of four classes then take a third of a gigabyte."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sets:
    """A submission and its reference."""

    submission: Submission
    real: Reference

    @property
    def pixels(self) -> NDArray[np.uint16]:
        """All images, (rows, size, size)."""
        return np.concatenate([self.submission.pixels, self.real.train.pixels, self.real.test.pixels])

    def plane(self, plane: Plane) -> NDArray[np.uint16]:
        """The middle slices of all volumes in a plane beside the sagittal one, (rows, size, size)."""
        return np.concatenate([part.planes[plane] for part in (self.submission, self.real.train, self.real.test)])

    @property
    def units(self) -> Ints:
        """Patient number of each row, none in two sets."""
        parts = (self.submission.units, self.real.train.units, self.real.test.units)
        offsets = np.cumsum([0, *(part.max() + 1 for part in parts[:-1])])
        return np.concatenate([part + offset for part, offset in zip(parts, offsets, strict=True)])

    @property
    def sizes(self) -> tuple[int, int, int]:
        """How many images each of the three holds."""
        return len(self.submission.labels), len(self.real.train.labels), len(self.real.test.labels)

    def parts(self, rows: Ints) -> tuple[int, ...]:
        """How many of some rows, in rising order, belong to each of the three."""
        edges = np.searchsorted(rows, np.cumsum([0, *self.sizes]))
        return tuple(np.diff(edges).tolist())

    def scopes(self, permutations: int, pooled_permutations: int = 0, compared: int = MOST) -> list[Scope]:
        """Each orientation and all pooled.

        Of every class at most ``MOST`` images of each set take part, the first of them: that bounds memory. Held-out
        images of a class are ``compared`` with, of whole patients; the others only deal floors. Synthetic ones are at
        most as many as there are training images and such others of the class, so that a floor can be as large.
        Where classes were measured, pooled are all images, with a class or not, up to as many as that.
        """
        train, held_out = (first_of_each_class(part.labels) for part in (self.real.train, self.real.test))
        test = whole_patients(held_out, self.real.test.units, compared)
        spare = np.where(test >= 0, -1, held_out)
        spare[np.isin(self.real.test.units, self.real.test.units[test >= 0])] = -1
        fake, told = self.submission.labels, not self.submission.measured
        limits = [int(np.sum(train == k) + np.sum(spare == k)) for k in range(len(CLASSES))]
        limit, everywhere = sum(limits), np.arange(len(fake))
        matched = np.concatenate([first_of_class(fake, k, most) for k, most in enumerate(limits)])
        pooled_only = np.full(len(fake), -1) if told else np.where(everywhere < limit, NO_CLASS, -1)
        labels = np.where(np.isin(everywhere, matched), fake, pooled_only)
        if not told:
            labels[limit:] = -1
        names = [str(name) for name in CLASSES]
        return make_scopes(
            labels,
            train,
            test,
            self.units,
            names,
            permutations=permutations,
            seed=0,
            told=told,
            pooled_permutations=pooled_permutations,
            spare=spare,
        )

    def labelled(self, bank: FeatureBank) -> tuple[Labelled, Labelled, Labelled]:
        """Submission, as many real training images of each class, and all held-out ones; all with a class."""
        fake, train, test = self._split(bank.arrays[Need.EMBEDDER])
        sizes = np.bincount(self.submission.labels, minlength=NO_CLASS)[:NO_CLASS]
        rows = [first_of_class(self.real.train.labels, k, size) for k, size in enumerate(sizes)]
        real, held_out, ours = self.real.train, self.real.test, self.submission
        return (
            _labelled(ours, fake).take(np.flatnonzero(ours.labels < NO_CLASS)),
            _labelled(real, train).take(np.concatenate(rows)),
            _labelled(held_out, test),
        )

    def similarities(self, bank: FeatureBank) -> Histogram:
        """Cosine of each image's code to the nearest real training image."""
        fake, train, test = self._split(bank.arrays[Need.CODES])
        return histogram({"submission": (fake @ train.T).max(1), "held-out real": (test @ train.T).max(1)})

    def _split(self, rows: NDArray[np.floating]) -> list[NDArray[np.floating]]:
        return np.split(rows, np.cumsum([len(self.submission.labels), len(self.real.train.labels)]))


def first_of_each_class(labels: Ints) -> Ints:
    """The labels with -1 for all but the first ``MOST`` of each class."""
    kept = np.full(len(labels), -1)
    for name in np.unique(labels):
        rows = np.flatnonzero(labels == name)[:MOST]
        kept[rows] = name
    return kept


def whole_patients(labels: Ints, units: Ints, count: int) -> Ints:
    """The labels with -1 for all but the first patients of each class, as many as have ``count`` images or more."""
    kept = np.full(len(labels), -1)
    for name in np.unique(labels[labels >= 0]):
        rows = np.flatnonzero(labels == name)
        patients, first, images = np.unique(units[rows], return_index=True, return_counts=True)
        order = np.argsort(first)
        before = np.cumsum(images[order]) - images[order]
        kept[rows[np.isin(units[rows], patients[order][before < count])]] = name
    return kept


def _labelled(part: Submission | Part, features: NDArray[np.floating]) -> Labelled:
    return Labelled(part.pixels, features, part.labels, part.units, part.fields)


def first_of_class(labels: Ints, which: int, count: int) -> Ints:
    """The first ``count`` rows of a class."""
    return np.flatnonzero(labels == which)[:count]
