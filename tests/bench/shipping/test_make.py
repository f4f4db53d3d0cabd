import json
import shutil
from dataclasses import replace
from functools import partial

import pytest

from synthuterus_bench.bench.shipping import filters, pack, reader, samplers, train
from synthuterus_bench.bench.shipping import measure as measuring
from synthuterus_bench.bench.shipping.make import make
from synthuterus_bench.bench.shipping.parcel import CONTENTS
from synthuterus_bench.errors import CohortError, UsageError, WeightsError
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.generators.folder import weights_digest
from synthuterus_bench.generators.measured import load_measured
from synthuterus_bench.generators.trained import load_record
from synthuterus_bench.privacy.index import load_index
from synthuterus_bench.vocab import Config, Split
from tests.bench.shipping.conftest import CT, make_site


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def forbid(*_, **__):
    raise AssertionError("done already, and done again")


def test_what_ships_has_everything_and_is_what_was_measured(made):
    shipped = made.yard.ship / CT
    assert files(shipped) == files(made.pipeline)
    assert set(CONTENTS) <= set(files(shipped))
    assert (made.yard.pages / f"{CT}.png").read_bytes() == (shipped / "samples.png").read_bytes()
    assert not [*made.yard.ship.glob(".*")]
    record, measured = load_record(shipped), load_measured(shipped)
    assert record.images_seen == 16
    assert record.quality == {}, "nothing that a second training would not give again"
    assert measured.samples == 12
    assert measured.reference_digest == record.cohort_digest
    assert measured.cost.seconds > 0


def test_its_index_is_of_every_training_image(made, cohort):
    index = load_index(made.pipeline / "index.safetensors")
    assert len(index.keys) == cohort.manifest.splits[Split.TRAIN]
    assert index.reference_digest == cohort.manifest.digest


MADE_ONCE = [(filters, "build_index"), (filters, "run_selftest"), (reader, "train_reader")]
"""For all models of a cohort."""


def test_it_passes_the_gate_of_models_and_generates_through_its_tested_filter(made, tmp_path):
    from synthuterus_bench.cohorts.layout import selftest_file
    from synthuterus_bench.release.build import ReleasePlan, generate
    from synthuterus_bench.release.model import check_model

    checked = check_model(made.yard.ship / CT)
    assert {"membership.json", "selftest.json", "index.safetensors"} <= set(checked.kept)
    assert not checked.left_out
    plan = ReleasePlan(CT, made.yard.ship / CT, scans=4, sampler=samplers.SamplerConfig(steps=1), floor=0.0)
    assert selftest_file(generate(plan, tmp_path / "r").root, Config.ROI).is_file()


def test_another_model_of_the_cohort_finds_reader_index_and_self_test_there(made, cohort, tmp_path, monkeypatch):
    site = make_site(tmp_path, cohort)
    shutil.copytree(made.yard.work / "filters", site.yard.work / "filters")
    shutil.copytree(made.yard.ship / "readers", site.yard.ship / "readers")
    for module, name in MADE_ONCE:
        monkeypatch.setattr(module, name, forbid)
    make(["ddpm2d-uncond-roi"], site.yard)
    shipped = site.yard.ship / "ddpm2d-uncond-roi"
    for name in ("index.safetensors", "selftest.json"):
        assert (shipped / name).read_bytes() == (made.pipeline / name).read_bytes()
    measured = load_measured(shipped)
    assert "no class is told" in measured.unavailable["anatomy-agreement"]
    assert [(row.solver, row.guidance, row.spacing) for row in measured.samplers] == [("dpm++", 1, 2), ("ddim", 1, 1)]
    assert all(row.agreement is None for row in measured.anatomy)
    assert measured.conditions == []
    assert "## Conditions" not in (shipped / "README.md").read_text(encoding="utf-8")


def test_a_second_run_finds_everything_done(made, monkeypatch):
    before = files(made.yard.work)
    monkeypatch.setattr(train, "start", forbid)
    for module, name in [*MADE_ONCE, (pack, "measure"), (pack, "measure_membership")]:
        monkeypatch.setattr(module, name, forbid)
    monkeypatch.setattr("synthuterus_bench.release.build.draw_missing", forbid)
    make([CT], made.yard)
    assert files(made.yard.work) == before


KILLED_AT = [
    (train, "start", 1),
    (filters, "build_index", 1),
    (filters, "run_selftest", 1),
    (pack, "measure_membership", 1),
    (reader, "train_reader", 1),
    (pack, "generate", 1),
    (measuring, "compare", 1),
    (samplers, "_measure", 2),
    (pack, "write_pages", 1),
    (pack, "ship", 1),
]


@pytest.mark.slow
def test_killed_before_every_step_in_turn_it_ends_in_the_same_files(made, cohort, tmp_path, monkeypatch):
    site = make_site(tmp_path, cohort)
    for module, name, call in KILLED_AT:
        calls, real = [], getattr(module, name)

        def dies(*args, real=real, calls=calls, call=call, **kwargs):
            calls.append(1)
            if len(calls) == call:
                raise KeyboardInterrupt
            return real(*args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(module, name, dies)
            with pytest.raises(KeyboardInterrupt):
                make([CT], site.yard)
        assert not (site.yard.ship / CT).exists()
    make([CT], site.yard)
    ours, theirs = files(site.yard.ship / CT), files(made.yard.ship / CT)
    timed = ("measured.json", "README.md")
    assert {name: data for name, data in ours.items() if name not in timed} == {
        name: data for name, data in theirs.items() if name not in timed
    }
    assert timeless(load_measured(site.yard.ship / CT)) == timeless(load_measured(made.yard.ship / CT))


def timeless(measured):
    rows = [row.model_copy(update={"images_a_second": 0.0}) for row in measured.samplers]
    return measured.model_copy(update={"samplers": rows, "cost": None})


@pytest.mark.slow
def test_other_weights_are_measured_anew_with_another_release(made, cohort, tmp_path):
    site = make_site(tmp_path, cohort)
    shutil.copytree(made.yard.out(CT), site.yard.out(CT))
    recipe = site.yard.recipes / f"{CT}.yaml"
    recipe.write_text(recipe.read_text(encoding="utf-8").replace("seed: 0", "") + "seed: 3\n")
    shutil.rmtree(site.yard.out(CT) / "checkpoints")
    make([CT], site.yard)
    ours, theirs = load_measured(site.yard.ship / CT), load_measured(made.yard.ship / CT)
    assert ours.weights_sha256 != theirs.weights_sha256
    assert ours.recipe_sha256 != theirs.recipe_sha256
    assert ours.values["fd-embedder"] != theirs.values["fd-embedder"]


def test_a_paused_training_ships_nothing_and_goes_on_to_the_same_weights(made, cohort, tmp_path):
    site = make_site(tmp_path, cohort)
    make([CT], replace(site.yard, until=2))
    assert load_record(site.pipeline).images_seen == 8
    assert not site.yard.ship.exists()
    make([CT], site.yard)
    assert load_measured(site.pipeline).weights_sha256 == load_measured(made.pipeline).weights_sha256


def test_a_training_that_begins_with_weights_says_so_on_its_card(made, cohort, tmp_path):
    site = make_site(tmp_path, cohort, initial=made.pipeline)
    shutil.copytree(made.yard.work / "filters", site.yard.work / "filters")
    shutil.copytree(made.yard.ship / "readers", site.yard.ship / "readers")
    make([CT], site.yard)
    digest, name = load_measured(made.pipeline).weights_sha256, load_record(made.pipeline).cohort
    assert load_record(site.pipeline).digests == {"initial": digest}
    begun = load_measured(site.pipeline).begun
    assert (begun.weights_sha256, begun.trained_on, begun.images_seen) == (digest, name, 16)
    said = f"begun with weights | `{digest[:16]}`, trained on `{name}`, 16 images seen |"
    card = (site.pipeline / "README.md").read_text(encoding="utf-8")
    assert said in card
    assert card.count(f"`{digest[:16]}`") == 1, "told once"
    site.said.clear()
    make([CT], replace(site.yard, initial=None), training=False)
    assert said in (site.pipeline / "README.md").read_text(encoding="utf-8")
    assert not [line for line in site.said if "measuring" in line]
    with pytest.raises(WeightsError):
        make([CT], replace(site.yard, initial=None), packing=False)


def test_a_recipe_may_begin_with_another_model(made, cohort, tmp_path):
    site = make_site(tmp_path, cohort)
    recipe = site.yard.recipes / f"{CT}.yaml"
    recipe.write_text(recipe.read_text() + "init: ddpm2d-ct-full\n")
    with pytest.raises(UsageError, match=f"{CT} begins with ddpm2d-ct-full, found neither"):
        make([CT], site.yard, packing=False)
    shutil.copytree(made.pipeline, site.yard.ship / "ddpm2d-ct-full")
    make([CT], site.yard, packing=False)
    assert load_record(site.pipeline).digests == {"initial": weights_digest(made.pipeline)}
    shutil.copytree(site.pipeline, site.yard.work / "w-ddpm2d-ct-full" / "pipeline")
    site.said.clear()
    make([CT], site.yard, packing=False)
    assert [line for line in site.said if "trained already" in line], "whatever was made after it began"


def test_training_only_and_packing_only_are_the_two_halves(made, cohort, tmp_path):
    site = make_site(tmp_path, cohort)
    make([CT], site.yard, packing=False)
    assert not site.yard.ship.exists()
    make([CT], site.yard, training=False)
    assert timeless(load_measured(site.pipeline)) == timeless(load_measured(made.pipeline))


def test_latent_models_get_their_autoencoder_first(cohort, tmp_path):
    site = make_site(tmp_path, cohort)
    make(["ldm2d-ct-roi"], site.yard)
    assert [path.name for path in sorted(site.yard.work.glob("w-*"))] == ["w-ldm2d-ct-roi", "w-vae2d"]
    shipped = site.yard.ship / "ldm2d-ct-roi"
    assert (shipped / "vae").is_dir()
    digest = json.loads((site.yard.work / "w-vae2d" / "autoencoder" / "training.json").read_text(encoding="utf-8"))[
        "digest"
    ]
    assert load_record(shipped).digests["autoencoder"] == digest


def test_then_their_refiner_with_which_they_are_packed(cohort, tmp_path):
    site = make_site(tmp_path, cohort)
    make(["ldm2d-ct-roi"], site.yard)
    made = load_record(site.yard.ship / "ldm2d-ct-roi").refiner
    assert made is not None
    assert made.generator == weights_digest(site.yard.out(parse_id("ldm2d-ct-roi")) / "pipeline")
    site.said.clear()
    make(["ldm2d-ct-roi"], site.yard, packing=False)
    assert any(said.startswith("refiner of ldm2d-ct-roi: trained already") for said in site.said)
    with pytest.raises(UsageError, match="is made with its latent model"):
        make(["refiner"], site.yard)


def test_an_autoencoder_ships_as_it_was_packed_and_saves_its_training_where_it_is_put_back(cohort, tmp_path):
    site = make_site(tmp_path / "first", cohort)
    make(["vae2d"], site.yard)
    shipped = site.yard.ship / "vae2d"
    assert {"config.json", "training.json", "README.md", "sheet.png"} <= {path.name for path in shipped.iterdir()}
    again = make_site(tmp_path / "second", cohort)
    shutil.copytree(shipped, again.yard.work / "w-vae2d" / "autoencoder")
    make(["ldm2d-ct-roi"], again.yard, packing=False)
    assert f"vae2d: trained already, in {again.yard.work / 'w-vae2d'}" in again.said


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_volumes_are_measured_by_their_middle_slices(tmp_path, cohort, monkeypatch):
    from synthuterus_bench.cohorts.phantom.population import draw_cohort

    # After four steps volumes are noise, and one slice of noise is a near copy of another.
    monkeypatch.setattr(pack, "ReleasePlan", partial(pack.ReleasePlan, tau=1.0, twin_tau=1.0))
    site = make_site(tmp_path, cohort)
    draw_cohort(site.yard.work / "v1-roi-3d", scans=24, dims=3, seed=5, workers=1)
    make(["ddpm3d-ct-roi"], replace(site.yard, samples=8))
    measured = load_measured(site.yard.ship / "ddpm3d-ct-roi")
    assert {row.anatomy.images for row in measured.samplers} == {2}
    assert measured.anatomy[0].images == 8
    assert measured.conditions[0].samples == 8
    assert (site.yard.pages / "ddpm3d-ct-roi-slices.png").is_file()
    assert not (site.yard.ship / "ddpm3d-ct-roi" / "selftest.json").exists()
    assert "was not tested on planted copies" in (site.yard.ship / "ddpm3d-ct-roi" / "README.md").read_text(
        encoding="utf-8"
    )


def test_another_cohort_in_its_place_is_refused(made, cohort, tmp_path):
    site = make_site(tmp_path, cohort)
    manifest = site.yard.work / "v1-roi-2d" / "cohort.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"seed":5', '"seed":0'))
    with pytest.raises(CohortError, match="not the cohort that weights hang on"):
        make([CT], site.yard)


def test_what_has_no_recipe_is_refused_before_anything_is_made(cohort, tmp_path):
    site = make_site(tmp_path, cohort)
    with pytest.raises(UsageError, match=r"ddpm2d-class-full: no .*expected one of: ddpm2d-ct-roi"):
        make([CT, "ddpm2d-class-full"], site.yard)
    assert not [*site.yard.work.glob("w-*")]


def test_several_processes_may_train_and_not_pack(cohort, tmp_path, monkeypatch):
    site = make_site(tmp_path, cohort)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match="found 2 processes"):
        make([CT], site.yard)
