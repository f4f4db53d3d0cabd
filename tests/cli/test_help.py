import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from typer.main import get_command

from synthuterus_bench.cli import app, run

ROOT = Path(__file__).parents[2]


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    children = getattr(command, "commands", {})
    if not children:
        yield path
    for name, child in children.items():
        yield from commands(child, (*path, name))


EVERY = sorted(commands(get_command(app)))


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_every_command_has_an_example_of_itself(path, capsys):
    assert run([*path, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "\\b" not in shown
    text = " ".join(shown.split())
    assert re.search(rf"Examples?: synthbench (--json )?{' '.join(path)}\b", text)


def test_commands_named_in_the_documents_exist():
    known = {" ".join(path) for path in EVERY} | {path[0] for path in EVERY}
    pages = [ROOT / "README.md", *(page for page in sorted((ROOT / "docs").glob("*.md")) if page.name != "cli.md")]
    for page in pages:
        for line in re.findall(r"^\$ synthbench (.*)$", page.read_text(encoding="utf-8"), re.M):
            words = [word for word in line.removeprefix("--json ").split() if not word.startswith("[")]
            assert " ".join(words[:2]) in known or words[0] in known, f"{page.name}: {line}"


def test_a_wrong_command_is_exit_code_two(capsys):
    assert run(["no-such-command"]) == 2
    assert "No such command" in capsys.readouterr().err
