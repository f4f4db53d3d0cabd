"""What a denoiser is told: class indices, and prompts through a CLIP text model and its tokenizer.

By default the text model is small and learns along, with a tokenizer of the prompt grammar's own words; the frozen text
half of ``openai/clip-vit-base-patch32`` may stand in its place (:func:`synthuterus_bench.weights.load_clip_text`).
"""

from dataclasses import dataclass
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from synthuterus_bench.cohorts.prompt import Condition, render
from synthuterus_bench.vocab import CLASSES, FIELD_STRENGTHS, Orientation, Sequence

NULL_CLASS = len(CLASSES)
"""Class index that means "not told"; the empty prompt means the same for text."""

PROMPT_TOKENS = 14
_SPECIAL = ["<pad>", "<start>", "<end>", "<unknown>"]


@dataclass(frozen=True)
class Told:
    """Conditions of a batch: ``classes`` (B,) int64, ``text`` (B, tokens, width), ``mask`` (B, tokens) bool.

    ``None`` where a model has no such input.
    """

    classes: torch.Tensor | None = None
    text: torch.Tensor | None = None
    mask: torch.Tensor | None = None


def every_prompt() -> list[str]:
    """All prompts of the grammar, in one order."""
    return [
        render(Condition(orientation, field, sequence))
        for orientation in CLASSES
        for field in FIELD_STRENGTHS
        for sequence in Sequence
    ]


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A word-level tokenizer whose words are those of the prompt grammar."""
    words = sorted({word for prompt in every_prompt() for word in prompt.replace(",", "").split()})
    vocabulary = {word: index for index, word in enumerate(_SPECIAL + words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unknown>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("[ ,]+"), "removed")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", 1), ("<end>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<start>",
        eos_token="<end>",
        unk_token="<unknown>",
        model_max_length=PROMPT_TOKENS,
    )


def make_text_encoder(tokenizer: PreTrainedTokenizerFast, width: int, layers: int) -> CLIPTextModel:
    """An untrained CLIP text model for a tokenizer of :func:`make_tokenizer`."""
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        max_position_embeddings=PROMPT_TOKENS,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    return CLIPTextModel(config)


def class_index(orientation: Orientation | None) -> int:
    """Index of a class in ``vocab.CLASSES``; ``NULL_CLASS`` for ``ambiguous`` and ``None``."""
    return CLASSES.index(orientation) if orientation in CLASSES else NULL_CLASS


def encode(prompts: list[str], tokenizer: Any, encoder: CLIPTextModel) -> tuple[torch.Tensor, torch.Tensor]:
    """Text (B, tokens, width) and mask (B, tokens) of prompts, padded to the tokenizer's length; empty: not told."""
    length = tokenizer.model_max_length
    tokens = tokenizer(prompts, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
    device = next(encoder.parameters()).device
    ids, mask = tokens["input_ids"].to(device), tokens["attention_mask"].to(device)
    return encoder(input_ids=ids, attention_mask=mask).last_hidden_state, mask.bool()
