import numpy as np
import pytest
import torch

from synthuterus_bench.cohorts.phantom.population import draw_cohort
from synthuterus_bench.cohorts.window import to_window
from synthuterus_bench.errors import CohortError, UsageError
from synthuterus_bench.generators.folder import weights_digest
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.generators.trained import load_record
from synthuterus_bench.training.loop import make_accelerator
from synthuterus_bench.training.pictures import read_pictures
from synthuterus_bench.training.refiner import train_refiner
from synthuterus_bench.training.residual import RefinerTask, decoded, residual_std
from synthuterus_bench.vocab import SliceChoice, Split
from tests.conftest import tiny_refiner


@pytest.fixture(scope="module")
def task(tiny_latent, cohort) -> RefinerTask:
    model, config = load_pipeline(tiny_latent), tiny_refiner()
    data, held = (
        read_pictures(cohort, split, model.model_id, SliceChoice.ALL) for split in (Split.TRAIN, Split.VALIDATION)
    )
    return RefinerTask(model, config, data, held, make_accelerator(config))


def test_the_deviation_is_the_root_of_the_mean_square():
    z = np.linspace(-1, 1, 20 * 8 * 8, dtype=np.float32).reshape(20, 8, 8)
    means = np.zeros((20, 1, 8, 8), np.float16)
    assert residual_std(to_window(z), means) == pytest.approx(float(np.sqrt((z**2).mean())), rel=1e-3)


def test_pictures_are_decoded_one_for_one(task):
    assert task.means.shape == (len(task.data), 1, 128, 128)
    again = decoded(task.model.vae, task.data.pixels[:16])
    assert np.array_equal(again, task.means[:16])


def test_a_network_that_says_nothing_has_the_loss_of_unit_residuals(task, monkeypatch):
    monkeypatch.setattr("synthuterus_bench.training.residual.denoise", lambda net, x, *_: torch.zeros_like(x))
    losses = [float(task.loss(step)) for step in range(40)]
    plain = [
        float(task.objective.losses(lambda x, t: torch.zeros_like(x), *_unit(step), 1.0).mean()) for step in range(40)
    ]
    assert np.mean(losses) == pytest.approx(np.mean(plain), rel=0.2)


def _unit(step: int):
    rng = np.random.default_rng(step)
    x0, noise = (torch.from_numpy(rng.standard_normal((2, 1, 128, 128), np.float32)) for _ in range(2))
    return x0, noise, torch.from_numpy(rng.integers(1000, size=2))


def test_it_trains_and_validates_in_bfloat16(tiny_latent, cohort, tmp_path):
    made = train_refiner(tiny_latent, cohort, tiny_refiner(precision="bf16", evaluate_every=2, sheet_every=1), tmp_path)
    assert made.refiner is not None
    assert [step for step, _ in made.refiner.validation] == [2]
    assert (tmp_path / "sheets" / "step-00000002.png").is_file()


def test_validation_is_the_same_every_time_and_the_sheet_shows_three_rows(task):
    assert task.validate() == task.validate() > 0
    page = task.sheet()
    assert page.dtype == np.uint8
    assert page.shape[0] > 3 * 128
    assert page.shape[1] > 6 * 128


def test_only_a_refiner_is_added(tiny_latent, tiny_refined):
    before, after = load_pipeline(tiny_latent), load_pipeline(tiny_refined)
    for name in ("unet", "vae", "text_encoder"):
        old, new = getattr(before, name).state_dict(), getattr(after, name).state_dict()
        assert all(torch.equal(old[key], new[key]) for key in old)
    assert before.refiner is None
    assert after.refiner is not None
    record = load_record(tiny_refined)
    assert record.refiner is not None
    assert (record.refiner.generator, record.refiner.images_seen) == (weights_digest(tiny_latent), 4)
    assert record.model_copy(update={"refiner": None}) == load_record(tiny_latent)
    card = (tiny_refined / "README.md").read_text(encoding="utf-8")
    assert "| refiner | 4 images seen" in card
    assert "Refiner: `accumulate=1`" in card


def test_where_the_model_lay_is_not_told(tiny_latent, tiny_refined):
    texts = [path.read_text(encoding="utf-8") for path in tiny_refined.rglob("*.json")]
    assert not any(str(tiny_latent.parent) in text or "_name_or_path" in text for text in texts)


def test_a_run_that_goes_on_ends_in_the_same_weights(tiny_latent, cohort, tmp_path):
    whole = train_refiner(tiny_latent, cohort, tiny_refiner(steps=4), tmp_path / "whole")
    train_refiner(tiny_latent, cohort, tiny_refiner(), tmp_path / "parts")
    parts = train_refiner(tiny_latent, cohort, tiny_refiner(steps=4), tmp_path / "parts")
    assert whole == parts
    digests = {weights_digest(tmp_path / name / "pipeline") for name in ("whole", "parts")}
    assert len(digests) == 1


def test_it_is_for_latent_models_and_their_own_cohort(tiny_latent, tiny_model, cohort, tmp_path):
    with pytest.raises(UsageError, match="expected a model of latents"):
        train_refiner(tiny_model, cohort, tiny_refiner(), tmp_path / "a")
    other = draw_cohort(tmp_path / "other", scans=24, seed=9, workers=1)
    with pytest.raises(CohortError, match="which the model was trained on"):
        train_refiner(tiny_latent, other, tiny_refiner(), tmp_path / "b")
