import subprocess
import sys

import synthuterus_bench


def test_every_public_name_is_there_once_and_in_order():
    assert synthuterus_bench.__all__ == sorted(synthuterus_bench._HOMES)
    for name in synthuterus_bench.__all__:
        assert getattr(synthuterus_bench, name) is not None


def test_unknown_names_are_attribute_errors():
    assert not hasattr(synthuterus_bench, "nothing_of_this_name")


def test_help_loads_nothing_heavy():
    code = (
        "import sys\n"
        "from synthuterus_bench.cli import run\n"
        "run(['--help'])\n"
        "heavy = {'torch', 'numpy', 'diffusers', 'datasets', 'scipy', 'pydantic', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
