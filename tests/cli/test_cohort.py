import json

import pytest
from PIL import Image

from synthuterus_bench.cli import run
from tests.cohorts.imports.synthetic import write_nifti, write_series


@pytest.fixture
def src(tmp_path):
    write_series(tmp_path / "src" / "good")
    write_series(tmp_path / "src" / "ct", Modality="CT")
    return tmp_path / "src"


def test_import_says_what_became_of_each(src, tmp_path, capsys):
    assert run(["cohort", "import", str(src), "--out", str(tmp_path / "out"), "--source", "clinic"]) == 0
    said = capsys.readouterr()
    assert "imported good as " in said.out
    assert said.out.splitlines()[-1].endswith("imported 1 scans of 1 patients, refused 1: 1 not MR")
    assert "warning: refused ct: found modality CT, expected MR\n" in said.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out.salt", "src"]


def test_import_as_json(src, tmp_path, capsys):
    assert run(["--json", "cohort", "import", str(src), "--out", str(tmp_path / "out")]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["refused"] == ["ct: found modality CT, expected MR"]
    assert (result["imported"], result["refused_by_kind"]) == (1, {"not MR": 1})
    assert result["counts"] == [{"orientation": "ambiguous", "field_strength": 3.0, "scans": 1}]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["none", "--out", "out"], 2, "error: none: no such file or folder"),
        (["empty", "--out", "out"], 1, "error: empty: found 0 files and no scan among them"),
        (["src/ct", "--out", "out"], 1, "error: src/ct: found no scan that can be imported"),
        (["src", "--out", "out", "--strict"], 1, "error: ct: found modality CT, expected MR"),
        (["src", "--out", "src"], 1, "error: src: found a folder with files in it"),
        (["src", "--out", "src/good/000.dcm/out"], 1, "found a file, expected a folder"),
        (["src", "--out", "out", "--source", "Jane Doe"], 2, "error: --source 'Jane Doe'"),
        (["src", "--out", "out", "--labels", "none.csv"], 1, "error: none.csv: not a readable table"),
    ],
)
def test_import_errors_are_one_line_and_leave_nothing(src, tmp_path, capsys, monkeypatch, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert run(["--quiet", "cohort", "import", *arguments]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert [line for line in said.err.splitlines() if line.startswith("error: ")] != []
    assert message in said.err
    assert "Traceback" not in said.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "src"]


def test_labels_reach_the_cohort(tmp_path, capsys):
    write_nifti(tmp_path / "src" / "a.nii.gz")
    (tmp_path / "labels.csv").write_text("id,orientation\na.nii.gz,rv-af\n")
    options = ["--out", str(tmp_path / "out"), "--labels", str(tmp_path / "labels.csv")]
    assert run(["cohort", "import", str(tmp_path / "src"), *options]) == 0
    capsys.readouterr()
    assert run(["cohort", "show", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["rv-af", "1"]


def test_show_and_sheet(src, tmp_path, capsys):
    run(["cohort", "import", str(src), "--out", str(tmp_path / "out")])
    capsys.readouterr()
    sheet = tmp_path / "pictures" / "sheet.png"
    assert run(["cohort", "show", str(tmp_path / "out"), "--sheet", str(sheet)]) == 0
    said = capsys.readouterr().out
    for part in ("import: 1 scans of 1 patients", "view full, 3D, intensity native", "splits train 1", "digest "):
        assert part in said
    with Image.open(sheet) as image:
        assert image.mode == "L"
        assert image.info == {}
    assert run(["--json", "cohort", "show", str(tmp_path / "out")]) == 0
    assert json.loads(capsys.readouterr().out)["splits"] == {"train": 1}


def test_show_of_nothing(tmp_path, capsys):
    assert run(["cohort", "show", str(tmp_path / "none")]) == 1
    assert "no such folder" in capsys.readouterr().err


def test_phi_of_a_raw_folder_is_masked(src, capsys):
    assert run(["cohort", "show", str(src), "--phi"]) == 0
    said = capsys.readouterr().out
    assert "DICOM attribute" in said
    assert "Xxx^Xxxx" in said
    assert "Doe" not in said
    assert run(["cohort", "show", str(src), "--phi", "--reveal"]) == 0
    assert "Doe^Jane [ct/000.dcm]" in capsys.readouterr().out


def test_phi_as_json(src, capsys):
    assert run(["--json", "cohort", "show", str(src), "--phi", "--strict"]) == 1
    result = json.loads(capsys.readouterr().out)
    names = {"where": "DICOM attribute", "field": "PatientName", "files": 12, "sample": "Xxx^Xxxx"}
    assert names in result["fields"]
    assert result["files"] == 12


def test_phi_of_a_clean_cohort(src, tmp_path, capsys):
    run(["cohort", "import", str(src), "--out", str(tmp_path / "out")])
    capsys.readouterr()
    assert run(["cohort", "show", str(tmp_path / "out"), "--phi", "--strict"]) == 0
    assert capsys.readouterr().out == "no traces found\n"


@pytest.mark.parametrize("option", ["--strict", "--reveal"])
def test_options_of_phi_alone(tmp_path, option, capsys):
    assert run(["cohort", "show", str(tmp_path), option]) == 2
    assert "expected with it" in capsys.readouterr().err
    assert run(["cohort", "show", str(tmp_path / "none"), "--phi", option]) == 2


def test_import_of_a_table_and_of_the_cohort_made_of_it(src, tmp_path, capsys):
    (tmp_path / "scans.csv").write_text("path,orientation,patient\nsrc/good,av-rf,anna\nsrc/ct,,\nnone,,\n")
    assert run(["cohort", "import", str(tmp_path / "scans.csv"), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[-1].endswith("imported 1 scans of 1 patients, refused 2: 1 bad row, 1 not MR")
    assert "warning: refused scans.csv line 4: found no path 'none', expected a file or folder there" in said.err
    assert run(["cohort", "import", str(tmp_path / "out"), "--out", str(tmp_path / "copy")]) == 0
    said = capsys.readouterr().out
    assert "imported full/train-00000-of-00001.parquet: 1 scans" in said
    assert said.splitlines()[-1].endswith("imported 1 scans of 1 patients, refused 0")


def test_nothing_imported_is_counted_too(tmp_path, capsys):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"x")
    assert run(["cohort", "import", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "warning: imported nothing, refused 2: 2 pictures\n" in capsys.readouterr().err


@pytest.mark.parametrize("src", ["hf:org/name", "hf:org/name@main"])
def test_the_hub_wants_a_commit(tmp_path, capsys, src):
    assert run(["cohort", "import", src, "--out", str(tmp_path / "out")]) == 2
    assert "expected hf:ORG/NAME@ and the 40 digits of a commit" in capsys.readouterr().err
