"""``submission.yaml``: words and links only, found in one place, never against what is known."""

import pytest

from synthuterus_bench.bench.card import Card, read_card
from synthuterus_bench.bench.opening import find_source, open_submission
from synthuterus_bench.bench.run import evaluate
from synthuterus_bench.errors import Fault, SubmissionError, UsageError

WHOLE = """
name: My model
licence: CC-BY-4.0
code: https://github.com/org/repo
paper: https://doi.org/10.1000/xyz
training_data: [phantom-v1]
external_data: [ImageNet]
weights: {repo: org/model, revision: 0123456789012345678901234567890123456789}
submitter: A group
"""


def refused(path):
    with pytest.raises(SubmissionError) as caught:
        read_card(path)
    assert caught.value.fault is Fault.CARD
    return caught.value.message


def test_no_card_says_nothing(folder):
    assert read_card(folder) == Card()


def test_inside_or_beside_and_by_name(folder):
    expected = Card(name="My model")
    for place in (folder / "submission.yaml", folder.parent / "submission.yaml"):
        place.write_text("name: My model\n")
        assert read_card(folder) == expected
        place.unlink()
    (folder.parent / "submission.submission.yaml").write_text("name: My model\n")
    assert read_card(folder) == expected


def test_one_beside_two_folders_is_nobodys(folder):
    (folder.parent / "other").mkdir()
    (folder.parent / "submission.yaml").write_text("name: My model\n")
    assert "found other there as well as submission, expected it inside submission" in refused(folder)
    (folder / "submission.yaml").write_text("name: mine\n")
    assert read_card(folder).name == "mine"


def test_two_cards(folder):
    (folder / "submission.yaml").write_text("name: a\n")
    (folder.parent / "submission.submission.yaml").write_text("name: b\n")
    assert "found two of them" in refused(folder)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fid: 3.1\n", "found key fid, expected only name, licence"),
        ("name: a\nname: b\n", "found key name twice"),
        ("name: [a]\n", "name: Input should be a valid string"),
        ("weights: {repo: a/b, fid: 1.0}\n", "found key weights.fid"),
        ("weights: {revision: main}\n", "weights.revision"),
        ("code: http://example.org\n", "https://"),
        ("code: javascript:alert(1)\n", "https://"),
        ('name: "a\\u202Eb"\n', "characters that hide"),
        ("- a\n", "no mapping"),
        ("name: [\n", "no YAML"),
        ("name: !!python/object/apply:os.system ['true']\n", "name: Input should be a valid string"),
        ("training_data: " + "[" * 5000 + "\n", "no YAML"),
        ("name: " + "x" * 70_000, "at most 65536"),
    ],
)
def test_what_is_no_card(folder, text, words):
    (folder / "submission.yaml").write_text(text)
    assert words in refused(folder)


def test_its_facts_go_into_the_entry(folder, suite, embedder, tmp_path):
    (folder / "submission.yaml").write_text(WHOLE)
    slim = suite.model_copy(update={"metrics": ("kid-embedder",), "regimes": ()})
    entry = evaluate(folder, slim, embedder=embedder, cache=tmp_path / "cache").entry
    assert entry.generator.name == "My model"
    assert (entry.generator.license, entry.generator.paper) == ("CC-BY-4.0", "https://doi.org/10.1000/xyz")
    assert entry.generator.weights.repo == "org/model"
    assert (entry.training_data, entry.external_data, entry.submitter) == (["phantom-v1"], ["ImageNet"], "A group")
    assert entry.dataset.form == "class folders"
    assert len(entry.dataset.preprocess_digest) == 64


def test_an_option_precedes_the_card(folder, suite, tmp_path):
    (folder / "submission.yaml").write_text(WHOLE)
    assert open_submission(folder, suite, "told", tmp_path).generator.name == "told"


def test_weights_that_are_not_those_that_drew_the_images(tiny_model, suite, tmp_path, monkeypatch, small_release):
    one = suite.model_copy(update={"n_per_class": 2, "min_per_class": 2})
    known = open_submission(small_release, one, None, tmp_path).generator.weights.sha256
    beside = small_release.parent / f"{small_release.name}.submission.yaml"
    try:
        beside.write_text(f"weights: {{sha256: {known}}}\n")
        assert open_submission(small_release, one, None, tmp_path).generator.weights.sha256 == known
        beside.write_text(f"weights: {{sha256: {'0' * 64}}}\n")
        with pytest.raises(SubmissionError, match="of which the images are"):
            open_submission(small_release, one, None, tmp_path)
    finally:
        beside.unlink()


def test_of_a_generator_the_parameters_are_counted(tiny_model, suite, tmp_path):
    from diffusers import UNet2DConditionModel

    one = suite.model_copy(update={"n_per_class": 1, "min_per_class": 0})
    opened = open_submission(tiny_model, one, None, tmp_path)
    net = UNet2DConditionModel.from_pretrained(tiny_model / "unet")
    assert opened.generator.parameters == sum(tensor.numel() for tensor in net.parameters())
    assert opened.form == "pipeline"
    assert opened.training_data == ["phantom-v1"]


def test_the_hub_wants_a_commit(tmp_path):
    from pathlib import Path

    with pytest.raises(UsageError, match="40 digits of a commit"):
        find_source(Path("hf:org/name@main"))


def test_a_data_set_and_a_model_on_the_hub(hub, images, tiny_model, suite, tmp_path):
    from pathlib import Path

    from huggingface_hub import HfApi

    from tests.bench.formats.test_formats import table

    place = tmp_path / "set"
    place.mkdir()
    table(images).to_parquet(place / "train-00000-of-00001.parquet")
    (place / "submission.yaml").write_text("name: From afar\n")
    (place / "evil.py").write_text("raise SystemExit\n")
    api, commits = HfApi(), {}
    for kind, folder in (("dataset", place), ("model", tiny_model)):
        name = f"org/{kind}"
        api.create_repo(name, repo_type=kind)
        commits[kind] = api.upload_folder(repo_id=name, repo_type=kind, folder_path=folder).oid
    opened = open_submission(Path(f"hf:org/dataset@{commits['dataset']}"), suite, None, tmp_path)
    assert opened.generator.name == "From afar"
    assert (opened.source.repo, opened.source.revision) == ("org/dataset", commits["dataset"])
    source = find_source(Path(f"hf:org/model@{commits['model']}"))
    assert source.draws
    assert not list(find_source(Path(f"hf:org/dataset@{commits['dataset']}")).path.rglob("*.py"))
    with pytest.raises(SubmissionError, match=r"as a dataset: .*; as a model: "):
        find_source(Path(f"hf:org/none@{'0' * 40}"))
