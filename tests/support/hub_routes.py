"""The routes of the stand-in Hub that the clients use, as their source calls them."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlencode

from tests.support.hub_answer import Answer, refusal
from tests.support.hub_commits import commit
from tests.support.hub_store import DATE, LFS_SUFFIXES, Repo

if TYPE_CHECKING:
    from tests.support.hub_server import Hub

LFS_THRESHOLD = 10 * 2**20
NAME = r"(?P<name>[^/]+/(?!(?:revision|tree|paths-info|resolve|refs|commits)(?:/|$))[^/]+|[^/]+)"
KIND = r"(?:(?P<kind>datasets|spaces)/)?"


@dataclass
class Request:
    """One request, and the Hub that it came to."""

    hub: "Hub"
    method: str
    where: str
    query: dict[str, str]
    headers: Any
    body: bytes

    def __post_init__(self) -> None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token and token not in self.hub.tokens:
            raise refusal(401, "Invalid credentials in Authorization header")
        self.user = self.hub.tokens.get(token)

    def route(self) -> Any:
        """The answer: an :class:`Answer`, bytes or something for JSON."""
        if m := re.fullmatch(r"/_lfs/([0-9a-f]{64})", self.where):
            return self.large_file(self.hub.blobs / m[1])
        if m := re.fullmatch(rf"/{KIND}{NAME}\.git/info/lfs/objects/batch", self.where):
            return self.lfs_batch(self.repo(m, write=True))
        if m := re.fullmatch(rf"/{KIND}{NAME}/resolve/(?P<rev>[^/]+)/(?P<file>.+)", self.where):
            return self.resolve(self.repo(m), unquote(m["rev"]), unquote(m["file"]))
        if m := re.fullmatch(r"/api/(whoami-v2|validate-yaml|repos/create|repos/delete)", self.where):
            return getattr(self, re.sub(r"\W", "_", m[1]))(json.loads(self.body or b"{}"))
        m = re.fullmatch(
            rf"/api/(?P<kind>models|datasets|spaces)/{NAME}(?:/(?P<verb>[a-z-]+)(?:/(?P<rest>.*))?)?", self.where
        )
        call = m and getattr(self, "api_" + (m["verb"] or "revision").replace("-", "_"), None)
        if not (m and call):
            raise refusal(404, f"no route for {self.method} {self.where}")
        repo = self.repo(m, write=self.method != "GET" and m["verb"] != "paths-info")
        return call(repo, *map(unquote, (m["rest"] or "main").split("/")))

    def must_own(self, space: str | None, to_write: bool = True) -> str:
        """The user's name, if a namespace is hers to read or write."""
        if not self.user:
            raise refusal(401, "Invalid username or password.")
        if space not in (self.user.name, *self.user.orgs) or (to_write and not self.user.write):
            raise refusal(403, f"You don't have the rights required under the namespace {space}")
        return self.user.name

    def repo(self, match: "re.Match[str]", write: bool = False) -> Repo:
        """The repository of a path, if the user may know of it."""
        repo, space = self.hub.repo((match["kind"] or "models")[:-1], match["name"]), match["name"].split("/")[0]
        known = self.user and space in (self.user.name, *self.user.orgs)
        if repo.state is None or (repo.state["private"] and not known):
            raise refusal(404 if self.user else 401, "Repository not found", "RepoNotFound")
        if write and self.proposes:
            self.must_write()
        elif write:
            self.must_own(space)
        return repo

    @property
    def proposes(self) -> bool:
        """Whether this is part of a pull request, which whoever may see a repository may open."""
        return self.query.get("create_pr") in ("1", "true")

    def must_write(self) -> None:
        """Refuse tokens that may only read."""
        if not self.user or not self.user.write:
            raise refusal(403 if self.user else 401, "Your token may not write")

    def whoami_v2(self, _: Any) -> Any:
        name = self.must_own(self.user.name if self.user else None, to_write=False)
        assert self.user
        orgs = [{"type": "org", "name": one} for one in self.user.orgs]
        role = "write" if self.user.write else "read"
        return {"type": "user", "name": name, "orgs": orgs, "auth": {"accessToken": {"role": role}}}

    def validate_yaml(self, asked: Any) -> Any:
        return {"errors": [], "warnings": [{"message": "empty or missing yaml"}] * (asked["content"][:3] != "---")}

    def repos_create(self, asked: Any) -> Any:
        kind = asked.get("type") or "model"
        space = asked.get("organization") or (self.user.name if self.user else None)
        who, name = self.must_own(space), f"{space}/{asked['name']}"
        repo, url = self.hub.repo(kind, name), f"{self.hub.url}/{'' if kind == 'model' else kind + 's/'}{name}"
        if repo.state is not None:
            raise Answer({"error": "You already created this repo", "url": url}, 409)
        repo.create(kind, name, asked.get("visibility") == "private", who)
        return {"url": url, "name": name}

    def api_settings(self, repo: Repo, *_: str) -> Any:
        repo.state["private"] = json.loads(self.body)["visibility"] == "private"
        repo.save()
        return {"private": repo.state["private"]}

    def lfs_batch(self, repo: Repo) -> Any:
        objects = json.loads(self.body)["objects"]
        for one in objects:
            if not (repo.blobs / one["oid"]).exists():
                one["actions"] = {"upload": {"href": f"{self.hub.cdn_url}/_lfs/{one['oid']}"}}
        return {"transfer": "basic", "objects": objects}

    def large_file(self, blob: Path) -> Any:
        if self.method == "GET" and blob.exists():
            return self.content(blob.read_bytes(), ETag=f'"{blob.name}"')
        if self.method != "PUT" or hashlib.sha256(self.body).hexdigest() != blob.name:
            raise refusal(400, "no such object, or the content does not match its oid")
        blob.write_bytes(self.body)
        return None

    def resolve(self, repo: Repo, revision: str, path: str) -> Answer:
        facts, entry = {"X-Repo-Commit": repo.sha(revision)}, repo.tree(revision).get(path)
        if entry is None:
            raise refusal(404, "Entry not found", "EntryNotFound", facts)
        if "lfs" not in entry:
            return self.content((repo.blobs / entry["oid"]).read_bytes(), ETag=f'"{entry["oid"]}"', **facts)
        oid = entry["lfs"]["oid"]  # as on the Hub, a large file is elsewhere and its facts are on the redirect
        where = f"{self.hub.cdn_url}/_lfs/{oid}"
        linked = {"X-Linked-Etag": f'"{oid}"', "X-Linked-Size": str(entry["size"]), "Location": where}
        return Answer(b"", 302, facts | linked)

    def content(self, data: bytes, **headers: str) -> Answer:
        m = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range") or "")
        if not m:
            return Answer(data, 200, headers)
        start = int(m[1]) if m[1] else max(0, len(data) - int(m[2]))
        stop = min(int(m[2]) + 1, len(data)) if m[1] and m[2] else len(data)
        if start >= len(data):
            raise refusal(416, "Requested range not satisfiable", headers={"Content-Range": f"bytes */{len(data)}"})
        return Answer(data[start:stop], 206, headers | {"Content-Range": f"bytes {start}-{stop - 1}/{len(data)}"})

    def api_revision(self, repo: Repo, *revision: str) -> Any:
        sha, state, detailed = repo.sha("/".join(revision)), repo.state, "blobs" in self.query
        siblings = [
            {"rfilename": path, **({"blobId": entry["oid"], **entry} if detailed else {})}
            for path, entry in sorted(repo.tree(sha).items())
        ]
        facts = {"_id": "0", "id": state["id"], "author": state["id"].split("/")[0], "sha": sha, "siblings": siblings}
        usual = {"gated": False, "disabled": False, "tags": [], "downloads": 0, "likes": 0}
        return facts | usual | {"private": state["private"], "createdAt": DATE, "lastModified": DATE}

    def api_tree(self, repo: Repo, revision: str, *folder: str) -> Any:
        yes = {key for key, value in self.query.items() if value in ("1", "true")}
        rows = repo.listing(revision, "/".join(folder), "recursive" in yes, "expand" in yes)
        start = int(self.query.get("cursor", 0))
        if (stop := start + self.hub.page_size) >= len(rows):
            return rows[start:]
        query = urlencode({**self.query, "cursor": stop})
        return Answer(rows[start:stop], 200, {"Link": f'<{self.hub.url}{self.where}?{query}>; rel="next"'})

    def api_paths_info(self, repo: Repo, revision: str) -> Any:
        form = parse_qs(self.body.decode())
        rows = {row["path"]: row for row in repo.listing(revision, expand=form.get("expand") == ["true"])}
        return [rows[path] for path in (one.strip("/") for one in form.get("paths", [])) if path in rows]

    def api_preupload(self, repo: Repo, revision: str) -> Any:
        tree, rows = repo.tree(revision), []
        for file in json.loads(self.body)["files"]:
            old, suffix = tree.get(file["path"], {}), file["path"].rsplit(".", 1)[-1]
            large = file["size"] > LFS_THRESHOLD or suffix in LFS_SUFFIXES or b"\0" in base64.b64decode(file["sample"])
            mode = {"uploadMode": "lfs" if large else "regular", "shouldIgnore": False}
            rows.append({"path": file["path"], "oid": old.get("lfs", old).get("oid"), **mode})
        return {"files": rows}

    def api_commit(self, repo: Repo, *revision: str) -> Any:
        assert self.user
        return commit(repo, "/".join(revision), self.body, self.user.name, self.hub.url, self.proposes)

    def api_discussions(self, repo: Repo, *_: str) -> Any:
        """Newest first, a page at a time; all that are opened here are pull requests."""
        wanted = {key: self.query[key] for key in ("status", "author") if self.query.get(key) not in (None, "all")}
        rows = [
            one
            for one in reversed(repo.state.get("discussions", []))
            if all(one[key] == value for key, value in wanted.items())
        ]
        start = int(self.query.get("p", 0)) * self.hub.page_size
        shown = [
            {
                "num": one["num"],
                "title": one["title"],
                "author": {"name": one["author"]},
                "status": one["status"],
                "isPullRequest": True,
                "createdAt": DATE,
                "repo": {"name": repo.state["id"], "type": repo.state["type"]},
            }
            for one in rows[start : start + self.hub.page_size]
        ]
        return {"discussions": shown, "count": len(rows), "start": start, "numClosedDiscussions": 0}

    def api_refs(self, repo: Repo, *_: str) -> Any:
        kinds, refs = {"branches": "heads", "tags": "tags", "converts": "convert"}, repo.state["refs"]
        return {
            kind: [
                {"name": ref.split("/", 2)[2], "ref": ref, "targetCommit": refs[ref]}
                for ref in refs
                if ref.startswith(f"refs/{part}/")
            ]
            for kind, part in kinds.items()
        }

    def api_tag(self, repo: Repo, *revision: str) -> None:
        """``tag/<revision>`` makes one."""
        refs, ref = repo.state["refs"], f"refs/tags/{json.loads(self.body)['tag']}"
        if ref in refs:
            raise refusal(409, f"Reference {ref} already exists")
        refs[ref] = repo.sha("/".join(revision))
        repo.save()
