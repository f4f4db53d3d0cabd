"""``measured.json``: how good a shipped generator is, and what it cost. No names, paths, patients, times of day.

It lies beside ``training.json``, which has nothing in it that a second training would not give again.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from synthuterus_bench.errors import WeightsError

MEASURED = "measured.json"


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Value(_Frozen):
    """A value, its interval, and what real pictures of other patients get instead (95 % of relabellings)."""

    value: float
    low: float | None = None
    high: float | None = None
    floor_low: float | None = None
    floor_high: float | None = None


class Judged(_Frozen):
    """What the anatomy metric says of some pictures; ``agreement`` is None where no class was asked for."""

    pictures: str
    images: int
    plausible: Value
    valid: Value
    agreement: Value | None = None


class Recovered(_Frozen):
    """How often an independent reader finds what was asked for, of samples and of real pictures of other patients.

    ``value`` is None for all values of a ``condition`` together; ``real`` is None where no picture has it.
    """

    condition: str
    value: str | None = None
    samples: int
    share: Value
    real_images: int
    real: Value | None = None


class SamplerRow(_Frozen):
    """One way to draw, on as many samples of the same conditions and noise. ``calls`` of the network an image.

    ``recovered`` says how often a reader finds each condition that was told.
    """

    solver: str
    steps: int
    guidance: float
    calls: int
    images_a_second: float
    anatomy: Judged
    spacing: float = 1.0
    guidance_below: float | None = None
    recovered: dict[str, Value] = {}


class Cost(_Frozen):
    """What a training took: time at the steps that are in the weights, on the machines it ran on."""

    seconds: float
    machines: list[str] = []


class Begun(_Frozen):
    """Weights that a training began with, and what their own record says, where it could be read."""

    weights_sha256: str
    trained_on: str | None = None
    images_seen: int | None = None


class Measured(_Frozen):
    """How good a generator is.

    Attributes:
        weights_sha256, embedder_sha256, localiser_sha256: of what was measured, and by what.
        recipe_sha256: of the settings of the training.
        reference, reference_digest, reference_images: the cohort, and how many images of its test patients.
        samples: behind ``values`` and ``anatomy``, as the default sampler draws them, after the privacy filter.
        conditions: how often a reader (``reader_sha256``) that learned from training images finds what was asked for.
        values: by name; ``unavailable`` says why others are lacking.
        device: samples were drawn on.
        begun: weights that the training began with; None where it began at random.
    """

    weights_sha256: str
    recipe_sha256: str
    embedder_sha256: str
    localiser_sha256: str
    reference: str
    reference_digest: str
    reference_images: int
    samples: int
    candidates: int
    rejected: int
    values: dict[str, Value]
    unavailable: dict[str, str] = {}
    anatomy: list[Judged]
    samplers: list[SamplerRow]
    device: str
    cost: Cost | None = None
    conditions: list[Recovered] = []
    reader_sha256: str | None = None
    begun: Begun | None = None

    def flat(self) -> dict[str, float]:
        """All values by name, ends as ``<name> low`` and so on, as a training record has them."""
        found: dict[str, float] = {"samples": self.samples}
        for name, value in self.values.items():
            ends = {
                "": value.value,
                " low": value.low,
                " high": value.high,
                " floor low": value.floor_low,
                " floor high": value.floor_high,
            }
            found |= {f"{name}{end}": number for end, number in ends.items() if number is not None}
        return found


def load_measured(folder: Path) -> Measured | None:
    """What was measured of a pipeline folder; None where nothing was.

    Raises:
        WeightsError: malformed.
    """
    file = folder / MEASURED
    if not file.is_file():
        return None
    try:
        return Measured.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise WeightsError(f"{file}: not a record of measurements ({' '.join(str(error).split())[:200]})") from None
