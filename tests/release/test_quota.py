"""Filling places from chunk files: nothing of a candidate stays in memory."""

import tracemalloc

import numpy as np
import pytest
from safetensors.numpy import save_file

from synthuterus_bench.generators.plan import Place
from synthuterus_bench.generators.sampler import sample_seed
from synthuterus_bench.privacy.filter import Bound, Verdict
from synthuterus_bench.release import quota
from synthuterus_bench.release.candidates import _verdict_arrays, require_chunk
from synthuterus_bench.release.quota import fill
from synthuterus_bench.vocab import CLASSES

SIZE = 16


def painter(folder, rejected):
    """Chunks whose pixels are the candidate's index; ``rejected`` says which of them fall."""

    def draw(wanted, before):
        paths = []
        for start in range(0, len(wanted), SIZE):
            piece = wanted[start : start + SIZE]
            path = folder / f"{before + start}.safetensors"
            if not path.exists():
                indices = np.array([one.index for one in piece])
                bounds = [Bound.TAU if rejected(k) else None for k in indices]
                verdicts = [Verdict(0.5, "0" * 16, bound, code=np.ones(4, np.float32)) for bound in bounds]
                pixels = np.broadcast_to(indices[:, None, None].astype(np.uint16), (len(piece), 4, 4)).copy()
                save_file({"pixels": pixels, **_verdict_arrays(verdicts)}, path)
            paths.append(path)
        return paths

    return draw


def places(count):
    each = [Place(name) for name in CLASSES]
    return each * (count // 4)


def test_every_place_gets_the_first_candidate_that_passes(tmp_path):
    filled = fill(places(64), 7, painter(tmp_path, lambda k: k % 5 == 0), cap=5)
    records = list(filled.records())
    assert [record["index"] for record in records] == list(range(len(records)))
    accepted = list(filled.accepted())
    assert len(accepted) == 64
    for place, one in zip(places(64), accepted, strict=True):
        assert one.place == place
        assert one.pixels[0, 0] == one.wanted.index
        assert one.wanted.index % 5
        assert one.seed == sample_seed(7, one.wanted) == records[one.wanted.index]["seed"]
    kept = {record["index"] for record in records if record["decision"] == "accepted"}
    assert kept == {one.wanted.index for one in accepted}
    first = [one.wanted.index for k, one in enumerate(accepted) if k % 5]
    assert first == [k for k in range(64) if k % 5], "whom the filter passed at once stay where they are"


def test_chunks_are_hardly_read_twice_while_rows_are_written(tmp_path, monkeypatch):
    filled = fill(places(320), 0, painter(tmp_path, lambda k: k % 7 == 0), cap=5)
    read = []
    monkeypatch.setattr(quota, "require_chunk", lambda path: read.append(path) or require_chunk(path))
    assert len(list(filled.accepted())) == 320
    assert set(read) == {path for one in filled.rounds for path in one.paths}
    assert len(read) <= 1.1 * len(set(read))


@pytest.mark.parametrize("count", [2048])
def test_records_and_rows_take_no_memory(tmp_path, count):
    draw = painter(tmp_path, lambda k: k % 9 == 0)
    plan = places(count)
    filled = fill(plan, 0, draw)
    tracemalloc.start()
    for walk in (filled.records(), filled.accepted()):
        for _ in walk:
            pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 400_000, "a record of each would take a kilobyte"
