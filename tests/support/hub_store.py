"""Repositories of the stand-in Hub in a folder: refs, commits, and contents as blobs named by their hash."""

import hashlib
import json
import time
from pathlib import Path, PurePosixPath
from typing import Any

from tests.support.hub_answer import refusal

LFS_SUFFIXES = frozenset({"arrow", "bin", "gz", "jpg", "parquet", "png", "pt", "safetensors", "tar", "zip"})
GITATTRIBUTES = "".join(f"*.{one} filter=lfs diff=lfs merge=lfs -text\n" for one in sorted(LFS_SUFFIXES)).encode()
DATE = "2026-01-01T00:00:00.000Z"
Tree = dict[str, dict[str, Any]]


def git_sha1(data: bytes) -> str:
    """The name that git gives a blob."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Repo:
    """One repository: ``repo.json`` holds refs and commits; ``state`` is None where there is none."""

    def __init__(self, folder: Path, blobs: Path) -> None:
        self.file, self.blobs = folder / "repo.json", blobs
        self.state: Any = json.loads(self.file.read_text(encoding="utf-8")) if self.file.exists() else None

    def create(self, kind: str, name: str, private: bool, author: str) -> None:
        """A new repository with the Hub's first commit."""
        self.state = {"type": kind, "id": name, "private": private, "refs": {}, "commits": {}}
        self.commit("refs/heads/main", {".gitattributes": self.put_blob(GITATTRIBUTES)}, "initial commit", author)

    def save(self) -> None:
        """Keep refs and commits."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(self.state))

    def sha(self, revision: str) -> str:
        """The commit of a branch, a tag or the beginning of a hash."""
        for ref in (revision, f"refs/heads/{revision}", f"refs/tags/{revision}"):
            if ref in self.state["refs"]:
                return self.state["refs"][ref]
        for sha in self.state["commits"]:
            if len(revision) >= 7 and sha.startswith(revision):
                return sha
        raise refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")

    def tree(self, revision: str) -> Tree:
        """Files of a revision by path."""
        return self.state["commits"][self.sha(revision)]["tree"]

    def read(self, path: str, revision: str = "main") -> bytes:
        """The bytes of a file."""
        entry = self.tree(revision)[path]
        return (self.blobs / entry.get("lfs", entry)["oid"]).read_bytes()

    def contents(self, revision: str = "main") -> dict[str, bytes]:
        """Every file of a revision but the Hub's own."""
        return {path: self.read(path, revision) for path in self.tree(revision) if path != ".gitattributes"}

    def history(self) -> list[str]:
        """Titles of the commits of ``main``, oldest first."""
        titles, sha = [], self.state["refs"]["refs/heads/main"]
        while sha:
            commit = self.state["commits"][sha]
            titles.append(commit["title"])
            sha = commit["parent"]
        return titles[::-1]

    def put_blob(self, data: bytes) -> dict[str, Any]:
        """Keep a small file; its entry in a tree."""
        (self.blobs / git_sha1(data)).write_bytes(data)
        return {"oid": git_sha1(data), "size": len(data)}

    def lfs_entry(self, oid: str) -> dict[str, Any]:
        """The entry of a large file that is kept already."""
        size = (self.blobs / oid).stat().st_size
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n".encode()
        lfs = {"oid": oid, "sha256": oid, "size": size, "pointerSize": len(pointer)}
        return {"oid": git_sha1(pointer), "size": size, "lfs": lfs}

    def commit(self, ref: str, tree: Tree, title: str, author: str, message: str = "") -> str:
        """A commit on top of a ref."""
        parent = self.state["refs"].get(ref)
        commit = {
            "parent": parent,
            "tree": tree,
            "title": title,
            "message": message,
            "author": author,
            "date": DATE,
        }
        sha = hashlib.sha1(json.dumps([commit, time.time_ns()]).encode()).hexdigest()
        self.state["commits"][sha], self.state["refs"][ref] = commit, sha
        self.save()
        return sha

    def open_pull_request(self, base: str, title: str, author: str) -> int:
        """A new pull request on top of a commit; its number, of which the Hub has one row with discussions."""
        opened = self.state.setdefault("discussions", [])
        number = len(opened) + 1
        self.state["refs"][f"refs/pr/{number}"] = self.sha(base)
        opened.append({"num": number, "title": title, "author": author, "status": "open"})
        return number

    def listing(self, revision: str, folder: str = "", recursive: bool = True, expand: bool = False) -> list[Any]:
        """Rows of the tree endpoint."""
        sha, rows, base = self.sha(revision), {}, folder.strip("/") + "/" if folder.strip("/") else ""
        commit = self.state["commits"][sha]
        last = {"lastCommit": {"id": sha, "title": commit["title"], "date": commit["date"]}} if expand else {}
        for path, entry in commit["tree"].items():
            rows[path] = {"type": "file", "path": path, **entry, **last}
            for name in map(str, list(PurePosixPath(path).parents)[:-1]):
                rows[name] = {"type": "directory", "path": name, "size": 0, "oid": git_sha1(name.encode()), **last}
        inside = [name for name in sorted(rows) if name.startswith(base)]
        if base and not inside:
            raise refusal(404, f"{folder} does not exist on {revision}", "EntryNotFound")
        return [rows[name] for name in inside if recursive or "/" not in name[len(base) :]]
