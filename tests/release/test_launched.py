"""``accelerate launch``: two processes that draw one release together."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from synthuterus_bench.cohorts.layout import audit_file
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.privacy.log import read_log
from synthuterus_bench.vocab import Config

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ACCELERATE = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
"""Without a GPU these are two processes on the CPU; accelerate's own ``--cpu`` starts one."""

OF_TWO_NODES = """
import os, sys
from synthuterus_bench.cli import run
if os.environ["RANK"] == "1":
    sys.argv[sys.argv.index("--out") + 1] += "-elsewhere"
sys.exit(run(sys.argv[1:]))
"""


def arguments(model, out, tau=0.999):
    fixed = ["--steps", "2", "--guidance", "1", "--scans", "64", "--cap", "40"]
    return ["generate", "--checkpoint", str(model), *fixed, "--tau", str(tau), "--out", str(out)]


def launch(*command, port=29611):
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true"}
    whole = [*ACCELERATE, "--main_process_port", str(port), *command]
    return subprocess.Popen(
        whole, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )


def alone(model, out, tau, workers=1):
    command = [sys.executable, "-m", "synthuterus_bench", *arguments(model, out, tau), "--workers", str(workers)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return contents(out)


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def undisturbed(tiny_model, tmp_path_factory):
    """A bound so tight that some candidates are rejected, and what one process draws by it, in more than one round."""
    home = tmp_path_factory.mktemp("alone")
    alone(tiny_model, home / "first", 0.999)
    tau = sorted(scan.max_similarity for scan in load_cohort(home / "first").scans())[-6] - 1e-6
    whole = alone(tiny_model, home / "r", tau)
    assert read_log(audit_file(home / "r", Config.ROI))[-1]["rejected"] >= 5
    return whole, tau


def test_two_workers_and_two_launched_processes_give_the_bytes_of_one(tiny_model, undisturbed, tmp_path):
    whole, tau = undisturbed
    assert alone(tiny_model, tmp_path / "workers" / "r", tau, workers=2) == whole
    process = launch("-m", "synthuterus_bench", *arguments(tiny_model, tmp_path / "launched" / "r", tau))
    said, noise = process.communicate()
    assert process.returncode == 0, noise
    assert contents(tmp_path / "launched" / "r") == whole
    assert said.count("64 scans in") == 1
    assert [path.name for path in (tmp_path / "launched").iterdir()] == ["r"]


def test_killed_together_they_go_on_where_they_were(tiny_model, undisturbed, tmp_path):
    (whole, tau), out = undisturbed, tmp_path / "r"
    process = launch("-m", "synthuterus_bench", *arguments(tiny_model, out, tau), port=29612)
    while process.poll() is None and not list((tmp_path / ".r.work").rglob("*.safetensors")):
        time.sleep(0.02)
    session = [one for one in Path("/proc").glob("[0-9]*/stat") if _session(one) == process.pid]
    for path in session:
        os.kill(int(path.parent.name), signal.SIGKILL)
    process.communicate()
    assert not out.exists()
    again = launch("-m", "synthuterus_bench", *arguments(tiny_model, out, tau), port=29613)
    _, noise = again.communicate()
    assert again.returncode == 0, noise
    assert contents(out) == whole
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def _session(stat):
    """Processes of torchrun have sessions of their own; their parent tells whose they are."""
    try:
        fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    own, parent = int(fields[3]), int(fields[1])
    try:
        above = Path(f"/proc/{parent}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return own
    return int(above[3]) if own == int(stat.parent.name) else own


def test_a_node_that_does_not_see_the_folder_is_a_clear_error(tiny_model, tmp_path):
    script = tmp_path / "nodes.py"
    script.write_text(OF_TWO_NODES)
    process = launch(str(script), *arguments(tiny_model, tmp_path / "r"), port=29614)
    _, noise = process.communicate()
    assert process.returncode != 0
    assert "process 1 of 2 does not see what process 0 writes there" in noise
    assert "Traceback (most recent call last)" not in noise.partition("error: ")[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nodes.py"]


def test_an_error_of_one_process_stops_both_and_is_said_once(tiny_model, tmp_path):
    process = launch("-m", "synthuterus_bench", *arguments(tiny_model, tmp_path / "r"), "--guidance", "-1", port=29615)
    said, noise = process.communicate()
    assert process.returncode != 0
    assert (said, noise.count("Invalid value")) == ("", 1)
