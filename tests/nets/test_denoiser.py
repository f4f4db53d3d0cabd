import torch

from synthuterus_bench.nets.condition import every_prompt, make_text_encoder, make_tokenizer, tell
from synthuterus_bench.nets.denoiser import DenoiserSize, denoise, make_denoiser
from tests.conftest import TINY


def test_output_has_the_shape_of_the_image_and_follows_every_condition():
    torch.manual_seed(0)
    unet, tokenizer = make_denoiser(TINY).eval(), make_tokenizer()
    encoder = make_text_encoder(tokenizer, TINY.text_width, 1).eval()
    x, t = torch.randn(1, 1, 128, 128), torch.tensor([300])

    def run(label: int, prompt: str) -> torch.Tensor:
        with torch.no_grad():
            return denoise(unet, x, t, tell([label], [prompt], tokenizer, encoder))

    plain = run(0, every_prompt()[0])
    assert plain.shape == x.shape
    assert not torch.equal(plain, run(1, every_prompt()[0]))
    assert not torch.equal(plain, run(0, every_prompt()[1]))
    assert torch.equal(plain, run(0, every_prompt()[0]))


def test_the_shipped_size_stays_small():
    parameters = sum(p.numel() for p in make_denoiser(DenoiserSize()).parameters())
    assert parameters * 2 < 12_000_000
