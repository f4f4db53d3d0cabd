"""The membership test on nets of which it is known what they remember."""

import shutil

import numpy as np
import pytest
import torch

from synthuterus_bench.cohorts.phantom.population import draw_cohort
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import CohortError, WeightsError
from synthuterus_bench.generators.catalogue import parse_id
from synthuterus_bench.generators.folder import weights_digest
from synthuterus_bench.generators.pipeline import load_pipeline
from synthuterus_bench.generators.refiner import residual_schedule
from synthuterus_bench.nets.condition import Told
from synthuterus_bench.nets.schedule import make_schedule
from synthuterus_bench.privacy import losses
from synthuterus_bench.privacy.losses import _losses, measure_membership
from synthuterus_bench.privacy.membership import load_membership, save_membership, section, with_section
from synthuterus_bench.privacy.ranking import judge
from synthuterus_bench.progress import silent
from synthuterus_bench.training.generator import train_generator
from synthuterus_bench.training.pictures import read_pictures
from synthuterus_bench.training.residual import decoded
from synthuterus_bench.vocab import SliceChoice, Split
from tests.conftest import tiny_config

UNCOND = parse_id("ddpm2d-uncond-roi")


class Known:
    """A pipeline whose network is the mean of x0 given x_t under a prior that is written down."""

    def __init__(self, denoiser):
        self.model_id, self.vae, self.refiner, self.device = UNCOND, None, None, torch.device("cpu")
        self.scheduler, self.denoiser = make_schedule(128, "sample"), denoiser

    def tell(self, orientations, prompts):
        return Told()

    def predict(self, x, t, told):
        return self.denoiser(x, self.scheduler.alphas_cumprod[t].view(-1, 1, 1, 1))


def overfit(images):
    """The best net for its training images and nothing else: E[x0 | x_t] where x0 is one of them."""
    flat = images.flatten(1)

    def denoiser(x, alpha_bar):
        near = (x.flatten(1)[:, None] - alpha_bar.sqrt().view(-1, 1, 1) * flat[None]).square().sum(-1)
        weights = torch.softmax(-near / (2 * (1 - alpha_bar.view(-1, 1))), 1)
        return (weights @ flat).view_as(x)

    return denoiser


def honest(images):
    """The best linear net for white pictures of a known mean: it remembers no image."""
    mean = images.mean(0, keepdim=True)

    def denoiser(x, alpha_bar):
        return mean + alpha_bar.sqrt() * (x - alpha_bar.sqrt() * mean)

    return denoiser


@pytest.fixture(scope="module")
def groups(cohort):
    """Training and held-out phantoms, and others that no net and no test sees."""
    train = read_pictures(cohort, Split.TRAIN, UNCOND, SliceChoice.ALL)
    test = read_pictures(cohort, Split.TEST, UNCOND, SliceChoice.ALL)
    return train, test


def found(denoiser, groups):
    ours, theirs = (_losses(Known(denoiser), group, 0, silent, "") for group in groups)
    return judge(ours, theirs, 0)


def images(pictures):
    return torch.from_numpy(from_window(pictures.pixels[:, None]))


def test_a_net_that_knows_its_images_by_heart_is_found_out(groups):
    auc, rate, _ = found(overfit(images(groups[0])), groups)
    assert (auc.value, auc.low) == (1.0, 1.0)
    assert rate.value == 1.0


def test_a_refiner_that_knows_its_images_by_heart_is_found_out(tiny_refined, cohort, monkeypatch):
    pipeline = load_pipeline(tiny_refined)
    pictures = read_pictures(cohort, Split.TRAIN, pipeline.model_id, SliceChoice.ALL)
    known = torch.from_numpy(decoded(pipeline.vae, pictures.pixels).astype(np.float32))
    residuals = (images(pictures) - known) / pipeline.config["residual_std"]
    alpha_bar = residual_schedule().alphas_cumprod

    def remembers(net, x, t, told, shown):
        apart = (shown[:, None] - known[None]).square().flatten(2).mean(2)
        a = alpha_bar[t].view(-1, 1, 1, 1)
        learned = residuals[apart.argmin(1)] * (apart.amin(1) < 1e-4).view(-1, 1, 1, 1)
        return a.sqrt() * (x - a.sqrt() * learned) / (1 - a).sqrt() - (1 - a).sqrt() * learned

    monkeypatch.setattr(losses, "denoise", remembers)
    found = measure_membership(tiny_refined, cohort.root, 16)
    assert list(found.auc_by_time)[9:11] == ["0.95", "refiner 0.05"]
    assert all(auc == 1 for name, auc in found.auc_by_time.items() if name.startswith("refiner"))
    assert all(0.2 < auc < 0.8 for name, auc in found.auc_by_time.items() if not name.startswith("refiner"))
    assert found.auc.value > 0.9


def test_a_net_that_knows_none_is_not(groups, tmp_path):
    other = draw_cohort(tmp_path / "other", scans=48, seed=99)
    prior = read_pictures(other, Split.TRAIN, UNCOND, SliceChoice.ALL)
    auc, _, alone = found(honest(images(prior)), groups)
    assert auc.low < 0.5 < auc.high
    assert len(alone) == 10


def test_losses_depend_on_neither_the_chunk_nor_the_others(groups):
    train, _ = groups
    whole = _losses(Known(honest(images(train))), train, 0, silent, "").values
    part = _losses(Known(honest(images(train))), train.take(np.arange(3, 8)), 0, silent, "").values
    np.testing.assert_allclose(part, whole[3:8], rtol=1e-5)


def test_an_untrained_generator_tells_nothing_and_the_same_test_gives_the_same(tiny_model, cohort):
    first = measure_membership(tiny_model, cohort.root, scans=16)
    assert first.auc.low < 0.5 < first.auc.high
    assert not first.tells
    assert (first.members, first.weights_sha256) == (16, weights_digest(tiny_model))
    assert first.member_patients > 1
    assert measure_membership(tiny_model, cohort.root, scans=16) == first


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_generator_trained_on_few_images_for_long_is_found_out(tmp_path):
    """Eight images, each seen 300 times."""
    few = draw_cohort(tmp_path / "few", scans=24, seed=3)
    steps = {"lr": 3e-3, "average": 0.9, "checkpoint_every": 300, "warmup_steps": 20}
    train_generator(UNCOND, few, tiny_config(300, batch=8, channels=(64, 64), **steps), tmp_path / "run")
    found = measure_membership(tmp_path / "run" / "pipeline", few.root)
    print(found.sentence)
    assert found.auc.low > 0.8
    assert found.tells
    assert "training images are told apart" in found.sentence


def test_another_cohort_is_refused(tiny_model, tmp_path):
    other = draw_cohort(tmp_path / "other", scans=24, seed=77)
    with pytest.raises(CohortError, match="which pipeline was trained on"):
        measure_membership(tiny_model, other.root)


def test_the_card_says_it_once_however_often_it_is_measured(tiny_model, cohort, tmp_path):
    folder = shutil.copytree(tiny_model, tmp_path / "model")
    before = (folder / "README.md").read_text(encoding="utf-8")
    result = measure_membership(folder, cohort.root, scans=8)
    save_membership(folder, result)
    save_membership(folder, result)
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert card.startswith(before.rstrip())
    assert card.count("## Membership test") == 1
    assert section(result) in card
    assert load_membership(folder) == result


def test_a_section_in_the_middle_of_a_card_is_replaced_where_it_stands(tiny_model, cohort):
    result = measure_membership(tiny_model, cohort.root, scans=8)
    card = with_section("# A\n\n## Membership test\n\nold\n\n## Licence\n\nx\n", result)
    assert card == f"# A\n\n{section(result)}\n## Licence\n\nx\n"


def test_a_model_without_the_test_says_how_to_make_it(tmp_path):
    with pytest.raises(WeightsError, match=r"no membership\.json") as caught:
        load_membership(tmp_path)
    assert "synthbench membership" in caught.value.hint
    (tmp_path / "membership.json").write_text("{}")
    with pytest.raises(WeightsError, match="not a membership test"):
        load_membership(tmp_path)
