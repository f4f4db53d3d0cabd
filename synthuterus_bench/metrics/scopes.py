"""Scopes of a comparison, each with its patient-disjoint relabellings of the real images."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.metrics.base import Relabelling, Rows, Scope
from synthuterus_bench.repro import stream

POOLED = "pooled"
Ints = NDArray[np.int64]


class Groups(NamedTuple):
    """Rows of synthetic, real training and held-out real images, and of held-out ones that only deal floors."""

    fake: Rows
    train: Rows
    test: Rows
    spare: Rows


def make_scopes(
    fake: Ints,
    train: Ints,
    test: Ints,
    units: Ints,
    names: list[str],
    *,
    permutations: int,
    seed: int,
    told: bool = True,
    pooled_permutations: int = 0,
    spare: Ints | None = None,
) -> list[Scope]:
    """One scope pooled over the classes and one for each.

    The rows of a feature array are those of ``fake``, then ``train``, then ``test``. Relabellings deal patients within
    their class; those that leave a group with less than two patients are dropped.

    Args:
        fake: class index of every synthetic image, (n,), -1 for one to leave out; ``train`` and ``test`` the same
            for the real ones.
        told: whether the synthetic images were asked to have their classes. If not, the number of classes is the
            index of those without one, which are pooled only, and pooled images are one stratum: their relabellings
            deal patients of all classes together.
        units: patient number of every row, (rows,).
        names: class names in the order of the indices.
        permutations: relabellings of the real images; ``pooled_permutations`` those of synthetic and held-out images
            together, for the excess over the null.
        spare: class index of held-out images that are compared with nothing (-1 for all others, as ``test`` has it for
            these), of other patients than those of ``test``: relabellings deal them too, so that floors can be of more
            images than there are for training.
    """
    spare = np.full(len(test), -1) if spare is None else spare
    classes = np.concatenate([fake, train, np.maximum(test, spare)])
    starts = np.cumsum([0, len(fake), len(train)])[[0, 1, 2, 2]]
    whole = Groups(
        *(start + np.flatnonzero(part >= 0) for start, part in zip(starts, (fake, train, test, spare), strict=True))
    )
    scopes, null = [], []
    for k, name in enumerate(names):
        groups = Groups(*(rows[classes[rows] == k] for rows in whole))
        null.append([relabel(groups, units, stream(seed, "null", name, p)) for p in range(permutations)])
        scopes.append(_scope(name, groups, units, classes, null[-1], pooled_permutations))
    if not told:
        dealt = [relabel(whole, units, stream(seed, "null", POOLED, p)) for p in range(permutations)]
        pooled = _scope(POOLED, whole, units, np.zeros_like(classes), dealt, pooled_permutations)
        return [replace(pooled, mixed=True), *scopes]
    joined = [_join(draws) for draws in zip(*null, strict=True) if all(_usable(draw, units) for draw in draws)]
    return [_scope(POOLED, whole, units, classes, joined, pooled_permutations), *scopes]


def _scope(
    name: str, groups: Groups, units: Ints, classes: Ints, null: list[Relabelling], pooled_permutations: int
) -> Scope:
    usable = tuple(draw for draw in null if _usable(draw, units))
    return Scope(name, groups.fake, groups.train, groups.test, units, classes, usable, pooled_permutations)


def compact(scopes: list[Scope]) -> tuple[Rows, list[Scope]]:
    """The rows that any scope takes, and the scopes in the numbering of those alone."""
    rows = np.unique(np.concatenate([part for scope in scopes for part in _parts(scope)]))
    new: Callable[[Rows], Rows] = lambda old: np.searchsorted(rows, old).astype(np.int64)
    return rows, [
        replace(
            scope,
            fake=new(scope.fake),
            train=new(scope.train),
            test=new(scope.test),
            units=scope.units[rows],
            strata=scope.strata[rows],
            null=tuple(Relabelling(new(draw.real), new(draw.fake), new(draw.train)) for draw in scope.null),
        )
        for scope in scopes
    ]


def _parts(scope: Scope) -> Iterator[Rows]:
    yield from (scope.fake, scope.train, scope.test)
    yield from (rows for draw in scope.null for rows in (draw.real, draw.fake, draw.train))


def _usable(draw: Relabelling, units: Ints) -> bool:
    return all(len(np.unique(units[rows])) > 1 for rows in (draw.real, draw.fake))


def relabel(groups: Groups, units: Ints, rng: np.random.Generator) -> Relabelling:
    """Deal the patients of all real images anew, into groups of the sizes of ``test``, and of ``train`` and ``fake``.

    Whole patients fill the first group, its last one perhaps in part; what is left of that one is not used, so
    the other groups can fall short by less than one patient. Where the synthetic images are so few that those of one
    patient would stand for all of them, they are of as many patients instead.
    """
    real = np.concatenate([groups.train, groups.test, groups.spare])
    patients, member = np.unique(units[real], return_inverse=True)
    place = rng.permutation(len(patients))[member]
    order = np.argsort(place, kind="stable")
    rows, place = real[order], place[order]
    rest = rows[place > place[len(groups.test) - 1]]
    return Relabelling(rows[: len(groups.test)], _deal(rest, units, len(groups.fake)), rest[: len(groups.train)])


def _deal(rest: Rows, units: Ints, count: int) -> Rows:
    """The first ``count`` rows, or the first of each patient where those would be of one."""
    first = np.sort(np.unique(units[rest], return_index=True)[1])
    alone = 1 < count <= len(first) and first[1] >= count
    return rest[first[:count]] if alone else rest[:count]


def _join(pieces: tuple[Relabelling, ...]) -> Relabelling:
    return Relabelling(
        np.concatenate([piece.real for piece in pieces]),
        np.concatenate([piece.fake for piece in pieces]),
        np.concatenate([piece.train for piece in pieces]),
    )
