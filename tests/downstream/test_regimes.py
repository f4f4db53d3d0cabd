import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score

from synthuterus_bench.cohorts.window import from_window, to_window
from synthuterus_bench.downstream.jobs import Job, run_job, run_jobs, supervised
from synthuterus_bench.downstream.nets import NETS, adopt
from synthuterus_bench.downstream.regimes import Labelled, clustered, joined, match_clusters
from synthuterus_bench.downstream.scores import guessing_f1
from synthuterus_bench.downstream.training import Recipe, augment, class_weights, shrink
from synthuterus_bench.errors import WeightsError
from synthuterus_bench.metrics.store import CacheWarning
from synthuterus_bench.repro import digest_json

RECIPE = Recipe("slim-resnet", side=32, epochs=8, learning_rate=3e-3)


def bars(n, seed):
    """Images whose class is the quarter that is bright."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 4
    z = rng.normal(size=(n, 32, 32)) * 0.5
    for image, label in zip(z, labels, strict=True):
        image[16 * (label // 2) :][:16, 16 * (label % 2) :][:, :16] += 2
    features = np.stack([z[:, :16, :16], z[:, :16, 16:], z[:, 16:, :16], z[:, 16:, 16:]]).mean((2, 3)).T
    return Labelled(to_window(z), features, labels, np.arange(n))


@pytest.fixture(scope="module")
def sets():
    return bars(96, 0), bars(40, 1)


def test_learns_what_can_be_learned_and_twice_the_same(sets):
    learn, test = sets
    first, again = (supervised(learn, test, 4, RECIPE, seed=0, device="cpu") for _ in range(2))
    assert f1_score(test.labels, first.argmax(1), average="macro") > 0.9
    np.testing.assert_allclose(first.sum(1), 1)
    np.testing.assert_array_equal(first, again)


def test_leaves_the_process_wide_generator_alone(sets):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    supervised(sets[0], sets[1], 4, Recipe("slim-resnet", 32, 1, 1e-3), seed=0, device="cpu")
    assert torch.equal(torch.rand(1), expected)


def test_k_means_finds_clear_clusters_and_names_them(sets):
    learn, test = sets
    found = clustered(learn, test, 4, seed=0)
    assert f1_score(test.labels, found.argmax(1), average="macro") == 1
    assert found[np.arange(40), test.labels].min() > 0.9
    np.testing.assert_allclose(found.sum(1), 1)


def test_clusters_are_matched_one_to_one():
    found, labels = np.array([2, 2, 0, 0, 1, 1, 3, 3]), np.array([0, 0, 1, 1, 2, 2, 3, 0])
    assert list(match_clusters(found, labels, 4)) == [1, 2, 0, 3]


@pytest.mark.parametrize(("name", "millions"), [("slim-resnet", 0.156), ("resnet18", 11.17)])
def test_nets_give_logits_from_one_channel(name, millions):
    network = NETS[name](4).eval()
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(millions, rel=0.01)
    assert network(torch.zeros(2, 1, 64, 64)).shape == (2, 4)


def test_augmentation_never_mirrors_or_turns():
    ramp = torch.linspace(-1, 1, 32).expand(6, 1, 32, 32).clone()
    ramp += 3 * torch.linspace(-1, 1, 32)[:, None]
    made = augment(ramp, torch.Generator().manual_seed(0))
    assert made.shape == ramp.shape
    assert torch.all(made[..., -1] > made[..., 0])
    assert torch.all(made[:, :, -1] > made[:, :, 0])
    assert not torch.equal(made[0], made[1])


def test_shrinking_averages():
    pixels = to_window(np.random.default_rng(0).normal(size=(2, 64, 64)))
    small = shrink(pixels, 32)
    assert small.shape == (2, 1, 32, 32)
    assert float(small[0, 0, 0, 0]) == pytest.approx(from_window(pixels)[0, :2, :2].mean(), abs=1e-5)


def test_class_weights_make_classes_count_alike():
    labels = np.array([0, 0, 0, 1])
    weights = class_weights(labels, 3)
    assert weights[0] * 3 == pytest.approx(float(weights[1]))
    assert weights[2] == 0
    assert weights[labels].mean() == pytest.approx(1)


def shuffled(learn, seed):
    labels = np.random.default_rng(seed).permutation(learn.labels)
    return Labelled(learn.pixels, learn.features, labels, learn.units)


def test_clusters_named_by_shuffled_labels_gain_nothing():
    learn, test = bars(80, 2), bars(80, 3)
    scores = [
        f1_score(test.labels, clustered(shuffled(learn, seed), test, 4, seed=0).argmax(1), average="macro")
        for seed in range(150)
    ]
    assert np.mean(scores) - guessing_f1(test.labels, 4).mean() == pytest.approx(0, abs=0.05)


def test_arms_of_equal_updates_train_equally_long(sets, monkeypatch):
    """Half of the images, seen twice as often."""
    learn, test = sets
    steps = []
    monkeypatch.setattr("synthuterus_bench.downstream.training._step", lambda *_: steps.append(1))
    for rows in (np.arange(96), np.arange(48)):
        part = learn.take(rows)
        run_job(Job(part.pixels, part.labels, test.pixels, 4, RECIPE, 0, RECIPE.updates(96)))
    assert steps == [1] * 2 * 8 * 3


def test_joined_sets_keep_patients_apart(sets):
    learn, test = sets
    both = joined(learn, test)
    assert len(np.unique(both.units)) == len(both.labels) == 136
    np.testing.assert_array_equal(both.pixels[96:], test.pixels)


def test_processes_change_no_number(sets, monkeypatch):
    learn, test = sets
    recipe = Recipe("slim-resnet", 32, 1, 3e-3)
    jobs = [Job(learn.pixels, learn.labels, test.pixels, 4, recipe, seed) for seed in range(2)]
    alone = run_jobs(jobs, device="cpu", workers=1)
    monkeypatch.setattr("synthuterus_bench.downstream.jobs.HEAVY", ("slim-resnet",))
    np.testing.assert_array_equal(alone, run_jobs(jobs, device="cpu", workers=2))
    assert not np.array_equal(*alone)


@pytest.fixture
def jobs(sets):
    learn, test = sets
    recipe = Recipe("slim-resnet", 32, 1, 3e-3)
    return [Job(learn.pixels, learn.labels, test.pixels, 4, recipe, seed, updates=1) for seed in range(2)]


def test_an_answer_is_kept_and_nothing_is_learned_twice(jobs, tmp_path, monkeypatch):
    first = run_jobs(jobs[:1], device="cpu", cache=tmp_path)
    learned = []
    monkeypatch.setattr(
        "synthuterus_bench.downstream.jobs.run_job", lambda job, *_: learned.append(job.seed) or np.full((40, 4), 0.25)
    )
    again = run_jobs(jobs, device="cpu", cache=tmp_path)
    assert learned == [1]
    np.testing.assert_array_equal(again[0], first[0])
    assert again[1][0, 0] == 0.25
    assert run_jobs([], device="cpu", cache=tmp_path) == []


def test_a_damaged_answer_is_told_and_made_anew(jobs, tmp_path):
    (first,) = run_jobs(jobs[:1], device="cpu", cache=tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.warns(CacheWarning, match="damaged"):
        (again,) = run_jobs(jobs[:1], device="cpu", cache=tmp_path)
    np.testing.assert_array_equal(again, first)


def test_all_that_decides_an_answer_is_in_its_key(jobs):
    job = jobs[0]
    changed = [
        replace(job, pixels=job.pixels[::-1]),
        replace(job, labels=job.labels[::-1]),
        replace(job, test=job.test[1:]),
        replace(job, classes=5),
        replace(job, recipe=replace(job.recipe, learning_rate=1e-3)),
        replace(job, seed=7),
        replace(job, updates=2),
        replace(job, start={}, start_sha256="f" * 64),
    ]
    keys = [digest_json(one.key("cpu")) for one in (job, *changed)] + [digest_json(job.key("cuda"))]
    assert len(set(keys)) == len(changed) + 2


@pytest.fixture(scope="module")
def published():
    """A random file of the architecture of torchvision's ResNet-18."""
    from torchvision.models import resnet18

    torch.manual_seed(0)
    return resnet18()


def test_published_weights_see_gray_as_three_equal_colours(published):
    ours = adopt(NETS["resnet18"](4), published.state_dict()).eval()
    ours.fc = published.fc
    gray = torch.randn(2, 1, 32, 32)
    with torch.inference_mode():
        expected = published.eval()(gray.expand(-1, 3, -1, -1))
        torch.testing.assert_close(ours(gray), expected, rtol=1e-4, atol=1e-4)


def test_weights_of_another_network_are_refused(published):
    state = published.state_dict()
    for wrong in ({}, state | {"layer1.0.conv1.weight": torch.zeros(3)}, state | {"more": torch.zeros(1)}):
        with pytest.raises(WeightsError, match="not those of a ResNet-18"):
            adopt(NETS["resnet18"](4), wrong)


@pytest.mark.slow
def test_training_on_shuffled_labels_gains_nothing():
    learn, test = bars(96, 2), bars(200, 3)
    recipe = Recipe("slim-resnet", side=32, epochs=40, learning_rate=3e-3)
    scores = [
        f1_score(test.labels, supervised(shuffled(learn, seed), test, 4, recipe, seed=seed).argmax(1), average="macro")
        for seed in range(20)
    ]
    assert np.mean(scores) - guessing_f1(test.labels, 4).mean() == pytest.approx(0, abs=0.05)


def test_one_picture_for_all_classes_gives_equal_chances_without_a_warning():
    rng = np.random.default_rng(0)
    labels, pixels = np.arange(8) % 4, np.zeros((8, 4, 4), np.uint16)
    learn = Labelled(pixels, np.ones((8, 3)), labels, np.arange(8))
    test = Labelled(pixels, rng.normal(size=(8, 3)), labels, np.arange(8))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(clustered(learn, test, 4, seed=0), 0.25)
