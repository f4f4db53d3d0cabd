"""What a submission is good for: learn the orientation from it, be tested on real patients held out.

Each regime learns from one set and predicts another. The same regime on real training images is the arm to beat.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.downstream.training import Recipe, predict, shrink, train_classifier
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.repro import stream_seed

RESTARTS = 10


@dataclass(frozen=True, slots=True)
class Labelled:
    """Images of one set: windowed pixels (n, rows, columns), embedder features (n, f), class and patient of each."""

    pixels: NDArray[np.uint16]
    features: NDArray[np.floating]
    labels: NDArray[np.int64]
    units: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64]) -> "Labelled":
        """The same for some rows."""
        return Labelled(self.pixels[rows], self.features[rows], self.labels[rows], self.units[rows])


def supervised(
    learn: Labelled, test: Labelled, classes: int, recipe: Recipe, *, seed: int, device: str, track: Track = silent
) -> NDArray[np.int64]:
    """Train a classifier on ``learn``; its predictions on ``test``, (n,)."""
    images = shrink(learn.pixels, recipe.side)
    network = train_classifier(images, learn.labels, classes, recipe, seed=seed, device=device, track=track)
    return predict(network, shrink(test.pixels, recipe.side), device)


def clustered(learn: Labelled, test: Labelled, classes: int, *, seed: int) -> NDArray[np.int64]:
    """k-means of the embedder features of ``learn``, one cluster a class; test images take their nearest cluster's.

    Features are standardised by ``learn``. Clusters are matched to classes by the assignment that agrees with most
    labels of ``learn`` (Kuhn 1955); no label has any other part in it.
    """
    from sklearn.cluster import KMeans

    mean, spread = learn.features.mean(0), learn.features.std(0) + 1e-6
    means = KMeans(classes, n_init=RESTARTS, random_state=stream_seed(seed, "downstream", "k-means") % 2**32)
    found = means.fit_predict((learn.features - mean) / spread)
    names = match_clusters(found, learn.labels, classes)
    return names[means.predict((test.features - mean) / spread)]


def match_clusters(found: NDArray[np.integer], labels: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """The class of each cluster, (classes,), one to one, that agrees with most labels."""
    from scipy.optimize import linear_sum_assignment

    agree = np.bincount(found * classes + labels, minlength=classes**2).reshape(classes, classes)
    return linear_sum_assignment(agree, maximize=True)[1]
