"""A loss-based membership test of a generator's weights: does the loss tell a training image from a new patient's?

The attack of Matsumoto et al. 2023 ("Membership inference attacks against diffusion models"): the loss of an image at
fixed times and fixed noise, lower where the image was learned by heart. Its AUC is 0.5 where nothing can be told; the
true positive rate at 1 % false positives is what an attacker gains who must be sure (Carlini et al. 2022).
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from synthuterus_bench.errors import WeightsError
from synthuterus_bench.privacy.ranking import FALSE_POSITIVES, Measured
from synthuterus_bench.repro import canonical_json, write_atomic

MEMBERSHIP = "membership.json"


class Membership(BaseModel):
    """``membership.json``: what the losses of some weights tell. No names, no paths, no patients.

    Attributes:
        weights_sha256: :func:`synthuterus_bench.generators.folder.weights_digest` of the weights.
        cohort_digest: of the training cohort.
        members, member_patients: training images and their patients; ``others`` those of held-out patients.
        auc: that a training image has a lower loss than a held-out one; ``tpr`` at ``false_positives``.
        auc_by_time: with the losses of one time alone, at every quantile of the schedule; of a refiner as well, where
            there is one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights_sha256: str
    cohort_digest: str
    members: int
    member_patients: int
    others: int
    other_patients: int
    auc: Measured
    tpr: Measured
    false_positives: float = FALSE_POSITIVES
    auc_by_time: dict[str, float]
    seed: int

    @property
    def sentence(self) -> str:
        """The result in words."""
        return (
            f"membership AUC {_text(self.auc)}, true positives at {100 * self.false_positives:g} % false positives "
            f"{_text(self.tpr)}: {self._verdict}"
        )

    @property
    def _verdict(self) -> str:
        return "training images are told apart" if self.tells else "training images are not told apart"

    @property
    def tells(self) -> bool:
        """Whether training images are told apart, beyond what these patients leave to chance."""
        return self.auc.low > 0.5 or self.tpr.low > self.false_positives


def save_membership(folder: Path, found: Membership) -> None:
    """Write ``membership.json`` into a model's folder, and its section into the card there."""
    write_atomic(folder / MEMBERSHIP, canonical_json(found.model_dump(mode="json")) + "\n")
    card = folder / "README.md"
    write_atomic(card, with_section(card.read_text(encoding="utf-8") if card.is_file() else "", found))


def load_membership(folder: Path) -> Membership:
    """Read ``membership.json``.

    Raises:
        WeightsError: missing or malformed.
    """
    file = folder / MEMBERSHIP
    if not file.is_file():
        how = f"measure it with: synthbench membership {folder} --reference COHORT"
        raise WeightsError(f"{folder}: no {MEMBERSHIP}, expected the membership test of these weights", how)
    try:
        return Membership.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise WeightsError(f"{file}: not a membership test ({' '.join(str(error).split())[:200]})") from None


_HEADING = "## Membership test"
_SECTION = """{heading}

Do losses tell a training image from one of a patient who was not trained on? At {times} fixed times, with one noise
each, {members:,} training images of {member_patients:,} patients against {others:,} of {other_patients:,} held-out
ones:

| | value | 95 % interval over patients | nothing told |
|---|---|---|---|
| AUC | {auc.value:.3f} | {auc.low:.3f} to {auc.high:.3f} | 0.5 |
| true positives at {fpr:g} % false positives | {tpr.value:.3f} | {tpr.low:.3f} to {tpr.high:.3f} | {chance:g} |

By this attack {verdict}. It is one attack: a stronger one may tell more.
"""


def section(found: Membership) -> str:
    """What the card says of it."""
    return _SECTION.format(
        heading=_HEADING,
        fpr=100 * found.false_positives,
        chance=found.false_positives,
        times=len(found.auc_by_time),
        verdict=found._verdict,
        **{name: getattr(found, name) for name in ("members", "member_patients", "others", "other_patients")},
        auc=found.auc,
        tpr=found.tpr,
    )


def with_section(card: str, found: Membership) -> str:
    """A card with the section at its end, or in the place of an older one."""
    before, heading, after = card.partition(_HEADING)
    rest = after.partition("\n## ") if heading else ("", "", "")
    parts = [before.rstrip(), section(found).rstrip(), f"## {rest[2].strip()}" if rest[1] else ""]
    return "\n\n".join(part for part in parts if part) + "\n"


def _text(value: Measured) -> str:
    return f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"
