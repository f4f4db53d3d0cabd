"""A commit as the clients post it: lines of JSON, a header first."""

import base64
import json
from typing import Any

from tests.support.hub_answer import refusal
from tests.support.hub_store import Repo, Tree


def commit(
    repo: Repo, revision: str, body: bytes, author: str, url: str, as_pull_request: bool = False
) -> dict[str, Any]:
    """Apply a posted commit to a branch, refused where another came in between; or to a new pull request."""
    lines = [json.loads(line) for line in body.splitlines()]
    header, ref = lines[0]["value"], revision if revision.startswith("refs/") else f"refs/heads/{revision}"
    page = f"{url}/{repo.state['type']}s/{repo.state['id']}"
    told = {"success": True}
    if as_pull_request:
        number = repo.open_pull_request(header.get("parentCommit") or ref, header["summary"], author)
        ref, told = f"refs/pr/{number}", told | {"pullRequestUrl": f"{page}/discussions/{number}"}
    elif not repo.sha(ref).startswith(header.get("parentCommit") or ""):
        raise refusal(412, "A commit has happened since. Please refresh and try again.")
    tree = dict(repo.tree(ref))
    for line in lines[1:]:
        apply(repo, tree, line["key"], line["value"])
    sha = repo.commit(ref, tree, header["summary"], author, header["description"])
    return told | {"commitOid": sha, "commitUrl": f"{page}/commit/{sha}"}


def apply(repo: Repo, tree: Tree, key: str, value: Any) -> None:
    """One change of a commit."""
    if key == "file":
        tree[value["path"]] = repo.put_blob(base64.b64decode(value["content"]))
    elif key == "lfsFile":
        if not (repo.blobs / value["oid"]).exists():
            raise refusal(400, f"LFS object {value['oid']} of {value['path']} was never uploaded")
        tree[value["path"]] = repo.lfs_entry(value["oid"])
    elif key == "deletedFile" and tree.pop(value["path"], None) is None:
        raise refusal(404, f"A file with this name doesn't exist: {value['path']}", "EntryNotFound")
