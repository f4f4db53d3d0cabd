import json

import numpy as np
import pytest

from synthuterus_bench.bench.shipping import samplers
from synthuterus_bench.bench.shipping.anatomy import judge, negative_controls, of_verdicts
from synthuterus_bench.bench.shipping.measure import NAMES
from synthuterus_bench.bench.shipping.samplers import Job, sampler_table
from synthuterus_bench.cohorts.prompt import Condition, render
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.generators.measured import Measured, load_measured
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.generators.solve import SamplerConfig, Solver
from synthuterus_bench.metrics.anatomy import examine
from synthuterus_bench.metrics.shares import verdicts
from synthuterus_bench.nets.condition import class_index
from synthuterus_bench.nets.segmenter import load_localiser
from synthuterus_bench.training.card_measured import facts, sections
from synthuterus_bench.training.samples import wanted_like
from synthuterus_bench.vocab import CLASSES, Sequence, Split
from tests.bench.shipping.conftest import SAMPLERS


@pytest.fixture(scope="module")
def measured(made) -> Measured:
    return load_measured(made.pipeline)


def test_every_value_is_there_or_named_with_a_reason(measured):
    assert set(measured.values) - {"rejected by the filter"} | set(measured.unavailable) == set(NAMES)
    assert not set(measured.values) & set(measured.unavailable)
    assert measured.values["anatomy-valid"].floor_low is not None
    assert measured.values["recall-embedder"].floor_low is not None


def test_an_untrained_net_is_worse_than_fresh_images_and_no_better_than_noise(measured):
    rows = {row.pictures: row for row in measured.anatomy}
    assert list(rows) == ["samples", "fresh phantom images", "noise", "phase-scrambled", "heavily blurred"]
    assert rows["samples"].valid.value == rows["noise"].valid.value == 0
    assert rows["fresh phantom images"].valid.value > 0.6
    assert rows["noise"].agreement is None
    fd = measured.values["fd-embedder"]
    assert fd.value > fd.floor_high


def test_every_sampler_has_a_row_with_its_calls(measured):
    found = [(row.solver, row.steps, row.guidance, row.spacing, row.calls) for row in measured.samplers]
    assert found == [("dpm++", 2, 3.5, 2.0, 4), ("dpm++", 2, 1.0, 2.0, 2), ("ddim", 3, 3.5, 1.0, 6)]
    assert all(set(row.recovered) == {"class", "field strength", "sequence"} for row in measured.samplers)
    assert all(row.images_a_second > 0 and row.anatomy.images == 4 for row in measured.samplers)


def test_what_was_asked_for_is_read_beside_real_pictures(measured):
    whole = {row.condition: row for row in measured.conditions if row.value is None}
    assert list(whole) == ["class", "field strength", "sequence"]
    for name, row in whole.items():
        assert (row.samples, row.real_images) == (12, 12)
        parts = [one for one in measured.conditions if one.condition == name and one.value is not None]
        assert sum(one.samples for one in parts) == 12
        hits = sum(one.samples * one.share.value for one in parts)
        assert row.share.value == pytest.approx(hits / 12, abs=1e-3)


def test_no_path_host_or_patient_is_in_the_record(made, cohort):
    import socket

    text = (made.pipeline / "measured.json").read_text(encoding="utf-8") + (made.pipeline / "README.md").read_text(
        encoding="utf-8"
    )
    assert str(made.yard.work) not in text
    assert socket.gethostname() not in text
    assert not any(scan.patient_id in text for scan in cohort.scans(Split.TEST))


def test_rows_of_a_bank_say_what_looking_says(cohort):
    scans = [scan for _, scan in zip(range(8), cohort.scans(Split.TEST), strict=False)]
    pixels = np.stack([scan.pixels for scan in scans]).astype(np.uint16)
    seen = verdicts([examine(from_window(one), load_localiser()) for one in pixels])
    classes = np.array([class_index(scan.orientation) for scan in scans])
    assert judge("some", pixels, [scan.orientation for scan in scans]) == of_verdicts("some", seen, classes)
    assert of_verdicts("some", seen, None).agreement is None
    assert {row.valid.value for row in negative_controls(pixels[:2])} == {0}


def test_finished_rows_are_read_back(made, cohort, tmp_path, monkeypatch):
    from synthuterus_bench.generators.catalogue import parse_id
    from synthuterus_bench.training.pictures import read_pictures
    from synthuterus_bench.vocab import SliceChoice

    model = parse_id("ddpm2d-ct-roi")
    wanted = wanted_like(read_pictures(cohort, Split.TEST, model, SliceChoice.ALL), model, 2)
    job = Job(load_pipeline(made.pipeline), wanted, tmp_path, SAMPLERS[:1])
    rows = sampler_table(job)
    monkeypatch.setattr(samplers, "draw_timed", None)
    assert sampler_table(job) == rows


def test_heun_asks_twice_a_step_and_guidance_twice_a_call(made, tmp_path):
    wanted = [samplers.Wanted(CLASSES[0], render(Condition(CLASSES[0], 1.5, Sequence.TSE)), 0)]
    job = Job(load_pipeline(made.pipeline), wanted, tmp_path, (SamplerConfig(Solver.HEUN, 10),))
    assert [row.calls for row in sampler_table(job)] == [38]


def test_the_record_is_flat_for_lists_and_reads_back(measured, tmp_path):
    flat = measured.flat()
    assert flat["samples"] == 12
    assert flat["anatomy-valid floor high"] == measured.values["anatomy-valid"].floor_high
    for name, value in measured.values.items():
        assert flat.get(f"{name} low") == value.low
        assert flat.get(f"{name} floor low") == value.floor_low
        assert (f"{name} low" in flat) == (value.low is not None)
    (tmp_path / "measured.json").write_text(measured.model_dump_json())
    assert load_measured(tmp_path) == measured
    assert load_measured(tmp_path / "elsewhere") is None
    broken = json.loads(measured.model_dump_json()) | {"values": 3}
    (tmp_path / "measured.json").write_text(json.dumps(broken))
    with pytest.raises(WeightsError, match="not a record of measurements"):
        load_measured(tmp_path)


def test_the_card_tells_all_of_it(made, measured):
    card = (made.pipeline / "README.md").read_text(encoding="utf-8")
    assert facts(measured) in card
    assert sections(measured).strip() in card
    for name in measured.values:
        assert f"| {name} |" in card
    for row in (*measured.anatomy, *(one.anatomy for one in measured.samplers)):
        assert f"{100 * row.valid.value:.1f} % (" in card
    assert f"`{measured.recipe_sha256[:16]}`" in card
    assert "(losses.png)" in card
    assert "(samples.png)" in card
    assert "## Membership test" in card
    assert "At 10 fixed times, with one noise" in card
    assert "tested on changed copies of 2 training images" in card
    assert "| **field strength** | 12 | " in card
    lacking = measured.model_copy(update={"unavailable": {"fid-2048": "no weights"}, "cost": None})
    assert "- fid-2048: no weights" in sections(lacking)
    assert "training time | not known" in facts(lacking)


def test_words_of_the_recipe_stand_on_the_card(made, tmp_path):
    from synthuterus_bench.bench.shipping.card import write_card

    (tmp_path / "ddpm2d-ct-roi.md").write_text("Some samples show a doubled cavity.\n")
    before = (made.pipeline / "README.md").read_text(encoding="utf-8")
    write_card(made.pipeline, load_measured(made.pipeline), tmp_path)
    assert "doubled cavity" in (made.pipeline / "README.md").read_text(encoding="utf-8")
    write_card(made.pipeline, load_measured(made.pipeline), made.yard.recipes)
    assert (made.pipeline / "README.md").read_text(encoding="utf-8") == before
