import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "scripts" / "weights"


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)


def test_a_wrong_id_is_one_line_and_exit_code_2(tmp_path):
    done = call("ddpm4d", "--work", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith("error: unknown model id 'ddpm4d'")
    assert "Traceback" not in done.stderr


def test_training_and_packing_only_exclude_each_other(tmp_path):
    done = call("vae2d", "--work", str(tmp_path), "--train-only", "--pack-only")
    assert done.returncode == 2
    assert "not allowed with argument" in done.stderr


def test_packing_what_was_never_trained_is_one_line_and_exit_code_1(cohort, tmp_path):
    (tmp_path / "v1-roi-2d").symlink_to(cohort.root)
    done = call("ddpm2d-ct-roi", "--work", str(tmp_path), "--pack-only")
    assert done.returncode == 1
    assert "no training.json" in done.stderr
    assert "Traceback" not in done.stderr
