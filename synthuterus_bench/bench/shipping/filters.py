"""The privacy filter of a cohort: the index of its training images and the self-test, made once for all models."""

from pathlib import Path

from synthuterus_bench.bench.shipping.yard import Yard
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.nets.autoencoder import WEIGHTS
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.filter import PrivacyFilter
from synthuterus_bench.privacy.index import build_index, load_index, save_index
from synthuterus_bench.privacy.selftest import run_selftest
from synthuterus_bench.privacy.selftest_record import SelfTest, load_selftest
from synthuterus_bench.repro import digest_file
from synthuterus_bench.vocab import AutoencoderId

FILTERS = "filters"


def index_of(cohort: Cohort, yard: Yard) -> Path:
    """The index of a cohort by the embedder in use, in ``WORK/filters``."""
    embedder = load_embedder(yard.embedder)
    file = yard.work / FILTERS / f"index-{_key(cohort, embedder.sha256)}.safetensors"
    if not file.is_file():
        save_index(build_index(cohort, embedder, yard.track), file)
    return file


def selftest_of(cohort: Cohort, yard: Yard) -> Path | None:
    """The self-test of that filter, in ``WORK/filters``; None of volumes, of which no slices can be planted.

    With the round trip through ``vae2d`` where WORK has one of this view; made anew when another one has come.
    """
    if cohort.manifest.dims == 3:
        return None
    embedder, autoencoder = load_embedder(yard.embedder), yard.out(AutoencoderId.VAE2D, cohort.manifest.view)
    home = autoencoder / "autoencoder"
    there = (home / WEIGHTS).is_file()
    file = yard.work / FILTERS / f"selftest-{_key(cohort, embedder.sha256)}.json"
    if file.is_file() and _is_of(load_selftest(file), digest_file(home / WEIGHTS) if there else None, yard):
        return file
    yard.say(f"self-test of the filter of {cohort.root.name}")
    judge = PrivacyFilter(embedder, load_index(index_of(cohort, yard)))
    found = run_selftest(
        judge,
        cohort,
        plants=yard.extent.plants,
        negatives=yard.extent.negatives,
        autoencoder=home if there else None,
        track=yard.track,
    )
    found.save(file)
    return file


def _is_of(found: SelfTest, autoencoder: str | None, yard: Yard) -> bool:
    size = found.cells[0].plants, found.negatives
    return size == (yard.extent.plants, yard.extent.negatives) and found.autoencoder_sha256 == autoencoder


def _key(cohort: Cohort, encoder: str) -> str:
    return f"{cohort.manifest.digest[:12]}-{encoder[:12]}"
