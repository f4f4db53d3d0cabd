import io
import pickle
from pathlib import Path

import pytest
import torch

from synthuterus_bench.errors import WeightsError
from synthuterus_bench.nets.condition import encode
from synthuterus_bench.repro import digest_bytes, digest_file
from synthuterus_bench.weights import (
    CLIP_TEXT,
    KNOWN,
    ClipText,
    Pretrained,
    load_clip_text,
    load_pretrained,
    shipped,
    weights_folder,
)


def known_for(data: bytes) -> Pretrained:
    return Pretrained("net-00000000.pth", "https://example.org/net.pth", digest_bytes(data)[:8], "a test")


def saved(state: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def test_names_carry_the_digest_their_publisher_states():
    for known in KNOWN:
        assert not known.sha256 or known.file.endswith(f"-{known.sha256}.pth")
        assert known.url.startswith("https://")
        assert known.url.endswith(known.file)


def test_loads_tensors_and_tells_the_whole_digest(tmp_path):
    data = saved({"a": torch.ones(3)})
    known = known_for(data)
    (tmp_path / known.file).write_bytes(data)
    loaded = load_pretrained(known, tmp_path)
    assert torch.equal(loaded.state["a"], torch.ones(3))
    assert loaded.sha256 == digest_bytes(data)


def test_a_missing_file_says_where_to_get_it_and_where_to_put_it(tmp_path):
    with pytest.raises(WeightsError) as caught:
        load_pretrained(KNOWN[0], tmp_path)
    assert KNOWN[0].url in caught.value.message
    assert str(tmp_path) not in caught.value.message
    assert str(tmp_path) in caught.value.hint


def test_an_altered_file_is_refused(tmp_path):
    data = saved({"a": torch.ones(3)})
    known = known_for(data)
    (tmp_path / known.file).write_bytes(data + b"x")
    with pytest.raises(WeightsError, match="expected " + known.sha256):
        load_pretrained(known, tmp_path)


class Harm:
    def __reduce__(self):
        return (Path.touch, (Path("harm"),))


@pytest.mark.parametrize("data", [saved({"a": Harm()}), pickle.dumps(Harm()), b"", b"nonsense", saved([1])])
def test_whatever_is_no_dictionary_of_tensors_is_refused_and_never_run(tmp_path, monkeypatch, data):
    monkeypatch.chdir(tmp_path)
    known = known_for(data)
    (tmp_path / known.file).write_bytes(data)
    with pytest.raises(WeightsError):
        load_pretrained(known, tmp_path)
    assert not (tmp_path / "harm").exists()


def test_folder_by_option_then_variable_then_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTHBENCH_WEIGHTS", str(tmp_path / "b"))
    assert weights_folder(tmp_path / "a") == tmp_path / "a"
    assert weights_folder() == tmp_path / "b"
    monkeypatch.delenv("SYNTHBENCH_WEIGHTS")
    assert weights_folder().parts[-3:] == (".cache", "synthuterus-bench", "weights")


def test_shipped_files_are_found_or_named():
    with pytest.raises(WeightsError, match="no-such-thing"):
        shipped("no-such-thing")


WORDS = 514
SMALL = ClipText("clip-vit-base-patch32", "openai/clip-vit-base-patch32", 16, 2, WORDS, 77)


@pytest.fixture
def clip(tmp_path):
    """A CLIP like the published one, but tiny and untrained, with the published layout of files."""
    from transformers import CLIPConfig, CLIPModel, CLIPTokenizerFast
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2}
    text = sizes | {"num_hidden_layers": 2, "vocab_size": WORDS, "bos_token_id": WORDS - 2, "eos_token_id": WORDS - 1}
    vision = sizes | {"num_hidden_layers": 1, "image_size": 32, "patch_size": 16}
    torch.manual_seed(0)
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision)).eval()
    letters = [*bytes_to_unicode().values()]
    words = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    model.save_pretrained(tmp_path / SMALL.folder)
    CLIPTokenizerFast({word: k for k, word in enumerate(words)}, []).save_pretrained(tmp_path / SMALL.folder)
    return model, tmp_path


def test_the_text_half_of_clip_says_what_the_whole_says(clip):
    model, home = clip
    tokenizer, encoder, sha256 = load_clip_text(home, SMALL)
    ids = torch.tensor([tokenizer("ab")["input_ids"]])
    with torch.no_grad():
        assert torch.equal(encoder(ids).last_hidden_state, model.text_model(ids).last_hidden_state)
    assert ids[0, 0] == WORDS - 2
    assert ids[0, -1] == WORDS - 1
    assert sha256 == digest_file(home / SMALL.folder / "model.safetensors")
    assert not encoder.training
    assert not any(parameter.requires_grad for parameter in encoder.parameters())


def test_prompts_are_padded_to_what_clip_can_read_whatever_lies_beside_its_words(clip):
    (clip[1] / SMALL.folder / "tokenizer_config.json").unlink()
    tokenizer, encoder, _ = load_clip_text(clip[1], SMALL)
    text, mask = encode(["a b", ""], tokenizer, encoder)
    assert text.shape == (2, SMALL.positions, SMALL.width)
    assert mask.sum(1).tolist() == [4, 2]


def test_a_missing_clip_says_how_to_get_it(clip, tmp_path):
    _, home = clip
    with pytest.raises(WeightsError, match=r"no config.json at hand") as caught:
        load_clip_text(tmp_path / "nowhere")
    assert f"hf download {CLIP_TEXT.repository}" in caught.value.hint
    assert str(tmp_path / "nowhere" / CLIP_TEXT.folder) in caught.value.hint
    assert str(tmp_path) not in caught.value.message
    (home / SMALL.folder / "tokenizer.json").unlink()
    with pytest.raises(WeightsError, match=r"no tokenizer.json"):
        load_clip_text(home, SMALL)


def test_a_pickled_clip_is_not_read(clip):
    folder = clip[1] / SMALL.folder
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(WeightsError, match=r"no model.safetensors"):
        load_clip_text(clip[1], SMALL)


def test_another_clip_is_refused(clip):
    with pytest.raises(WeightsError, match=r"'hidden_size': 16, .* expected CLIP with {'hidden_size': 512"):
        load_clip_text(clip[1])
    for text in ('{"model_type": "bert"}', "[]", "no json"):
        (clip[1] / SMALL.folder / "config.json").write_text(text)
        with pytest.raises(WeightsError, match=r"config.json: (found a bert|not a configuration)"):
            load_clip_text(clip[1], SMALL)


def test_damaged_weights_of_clip_are_refused(clip):
    from safetensors.torch import load_file, save_file

    file = clip[1] / SMALL.folder / "model.safetensors"
    state, name = load_file(file), "text_model.final_layer_norm.weight"
    save_file(state | {name: torch.full_like(state[name], torch.nan)}, file, {"format": "pt"})
    with pytest.raises(WeightsError, match="not finite"):
        load_clip_text(clip[1], SMALL)
    del state[name]
    save_file(state, file, {"format": "pt"})
    with pytest.raises(WeightsError, match=r"no .*final_layer_norm.weight in it"):
        load_clip_text(clip[1], SMALL)
    file.write_bytes(b"nonsense")
    with pytest.raises(WeightsError, match="not loadable"):
        load_clip_text(clip[1], SMALL)
