"""What an attacker learns from a release about who was in the training data.

Everything is measured at the filter's encoder on codes of unit length: membership inference by distance to the
synthetic set, beside what it finds where nothing leaked; linkage as main, control and baseline attacks with the
residual risk of Anonymeter (Giomi et al. 2023); authenticity (Alaa et al. 2022); and the three-sample test of data
copying (Meehan et al. 2020). Images of one patient hang together: intervals resample patients, and an image is never
compared with others of its own patient.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from synthuterus_bench.errors import DataError
from synthuterus_bench.privacy.chance import Chance, beyond_chance
from synthuterus_bench.privacy.ranking import LEAST_PATIENTS, curve, patient_weights
from synthuterus_bench.privacy.search import Codes, nearest, nearest_other
from synthuterus_bench.repro import stream
from synthuterus_bench.stats import percentile_interval, significant, wilson_interval

RESAMPLES = 1000
Interval = tuple[float, float]
CELLS = 10
LEAST_IN_CELL = 10
"""Real and synthetic images that a cell of the copying test needs."""


@dataclass(frozen=True)
class Group:
    """Codes (n, E) of some images, and the number of the patient each belongs to, (n,)."""

    codes: Codes
    patients: NDArray[np.int64]


class Membership(BaseModel):
    """Can similarity to the nearest synthetic image tell training patients from held-out ones? 0.5 is chance.

    ``tpr`` is the share of training images found at 1 % false positives; chance finds 1 %.
    """

    model_config = ConfigDict(frozen=True)

    auc: float
    interval: Interval
    tpr: float
    tpr_interval: Interval


class Linkage(BaseModel):
    """An attacker claims of a person that the nearest synthetic image is a picture of hers; right above ``bound``.

    Success on training patients (main), on held-out ones (control), and with any synthetic image instead of the
    nearest (baseline). ``risk = (main - control) / (1 - control)``; an attack that does not beat its baseline is weak.
    """

    model_config = ConfigDict(frozen=True)

    bound: float
    main: float
    control: float
    baseline: float
    risk: float
    interval: Interval
    weak: bool


class Copying(BaseModel):
    """Authenticity, and the test statistic of data copying, each beside what held-out patients get.

    ``authentic`` is the share of synthetic images farther from their nearest training image than that image is from
    its nearest other patient; ``authentic_null`` the same of held-out images. ``c_t`` is about standard normal without
    copying, far below zero with it, ``c_t_least`` for copies of training images; None without enough images.
    """

    model_config = ConfigDict(frozen=True)

    authentic: float
    authentic_interval: Interval
    authentic_null: float
    c_t: float | None
    c_t_least: float | None


class Attacks(BaseModel):
    """Every attack on one release, and how many images of each set there were.

    ``chance`` is membership inference beyond what it finds where nothing leaked; None without patients to tell.
    """

    model_config = ConfigDict(frozen=True)

    membership: Membership
    chance: Chance | None = None
    linkage: Linkage
    copying: Copying
    members: int
    held_out: int
    synthetic: int

    @property
    def leaks(self) -> bool:
        """Whether any attack is told from chance: by its interval, or by three standard deviations."""
        inferred = self.membership.interval[0] > 0.5 or (self.chance is not None and self.chance.interval[0] > 0)
        return inferred or self.linkage.interval[0] > 0 or (self.copying.c_t or 0) < -3


def attack(
    members: Group, held_out: Group, synthetic: Codes, bound: float, seed: int = 0, control: Codes | None = None
) -> Attacks:
    """Run every attack.

    Args:
        members: images of training patients.
        held_out: of patients whom neither generator nor encoder saw.
        synthetic: codes of the release.
        bound: cosine above which two images pass for one; the calibrated tau.
        control: codes of further such patients: without them an encoder that saw the members hides
            some of what membership inference could find (:mod:`.chance`).

    Raises:
        DataError: no synthetic images, or less than two patients in a group.
    """
    _check(members, held_out, synthetic)
    own, (theirs, _) = nearest(members.codes, synthetic)[0], nearest(held_out.codes, synthetic)
    return Attacks(
        membership=membership(own, theirs, members.patients, held_out.patients, seed),
        chance=None if control is None or not len(control) else _chance(members, held_out, synthetic, control, seed),
        linkage=linkage(members, held_out, synthetic, bound, seed),
        copying=copying(members, held_out, synthetic, seed),
        members=len(own),
        held_out=len(theirs),
        synthetic=len(synthetic),
    )


def _check(members: Group, held_out: Group, synthetic: Codes) -> None:
    if not len(synthetic):
        raise DataError("found no synthetic images to attack, expected some that show something")
    for name, group in (("training", members), ("held-out", held_out)):
        found = len(np.unique(group.patients))
        if found < LEAST_PATIENTS:
            raise DataError(f"found {found} {name} patients to attack, expected at least {LEAST_PATIENTS}")


def _chance(members: Group, held_out: Group, synthetic: Codes, control: Codes, seed: int) -> Chance:
    ours, theirs = ((group.codes, group.patients) for group in (members, held_out))
    return beyond_chance(ours, theirs, synthetic, control, seed)


def membership(
    own: NDArray[np.floating],
    theirs: NDArray[np.floating],
    own_patients: NDArray[np.integer],
    their_patients: NDArray[np.integer],
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Membership:
    """AUC and true positives at 1 % false ones of scores that are larger for members; intervals over patients."""
    rng = stream(seed, "membership")
    ones, twos = (patient_weights(rng, patients, resamples) for patients in (own_patients, their_patients))
    values = np.concatenate([own, theirs]).astype(np.float64)
    _, place = np.unique(values, return_inverse=True)
    drawn = [curve(place, len(own), a, b) for a, b in zip(ones, twos, strict=True)]
    auc, tpr = curve(place, len(own), np.ones(len(own)), np.ones(len(theirs)))
    aucs, tprs = zip(*drawn, strict=True)
    return Membership(
        auc=significant(auc), interval=_interval(aucs), tpr=significant(tpr), tpr_interval=_interval(tprs)
    )


def _interval(values: "tuple[float, ...] | NDArray[np.float64]") -> Interval:
    low, high = percentile_interval(np.asarray(values))
    return (significant(low), significant(high))


def linkage(members: Group, held_out: Group, synthetic: Codes, bound: float, seed: int = 0) -> Linkage:
    """Main, control and baseline; one image a patient, as many patients in control as there are, at most."""
    rng = stream(seed, "linkage")
    targets, others = (group.codes[_one_each(rng, group.patients)] for group in (members, held_out))
    hits = [int((nearest(codes, synthetic)[0] > bound).sum()) for codes in (targets, others)]
    guessed = synthetic[rng.integers(len(synthetic), size=len(targets))]
    lucky = int(((targets * guessed).sum(1) > bound).sum())
    main, control = hits[0] / len(targets), hits[1] / len(others)
    low, high = _residual(hits[0], len(targets), hits[1], len(others))
    return Linkage(
        bound=bound,
        main=main,
        control=control,
        baseline=lucky / len(targets),
        risk=(main - control) / (1 - control) if control < 1 else 0.0,
        interval=(significant(low), significant(high)),
        weak=hits[0] <= lucky,
    )


def _residual(main: int, targets: int, control: int, others: int) -> tuple[float, float]:
    """Interval of the residual risk: Wilson intervals of both rates, their errors propagated as Anonymeter does."""
    (low, high), (least, most) = wilson_interval(main, targets), wilson_interval(control, others)
    attack, there = (low + high) / 2, (least + most) / 2
    risk = (attack - there) / (1 - there)
    of_attack = (high - low) / 2 / (1 - there)
    of_control = (most - least) / 2 * (1 - attack) / (1 - there) ** 2
    error = math.hypot(of_attack, of_control)
    return max(-1.0, risk - error), min(1.0, risk + error)


def _one_each(rng: np.random.Generator, patients: NDArray[np.integer]) -> NDArray[np.int64]:
    """A random row of each patient."""
    order = rng.permutation(len(patients))
    return np.sort(order[np.unique(patients[order], return_index=True)[1]])


def copying(members: Group, held_out: Group, synthetic: Codes, seed: int = 0) -> Copying:
    """AuthPct with its null, and C_T; held-out patients give one image each."""
    once = held_out.codes[_one_each(stream(seed, "copying"), held_out.patients)]
    apart = 1 - nearest_other(members.codes, members.patients)
    authentic, null = (_authentic(codes, members.codes, apart) for codes in (synthetic, once))
    low, high = wilson_interval(int(authentic.sum()), len(authentic))
    c_t, least = copying_test(members.codes, once, synthetic, seed)
    return Copying(
        authentic=float(authentic.mean()),
        authentic_interval=(significant(low), significant(high)),
        authentic_null=float(null.mean()),
        c_t=c_t,
        c_t_least=least,
    )


def _authentic(codes: Codes, training: Codes, apart: NDArray[np.float32]) -> NDArray[np.bool_]:
    cosines, rows = nearest(codes, training)
    return 1 - cosines > apart[rows]


def copying_test(training: Codes, real: Codes, synthetic: Codes, seed: int = 0) -> tuple[float | None, float | None]:
    """C_T of Meehan et al. (2020), and the least it could be.

    Cells by k-means of the training codes; in each the Mann-Whitney Z of distances to the nearest training image,
    synthetic against held-out real, weighted by how many synthetic images lie there. Z is 0 on average without copying.

    Returns:
        None twice where no cell holds enough of both.
    """
    from scipy.spatial.distance import cdist

    cells = _cells(training, seed)
    homes = [cdist(codes, cells).argmin(1) for codes in (real, synthetic)]
    far = [1 - nearest(codes, training)[0] for codes in (real, synthetic)]
    total, found, least = 0, 0.0, 0.0
    for cell in range(len(cells)):
        theirs, ours = far[0][homes[0] == cell], far[1][homes[1] == cell]
        if min(len(theirs), len(ours)) >= LEAST_IN_CELL:
            total += len(ours)
            found += len(ours) * _z(ours, theirs)
            least += len(ours) * -math.sqrt(3 * len(ours) * len(theirs) / (len(ours) + len(theirs) + 1))
    return (significant(found / total), significant(least / total)) if total else (None, None)


def _cells(training: Codes, seed: int) -> NDArray[np.floating]:
    from sklearn.cluster import MiniBatchKMeans

    count = max(1, min(CELLS, len(training) // (5 * LEAST_IN_CELL)))
    fit = MiniBatchKMeans(count, random_state=seed, n_init=3, batch_size=1024).fit(training)
    return np.asarray(fit.cluster_centers_)


def _z(ours: NDArray[np.floating], theirs: NDArray[np.floating]) -> float:
    """Mann-Whitney U of ``ours`` above ``theirs``, standardised; negative where ours are nearer."""
    from scipy.stats import rankdata

    m, n = len(ours), len(theirs)
    u = rankdata(np.concatenate([ours, theirs]))[:m].sum() - m * (m + 1) / 2
    return float((u - m * n / 2) / math.sqrt(m * n * (m + n + 1) / 12))
