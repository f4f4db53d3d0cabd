"""What others read of a board: tables as CSV and JSON, an entry as the Hub's ``.eval_results`` and ``model-index``,
and the README of a static Space."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from synthuterus_bench.bench.table import POOLED, TITLES
from synthuterus_bench.board.boards import Board, Line, is_control, view_of
from synthuterus_bench.board.tiers import Span
from synthuterus_bench.entry import Entry, Result
from synthuterus_bench.look.text import one_line

HUB_DATASET = "synthuterus-bench/leaderboard"
"""The benchmark data set that results name on the Hub where nobody says another."""

TASK, TASK_NAME = "unconditional-image-generation", "Synthetic uterine MRI"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
SCHEMA = "synthuterus-table/1"
FACTS = ("entry", "generator", "family", "conditioning", "view", "dims", "images", "control", "verification", "scope")
STANDING = ("tier_best", "tier_worst", "rank_best", "rank_worst", "ranked", "reason")
PARTS = ("", " low", " high", " floor low", " floor high", " status")


def as_csv(board: Board) -> str:
    """One row an entry and scope; of each column value, interval, floor and status. Texts never begin a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*FACTS, *STANDING, *(name + part for name in _names(board) for part in PARTS)])
    for scope, lines in board.scopes.items():
        for line in lines:
            values = (value for result in line.results for value in _flat(result))
            facts = map(_harmless, (*_facts(board, line, scope).values(), *_standing(line).values()))
            writer.writerow([*facts, *values])
    return out.getvalue()


def as_json(board: Board) -> str:
    """The same, nested, with parameters and reasons."""
    group, names = board.group, _names(board)
    table = {
        "schema": SCHEMA,
        "suite": group.suite,
        "version": group.version,
        "protocol_digest": group.protocol_digest,
        "reference": group.reference,
        "reference_digest": group.reference_digest,
        "columns": [
            {"name": name, "metric": column.metric, "params": json.loads(column.params), "direction": column.direction}
            for name, column in zip(names, board.columns, strict=True)
        ],
        "rows": [
            {
                **_facts(board, line, scope),
                **_standing(line),
                "results": {name: _nested(one) for name, one in zip(names, line.results, strict=True) if one},
            }
            for scope, lines in board.scopes.items()
            for line in lines
        ],
    }
    return json.dumps(table, ensure_ascii=False, sort_keys=True) + "\n"


def _names(board: Board) -> list[str]:
    """One name a column, no two alike."""
    names = [f"{column.metric} {one_line(column.detail)}".strip() for column in board.columns]
    return [name if names.index(name) == place else f"{name} ({place + 1})" for place, name in enumerate(names)]


def _facts(board: Board, line: Line, scope: str) -> dict[str, Any]:
    listed = line.standing.listed
    entry = listed.entry
    values = (
        listed.id,
        entry.generator.name,
        entry.generator.family,
        entry.generator.conditioning,
        view_of(entry) or None,
        entry.generator.dims,
        sum(entry.dataset.n_per_class.values()),
        is_control(entry),
        board.badge(listed.id).text,
        scope,
    )
    return dict(zip(FACTS, values, strict=True))


def _standing(line: Line) -> dict[str, Any]:
    one = line.standing
    if one.tier is None or one.place is None:
        return dict.fromkeys(STANDING) | {"reason": one.reason}
    values = (*_ends(one.tier), *_ends(one.place), one.place.of, None)
    return dict(zip(STANDING, values, strict=True))


def _ends(span: Span) -> tuple[int, int]:
    return span.best, span.worst


def _flat(result: Result | None) -> Iterator[Any]:
    if result is None:
        yield from [None] * len(PARTS)
        return
    yield result.value
    yield from (result.ci.low, result.ci.high) if result.ci else (None, None)
    yield from (result.floor.low, result.floor.high) if result.floor else (None, None)
    yield result.status


def _nested(result: Result) -> dict[str, Any]:
    ci, floor = result.ci, result.floor
    values = {
        "status": result.status,
        "value": result.value,
        "ci": ci and {"low": ci.low, "high": ci.high, "level": ci.level, "method": ci.method, "unit": ci.unit},
        "floor": floor and {"value": floor.value, "low": floor.low, "high": floor.high, "method": floor.method},
        "reason": result.reason,
        "n_real": result.n_real,
        "n_fake": result.n_fake,
    }
    return {name: value for name, value in values.items() if value is not None}


def _harmless(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = one_line(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def eval_results(entry: Entry, name: str, dataset: str = HUB_DATASET) -> str:
    """YAML for ``.eval_results/`` of a model's repository.

    Args:
        name: the entry's id.
        dataset: the benchmark on the Hub.
    """
    from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

    made = [
        EvalResultEntry(
            dataset_id=dataset,
            task_id=f"{entry.suite.id}-{_task_id(result)}",
            value=result.value,
            notes=_notes(entry, name, result),
        )
        for result in _valued(entry)
    ]
    return _yaml(eval_result_entries_to_yaml(made))


def model_index(entry: Entry, dataset: str = HUB_DATASET) -> str:
    """YAML for the front matter of a model card: ``model-index``, which older tools read."""
    from huggingface_hub.repocard_data import EvalResult, eval_results_to_model_index

    made = [
        EvalResult(
            task_type=TASK,
            task_name=TASK_NAME,
            dataset_type=dataset,
            dataset_name=one_line(f"{entry.suite.id} v{entry.suite.version}, against {entry.suite.reference}"),
            dataset_config=entry.suite.protocol_digest[:12],
            metric_type=_task_id(result),
            metric_value=result.value,
            metric_name=f"{TITLES.get(result.metric, result.metric)}, pooled",
            verified=False,
        )
        for result in _valued(entry)
    ]
    return _yaml({"model-index": eval_results_to_model_index(one_line(entry.generator.name), made) if made else []})


def _valued(entry: Entry) -> list[Result]:
    return [result for result in entry.results if result.scope == POOLED and result.value is not None]


def _task_id(result: Result) -> str:
    """The metric, with its regime where it has one."""
    regime = result.params.get("regime")
    return f"{result.metric}-{one_line(str(regime))[:20]}" if regime is not None else result.metric


def _notes(entry: Entry, name: str, result: Result) -> str:
    ci = result.ci
    span = f", {ci.level:.0%} interval {ci.low:.6g} to {ci.high:.6g}" if ci else ""
    suite = entry.suite
    return one_line(
        f"pooled, {result.direction} is better{span}; protocol {suite.protocol_digest[:12]}, "
        f"reference {suite.reference} {suite.reference_digest[:12]}, entry {name[:12]}"
    )


def _yaml(value: Any) -> str:
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(value, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120))


def space_readme(entries: int) -> str:
    """``README.md`` of a static Space on the Hub: its front matter, and a line that says what it is."""
    front = {
        "title": "SynthUterus Bench leaderboard",
        "emoji": "🏥",
        "colorFrom": "blue",
        "colorTo": "gray",
        "sdk": "static",
        "app_file": "index.html",
        "pinned": False,
        "license": "apache-2.0",
        "short_description": "Synthetic uterine MRI, measured",
        "tags": ["leaderboard", "medical", "mri", "synthetic-data"],
    }
    number = f"{entries} {'entry' if entries == 1 else 'entries'}"
    return (
        f"---\n{_yaml(front)}---\n\nA static leaderboard of synthetic uterine MRI, {number}; it loads nothing else.\n"
    )
