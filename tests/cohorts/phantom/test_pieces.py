import subprocess
import sys
import time

import pytest

from synthuterus_bench.cohorts.phantom.draw import Drawing
from synthuterus_bench.cohorts.phantom.pieces import PIECE, draw_pieces
from synthuterus_bench.cohorts.phantom.population import draw_cohort, sample_members
from synthuterus_bench.cohorts.rows import scan_digest
from synthuterus_bench.vocab import View

DRAWING = Drawing(5, View.ROI, 2, 2)


def digests(people, work):
    return [scan_digest(scan) for scan in draw_pieces(people, DRAWING, work, 1)]


def test_pieces_are_kept_and_not_drawn_again(tmp_path, monkeypatch):
    people = sample_members(72, 2)
    first = digests(people, tmp_path)
    assert len([*tmp_path.iterdir()]) == -(-len(people) // PIECE[2])
    monkeypatch.setattr("synthuterus_bench.cohorts.phantom.pieces.draw_scans", None)
    assert digests(people, tmp_path) == first


def test_a_damaged_piece_is_drawn_again(tmp_path):
    people = sample_members(72, 2)
    first = digests(people, tmp_path)
    path = sorted(tmp_path.iterdir())[0]
    path.write_bytes(path.read_bytes()[:300])
    assert digests(people, tmp_path) == first


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_it_goes_on_to_the_same_bytes(cohort, tmp_path, workers):
    out = tmp_path / "again"
    command = [
        sys.executable,
        "-m",
        "synthuterus_bench",
        "--quiet",
        "cohort",
        "phantom",
        "--scans",
        "72",
        "--seed",
        "5",
    ]
    process = subprocess.Popen([*command, "--out", str(out), "--workers", str(workers)], stderr=subprocess.DEVNULL)
    while not [*tmp_path.glob(".again.work/*.parquet")] and process.poll() is None:
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert not out.exists()
    made = draw_cohort(out, scans=72, seed=5, workers=1)
    assert made.manifest == cohort.manifest
    for ours, theirs in zip(cohort.files(), made.files(), strict=True):
        assert ours.read_bytes() == theirs.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["again"]
