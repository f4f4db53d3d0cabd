"""What a page holds, as a browser would see it."""

from html.parser import HTMLParser
from pathlib import Path


class Page(HTMLParser):
    """Every element with its attributes, the text outside scripts and styles, and the scripts."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(source)

    @classmethod
    def read(cls, path: Path) -> "Page":
        return cls(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style") else self._inside

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside != "style":
            self.text += data

    def values(self, name: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(name)) is not None]


def faults(page: Page) -> list[str]:
    """Everything on a page that could run or fetch something."""
    found = [f"{tag} {name}" for tag, attributes in page.elements for name in attributes if name.startswith("on")]
    found += [f"{tag} style" for tag, attributes in page.elements if "style" in attributes]
    found += [tag for tag, _ in page.elements if tag in ("iframe", "object", "embed", "base", "form", "animate")]
    found += [src for src in page.values("src") if not src.startswith("data:image/")]
    found += [href for href in page.values("href") if not href.startswith(("https://", "#")) and not _local(href)]
    if len(page.scripts) != 1:
        found.append(f"{len(page.scripts)} scripts")
    return found


def _local(href: str) -> bool:
    name = href.removeprefix("../").removeprefix("entry/")
    return href == "data:," or name == "index.html" or (len(name.split(".")[0]) == 64 and name.isascii())
