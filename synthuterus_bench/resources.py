"""Templates and tables that live at the top of the repository and inside the wheel."""

from pathlib import Path

_INSTALLED = Path(__file__).parent / "_resources"
_CHECKOUT = Path(__file__).parents[1]


def resource(name: str) -> Path:
    """Path of a resource such as ``dataset_cards/synthuterus.md.j2``: from the wheel, else from the checkout."""
    inside = _INSTALLED / name
    return inside if inside.exists() else _CHECKOUT / name
