import torch

from synthuterus_bench.nets.condition import every_prompt, make_text_encoder, make_tokenizer
from synthuterus_bench.training.reader import Reader, make_reader
from tests.conftest import tiny_config


def test_a_reader_that_learns_reads_anew_and_has_gradients():
    reader = make_reader(tiny_config(), torch.device("cpu"), None)
    text, mask = reader.read(every_prompt()[:2])
    assert text.requires_grad
    assert text.shape == (2, 14, 16)
    assert mask.dtype == torch.bool
    assert not reader.frozen


def test_a_frozen_reader_reads_each_prompt_once_and_alone(monkeypatch):
    tokenizer = make_tokenizer()
    reader = Reader(tokenizer, make_text_encoder(tokenizer, 16, 1).eval(), "ab" * 32)
    prompts = [every_prompt()[0], "", every_prompt()[0]]
    text, _ = reader.read(prompts)
    assert not text.requires_grad
    assert torch.equal(text[0], text[2])
    calls = []
    monkeypatch.setattr(type(reader.encoder), "forward", lambda *_, **__: calls.append(1))
    again, _ = reader.read(prompts)
    assert torch.equal(text, again)
    assert not calls


def test_the_seed_names_the_first_weights():
    one, again, other = (make_reader(tiny_config(seed=seed), torch.device("cpu"), None) for seed in (1, 1, 2))
    prompts = every_prompt()[:1]
    assert torch.equal(one.read(prompts)[0], again.read(prompts)[0])
    assert not torch.equal(one.read(prompts)[0], other.read(prompts)[0])
