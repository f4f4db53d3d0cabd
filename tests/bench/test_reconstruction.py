import io
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.models import alexnet

from synthuterus_bench.bench.reconstruction import evaluate_reconstruction, make_ruler, measure, patient_bootstrap
from synthuterus_bench.bench.reconstruction_plot import draw_reconstructions
from synthuterus_bench.bench.reconstruction_record import load_report
from synthuterus_bench.bench.reconstruction_sample import bicubic, next_patient, read_sample
from synthuterus_bench.cli import run
from synthuterus_bench.cohorts.record import Manifest
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import CohortError, DataError, UsageError, WeightsError
from synthuterus_bench.metrics.fidelity import LARGEST_PSNR
from synthuterus_bench.nets.autoencoder import autoencoder_digest, load_autoencoder, make_autoencoder, save_autoencoder
from synthuterus_bench.nets.autoencoder_record import RECORD, AutoencoderRecord
from synthuterus_bench.repro import digest_file
from synthuterus_bench.training import perceptual
from synthuterus_bench.vocab import SliceChoice, Split
from synthuterus_bench.weights import Pretrained

ALL, CENTRAL = SliceChoice.ALL, SliceChoice.CENTRAL3


def packed(folder, id="ae2d", view="roi", seed=0, **changes):
    torch.manual_seed(seed)
    save_autoencoder(folder, make_autoencoder((8, 8, 8), patch=2))
    facts = {"id": id, "view": view, "dims": 2, "slices": "all", "cohort": "n", "cohort_digest": "d", "config": {}}
    counts = {"train_pictures": 1, "pictures_seen": 1, "step": 1, "best_step": 1, "loss": "", "losses": []}
    digest = autoencoder_digest(load_autoencoder(folder))
    record = AutoencoderRecord(**facts | counts | {"device": "cpu", "digest": digest} | changes)
    (folder / RECORD).write_text(record.model_dump_json())
    return folder


@pytest.fixture(scope="module")
def volumes(cohort, tmp_path_factory):
    """Three patients with a volume of six slices each, 64 x 64, in the test split."""
    scans = list(cohort.scans(Split.TRAIN))
    writer = CohortWriter(tmp_path_factory.mktemp("volumes") / "volumes", Manifest(
        name="three", view="roi", dims=3, intensity="window", splits={}, digest=""))  # fmt: skip
    for k in range(3):
        pixels = np.stack([scan.pixels for scan in scans[6 * k : 6 * k + 6]])[:, ::2, ::2]
        facts = {"scan_id": f"v{k}", "patient_id": f"p{k}", "spacing_mm": (4.0, 1.0, 1.0), "split": Split.TEST}
        writer.add(replace(scans[0], pixels=pixels, mask=None, **facts))
    return writer.close()


@pytest.fixture(scope="module")
def sample(volumes):
    return read_sample(volumes, Split.TEST)


@pytest.fixture(scope="module")
def report(volumes, tmp_path_factory):
    home = tmp_path_factory.mktemp("two")
    packed(home / "vae" / "autoencoder", "vae2d", "full", seed=1)
    folders = [packed(home / "ae"), home / "vae"]
    return evaluate_reconstruction(folders, volumes, weights_dir=home / "none")


def test_the_regions_are_the_full_volume_and_its_middle(sample):
    assert sample.pixels.shape == (18, 64, 64)
    assert sample.regions[ALL].tolist() == [*range(18)]
    assert sample.regions[CENTRAL].tolist() == [2, 3, 4, 8, 9, 10, 14, 15, 16]
    assert sample.patients.tolist() == [0] * 6 + [1] * 6 + [2] * 6


def test_perfect_reconstructions_have_no_distance(sample):
    found = measure(sample, sample.z, make_ruler())
    assert np.array_equal(found["embedder-distance"], np.zeros(18))
    assert found["psnr"].tolist() == [LARGEST_PSNR] * 18
    assert np.allclose(found["ssim"], 1)


def test_worse_reconstructions_measure_worse(sample):
    noise = torch.randn((18, 1, 64, 64), generator=torch.Generator().manual_seed(0))
    ways = [lambda rows, s=s: sample.z(rows) + s * noise[rows] for s in (0.1, 0.3, 1.0)]
    found = [measure(sample, way, make_ruler()) for way in ways]
    for metric, sign in (("embedder-distance", 1), ("psnr", -1), ("ssim", -1)):
        assert (np.diff([sign * one[metric].mean() for one in found]) > 0).all()


def test_a_picture_does_not_depend_on_its_company(sample):
    few = replace(sample, pixels=sample.pixels[16:], patients=sample.patients[16:])
    whole = measure(sample, lambda rows: bicubic(sample.z(rows)), make_ruler())
    alone = measure(few, lambda rows: bicubic(few.z(rows)), make_ruler())
    for metric, values in alone.items():
        assert np.allclose(values, whole[metric][16:], rtol=1e-5)


def test_bicubic_keeps_what_varies_slowly_and_loses_what_does_not():
    flat = torch.full((1, 1, 32, 32), 1.5)
    assert torch.allclose(bicubic(flat), flat, atol=1e-5)
    checkers = ((torch.arange(32)[:, None] + torch.arange(32)) % 2).float()[None, None]
    assert torch.allclose(bicubic(checkers), torch.full_like(checkers, 0.5), atol=1e-5)


def test_the_next_patient_is_another_one():
    patients = np.array([0, 0, 0, 1, 2, 2])
    partner = next_patient(patients)
    assert partner.tolist() == [3, 3, 3, 4, 0, 1]
    assert (patients[partner] != patients).all()


def test_the_bootstrap_draws_patients():
    values, patients = np.repeat(np.arange(10.0), 50), np.repeat(np.arange(10), 50)
    mean, interval = patient_bootstrap(values, patients)
    assert mean == pytest.approx(4.5)
    half = 1.96 * np.std(np.arange(10)) / np.sqrt(10)
    assert interval.low == pytest.approx(4.5 - half, abs=0.2)
    assert interval.high == pytest.approx(4.5 + half, abs=0.2)
    assert interval.unit == "patient"
    same = patient_bootstrap(np.ones(12), np.repeat(np.arange(4), 3))[1]
    assert (same.low, same.high) == (1, 1)
    assert patient_bootstrap(values[:100], patients[:100])[1] is None


def test_the_report_holds_every_value_with_its_identity(report, volumes):
    assert [one.name for one in report.reconstructions] == ["ae2d-roi", "vae2d-full", "bicubic", "other-patient"]
    assert (report.cohort, report.cohort_digest, report.split) == ("three", volumes.manifest.digest, Split.TEST)
    assert len(report.reconstructions[0].digest) == 64
    assert report.reconstructions[2].digest is None
    assert len(report.extractors["embedder-distance"]) == 64
    assert report.extractors["lpips"] is None
    for one in report.reconstructions:
        assert [(value.region, value.pictures, value.patients) for value in one.values[:2]] == [
            (ALL, 18, 3),
            (CENTRAL, 9, 3),
        ]
        for value in one.values:
            if value.metric == "lpips":
                assert value.status == "unavailable"
                assert "alexnet" in value.reason
            else:
                assert value.ci.low <= value.value <= value.ci.high
    best = {name: report.find(name, "psnr", ALL).value for name in ("bicubic", "other-patient", "ae2d-roi")}
    assert best["bicubic"] > best["other-patient"] > 0
    assert best["bicubic"] > best["ae2d-roi"], "an untrained net"


def test_the_report_on_disk(report, tmp_path):
    report.save(tmp_path / "r.json")
    assert load_report(tmp_path / "r.json") == report
    (tmp_path / "r.json").write_text("{}")
    with pytest.raises(DataError, match="not a record of reconstructions"):
        load_report(tmp_path / "r.json")


def test_lpips_is_measured_where_its_file_is(volumes, tmp_path, monkeypatch):
    torch.manual_seed(0)
    torch.save(alexnet(weights=None).state_dict(), tmp_path / "alexnet.pth")
    sha256 = digest_file(tmp_path / "alexnet.pth")
    monkeypatch.setattr(perceptual, "ALEXNET", Pretrained("alexnet.pth", "https://example.org", sha256[:8], "a test"))
    found = evaluate_reconstruction([packed(tmp_path / "ae")], volumes, weights_dir=tmp_path)
    assert found.extractors["lpips"] == sha256
    value = found.find("ae2d-roi", "lpips", CENTRAL)
    assert value.status == "ok"
    assert value.value > found.find("bicubic", "lpips", CENTRAL).value > 0


def test_equal_names_are_told_apart_and_training_pictures_are_named(cohort, tmp_path):
    folders = [packed(tmp_path / str(seed), seed=seed) for seed in (1, 2)]
    folders.append(packed(tmp_path / "c", slices="central3", cohort_digest=cohort.manifest.digest))
    few = CohortWriter(tmp_path / "few", Manifest(
        name="n", view="roi", dims=2, intensity="window", splits={}, digest=""))  # fmt: skip
    for scan in list(cohort.scans(Split.TRAIN))[:2]:
        few.add(replace(scan, pixels=scan.pixels[:64, :64], mask=None))
    data = few.close()
    folders.append(packed(tmp_path / "d", "vae2d", cohort_digest=data.manifest.digest))
    found = evaluate_reconstruction(folders, data, Split.TRAIN)
    names = [one.name for one in found.reconstructions]
    assert len(set(names)) == len(names) == 5, "one patient: nobody else to compare with"
    assert names[0].startswith("ae2d-roi ")
    assert names[2] == "ae2d-roi-central3"
    assert [one.seen for one in found.reconstructions] == [False, False, False, True, False]
    assert found.find("bicubic", "psnr", ALL).ci is None


def test_what_cannot_be_measured_is_named(volumes, cohort, tmp_path):
    folder = packed(tmp_path / "ae")
    with pytest.raises(CohortError, match="no scans in split validation, found test"):
        evaluate_reconstruction([folder], volumes, Split.VALIDATION)
    with pytest.raises(WeightsError, match="no such folder"):
        evaluate_reconstruction([tmp_path / "nowhere"], volumes)
    with pytest.raises(UsageError, match="no autoencoder given"):
        evaluate_reconstruction([], volumes)
    (folder / RECORD).unlink()
    with pytest.raises(WeightsError, match="no record of an autoencoder's training"):
        evaluate_reconstruction([folder], volumes)


def test_the_plot_is_a_picture_and_the_same_twice(report):
    page = draw_reconstructions(report)
    assert page == draw_reconstructions(report)
    assert Image.open(io.BytesIO(page)).size[0] > 600


def test_the_command_line(volumes, tmp_path, capsys):
    folder = packed(tmp_path / "ae", view="full")
    record, plot = tmp_path / "r.json", tmp_path / "r.png"
    arguments = ["evaluate", "--reconstruction", str(folder), "--cohort", str(volumes.root)]
    asked = [*arguments, "--weights-dir", str(tmp_path), "--out", str(record), "--plot", str(plot)]
    assert run(asked) == 0
    text = capsys.readouterr().out
    expected = ["ae2d-full", "central slices (9)", "lpips unavailable: alexnet", "trained on the full view", "bicubic"]
    for words in expected:
        assert words in text
    assert Image.open(plot).format == "PNG"
    before = record.read_bytes()
    assert run(["--json", *asked]) == 0
    assert record.read_bytes() == before
    assert json.loads(capsys.readouterr().out)["schema"] == "synthuterus-reconstruction/1"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--reconstruction", "x"],
        ["--cohort", "x"],
        ["images", "--reconstruction", "x", "--cohort", "y"],
        ["--reconstruction", "x", "--cohort", "y", "--out", "r.txt"],
        ["--reconstruction", "x", "--cohort", "y", "--plot", "r.svg"],
        [],
    ],
)
def test_wrong_commands_exit_with_two(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["evaluate", *arguments]) == 2
    assert not list(tmp_path.iterdir())
