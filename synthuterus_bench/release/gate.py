"""The release gate: a release is whole and what it says, or it is refused. It fails closed."""

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from synthuterus_bench.cohorts.layout import AUDIT, CARD, MANIFEST, audit_file, configs_in
from synthuterus_bench.cohorts.phi.scan import check_clean
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.errors import GateError, SynthbenchError
from synthuterus_bench.privacy.log import stream_log
from synthuterus_bench.release.card import CARD_FILES, LICENCE, licence_of, size_category
from synthuterus_bench.release.checksums import CHECKSUMS, check_sums, write_checksums
from synthuterus_bench.release.contents import check_rows
from synthuterus_bench.release.croissant import CONFORMS, CROISSANT
from synthuterus_bench.release.headers import check_picture
from synthuterus_bench.release.licence import TERMS
from synthuterus_bench.release.logs import check_log, check_tested
from synthuterus_bench.release.parts import Part, read_parts
from synthuterus_bench.release.plot import PLOT
from synthuterus_bench.vocab import Config

__all__ = ["CHECKSUMS", "check_release", "check_without_card", "write_checksums"]

_CONFIGS = "|".join(Config)
_ALLOWED = re.compile(
    rf"{'|'.join(map(re.escape, (*CARD_FILES, CHECKSUMS)))}"
    rf"|(?:{_CONFIGS})/(?:{re.escape(MANIFEST)}|train-\d{{5}}-of-\d{{5}}\.parquet)"
    rf"|{AUDIT}/(?:selftest-(?:{_CONFIGS})\.json|(?:{_CONFIGS})\.jsonl)"
)
"""Every file that a release may hold."""


def check_release(folder: Path) -> None:
    """Refuse a folder that is not whole, or is not what it says.

    In this order: checksums; traces of people and places, absolute paths; files and folders that do not belong there;
    licence, card and ``croissant.json``; then each config: headers of Parquet, PNG and NIfTI, facts, counts and digest
    of the rows, pictures that are blank, constant or there twice, an audit record for every row, the self-test.

    Raises:
        GateError: the first thing that is wrong.
    """
    _check(folder, ())


def check_without_card(folder: Path) -> None:
    """The same, but for the card and its checksums, which are to be written anew.

    Raises:
        GateError: the first thing that is wrong.
    """
    _check(folder, CARD_FILES)


def _check(folder: Path, without: Collection[str]) -> None:
    try:
        check_sums(folder, without)
        check_clean(folder)
        _check_files(folder)
        parts = read_parts(folder)
        if not without:
            _check_card(folder, parts)
        for part in parts:
            _check_config(folder, part.config)
    except GateError:
        raise
    except SynthbenchError as error:
        raise GateError(error.message, error.hint) from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OSError, yaml.YAMLError) as error:
        raise GateError(f"{folder}: damaged, {type(error).__name__}: {' '.join(str(error).split())[:160]}") from error


def _check_files(folder: Path) -> None:
    """Nothing but what a release is made of: no link, no hidden file, no folder of another kind, nothing private."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        allowed = name in (AUDIT, *Config) if path.is_dir() else _ALLOWED.fullmatch(name)
        if path.is_symlink() or not allowed:
            raise GateError(f"{folder}: found {name}, expected nothing but the card, configs and their audit logs")
    for name in (*CARD_FILES, CHECKSUMS):
        if not (folder / name).is_file():
            raise GateError(f"{folder}: no {name}, expected one")


def _check_config(folder: Path, config: Config) -> None:
    cohort = load_cohort(folder / config)
    if cohort.config is not config:
        raise GateError(f"{folder}: found scans of {cohort.config} in {config}")
    header = check_log(cohort, check_rows(cohort), stream_log(audit_file(folder, config)))
    check_tested(folder, cohort, header)


def _check_card(folder: Path, parts: list[Part]) -> None:
    terms = TERMS[licence_of(parts)]
    if (folder / LICENCE).read_text(encoding="utf-8") != terms.text:
        raise GateError(f"{folder}: found another {LICENCE} than that of {terms.name}")
    card = (folder / CARD).read_text(encoding="utf-8")
    head = yaml.safe_load(card.split("---\n")[1])
    wanted = {
        "license": str(licence_of(parts)),
        "configs": [_config(config, config is parts[0].config) for config in configs_in(folder)],
        "size_categories": [size_category(sum(part.rows for part in parts))],
    }
    for name, value in wanted.items():
        if head.get(name) != value:
            raise GateError(f"{folder}: {CARD} says {name} {head.get(name)}, expected {value}")
    if "not proven private" not in card:
        raise GateError(f"{folder}: {CARD} does not say that the release is filtered, not proven private")
    check_picture((folder / PLOT).read_bytes(), PLOT)
    _check_croissant(folder, terms.url, [part.config for part in parts])


def _config(config: Config, default: bool) -> dict[str, Any]:
    files = [{"split": "train", "path": f"{config}/train-*.parquet"}]
    return {"config_name": str(config), **({"default": True} if default else {}), "data_files": files}


def _check_croissant(folder: Path, licence: str, configs: list[Config]) -> None:
    said = json.loads((folder / CROISSANT).read_text(encoding="utf-8"))
    sets = [one["@id"] for one in said["recordSet"] if one["@id"] in [*Config]]
    if said["license"] != licence or said["conformsTo"] != [*CONFORMS] or sets != configs:
        raise GateError(f"{folder}: {CROISSANT} does not agree with the release's licence and configs")
