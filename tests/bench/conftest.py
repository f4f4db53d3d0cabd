import numpy as np
import pytest

from synthuterus_bench.bench.suite import DEMO, Regime
from synthuterus_bench.nets.embedder import Embedding
from synthuterus_bench.vocab import CLASSES


class BlockMeans:
    """A stand-in for the embedder: means of 8 x 8 blocks."""

    sha256 = "e" * 64

    def __call__(self, z):
        n, side, _ = z.shape
        features = z.reshape(n, 8, side // 8, 8, side // 8).mean((2, 4)).reshape(n, -1)
        codes = features - features.mean(1, keepdims=True)
        codes = codes / np.linalg.norm(codes, axis=1, keepdims=True)
        return Embedding(features, codes, codes)


@pytest.fixture(scope="session")
def embedder():
    return BlockMeans()


@pytest.fixture(scope="session")
def suite():
    """The demo suite made small."""
    slim = Regime(name="supervised", net="slim-resnet", side=32, updates=2, learning_rate=3e-3)
    small = {
        "n_per_class": 8,
        "phantom_scans": 80,
        "phantom_digest": None,
        "permutations": 6,
        "resamples": 30,
    }
    return DEMO.model_copy(update=small | {"id": "small", "regimes": (slim, Regime(name="k-means"))})


@pytest.fixture(scope="session")
def images():
    """Plain windowed-looking images: class to (5, 128, 128) uint8."""
    rng = np.random.default_rng(0)
    blobs = rng.normal(size=(len(CLASSES), 5, 16, 16)).repeat(8, 2).repeat(8, 3)
    gray = np.clip(100 + 40 * blobs + 5 * rng.normal(size=blobs.shape), 1, 255).astype(np.uint8)
    return {str(name): gray[k] for k, name in enumerate(CLASSES)}


@pytest.fixture
def folder(tmp_path, images):
    """A submission of plain 8-bit files."""
    from synthuterus_bench.cohorts.imagefile import encode_png

    root = tmp_path / "submission"
    for name, group in images.items():
        (root / name).mkdir(parents=True)
        for k, image in enumerate(group):
            (root / name / f"{k}.png").write_bytes(encode_png(image))
    return root
