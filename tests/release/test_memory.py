"""Peak memory of ``generate`` does not grow with the number of samples; noise stands for them, to be drawn in time."""

import subprocess
import sys

import pytest

CODE = """
import sys
from pathlib import Path
import numpy as np
from synthuterus_bench.generators.solve import SamplerConfig
from synthuterus_bench.release import candidates
from synthuterus_bench.release.build import ReleasePlan, generate

def sample(pipeline, wanted, seed, config):
    if wanted[0].index == 0:  # what loading took at its peak is forgotten
        Path("/proc/self/clear_refs").write_text("5")
    draw = lambda index: np.random.default_rng(index).integers(0, 65536, (128, 128), np.uint16)
    return np.stack([draw(one.index) for one in wanted])

candidates.sample_chunk = sample
sampler = SamplerConfig(steps=1, guidance=1)
plan = ReleasePlan("ddpm2d-ct-roi", Path(sys.argv[1]), int(sys.argv[3]), tau=1.0, twin_tau=1.0, sampler=sampler)
generate(plan, Path(sys.argv[2]))
print(Path("/proc/self/status").read_text(encoding="utf-8").partition("VmHWM:")[2].split()[0])
"""
GROWTH_MB = 35
"""What 1984 more samples may take; their pixels alone are 65 MB, and two equal runs differ by up to 25."""


def peak_mb(model, out, scans):
    done = subprocess.run(
        [sys.executable, "-c", CODE, model, out, str(scans)], capture_output=True, text=True, check=True
    )
    return int(done.stdout.split()[-1]) // 1024


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads peak memory in /proc")
@pytest.mark.timeout(900)
def test_many_samples_take_the_memory_of_few(tiny_model, tmp_path):
    few, many = (peak_mb(tiny_model, tmp_path / str(scans), scans) for scans in (64, 2048))
    print(f"peak {few} MB for 64 samples, {many} MB for 2048")
    assert many - few < GROWTH_MB
