import hashlib
from dataclasses import replace

import numpy as np
import pytest

from synthuterus_bench.cohorts.imports import figshare
from synthuterus_bench.cohorts.imports.figshare import BREAKS, UMD, Published, download
from synthuterus_bench.errors import DataError
from tests.cohorts.imports.web import Behaviour, serving

DATA = np.random.default_rng(0).bytes((5 << 20) // 2)
PARTIAL = "UMD.zip.partial"


def known_for(data: bytes, server: str = "http://127.0.0.1:9") -> Published:
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return replace(UMD, size=len(data), md5=md5, server=server)


def fetch(folder, behaviour, data=DATA):
    with serving(behaviour) as address:
        return download(known_for(data, address), folder, wait_s=0.0)


def test_what_is_known_of_umd():
    assert UMD.url == "https://ndownloader.figshare.com/files/44111183"
    assert (UMD.size, UMD.md5) == (4759295077, "f52985246c363a7fb9c8f6ae33dcde84")
    assert UMD.page.endswith("figshare.23541312.v3")


def test_fetches_once(tmp_path):
    served = Behaviour(DATA)
    path = fetch(tmp_path / "new" / "folder", served)
    assert path.read_bytes() == DATA
    assert [one.name for one in path.parent.iterdir()] == ["UMD.zip"]
    assert path.stat().st_mode & 0o777 == 0o644
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figshare, "_stream", lambda *_: pytest.fail("asked the network"))
        assert download(known_for(DATA), path.parent) == path


def test_goes_on_where_connections_break(tmp_path):
    served = Behaviour(DATA, cuts=[1_000_000, 1, 700_000])
    assert fetch(tmp_path, served).read_bytes() == DATA
    assert served.asked == ["bytes=0-", "bytes=1000000-", "bytes=1000001-", "bytes=1700001-"]


def test_a_server_without_ranges_starts_over(tmp_path):
    served = Behaviour(DATA, ranges=False, cuts=[2_000_000, 100])
    assert fetch(tmp_path, served).read_bytes() == DATA
    assert len(served.asked) == 3


def test_without_a_length_told(tmp_path):
    served = Behaviour(DATA, ranges=False, cuts=[2_000_000], tells_length=False)
    assert fetch(tmp_path, served).read_bytes() == DATA


def test_another_run_goes_on(tmp_path):
    (tmp_path / PARTIAL).write_bytes(DATA[:1_234_567])
    served = Behaviour(DATA)
    assert fetch(tmp_path, served).read_bytes() == DATA
    assert served.asked == ["bytes=1234567-"]


def test_a_whole_partial_file_is_only_checked(tmp_path):
    (tmp_path / PARTIAL).write_bytes(DATA)
    assert download(known_for(DATA), tmp_path).read_bytes() == DATA


def test_a_partial_file_that_is_too_large_is_dropped(tmp_path):
    (tmp_path / PARTIAL).write_bytes(DATA + b"more")
    served = Behaviour(DATA)
    assert fetch(tmp_path, served).read_bytes() == DATA
    assert served.asked == ["bytes=0-"]


def test_gives_up_when_nothing_comes_and_keeps_what_came(tmp_path):
    served = Behaviour(DATA, cuts=[1_000_000] + [0] * 20)
    with pytest.raises(DataError, match=rf"found 1000000 of {len(DATA)} bytes, then {BREAKS} tries in vain") as caught:
        fetch(tmp_path, served)
    assert "again to go on" in caught.value.hint
    assert (tmp_path / PARTIAL).read_bytes() == DATA[:1_000_000]
    assert len(served.asked) == 1 + BREAKS


def test_a_busy_server_is_asked_again(tmp_path):
    served = Behaviour(DATA, statuses=[503, 429, 500])
    assert fetch(tmp_path, served).read_bytes() == DATA


def test_no_network(tmp_path):
    with pytest.raises(DataError, match=r"found 0 of .* tries in vain \(.*refused\)"):
        download(known_for(DATA), tmp_path, wait_s=0.0)
    assert [*tmp_path.iterdir()] == []


def test_wrong_bytes_are_removed(tmp_path):
    wrong = bytearray(DATA)
    wrong[1_500_000] ^= 1
    with pytest.raises(DataError, match=r"found MD5 [0-9a-f]{32}, expected") as caught:
        fetch(tmp_path, Behaviour(bytes(wrong)))
    assert "removed" in caught.value.hint
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("served", [DATA[:-1], DATA + b"x"], ids=["short", "long"])
def test_another_size_on_the_server(tmp_path, served, ranges):
    with pytest.raises(DataError, match=rf"files/44111183: found {len(served)} bytes, expected {len(DATA)}"):
        fetch(tmp_path, Behaviour(served, ranges=ranges))
    assert [*tmp_path.iterdir()] == []


def test_too_much_without_a_length_told(tmp_path):
    with pytest.raises(DataError, match=rf"found more than {len(DATA)} bytes"):
        fetch(tmp_path, Behaviour(DATA + b"x", ranges=False, tells_length=False))


def test_nothing_beyond_what_is_there(tmp_path):
    (tmp_path / PARTIAL).write_bytes(DATA[:-1])
    with pytest.raises(DataError, match=rf"found at most {len(DATA) - 1} bytes"):
        fetch(tmp_path, Behaviour(DATA[:-1]))


@pytest.mark.parametrize(
    ("behaviour", "found"),
    [
        (Behaviour(DATA, statuses=[404]), "found status 404"),
        (Behaviour(DATA, statuses=[403]), "found status 403"),
        (Behaviour(DATA, statuses=[202]), "an answer of status 202 that is no file"),
        (Behaviour(b"<html>are you human?</html>", ranges=False, kind="text/html"), "status 200 that is no file"),
    ],
)
def test_no_file_on_the_server(tmp_path, behaviour, found):
    with pytest.raises(DataError, match=found) as caught:
        fetch(tmp_path, behaviour)
    assert "with a browser from https://doi.org/" in caught.value.hint
    assert len(behaviour.asked) == 1
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("there", "found"), [(DATA[:9], "found 9 bytes, expected"), (DATA[1:] + b"x", "found MD5")], ids=["short", "other"]
)
def test_something_else_under_its_name_stays(tmp_path, there, found):
    (tmp_path / "UMD.zip").write_bytes(there)
    with pytest.raises(DataError, match=found) as caught:
        download(known_for(DATA), tmp_path)
    assert "move" in caught.value.hint
    assert (tmp_path / "UMD.zip").read_bytes() == there


def test_one_run_at_a_time(tmp_path):
    with figshare._held(tmp_path / PARTIAL), pytest.raises(DataError, match="found another run"):
        download(known_for(DATA), tmp_path)


def test_no_room(tmp_path, monkeypatch):
    monkeypatch.setattr(figshare.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1e9}))
    with pytest.raises(DataError, match=r"found 1\.0 GB free on its disk, expected 4\.8 GB"):
        download(UMD, tmp_path)


def test_progress_counts_mebibytes(tmp_path):
    (tmp_path / PARTIAL).write_bytes(DATA[: 1 << 20])
    seen = []

    def track(items, label, total=None):
        items = [*items]
        seen.append((label, len(items), total))
        return iter(items)

    with serving(Behaviour(DATA)) as address:
        download(known_for(DATA, address), tmp_path, track)
    assert seen == [("fetch UMD.zip (MiB)", 3, 3), ("check UMD.zip (MiB)", 3, 3)]
