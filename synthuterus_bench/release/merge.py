"""Joining releases of different configs into one, and giving a release a card anew."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from synthuterus_bench.cohorts.layout import audit_file, selftest_file
from synthuterus_bench.entry import Entry
from synthuterus_bench.errors import DataError, UsageError
from synthuterus_bench.progress import Track, silent
from synthuterus_bench.release.card import write_card
from synthuterus_bench.release.checksums import write_checksums
from synthuterus_bench.release.gate import check_release, check_without_card
from synthuterus_bench.release.parts import read_parts
from synthuterus_bench.repro import staged_folder
from synthuterus_bench.vocab import Config


def merge(
    releases: Sequence[Path], out: Path, entries: Sequence[Entry] = (), track: Track = silent
) -> dict[Config, Path]:
    """Write a new release with the configs of all ``releases``, its card and its checksums; all of it or nothing.

    Every release passes the gate before, the new one after. Rows and audit logs stay as they are, byte for byte.

    Args:
        entries: results for the card.

    Returns:
        Which release each config came from, the default first.

    Raises:
        UsageError: a config occurs in two releases, or an entry is of other images.
        GateError: a release does not pass the gate.
        DataError: ``out`` exists, or the licences differ.
    """
    found: dict[Config, Path] = {}
    for release in track(releases, "checking", len(releases)):
        check_release(release)
        for part in read_parts(release):
            if part.config in found:
                raise UsageError(
                    f"{release}: found config {part.config}, which {found[part.config]} has too, expected each once"
                )
            found[part.config] = release
    ordered = {config: found[config] for config in Config if config in found}
    _check_licences(ordered)
    with staged_folder(out) as folder:
        for config, release in ordered.items():
            _copy(release, folder, config)
        write_card(folder, entries)
        write_checksums(folder)
        check_release(folder)
    return ordered


def write_card_anew(release: Path, entries: Sequence[Entry] = ()) -> None:
    """Write the card of a release again, with what entries say; rows and audit logs pass the gate first.

    Killed in the middle it leaves a card that the gate refuses, and a second run completes.

    Raises:
        UsageError: an entry is of other images.
        GateError: the release does not pass the gate.
    """
    check_without_card(release)
    write_card(release, entries)
    write_checksums(release)
    check_release(release)


def _check_licences(found: dict[Config, Path]) -> None:
    of = {release: part.licence for release in found.values() for part in read_parts(release)}
    if len(set(of.values())) > 1:
        listed = ", ".join(f"{release} {licence}" for release, licence in of.items())
        raise DataError(f"found licences {listed}, expected one", "generate them with the same --licence")


def _copy(release: Path, folder: Path, config: Config) -> None:
    """The folder of a config, its audit log, and its self-test if it has one; times of files are not kept."""
    shutil.copytree(release / config, folder / config, copy_function=shutil.copyfile)
    for find in (audit_file, selftest_file):
        source, target = find(release, config), find(folder, config)
        if source.is_file():
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(source, target)
