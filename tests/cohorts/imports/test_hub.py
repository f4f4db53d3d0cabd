import shutil

import pytest

from synthuterus_bench.cohorts.imports.hub import fetch, is_hub
from synthuterus_bench.cohorts.imports.importing import ImportOptions, import_folder
from synthuterus_bench.errors import DataError, UsageError
from tests.cohorts.imports.test_tablerows import scan, write_cohort

COMMIT = "0123456789abcdef" * 2 + "01234567"


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Answer for the Hub with a folder, and keep what it was asked for."""
    calls = []

    def answer(repo, **options):
        calls.append((repo, options))
        return str(tmp_path / "snapshot")

    monkeypatch.setattr("huggingface_hub.snapshot_download", answer)
    return calls


def test_a_pinned_data_set_is_fetched_as_tables_alone(tmp_path, asked):
    write_cohort(tmp_path / "real", [scan(0), scan(1)])
    (tmp_path / "snapshot").mkdir()
    for path in (tmp_path / "real").rglob("*.*"):
        link = tmp_path / "snapshot" / path.relative_to(tmp_path / "real")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    cohort = import_folder(f"hf:org/name@{COMMIT}", tmp_path / "out", ImportOptions())
    assert len(cohort) == 2
    ((repo, options),) = asked
    assert (repo, options["revision"], options["repo_type"]) == ("org/name", COMMIT, "dataset")
    assert options["allow_patterns"] == ["*.parquet", "README.md", "*cohort.json"]


@pytest.mark.parametrize(
    "src", ["hf:org/name", "hf:org/name@main", f"hf:name@{COMMIT}", f"hf:a/b/c@{COMMIT}", f"hf:org/name@{COMMIT}0"]
)
def test_what_is_not_pinned_is_refused_unasked(src, asked):
    assert is_hub(src)
    with pytest.raises(UsageError, match="expected hf:ORG/NAME@ and the 40 digits of a commit"):
        fetch(src)
    assert asked == []


def test_an_empty_snapshot(tmp_path, asked):
    (tmp_path / "snapshot").mkdir()
    with pytest.raises(DataError, match="found no Parquet file at that commit"):
        fetch(f"hf:org/name@{COMMIT}")


@pytest.mark.parametrize("error", [OSError("no\nroute"), ConnectionError(), ValueError("404")])
def test_no_network_is_one_line(tmp_path, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    with pytest.raises(DataError, match="cannot be fetched") as caught:
        import_folder(f"hf:org/name@{COMMIT}", tmp_path / "out", ImportOptions())
    assert "\n" not in caught.value.message
    assert caught.value.hint
    assert [*tmp_path.iterdir()] == []


def test_offline_without_cache_is_one_line(tmp_path, monkeypatch):
    """The client itself, told to stay offline, with an empty cache."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(DataError, match="cannot be fetched"):
        fetch(f"hf:org/name@{COMMIT}")
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
