"""``docs/claims.md``: a table and a sentence for every claim of the paper that was tried on the phantom."""

from collections.abc import Mapping

from synthuterus_bench.bench.shipping.claims import CLAIMS, Claim, Fall, Figure, Model, Row, Trial, try_claim
from synthuterus_bench.generators.measured import Value

_PAGE = """# The paper's claims, tried on the phantom

Mueller et al. 2025 ([arXiv 2508.07903](https://arxiv.org/abs/2508.07903)) compare generators of uterine MRI by what
they are told, by field of view, by dimension and by where they diffuse. Here small ones, trained on a phantom, are
compared in the same pairs. **It says nothing of patients**, and of larger networks only that these were small.

This page is written by `python benchmarks/claims.py` from the `measured.json` of what ships, and of what does not fit
beside it (`docs/measured`; `--work DIR`: of what `scripts/weights` made there); nothing in it is typed by hand. A
generator measured anew changes it.

- Values have their 95 % intervals; of shares in brackets what fresh phantom images get.
- Two numbers are *separable* where the 95 % interval of their difference leaves out 0: Newcombe's of two proportions,
  and by the same rule (Zou and Donner 2008) of other values; those share their test patients, so that the interval is
  rather too wide. About ten numbers a claim are tested, without correction for that.
- *Not comparable*: distances and shares of neighbours depend on the cohort (view, images or volumes) and on the sizes
  of both sets, a filter's rejections on its training images. Of volumes the middle slices are judged.
- Networks of a pair differ in more than the claim is about where the rows on their training say so.

{claims}"""
_CLAIM = """## {name}

{sentence}

`scripts/weights {first} {second} && python benchmarks/claims.py`
{table}"""
_TABLE = """
| | `{first}` | `{second}` | first less second | |
|---|---|---|---|---|
{rows}
"""


def claims_page(models: Mapping[str, Model | None]) -> str:
    """The page of all claims, from generators by id; None for one that was not measured."""
    parts = [_claim(try_claim(claim, models), models) for claim in CLAIMS]
    return _PAGE.format(claims="\n".join(parts))


def _claim(trial: Trial, models: Mapping[str, Model | None]) -> str:
    claim, table = trial.claim, ""
    if not trial.missing:
        facts = _facts(claim, models)
        rows = "\n".join([*facts, *map(_line, trial.rows)])
        table = _TABLE.format(first=claim.first, second=claim.second, rows=rows)
    return _CLAIM.format(name=claim.name, sentence=sentence(trial), first=claim.first, second=claim.second, table=table)


def sentence(trial: Trial) -> str:
    """How a claim fell."""
    if trial.missing:
        return f"Not tried: {' and '.join(f'`{name}`' for name in trial.missing)} not measured."
    better, worse = trial.named(Fall.FIRST), trial.named(Fall.SECOND)
    told = [_VERDICT[bool(better), bool(worse)].format(first=trial.claim.first, second=trial.claim.second)]
    for rows, words in ((better, "first better in {}"), (worse, "second better in {}")):
        if rows:
            told.append(words.format(", ".join(f"{row.name} ({_change(row)})" for row in rows)))
    for fall in (Fall.NEITHER, Fall.UNTESTED, Fall.APART):
        if rows := trial.named(fall):
            told.append(f"{fall}: {', '.join(row.name for row in rows)}")
    return "; ".join(told) + "."


_VERDICT = {
    (True, False): "**`{first}` is the better one**",
    (False, True): "**The other way: `{second}` is the better one**",
    (True, True): "**Each is better in something**",
    (False, False): "**Neither is better by what can be told here**",
}


def _facts(claim: Claim, models: Mapping[str, Model | None]) -> list[str]:
    """What the two were trained with."""
    both = [model for name in (claim.first, claim.second) if (model := models[name])]
    told = {
        "images or volumes seen": [f"{one.record.images_seen:,}" for one in both],
        "channels": [str(one.record.config.get("channels", "")) for one in both],
        "samples measured": [str(one.measured.samples) for one in both],
    }
    return [f"| {name} | {' | '.join(cells)} | | |" for name, cells in told.items()]


def _line(row: Row) -> str:
    why = f"{row.fall}: {row.why}" if row.why else str(row.fall)
    return f"| {row.name} | {_figure(row.first)} | {_figure(row.second)} | {_change(row)} | {why} |"


def _change(row: Row) -> str:
    if row.difference is None:
        return ""
    value, low, high = row.difference
    if _is_share(row):
        return f"{100 * value:+.1f} points, {100 * low:+.1f} to {100 * high:+.1f}"
    return f"{value:+.4g}, {low:+.4g} to {high:+.4g}"


def _is_share(row: Row) -> bool:
    return row.name.endswith((" found", "valid", "as asked", "filter"))


def _figure(figure: Figure | None) -> str:
    if figure is None:
        return "none"
    if figure.ceiling is None:
        return _text(figure.value)
    return f"{_text(figure.value)} [{_text(figure.ceiling)}]"


def _text(value: Value) -> str:
    ends = "" if value.low is None or value.high is None else f" ({value.low:.3g} to {value.high:.3g})"
    return f"{value.value:.3g}{ends}"
