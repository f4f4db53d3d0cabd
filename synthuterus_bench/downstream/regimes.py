"""What a submission is good for: learn the orientation from it, be tested on real patients held out.

Each regime learns from one set and predicts another. The same regime on real training images is the arm to beat, and
on both together it says what the submission adds to real data.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.repro import stream_seed

RESTARTS = 10


@dataclass(frozen=True, slots=True)
class Labelled:
    """Images of one set: windowed pixels (n, rows, columns), embedder features (n, f), class and patient of each.

    ``fields`` are their field strengths in tesla, (n,), NaN where unknown; None where none is known.
    """

    pixels: NDArray[np.uint16]
    features: NDArray[np.floating]
    labels: NDArray[np.int64]
    units: NDArray[np.int64]
    fields: NDArray[np.float64] | None = None

    def take(self, rows: NDArray[np.int64]) -> "Labelled":
        """The same for some rows."""
        fields = None if self.fields is None else self.fields[rows]
        return Labelled(self.pixels[rows], self.features[rows], self.labels[rows], self.units[rows], fields)


def joined(first: Labelled, second: Labelled) -> Labelled:
    """Both sets as one; no patient is in both, and field strengths are forgotten."""
    units = np.concatenate([first.units, second.units + first.units.max() + 1])
    pixels, features, labels = (
        np.concatenate([getattr(first, name), getattr(second, name)]) for name in ("pixels", "features", "labels")
    )
    return Labelled(pixels, features, labels, units)


def clustered(learn: Labelled, test: Labelled, classes: int, *, seed: int) -> NDArray[np.float64]:
    """k-means of the embedder features of ``learn``, one cluster a class: probabilities of ``test``, (n, classes).

    Features are standardised by ``learn``. Clusters are matched to classes by the assignment that agrees with most
    labels of ``learn`` (Kuhn 1955); no label has any other part in it. Probabilities are those of equal spherical
    Gaussians about the centres, as wide as images of ``learn`` lie from theirs; the nearest centre's is the largest.
    Of fewer distinct rows than classes some centres are the same, and all that is nearest to them gets equal chances.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    mean, spread = learn.features.mean(0), learn.features.std(0) + 1e-6
    means = KMeans(classes, n_init=RESTARTS, random_state=stream_seed(seed, "downstream", "k-means") % 2**32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = means.fit_predict((learn.features - mean) / spread)
    width = max(float(means.inertia_) / len(found), 1e-12)
    away = means.transform((test.features - mean) / spread) ** 2
    chances = _softmax(-away / (2 * width))
    return chances[:, np.argsort(match_clusters(found, learn.labels, classes))]


def _softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    from scipy.special import softmax

    return softmax(logits.astype(np.float64), axis=1)


def match_clusters(found: NDArray[np.integer], labels: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """The class of each cluster, (classes,), one to one, that agrees with most labels."""
    from scipy.optimize import linear_sum_assignment

    agree = np.bincount(found * classes + labels, minlength=classes**2).reshape(classes, classes)
    return linear_sum_assignment(agree, maximize=True)[1]
