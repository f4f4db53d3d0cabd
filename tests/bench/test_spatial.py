"""Volumes through the whole evaluation, small."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from synthuterus_bench.bench.reading import load_submission
from synthuterus_bench.bench.reference import read_reference
from synthuterus_bench.bench.run import evaluate
from synthuterus_bench.bench.suite import SUITES, Regime
from synthuterus_bench.board import firsts
from synthuterus_bench.board.invariants import broken_invariants
from synthuterus_bench.board.verify import make_bench
from synthuterus_bench.cohorts.phantom.population import draw_cohort
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.errors import CohortError, SubmissionError
from synthuterus_bench.metrics.volumes import middle_slices
from synthuterus_bench.vocab import CLASSES, Plane


@pytest.fixture(scope="module")
def volumes(tmp_path_factory):
    """20 volumes: 5 rounds of the four classes."""
    return draw_cohort(tmp_path_factory.mktemp("volumes") / "cohort", scans=20, seed=3, dims=3, train=0.5)


@pytest.fixture(scope="module")
def suite3d():
    small = {"id": "small-3d", "n_per_class": 4, "n_real_per_class": 4, "permutations": 4, "pooled_permutations": 5}
    slim = Regime(name="supervised", net="slim-resnet", side=32, updates=2, learning_rate=3e-3)
    more = {"resamples": 20, "seeds": (0,), "regimes": (slim,), "probes": None}
    return SUITES["uterus-3d-roi"].model_copy(update=small | more)


@pytest.fixture(scope="module")
def done(volumes, suite3d, embedder, tmp_path_factory):
    none = tmp_path_factory.mktemp("weights")
    return evaluate(volumes.root, suite3d, str(volumes.root), embedder=embedder, weights_dir=none)


def test_a_reference_of_volumes_is_its_middle_slices(volumes, suite3d):
    real = read_reference(volumes, suite3d)
    scans = {scan.scan_id: scan for scan in volumes.scans()}
    whole = np.stack([scan.pixels for scan in scans.values()])
    for part in (real.train, real.test):
        for plane, pixels in {Plane.SAGITTAL: part.pixels, **part.planes}.items():
            known = {cut.tobytes() for cut in middle_slices(whole, plane, 4.0)}
            assert {image.tobytes() for image in pixels} <= known
        assert set(part.planes) == {Plane.CORONAL, Plane.AXIAL}


def test_every_plane_and_the_whole_have_their_results(done, suite3d):
    rows = done.entry.results
    found = {(row.metric, row.params.get("plane", row.params.get("slices"))) for row in rows if row.scope == "pooled"}
    expected = {(name, "sagittal") for name in suite3d.metrics}
    expected |= {(name, plane) for name in suite3d.plane_metrics for plane in ("coronal", "axial")}
    expected |= {(name, "middle of three planes") for name in suite3d.volume_metrics}
    assert expected <= found
    assert list(broken_invariants(done.entry)) == []
    dims = {row.params["dims"] for row in rows if row.metric == "fd-embedder" and row.status == "ok"}
    assert len(dims) == 2
    assert max(dims) == 3 * min(dims)


def test_planes_are_told_apart_in_the_details(done):
    names = {null.metric for null in done.details.nulls}
    assert {"fd-embedder, sagittal", "fd-embedder, axial", "fd-embedder, middle of three planes"} <= names
    assert any("three planes" in note for note in done.details.notes)


def test_slices_beside_the_middle_ones_change_nothing_and_shuffled_planes_do(volumes, suite3d):
    whole = load_submission(volumes.root, suite3d)
    assert set(whole.planes) == {Plane.CORONAL, Plane.AXIAL}
    assert len(whole.pixels) == len(whole.planes[Plane.AXIAL]) == 4 * len(CLASSES)
    by_image = dict(zip((image.tobytes() for image in whole.pixels), whole.planes[Plane.AXIAL], strict=True))
    for scan in volumes.scans():
        cut = by_image.get(scan.pixels[12].tobytes())
        if cut is not None:
            np.testing.assert_array_equal(cut, middle_slices(scan.pixels[None], Plane.AXIAL, 4.0)[0])


def test_images_are_no_volumes(cohort, volumes, suite3d, suite):
    with pytest.raises(SubmissionError, match="expected volumes"):
        load_submission(cohort.root, suite3d)
    with pytest.raises(CohortError, match="expected a prepared 3D cohort"):
        read_reference(cohort, suite3d)
    with pytest.raises(CohortError, match="expected a prepared 2D cohort"):
        read_reference(volumes, suite)


@pytest.fixture(scope="module")
def files(volumes, tmp_path_factory):
    """The same volumes as NIfTI files of z-scores, in folders by class."""
    import nibabel

    root = tmp_path_factory.mktemp("files")
    for scan in volumes.scans():
        (root / scan.orientation).mkdir(exist_ok=True)
        affine = np.zeros((4, 4))
        affine[0, 0], affine[2, 1], affine[1, 2], affine[3, 3] = 4, -1, -1, 1
        image = nibabel.Nifti1Image(from_window(scan.pixels), affine)
        nibabel.save(image, root / scan.orientation / f"{scan.scan_id}.nii.gz")
    return root


def test_volumes_in_class_folders_are_those_of_the_cohort(files, volumes, suite3d):
    every = suite3d.model_copy(update={"n_per_class": 99})
    plain, known = load_submission(files, every, "plain"), load_submission(volumes.root, every)
    assert (plain.intensity, plain.dims, plain.generator.dims) == ("window", 3, 3)
    for ours, theirs in ((plain.pixels, known.pixels), *((plain.planes[p], known.planes[p]) for p in known.planes)):
        assert sorted(map(bytes, ours)) == sorted(map(bytes, theirs))


def test_files_that_are_no_volumes_are_named(files, tmp_path, suite3d):
    import nibabel

    root = tmp_path / "files"
    for name in CLASSES:
        (root / name).mkdir(parents=True)
        shutil.copy(next((files / name).iterdir()), root / name)
    bad = root / "av-af" / "bad.nii"
    nibabel.save(
        nibabel.Nifti1Image(np.random.default_rng(0).normal(size=(8, 8, 8)).astype(np.float32), np.eye(4)), bad
    )
    with pytest.raises(SubmissionError, match=r"bad.nii: found .*, expected"):
        load_submission(root, suite3d)
    bad.unlink()
    (root / "av-af" / "picture.png").write_bytes(b"")
    with pytest.raises(SubmissionError, match=r"picture.png: found .png, expected .nii"):
        load_submission(root, suite3d)


def test_a_control_of_volumes_is_measured_in_every_plane(volumes, suite3d, embedder, tmp_path, monkeypatch):
    real = read_reference(volumes, suite3d)
    rows = np.tile(np.arange(len(real.train.labels)), 2)
    more = replace(real.train.take(rows), units=np.arange(len(rows)))
    monkeypatch.setattr(firsts, "load_reference", lambda *_: replace(real, train=more))
    bench = make_bench(weights_dir=tmp_path, cache=tmp_path, embedder=embedder)
    entry = firsts.make_first(firsts.First("one-mode-per-class", True), suite3d, bench).entry
    assert entry.generator.dims == 3
    measured = (row.params for row in entry.results if row.metric == "kid-embedder" and row.value is not None)
    found = {params.get("plane", params.get("slices")) for params in measured}
    assert found == {"sagittal", "coronal", "axial", "middle of three planes"}
    assert list(broken_invariants(entry)) == []
