import pytest

from synthuterus_bench.board.reported import load_reported, reported_table
from synthuterus_bench.errors import DataError
from synthuterus_bench.vocab import CLASSES


@pytest.fixture(scope="module")
def paper():
    (found,) = load_reported()
    return found


def test_averages_agree_with_the_orientations(paper):
    rows = {(row.generator, row.scope): row.values for row in paper.rows}
    whole = {name for name, scope in rows if scope == "av-af"}
    assert len(whole) == 8
    for name in whole:
        for metric, average in rows[name, "average"].items():
            mean = sum(rows[name, scope][metric] for scope in CLASSES) / 4
            assert average == pytest.approx(mean, abs=0.0126), (name, metric)


def test_all_eighteen_cells_are_there(paper):
    assert len({row.generator for row in paper.rows}) == 18
    table = reported_table(paper)
    assert table.scopes == ("average", *CLASSES)
    assert {len(line.cells) for line in table.lines} == {5}


def test_broken_file_is_one_line(tmp_path):
    (tmp_path / "x.json").write_text('{"schema": "synthuterus-reported/1"}')
    with pytest.raises(DataError, match=r"x\.json: title: Field required"):
        load_reported(tmp_path)
