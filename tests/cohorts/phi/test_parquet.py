import nibabel
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from synthuterus_bench.cohorts.imagefile import encode_png
from synthuterus_bench.cohorts.phi.record import Kind
from synthuterus_bench.cohorts.phi.scan import scan_phi
from tests.cohorts.phi.test_png import with_chunk

PNG = encode_png(np.arange(64, dtype=np.uint16).reshape(8, 8))


def found_in(tmp_path, columns, metadata=None, schema=None):
    table = pa.table(columns, schema=schema)
    pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "a.parquet")
    return [(one.kind, one.keyword, one.value) for one in scan_phi(tmp_path)]


def test_a_clean_table(tmp_path):
    columns = {"scan_id": ["a"], "image": [{"bytes": PNG, "path": "a.png"}], "spacing_mm": [[1.0, 1.0]]}
    assert found_in(tmp_path, columns, {"huggingface": '{"info": {}}'}) == []


def test_key_value_metadata(tmp_path):
    found = found_in(tmp_path, {"a": [1]}, {"author": "Jane Doe", "huggingface": '{"from": "/home/jane/x"}'})
    assert sorted(found) == [
        (Kind.PARQUET, "author", "Jane Doe"),
        (Kind.PATH, "huggingface", "/home/jane/x"),
    ]


def test_metadata_of_a_column(tmp_path):
    schema = pa.schema([pa.field("a", pa.int64(), metadata={"from": "PACS of Jane"})])
    assert found_in(tmp_path, {"a": [1]}, schema=schema) == [(Kind.PARQUET, "from", "PACS of Jane")]


def test_absolute_paths_wherever_text_is(tmp_path):
    columns = {
        "source": ["/data/jane"],
        "image": [{"bytes": PNG, "path": "/home/jane/a.png"}],
        "notes": [["fine", "see /srv/pacs/1"]],
    }
    assert found_in(tmp_path, columns) == [
        (Kind.PATH, "source", "/data/jane"),
        (Kind.PATH, "image.path", "/home/jane/a.png"),
        (Kind.PATH, "notes", "/srv/pacs/1"),
    ]


def test_identifying_columns(tmp_path):
    assert found_in(tmp_path, {"PatientName": ["Doe", None], "age": [34, 35]}) == [
        (Kind.COLUMN, "PatientName", "Doe"),
        (Kind.COLUMN, "age", "34"),
        (Kind.COLUMN, "age", "35"),
    ]


def test_patients_by_another_name_than_a_salted_hash(tmp_path):
    names = ["0123456789ab", "phantom-5-00024", "HOSP-778899", None]
    assert found_in(tmp_path, {"patient_id": names}) == [(Kind.COLUMN, "patient_id", "HOSP-778899")]


def test_what_pictures_and_volumes_in_cells_carry(tmp_path):
    volume = nibabel.Nifti1Image(np.zeros((4, 5, 6), np.int16), np.eye(4))
    volume.header["descrip"] = "Jane Doe"
    columns = {
        "image": [{"bytes": PNG, "path": None}, {"bytes": with_chunk(b"tEXt", b"Author\0Jane"), "path": "b.png"}],
        "volume": [volume.to_bytes(), None],
    }
    assert found_in(tmp_path, columns) == [
        (Kind.NIFTI, "descrip", "Jane Doe"),
        (Kind.PNG, "tEXt Author", "Jane"),
    ]


def test_bytes_of_an_unknown_kind_in_a_cell(tmp_path):
    assert found_in(tmp_path, {"blob": [b"\xff\xd8\xff\xe0\0\x10JFIF"]}) == [(Kind.UNREAD, ".parquet", "unknown kind")]
