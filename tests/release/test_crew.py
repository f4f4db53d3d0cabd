from pathlib import Path
from types import SimpleNamespace

import pytest

from synthuterus_bench.cli import run
from synthuterus_bench.errors import CohortError, DataError, QuotaError, UsageError, WeightsError
from synthuterus_bench.release.crew import Workers, muster
from synthuterus_bench.release.launched import Launched, _agree, _portable, appears
from synthuterus_bench.workers import launched_in_vain, process_count, process_index


@pytest.fixture
def launched(monkeypatch):
    """As torchrun would start the second of two processes."""
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")


def test_one_process_is_its_own_leader():
    with muster(3) as crew:
        assert isinstance(crew, Workers)
        assert crew.leads


def test_launched_processes_are_counted_and_take_no_workers(launched):
    assert (process_index(), process_count()) == (1, 2)
    with pytest.raises(UsageError, match="2 processes launched together"), muster(2):
        pass


def test_a_launcher_that_starts_one_process_of_several_is_noticed(monkeypatch):
    assert not launched_in_vain()
    monkeypatch.setenv("ACCELERATE_USE_CPU", "True")
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    assert launched_in_vain()
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert not launched_in_vain()


def test_only_the_first_process_speaks(launched, capsys, monkeypatch):
    assert run(["models"]) == 0
    assert run(["no-such-command"]) == 2
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("RANK", "0")
    assert run(["models"]) == 0
    assert "ddpm2d-ct-roi" in capsys.readouterr().out


def test_a_folder_that_one_process_does_not_see():
    with pytest.raises(DataError, match=r"/s/\.r\.work: process 1 of 3 does not see") as caught:
        _agree([(True, {}), (False, {}), (True, {})], Path("/s/.r.work"))
    assert "shared folder" in caught.value.hint


def test_other_versions_or_weights_in_one_process_are_named():
    facts = {"device": "cpu", "weights_sha256": "a"}
    _agree([(True, facts), (True, dict(facts))], Path("x"))
    with pytest.raises(DataError, match="process 1 of 2 has weights_sha256 b, process 0 a"):
        _agree([(True, facts), (True, facts | {"weights_sha256": "b"})], Path("x"))


def test_an_error_says_which_process_met_it():
    error = _portable(WeightsError("no such index", "give one"), 2)
    assert (type(error), error.message, error.hint) == (WeightsError, "process 2: no such index", "give one")
    assert _portable(CohortError("x"), 0).message == "x"
    assert "process 1: unexpected ZeroDivisionError" in str(_portable(ZeroDivisionError("by zero"), 1))
    full = OSError(28, "No space left on device", "/out")
    assert _portable(full, 1) is full


def test_a_file_may_take_a_moment_to_appear(tmp_path):
    assert not appears(tmp_path / "none", patience=0.2)
    (tmp_path / "some").touch()
    assert appears(tmp_path / "some", patience=0)


class Two(Launched):
    """The second of two processes, whose other one is acted: what it says, and what it meets itself."""

    def __init__(self, orders=(), met=(), leads=False):
        super().__init__(SimpleNamespace(process_index=0 if leads else 1, num_processes=2), self._drawing)
        self.orders, self.met, self.sent, self.drawn = [*orders], [*met], [], []

    def _drawing(self, jobs, engine):
        if engine == "broken":
            raise WeightsError("no weights")
        self.drawn += jobs
        yield from jobs

    def _broadcast(self, value):
        self.sent.append(value)
        return value if self.leads else self.orders.pop(0)

    def _gather(self, value):
        other = self.met.pop(0)
        return [value, other] if self.leads else [other, value]


def test_a_process_draws_its_share_until_the_leader_lets_it_go():
    crew = Two([("engine", [0, 1, 2, 3, 4]), ("engine", [5]), None], [None, None])
    crew.serve()
    assert crew.drawn == [1, 3]
    leader = Two(met=[None], leads=True)
    leader.draw([0, 1, 2, 3, 4], "engine")
    assert leader.drawn == [0, 2, 4]
    leader.draw([], "engine")
    assert leader.sent == [("engine", [0, 1, 2, 3, 4])]


def test_what_stops_one_stops_the_other():
    crew = Two([("engine", [0, 1])], [DataError("disk full")])
    with pytest.raises(DataError, match="disk full"):
        crew.serve()
    crew = Two([("broken", [0, 1])], [None])
    with pytest.raises(WeightsError, match="no weights"):
        crew.serve()
    crew = Two([QuotaError("class av-af")])
    with pytest.raises(QuotaError, match="class av-af"):
        crew.serve()


def test_the_leader_passes_its_own_error_on_but_not_one_that_all_have_met():
    leader = Two(leads=True)
    leader._dismiss(QuotaError("class av-af"))
    assert str(leader.sent[0]) == "class av-af"
    leader = Two(met=[WeightsError("process 1: no weights")], leads=True)
    with pytest.raises(WeightsError, match="process 1"):
        leader.draw([0], "engine")
    leader._dismiss(WeightsError("process 1: no weights"))
    assert leader.sent == [("engine", [0])]
