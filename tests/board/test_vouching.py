"""A verification is of its entry: a badge cannot be had by a file whose numbers are its own."""

import copy

import pytest

from synthuterus_bench.board.verification import Verification
from synthuterus_bench.board.vouching import broken_claims
from tests.board.samples import entry
from tests.board.verified import honest, provable

ENTRY = provable(entry())
LEVELS = [("recompute", None), ("re-embed", None), ("regenerate", True), ("regenerate", False)]


def told(found, of=ENTRY) -> str:
    return "\n".join(broken_claims(found, of))


def tampered(change, level="re-embed", exact=None) -> Verification:
    data = copy.deepcopy(honest(ENTRY, level, exact).as_json())
    change(data)
    return Verification.model_validate(data)


@pytest.mark.parametrize(("level", "exact"), LEVELS)
def test_an_honest_one_is_taken_at_every_level(level, exact):
    assert told(honest(ENTRY, level, exact)) == ""


def test_one_of_another_entry_is_refused():
    other = provable(entry("ldm2d-ct-roi"))
    assert "of entry" in told(honest(ENTRY), other)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda data: data["results"][0].update(value=9.0, recomputed=9.0), "value 9, expected 0.0041 as in the entry"),
        (lambda data: data["results"][0].update(metric="invented"), "invented pooled: the entry has no such value"),
        (lambda data: data["results"][0]["params"].update(degree=3.0), "kid-embedder pooled: the entry has no such"),
        (lambda data: data["results"].pop(), "a value of the entry is missing"),
        (lambda data: data.update(results=data["results"][:1]), "a value of the entry is missing"),
        (lambda data: data["results"].append(data["results"][0]), "given twice"),
        (lambda data: data["results"][0].update(allowed=1e9), "by the tolerances"),
        (lambda data: data["results"][0].update(recomputed=0.0042, allowed=1e-3), "by the tolerances"),
        (lambda data: data.update(tolerances={"relative": 0.1, "of_interval": 2.0, "trained": 2.0}), "tolerances are"),
        (lambda data: data.update(tolerances={"of_interval": 1.0}), "tolerances are not those of re-embed"),
        (lambda data: data.update(evidence={}), "evidence: found none; expected manifest_sha256"),
        (lambda data: data.update(evidence={"manifest_sha256": "ab" * 32}), "expected 000000000000 as in the entry"),
        (lambda data: data.update(evidence={"manifest_sha256": "trust me"}), "is no SHA-256"),
        (lambda data: data.update(exact_images=True), "exact_images is True, expected None"),
    ],
)
def test_what_was_tampered_with_is_told(change, expected):
    assert expected in told(tampered(change))


def test_a_level_needs_what_the_entry_names():
    bare = entry()
    assert "names no weights_sha256" in told(honest(bare, "regenerate", True), bare)
    assert "names no features_sha256" in told(honest(bare, "recompute"), bare)
    assert told(honest(bare), bare) == ""


def test_images_are_exact_where_their_digest_is_that_of_the_entry():
    assert "exact_images is False, expected True" in told(
        tampered(lambda data: data.update(exact_images=False), "regenerate", True)
    )
    assert "exact_images is True, expected False" in told(
        tampered(lambda data: data.update(exact_images=True), "regenerate", False)
    )
    assert "exact_images is None" in told(tampered(lambda data: data.pop("exact_images"), "regenerate", True))
