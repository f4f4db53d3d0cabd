"""What membership inference finds where nothing leaked, measured with people who are in no group.

An encoder that saw the training patients spreads them farther apart than patients it never saw, so that any image at
all is less similar to them: where nothing leaked the AUC then lies below 0.5, and a small leak would hide there. Real
images of a third group of patients (the control) take the place of the release. Drawn from one population, a release
without a leak and as large a control are exchangeable, whatever the encoder learned: the difference of their AUC is 0.
A smaller control finds an AUC nearer to 0.5 than so large a release without a leak would: it errs towards no leak.
"""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from synthuterus_bench.privacy.ranking import auc, patient_weights
from synthuterus_bench.privacy.search import Codes, nearest
from synthuterus_bench.repro import stream
from synthuterus_bench.stats import percentile_interval, significant

RESAMPLES = 1000


class Chance(BaseModel):
    """AUC of the control in the place of the release, and by how much the release exceeds it.

    Attributes:
        control: its images: as many as the release has, drawn at random, or all where there are fewer.
        null: AUC of the control.
        excess: AUC of the release less ``null``; 0 without a leak. Its 95 % interval resamples patients.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    control: int
    null: float
    excess: float
    interval: tuple[float, float]


def beyond_chance(
    members: tuple[Codes, NDArray[np.int64]],
    others: tuple[Codes, NDArray[np.int64]],
    synthetic: Codes,
    control: Codes,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Chance:
    """Membership inference with the release against the same with the control.

    Args:
        members, others: unit codes (n, E) of both groups, and the number of each one's patient.
        synthetic: codes of the release.
        control: of real images of patients in neither group.
    """
    rng = stream(seed, "chance")
    sets = synthetic, control[np.sort(rng.permutation(len(control))[: len(synthetic)])]
    near, far = ([-nearest(codes, one)[0].astype(np.float64) for codes, _ in (members, others)] for one in sets)
    weights = [patient_weights(rng, patients, resamples) for _, patients in (members, others)]
    draws = [
        auc(near[0], near[1], ones, twos) - auc(far[0], far[1], ones, twos) for ones, twos in zip(*weights, strict=True)
    ]
    found, null = auc(near[0], near[1]), auc(far[0], far[1])
    low, high = percentile_interval(np.array(draws))
    return Chance(
        control=len(sets[1]),
        null=significant(null),
        excess=significant(found - null),
        interval=(significant(low), significant(high)),
    )
