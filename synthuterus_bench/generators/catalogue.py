"""The 18 generators of the paper's Table 2 and the text-only ablation, by id."""

from dataclasses import dataclass

from synthuterus_bench.errors import UsageError
from synthuterus_bench.vocab import Conditioning, Family, View


@dataclass(frozen=True, slots=True)
class ModelId:
    """``<family>-<conditioning>-<view>``, for example ``ddpm2d-ct-roi``."""

    family: Family
    conditioning: Conditioning
    view: View

    def __str__(self) -> str:
        return f"{self.family}-{self.conditioning}-{self.view}"


SHIPPED = ("ddpm2d-class-roi", "ddpm2d-ct-full", "ddpm2d-ct-roi", "ldm2d-ct-roi", "ddpm3d-ct-roi")
"""Ids whose weights come with the package."""


def every_id() -> list[ModelId]:
    """The 18 cells of Table 2, then the 6 text-only ones."""
    ids = [ModelId(f, c, v) for f in Family for c in Conditioning for v in View]
    return sorted(ids, key=lambda one: one.conditioning is Conditioning.TEXT)


def parse_id(text: str) -> ModelId:
    """The id that ``text`` names.

    Raises:
        UsageError: it names none.
    """
    known = {str(one): one for one in every_id()}
    if text not in known:
        raise UsageError(
            f"unknown model id {text!r}", "expected {ddpm2d,ldm2d,ddpm3d}-{uncond,class,text,ct}-{full,roi}"
        )
    return known[text]
