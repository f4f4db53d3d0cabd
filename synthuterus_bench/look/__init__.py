"""The one look of every page: a single file with its style, script and pictures inside, that asks nothing of a network.

Whatever a template prints is first made inert (:func:`synthuterus_bench.look.text.inert`), then escaped; only
``Markup`` passes as it is, and only this package's own files and base64 are ever marked so. A policy in the page's
head lets the browser run the one style and the one script by their hashes, show ``data:`` pictures, and nothing else.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthuterus_bench import __version__
from synthuterus_bench.look.text import https, inert, number, percent, short

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent


def render(template: str, folder: Path, **values: Any) -> str:
    """A whole page as text.

    Args:
        template: name of a template that extends ``base.html.j2``.
        folder: where it lies; styles and scripts beside it are put into the page as well, by name.
        values: what the template prints, all of it untrusted.
    """
    from markupsafe import Markup

    style, script = _joined(folder, "css"), _joined(folder, "js")
    page = environment(folder).get_template(template)
    return page.render(style=Markup(style), script=Markup(script), policy=_policy(style, script), **values)


@cache
def environment(folder: Path) -> "Environment":
    """Templates of ``folder`` over those of this room, with escaping always on."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader([folder, HERE]),
        autoescape=True,
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.tests["https"] = https
    made.filters.update(number=number, percent=percent, short=short)
    made.globals["package_version"] = __version__
    return made


def picture(data: bytes, kind: str = "image/png") -> str:
    """Bytes as a ``data:`` address that a page may show."""
    from markupsafe import Markup

    return Markup(f"data:{kind};base64,{base64.b64encode(data).decode()}")


def _finalize(value: Any) -> Any:
    if value is None:
        return ""
    if hasattr(value, "__html__"):
        return value
    return inert(str(value))


def _joined(folder: Path, suffix: str) -> str:
    files = HERE / f"look.{suffix}", *sorted(folder.glob(f"*.{suffix}"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def _policy(style: str, script: str) -> str:
    allowed = {"style-src": style, "script-src": script}
    hashes = [f"{name} 'sha256-{_hash(text)}'" for name, text in allowed.items()]
    return "; ".join(["default-src 'none'", "img-src data:", *hashes, "base-uri 'none'", "form-action 'none'"])


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
