import pytest

from synthuterus_bench.board.commands import COMMAND, command_of, first_command
from tests.board.samples import SUITE, entry, sample


@pytest.mark.parametrize(
    ("changes", "command"),
    [
        ({}, "synthbench evaluate PATH/TO/IMAGES --suite sample-suite"),
        ({"repo": "a/b", "revision": "v1"}, "synthbench pull a/b@v1 --out images && synthbench evaluate images"),
        ({"repo": "a/b; rm -rf ~", "revision": "v1"}, "synthbench evaluate PATH/TO/IMAGES"),
        ({"repo": "--help/b", "revision": "v1"}, "synthbench evaluate PATH/TO/IMAGES"),
        ({"repo": "a/b", "revision": "$(x)"}, "synthbench evaluate PATH/TO/IMAGES"),
    ],
)
def test_the_command_takes_nothing_that_a_shell_would_read(changes, command):
    made = entry(dataset=sample()["dataset"] | changes)
    assert command_of(made).startswith(command)
    assert set(command_of(made)) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -./@&")


def test_commands_of_controls_and_other_references():
    assert command_of(entry("control: noise")) == "synthbench evaluate --controls --suite sample-suite"
    other = entry(suite=SUITE | {"reference": "umd"})
    assert command_of(other).endswith("--reference umd")
    private = entry(suite=SUITE | {"reference": "our $(cohort)"})
    assert command_of(private).endswith("--reference PATH/TO/REFERENCE")


def test_one_of_the_first_entries_is_made_again_by_its_own_command():
    said = first_command("demo", "one-mode-per-class")
    made = entry("control: noise", environment=sample()["environment"] | {COMMAND: said})
    assert command_of(made) == said


@pytest.mark.parametrize("more", ["; rm -rf ~", " $(x)", " --board /", "\nx", " -x", "/../x", "\u0661"])
def test_a_command_of_a_stranger_is_not_shown(more):
    hostile = entry(environment=sample()["environment"] | {COMMAND: first_command("demo", "noise") + more})
    assert command_of(hostile) == "synthbench evaluate PATH/TO/IMAGES --suite sample-suite"
