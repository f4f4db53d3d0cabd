import numpy as np
import pytest

from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.nets.embedder import load_embedder
from synthuterus_bench.training.pictures import read_pictures
from synthuterus_bench.training.quality import measure_quality, middle, sample_sheet, wanted_like
from synthuterus_bench.vocab import CLASSES, SliceChoice, Split

CT = parse_id("ddpm2d-ct-roi")


@pytest.fixture(scope="module")
def data(cohort):
    return read_pictures(cohort, Split.TRAIN, CT, SliceChoice.ALL)


@pytest.fixture(scope="module")
def held_out(cohort):
    return read_pictures(cohort, Split.TEST, CT, SliceChoice.ALL)


def test_noise_of_an_untrained_net_is_no_uterus_and_far_from_real(tiny_model, data, held_out):
    drawn = measure_quality(load_pipeline(tiny_model), data, held_out, 24, load_embedder())
    values = drawn.values
    assert values["samples"] == 24
    assert values["anatomy-plausible"] == values["anatomy-valid"] == values["anatomy-agreement"] == 0
    assert 0 < values["anatomy-valid high"] < 0.2
    assert values["anatomy-valid floor high"] > 0.8
    assert values["fd-embedder"] > values["fd-embedder floor high"]
    assert values["kid-embedder"] > values["kid-embedder floor high"]
    assert sample_sheet(drawn).ndim == 2


def test_without_held_out_pictures_there_is_only_the_anatomy_without_a_ceiling(tiny_model, data):
    values = measure_quality(load_pipeline(tiny_model), data, None, 4, load_embedder()).values
    assert set(values) == {"samples"} | {
        f"anatomy-{name}{end}" for name in ("plausible", "valid", "agreement") for end in ("", " low", " high")
    }


def test_samples_are_asked_for_in_turns_by_class_with_prompts_that_occur(data):
    wanted = wanted_like(data, CT, 9)
    assert [one.orientation for one in wanted] == [*CLASSES, *CLASSES, CLASSES[0]]
    assert {one.prompt for one in wanted} <= set(data.prompts)
    assert [one.index for one in wanted] == list(range(9))
    untold = wanted_like(data, parse_id("ddpm2d-uncond-roi"), 2)
    assert {(one.orientation, one.prompt) for one in untold} == {(None, None)}


def test_volumes_are_seen_by_their_middle_slice(data):
    from dataclasses import replace

    volumes = replace(data, pixels=np.stack([data.pixels * 0, data.pixels, data.pixels * 0], 1), uterus=None)
    assert np.array_equal(middle(volumes).pixels, data.pixels)
