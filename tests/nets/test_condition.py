import torch

from synthuterus_bench.nets.condition import (
    NULL_CLASS,
    class_index,
    encode,
    every_prompt,
    make_text_encoder,
    make_tokenizer,
)
from synthuterus_bench.vocab import CLASSES, Orientation


def test_the_tokenizer_knows_every_word_and_cuts_no_prompt():
    tokenizer = make_tokenizer()
    for prompt in every_prompt():
        ids = tokenizer(prompt)["input_ids"]
        assert tokenizer.unk_token_id not in ids
        assert len(ids) <= tokenizer.model_max_length
    assert len({tuple(tokenizer(prompt)["input_ids"]) for prompt in every_prompt()}) == 24


def test_the_tokenizer_survives_saving(tmp_path):
    tokenizer = make_tokenizer()
    tokenizer.save_pretrained(tmp_path)
    again = type(tokenizer).from_pretrained(tmp_path)
    assert [again(prompt)["input_ids"] for prompt in every_prompt()] == [
        tokenizer(prompt)["input_ids"] for prompt in every_prompt()
    ]


def test_classes_have_their_places_and_ambiguous_is_not_told():
    assert [class_index(one) for one in CLASSES] == [0, 1, 2, 3]
    assert class_index(Orientation.AMBIGUOUS) == class_index(None) == NULL_CLASS == 4


def test_padding_is_masked_and_does_not_change_the_words_before_it():
    tokenizer = make_tokenizer()
    encoder = make_text_encoder(tokenizer, 16, 1).eval()
    with torch.no_grad():
        text, mask = encode([every_prompt()[0], ""], tokenizer, encoder)
    assert text.shape == (2, 14, 16)
    assert mask.sum(1).tolist() == [13, 2]
