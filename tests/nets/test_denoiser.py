import pytest
import torch

from synthuterus_bench.nets.condition import NULL_CLASS, Told, encode, every_prompt, make_text_encoder, make_tokenizer
from synthuterus_bench.nets.denoiser import DenoiserSize, denoise, make_denoiser
from synthuterus_bench.nets.volume import AcrossSlices
from synthuterus_bench.vocab import Conditioning, Family

SIZES = {
    Family.DDPM2D: DenoiserSize(side=32, patch=4, channels=(16, 16), text_width=16),
    Family.LDM2D: DenoiserSize(side=8, planes=4, patch=1, channels=(16, 16), text_width=16),
    Family.DDPM3D: DenoiserSize(side=32, patch=4, channels=(16, 16), text_width=16),
}
SHAPES = {Family.DDPM2D: (1, 32, 32), Family.LDM2D: (4, 8, 8), Family.DDPM3D: (1, 8, 32, 32)}


def denoiser(family: Family, conditioning: Conditioning):
    """An untrained network without the zeros that some begin with, behind which nothing shows."""
    torch.manual_seed(0)
    net = make_denoiser(family, conditioning, SIZES[family]).eval()
    for parameter in net.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.05)
    return net.requires_grad_(False)


def told(conditioning: Conditioning, label: int = 0, prompt: str = "") -> Told:
    torch.manual_seed(1)
    tokenizer = make_tokenizer()
    encoder = make_text_encoder(tokenizer, 16, 1).eval()
    with torch.no_grad():
        text, mask = encode([prompt], tokenizer, encoder) if conditioning.by_text else (None, None)
    return Told(torch.tensor([label]) if conditioning.by_class else None, text, mask)


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize("conditioning", Conditioning)
def test_output_has_the_shape_of_the_picture_and_follows_what_it_is_told_and_nothing_else(family, conditioning):
    net = denoiser(family, conditioning)
    x, t = torch.randn(1, *SHAPES[family], generator=torch.Generator().manual_seed(0)), torch.tensor([300])

    @torch.no_grad()
    def run(label: int, prompt: str) -> torch.Tensor:
        return denoise(net, x, t, told(conditioning, label, prompt))

    plain = run(0, every_prompt()[0])
    assert plain.shape == x.shape
    assert torch.equal(plain, run(0, every_prompt()[0]))
    assert torch.equal(plain, run(1, every_prompt()[0])) != conditioning.by_class
    assert torch.equal(plain, run(NULL_CLASS, every_prompt()[0])) != conditioning.by_class
    assert torch.equal(plain, run(0, every_prompt()[1])) != conditioning.by_text


@pytest.mark.parametrize("family", Family)
def test_a_prompt_reaches_the_levels_that_do_not_attend(family):
    net = denoiser(family, Conditioning.TEXT)
    for name, module in net.named_modules():
        if name.endswith("attn2"):
            module.forward = lambda hidden, **_: torch.zeros_like(hidden)
    x, t = torch.randn(1, *SHAPES[family]), torch.tensor([300])
    first, second = (denoise(net, x, t, told(Conditioning.TEXT, prompt=one)) for one in every_prompt()[:2])
    assert not torch.equal(first, second)


@pytest.mark.parametrize("family", Family)
def test_the_time_matters(family):
    net = denoiser(family, Conditioning.UNCOND)
    x = torch.randn(1, *SHAPES[family])
    with torch.no_grad():
        early, late = (denoise(net, x, torch.tensor([t]), Told()) for t in (1.0, 900.0))
    assert not torch.equal(early, late)


def test_patches_are_places():
    """Of a network that changes nothing, nothing is changed."""
    net = make_denoiser(Family.DDPM2D, Conditioning.UNCOND, SIZES[Family.DDPM2D])
    volume = make_denoiser(Family.DDPM3D, Conditioning.UNCOND, SIZES[Family.DDPM3D])
    net.forward = lambda x, *_, **__: type("Out", (), {"sample": x})
    volume.forward = lambda x, *_: x
    for one, shape in ((net, (2, 1, 32, 32)), (volume, (2, 1, 6, 32, 32))):
        x = torch.randn(shape)
        assert torch.equal(denoise(one, x, torch.tensor([0, 0]), Told()), x)


def test_the_shipped_size_stays_small():
    net = make_denoiser(Family.DDPM2D, Conditioning.CT, DenoiserSize())
    assert sum(p.numel() for p in net.parameters()) * 2 < 12_000_000


@pytest.mark.parametrize("conditioning", ["class", "ct"])
def test_planes_that_are_shown_are_seen_and_not_drawn(conditioning):
    size = DenoiserSize(side=32, shown=1, patch=4, channels=(16, 16), text_width=16)
    net = make_denoiser(Family.DDPM2D, Conditioning(conditioning), size).eval()
    x, t = torch.randn(2, 1, 32, 32), torch.full((2,), 500)
    text = (torch.randn(2, 5, 16), torch.ones(2, 5, dtype=torch.bool)) if conditioning == "ct" else (None, None)
    told = Told(torch.zeros(2, dtype=torch.long), *text)
    with torch.no_grad():
        first, other = (denoise(net, x, t, told, torch.full_like(x, level)) for level in (0.0, 1.0))
    assert first.shape == x.shape
    assert not torch.allclose(first, other)


def volumes(conditioning: Conditioning = Conditioning.UNCOND):
    noise = torch.randn(2, 1, 6, 32, 32, generator=torch.Generator().manual_seed(0))
    return denoiser(Family.DDPM3D, conditioning), noise


@torch.no_grad()
def test_a_slice_is_heard_by_its_neighbours_and_in_no_other_volume():
    net, x = volumes()
    changed = x.clone()
    changed[0, :, 2] += 1
    before, after = (denoise(net, one, torch.tensor([300, 300]), Told()) for one in (x, changed))
    heard = (before != after).flatten(3).any(3)[:, 0]
    assert heard.tolist() == [[True] * 6, [False] * 6]


@torch.no_grad()
def test_slices_know_their_place():
    """Also where none hears another, so that its distance to the first and the last slice says nothing."""
    net, x = volumes()
    across = [module for module in net.modules() if isinstance(module, AcrossSlices)]
    for module in across:
        module.conv.weight.zero_()
    same = x[:1, :, :1].expand(1, 1, 6, 32, 32)
    said = denoise(net, same, torch.tensor([300]), Told())
    assert not torch.allclose(said[:, :, 2], said[:, :, 3])
    for module in across:
        module.place.weight.zero_()
    said = denoise(net, same, torch.tensor([300]), Told())
    torch.testing.assert_close(said[:, :, 2], said[:, :, 3])


@torch.no_grad()
def test_each_volume_is_told_its_own():
    net, x = volumes(Conditioning.CLASS)
    twice = x[:1].expand(2, -1, -1, -1, -1)
    both = denoise(net, twice, torch.tensor([300, 700]), Told(torch.tensor([0, 3])))
    alone = [denoise(net, x[:1], torch.tensor([t]), Told(torch.tensor([k]))) for t, k in ((300, 0), (700, 3))]
    torch.testing.assert_close(both, torch.cat(alone))
