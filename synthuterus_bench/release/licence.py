"""Licences that a release may have: what they are called, and where they are written down."""

from dataclasses import dataclass

from synthuterus_bench.vocab import Licence


@dataclass(frozen=True, slots=True)
class Terms:
    """Name, address and short terms of a licence."""

    name: str
    url: str
    terms: str

    @property
    def text(self) -> str:
        """What ``LICENSE`` says."""
        return f"{self.name}\n\n{self.terms}\n\nLegal code: {self.url}legalcode\n"


_CREDIT = "as long as you give appropriate credit, link to\nthe licence, and say if you made changes"
TERMS = {
    Licence.CC_BY_4_0: Terms(
        "Creative Commons Attribution 4.0 International (CC BY 4.0)",
        "https://creativecommons.org/licenses/by/4.0/",
        f"You may share and adapt these data for any purpose, also commercially, {_CREDIT}.",
    ),
    Licence.CC_BY_SA_4_0: Terms(
        "Creative Commons Attribution-ShareAlike 4.0 International (CC BY-SA 4.0)",
        "https://creativecommons.org/licenses/by-sa/4.0/",
        f"You may share and adapt these data for any purpose, also commercially, {_CREDIT};\n"
        "what you make of them has the same licence.",
    ),
    Licence.CC_BY_NC_4_0: Terms(
        "Creative Commons Attribution-NonCommercial 4.0 International (CC BY-NC 4.0)",
        "https://creativecommons.org/licenses/by-nc/4.0/",
        f"You may share and adapt these data for purposes that are not commercial, {_CREDIT}.",
    ),
    Licence.CC0_1_0: Terms(
        "Creative Commons CC0 1.0 Universal (CC0 1.0)",
        "https://creativecommons.org/publicdomain/zero/1.0/",
        "No rights reserved: you may copy, change and use these data for any purpose without asking.",
    ),
}
