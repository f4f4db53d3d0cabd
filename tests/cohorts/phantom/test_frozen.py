import os
import subprocess
import sys

import pytest

from synthuterus_bench.cohorts.phantom.draw import Drawing, draw_scans
from synthuterus_bench.cohorts.phantom.frozen import difference, frozen
from synthuterus_bench.cohorts.phantom.population import draw_preset
from synthuterus_bench.cohorts.phantom.presets import preset_members
from synthuterus_bench.cohorts.record import Manifest
from synthuterus_bench.cohorts.rows import scan_digest
from synthuterus_bench.vocab import PresetName, View

EVERY = [(name, view, dims) for name in PresetName for view in View for dims in (2, 3)]


@pytest.mark.parametrize(("name", "view", "dims"), EVERY)
def test_the_first_scans_of_a_preset_are_the_frozen_ones(name, view, dims):
    known = frozen(name, view, dims)
    drawn = {}
    for member in preset_members(name, dims, 0):
        if len(drawn) >= len(known["first"]):
            break
        drawn |= {scan.scan_id: scan_digest(scan) for scan in draw_scans(member, Drawing(0, view, dims))}
    assert drawn == known["first"]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("dims", [2, 3])
def test_a_whole_preset_is_the_frozen_one(tmp_path, dims):
    made = draw_preset(tmp_path / "c", PresetName.HOSPITAL_V1, dims=dims, workers=2)
    assert made.manifest.digest == frozen(PresetName.HOSPITAL_V1, View.ROI, dims)["digest"]


def test_another_digest_is_told_and_another_seed_is_not():
    facts = {"name": "x", "view": View.ROI, "dims": 2, "intensity": "window", "splits": {}, "digest": "0" * 64}
    told = difference(Manifest(**facts, preset=PresetName.V1, seed=0))
    assert told.startswith("found digest 0000000000000000, frozen ")
    assert difference(Manifest(**facts, preset=PresetName.V1, seed=1)) is None
    assert difference(Manifest(**facts)) is None


_DRAW = """
from synthuterus_bench.cohorts.phantom.draw import Drawing, draw_scans
from synthuterus_bench.cohorts.phantom.presets import preset_members
from synthuterus_bench.cohorts.rows import scan_digest
from synthuterus_bench.vocab import PresetName, View
for member in preset_members(PresetName.V1, 2, 0)[:8]:
    for scan in draw_scans(member, Drawing(0, View.ROI, 2)):
        print(scan_digest(scan))
"""
_OLD_PROCESSOR = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX512F",
    "OPENBLAS_CORETYPE": "Prescott",
}


def test_a_processor_without_wide_instructions_gives_the_same_bytes():
    outputs = []
    for extra in ({}, _OLD_PROCESSOR):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _DRAW],
            env=os.environ | extra,
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.append(done.stdout.split())
    assert len(outputs[0]) == 32
    assert outputs[0] == outputs[1]
