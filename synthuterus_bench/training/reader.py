"""Who reads prompts in a training: a small text model that learns along, or CLIP's, frozen."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import CLIPTextModel

from synthuterus_bench.nets.condition import encode, make_text_encoder, make_tokenizer
from synthuterus_bench.repro import stream_seed
from synthuterus_bench.training.config import GeneratorConfig
from synthuterus_bench.vocab import TextEncoder
from synthuterus_bench.weights import load_clip_text


@dataclass(frozen=True)
class Reader:
    """A tokenizer and its text model; ``sha256`` of a frozen one's weights."""

    tokenizer: Any
    encoder: CLIPTextModel
    sha256: str | None = None
    _said: dict[str, tuple[torch.Tensor, torch.Tensor]] = field(default_factory=dict)

    @property
    def frozen(self) -> bool:
        """Whether it does not learn."""
        return self.sha256 is not None

    @property
    def width(self) -> int:
        """Numbers a token."""
        return int(self.encoder.config.hidden_size)

    def read(self, prompts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Text (B, tokens, width) and mask (B, tokens); a frozen model reads each prompt once."""
        if not self.frozen:
            return encode(prompts, self.tokenizer, self.encoder)
        for prompt in set(prompts) - set(self._said):
            with torch.no_grad():
                self._said[prompt] = encode([prompt], self.tokenizer, self.encoder)
        text, mask = zip(*[self._said[prompt] for prompt in prompts], strict=True)
        return torch.cat(text), torch.cat(mask)


def make_reader(config: GeneratorConfig, device: torch.device, weights_dir: Path | None) -> Reader:
    """The reader that the settings ask for.

    Raises:
        WeightsError: the CLIP files are not at hand.
    """
    if config.text_encoder is TextEncoder.CLIP:
        tokenizer, encoder, sha256 = load_clip_text(weights_dir)
        return Reader(tokenizer, encoder.to(device).eval().requires_grad_(False), sha256)
    torch.manual_seed(stream_seed(config.seed, "initial text encoder"))
    tokenizer = make_tokenizer()
    return Reader(tokenizer, make_text_encoder(tokenizer, config.text_width, config.text_layers).to(device))  # type: ignore[arg-type]
