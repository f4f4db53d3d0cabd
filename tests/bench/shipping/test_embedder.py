import shutil

import pytest

from synthuterus_bench.bench.shipping import filters
from synthuterus_bench.bench.shipping.filters import selftest_of
from synthuterus_bench.bench.shipping.make import make
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.generators.measured import load_measured
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.privacy.index import load_index
from synthuterus_bench.privacy.selftest_record import load_selftest
from tests.bench.shipping.conftest import CT, make_site


@pytest.fixture(scope="module")
def site(made, cohort, tmp_path_factory):
    """An embedder that was trained and packed, and after it the generator of ``made``."""
    site = make_site(tmp_path_factory.mktemp("embedder"), cohort)
    shutil.copytree(made.yard.out(CT), site.yard.out(CT))
    shutil.copytree(made.yard.ship / "readers", site.yard.ship / "readers")
    make(["embedder", CT], site.yard)
    return site


def test_it_ships_with_card_and_self_test(site):
    home = site.yard.ship / "embedder"
    assert sorted(path.name for path in home.iterdir()) == ["README.md", "embedder.safetensors", "selftest.json"]
    card, found = (home / "README.md").read_text(encoding="utf-8"), load_selftest(home / "selftest.json")
    assert found.encoder_sha256 == load_embedder(home).sha256
    assert "40 images, 2 steps, apart" in " ".join(card.split())
    for cell in found.cells:
        assert f"| {cell.transform} | " in card
    assert str(site.yard.work) not in card


def test_generators_are_packed_with_it_and_not_with_the_shipped_one(site, made):
    own = load_embedder(site.yard.work / "w-embedder").sha256
    shipped = site.yard.ship / CT
    assert own != load_embedder().sha256
    assert load_measured(made.pipeline).embedder_sha256 == load_embedder().sha256
    assert load_measured(shipped).embedder_sha256 == own
    assert load_index(shipped / "index.safetensors").encoder_sha256 == own
    assert load_selftest(shipped / "selftest.json").encoder_sha256 == own
    assert (shipped / "selftest.json").read_bytes() == (site.yard.ship / "embedder" / "selftest.json").read_bytes()


def test_an_autoencoder_that_has_come_is_planted_too(site, cohort, monkeypatch):
    asked = []

    def run(*args, autoencoder, **kwargs):
        asked.append(autoencoder)
        return real(*args, autoencoder=None, **kwargs).model_copy(update={"autoencoder_sha256": "0" * 64})

    real = filters.run_selftest
    monkeypatch.setattr(filters, "run_selftest", run)
    selftest_of(cohort, site.yard)
    assert asked == []
    home = site.yard.work / "w-vae2d" / "autoencoder"
    home.mkdir(parents=True)
    (home / "diffusion_pytorch_model.safetensors").write_bytes(b"weights")
    monkeypatch.setattr(filters, "digest_file", lambda _: "0" * 64)
    selftest_of(cohort, site.yard), selftest_of(cohort, site.yard)
    assert asked == [home]
    shutil.rmtree(site.yard.work / "w-vae2d")


def test_what_was_never_trained_is_not_packed(cohort, tmp_path):
    with pytest.raises(WeightsError, match=r"no embedder\.safetensors, expected a trained embedder"):
        make(["embedder"], make_site(tmp_path, cohort).yard, training=False)
