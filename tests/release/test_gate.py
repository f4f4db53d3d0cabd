"""Each check of the gate on a release's folder and card fails on a fault of its own kind, planted and signed again."""

import io
import json
import re
import shutil

import pytest

from synthuterus_bench.cohorts.layout import audit_file
from synthuterus_bench.release.gate import check_release, check_without_card
from synthuterus_bench.vocab import Config
from tests.release.made import refused, sign


def test_what_is_whole_passes(made_images, made_volumes):
    check_release(made_images)
    check_release(made_volumes)


def test_a_folder_that_is_no_release(tmp_path):
    refused(tmp_path / "nowhere", "no such folder")
    refused(tmp_path, "no SHA256SUMS, expected a release")
    refused(sign(tmp_path), r"no README\.md")


def test_a_changed_byte(release):
    path = release / "roi" / "cohort.json"
    path.write_bytes(path.read_bytes() + b" ")
    refused(release, r"roi/cohort\.json does not have the digest")


@pytest.mark.parametrize("name", ["README.md", "audit/roi.jsonl", "roi/train-00000-of-00001.parquet"])
def test_a_missing_file(release, name):
    (release / name).unlink()
    refused(release, f"{re.escape(name)} is in SHA256SUMS or in the folder")


def test_checksums_of_another_file_above(release):
    (release / "SHA256SUMS").write_text(
        (release / "SHA256SUMS").read_text(encoding="utf-8") + f"{'0' * 64}  ../other\n"
    )
    refused(release, r"\.\./other is in SHA256SUMS")


@pytest.mark.parametrize(
    "name",
    ["audit/roi.private.jsonl", "roi/validation-00000-of-00001.parquet", ".hidden", "roi/notes.json", "x/y.json"],
)
def test_a_file_that_does_not_belong_there(release, name):
    (release / name).parent.mkdir(exist_ok=True)
    if name.endswith(".parquet"):
        shutil.copyfile(release / "roi" / "train-00000-of-00001.parquet", release / name)
    else:
        (release / name).write_text("{}")
    refused(sign(release), f"found {re.escape(name.split('/')[0] if name.startswith('x/') else name)}")


def test_an_empty_folder_and_a_link(release):
    (release / "private").mkdir()
    refused(release, "found private")
    (release / "private").rmdir()
    audit = audit_file(release, Config.ROI)
    audit.rename(release.parent / "elsewhere.jsonl")
    audit.symlink_to(release.parent / "elsewhere.jsonl")
    refused(sign(release), "link")


def test_an_index_of_training_images(release):
    (release / "roi" / "index.private.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    refused(sign(release), r"index\.private\.safetensors")


def test_an_absolute_path_in_the_card(release):
    card = release / "README.md"
    card.write_text(card.read_text(encoding="utf-8") + "\nmade from /home/jane/scans\n")
    refused(sign(release), "absolute path")


def test_no_licence_and_another_one(release):
    (release / "LICENSE").unlink()
    refused(sign(release), "no LICENSE")
    (release / "LICENSE").write_text("all rights reserved\n")
    refused(sign(release), "found another LICENSE than that of Creative Commons Attribution 4.0")


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("license: cc-by-4.0", "license: mit", "says license mit, expected cc-by-4.0"),
        ("default: true", "default: false", "says configs"),
        ("roi/train-*.parquet", "audit/*.jsonl", "says configs"),
        ("n<1K", "1K<n<10K", "says size_categories"),
        ("not proven private", "anonymous", "does not say"),
        ("---\nlicense", "license", "damaged"),
    ],
)
def test_a_card_that_says_something_else(release, old, new, match):
    card = release / "README.md"
    card.write_text(card.read_text(encoding="utf-8").replace(old, new))
    refused(sign(release), match)


@pytest.mark.parametrize(("name", "value"), [("license", "https://opensource.org/mit"), ("recordSet", [])])
def test_a_croissant_that_says_something_else(release, name, value):
    path = release / "croissant.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {name: value}))
    refused(sign(release), r"croissant\.json does not agree")


def test_a_card_that_is_damaged_can_be_written_anew(release):
    (release / "README.md").write_text("---\n")
    refused(release, "digest")
    check_without_card(release)
    check_release(sign(release, card=True))


def test_a_plot_with_a_text(release):
    from PIL import Image, PngImagePlugin

    path, said = release / "composition.png", PngImagePlugin.PngInfo()
    said.add_text("Author", "Jane")
    buffer = io.BytesIO()
    Image.open(path).save(buffer, "PNG", pnginfo=said)
    path.write_bytes(buffer.getvalue())
    refused(sign(release), "Author")
