"""What a card says of measurements: tables of values, of anatomy beside its controls, of samplers; the pictures."""

from synthuterus_bench.generators.measured import Begun, Judged, Measured, Recovered, SamplerRow, Value

_SECTIONS = """
![Losses against images seen](losses.png)

## Samples

Unselected: the first ten of each class as drawn, and below them fresh phantom images of test patients.

![Samples beside phantom images](samples.png)

## Anatomy

| pictures | images | one plausible uterus | tissues in order | measured class as asked |
|---|---|---|---|---|
{anatomy}

With 95 % Wilson intervals. What a segmenter sees and the raw pixels bear out; the last three rows show no uterus at
all, made of the phantom images.

{conditions}## Measured

{samples} samples of the default sampler, after the privacy filter, against {images} images, one each of as many
patients, of `{reference}`, digest `{digest}`, which no training saw.

| | value | interval | real against real |
|---|---|---|---|
{values}
{unavailable}
Real against real: what as many images of other real patients get instead, 95 % of relabellings by patient. Features
are those of embedder `{embedder}`; distances of them do not measure anatomy.

## Samplers

| solver | steps | guidance | spacing | network calls | images a second ({device}) | {columns} |
|---|---|---|---|---|---|{rules}
{samplers}

Each draws the same {drawn} conditions from the same noise, before the filter; of volumes the middle slice is judged.
Spacing 1 is even steps, above it they are shorter towards the picture.{read}
"""
_CONDITIONS = """## Conditions

How often an independent reader, a classifier that learned from the training images, finds what the generator was asked
for; beside it what the reader finds in {images} phantom images of as many test patients, which is what can be reached.

| asked for | samples | found | test patients | found |
|---|---|---|---|---|
{rows}

With 95 % Wilson intervals. Reader `{reader}`.

"""


def facts(measured: Measured) -> str:
    """Rows of the card's first table."""
    rows = [
        ("recipe digest", f"`{measured.recipe_sha256[:16]}`"),
        ("weights digest", f"`{measured.weights_sha256[:16]}`"),
        *([("begun with weights", _begun(measured.begun))] if measured.begun else []),
        ("rejected by the privacy filter", f"{measured.rejected} of {measured.candidates}"),
    ]
    if measured.cost:
        where = f" on {' and '.join(measured.cost.machines)}" if measured.cost.machines else ""
        rows.append(("training time", f"{_duration(measured.cost.seconds)}{where}"))
    else:
        rows.append(("training time", "not known: no log of the training was there"))
    return "".join(f"| {name} | {value} |\n" for name, value in rows)


def _begun(begun: Begun) -> str:
    if begun.trained_on is None:
        return f"`{begun.weights_sha256[:16]}`, whose record was not at hand"
    return f"`{begun.weights_sha256[:16]}`, trained on `{begun.trained_on}`, {begun.images_seen:,} images seen"


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.1f} hours" if seconds >= 5400 else f"{seconds / 60:.1f} minutes"


def sections(measured: Measured) -> str:
    """Everything below the settings."""
    names = [*dict.fromkeys(name for row in measured.samplers for name in row.recovered)]
    lacking = [f"- {name}: {reason}" for name, reason in measured.unavailable.items()]
    return _SECTIONS.format(
        anatomy="\n".join(map(_anatomy, measured.anatomy)),
        samples=measured.samples,
        images=measured.reference_images,
        reference=measured.reference,
        digest=measured.reference_digest[:16],
        values="\n".join(_value(name, value) for name, value in measured.values.items()),
        unavailable="\n".join(["\nUnavailable:\n", *lacking, ""]) if lacking else "",
        embedder=measured.embedder_sha256[:16],
        device=measured.device,
        samplers="\n".join(_sampler(row, names) for row in measured.samplers),
        conditions=_conditions(measured),
        columns=" | ".join(["tissues in order", "class as asked", *(f"{name} found" for name in names)]),
        rules="---|" * (2 + len(names)),
        read=" The last columns are what the reader finds." if names else "",
        drawn=measured.samplers[0].anatomy.images if measured.samplers else 0,
    )


def _anatomy(row: Judged) -> str:
    cells = [row.pictures, str(row.images), share(row.plausible), share(row.valid), share(row.agreement)]
    return f"| {' | '.join(cells)} |"


def _value(name: str, value: Value) -> str:
    ends = _range(value.low, value.high), _range(value.floor_low, value.floor_high)
    return f"| {name} | {value.value:g} | {ends[0]} | {ends[1]} |"


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:g} to {high:g}"


def _conditions(measured: Measured) -> str:
    if not measured.conditions:
        return ""
    return _CONDITIONS.format(
        images=measured.reference_images,
        rows="\n".join(map(_recovered, measured.conditions)),
        reader=(measured.reader_sha256 or "")[:16],
    )


def _recovered(row: Recovered) -> str:
    name = f"**{row.condition}**" if row.value is None else f"{row.condition} {row.value}"
    real = share(row.real) if row.real else "none"
    return f"| {name} | {row.samples} | {share(row.share)} | {row.real_images} | {real} |"


def _sampler(row: SamplerRow, names: list[str]) -> str:
    cells = [
        row.solver,
        str(row.steps),
        f"{row.guidance:g}" if row.guidance_below is None else f"{row.guidance:g} below {row.guidance_below:g}",
        f"{row.spacing:g}",
        str(row.calls),
        f"{row.images_a_second:g}",
        share(row.anatomy.valid),
        share(row.anatomy.agreement),
        *(share(row.recovered.get(name)) for name in names),
    ]
    return f"| {' | '.join(cells)} |"


def share(value: Value | None) -> str:
    """``93.8 % (91.2 to 95.6)``."""
    if value is None:
        return "not asked"
    if value.low is None or value.high is None:
        return f"{100 * value.value:.1f} %"
    return f"{100 * value.value:.1f} % ({100 * value.low:.1f} to {100 * value.high:.1f})"
