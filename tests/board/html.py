"""What a page holds, as a browser would see it."""

import re
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
        self.data: list[str] = []
        self._inside = ""
        self.feed(source)

    @classmethod
    def read(cls, path: Path) -> "Page":
        return cls(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside = "data" if ("type", "application/json") in attrs else tag

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside in ("script", "data"):
            (self.scripts if self._inside == "script" else self.data).append(data)
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
    table = re.fullmatch(r"tables/[a-z0-9-]+\.(csv|json)", href)
    known = href == "data:," or name in ("index.html", "paper.html") or table is not None
    return known or re.fullmatch(r"[0-9a-f]{64}\.(html|json|(eval-results|model-index)\.yaml)", name) is not None
