"""The denoisers: diffusers U-Nets over patches of a picture, over latents, and over volumes.

What a model is told decides its network: nothing or a class, a plain U-Net whose class joins the time embedding; text,
one with cross-attention, where the pooled text joins the time embedding as well: noise and contrast of a field strength
are everywhere in the picture, also at the levels that do not attend. Volumes have the same networks, joined across
slices (:mod:`synthuterus_bench.nets.volume`).
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from diffusers import UNet2DConditionModel, UNet2DModel
from torch.nn import functional

from synthuterus_bench.nets.condition import NULL_CLASS, Told
from synthuterus_bench.nets.volume import VolumeDenoiser, ask
from synthuterus_bench.vocab import Conditioning, Family

POOLING_HEADS = 4

Net: TypeAlias = "UNet2DModel | UNet2DConditionModel | VolumeDenoiser"


@dataclass(frozen=True, slots=True)
class DenoiserSize:
    """How large a denoiser is.

    Attributes:
        side: pixels or latent places a side of what it sees; ``planes`` of them in 2D (latent channels), and as many
            more as ``shown``, which it sees and does not draw.
        patch: ``patch`` x ``patch`` places become the channels of one position.
        channels: of each level; ``attention`` levels, from the coarsest, attend.
        text_width: of the text encoder.
    """

    side: int = 128
    planes: int = 1
    shown: int = 0
    patch: int = 4
    channels: tuple[int, ...] = (64, 96, 128)
    layers: int = 1
    attention: int = 1
    text_width: int = 128
    heads: int = 4


def denoiser_class(family: Family, conditioning: Conditioning) -> type[Net]:
    """The network of a kind of model."""
    if family is Family.DDPM3D:
        return VolumeDenoiser
    return UNet2DConditionModel if conditioning.by_text else UNet2DModel


def make_denoiser(family: Family, conditioning: Conditioning, size: DenoiserSize) -> Net:
    """An untrained denoiser."""
    if family is Family.DDPM3D:
        return VolumeDenoiser(conditioning.by_text, _planar(conditioning, size))
    return denoiser_class(family, conditioning)(**_planar(conditioning, size))


def _planar(conditioning: Conditioning, size: DenoiserSize) -> dict[str, Any]:
    """Settings of a denoiser of pictures, in diffusers' words."""
    kind = "CrossAttn" if conditioning.by_text else "Attn"
    attending = min(size.attention, len(size.channels))
    plain = len(size.channels) - attending
    common = {
        "sample_size": size.side // size.patch,
        "in_channels": (size.planes + size.shown) * size.patch**2,
        "out_channels": size.planes * size.patch**2,
        "block_out_channels": size.channels,
        "layers_per_block": size.layers,
        "norm_num_groups": min(16, size.channels[0]),
        "down_block_types": ("DownBlock2D",) * plain + (f"{kind}DownBlock2D",) * attending,
        "up_block_types": (f"{kind}UpBlock2D",) * attending + ("UpBlock2D",) * plain,
        "num_class_embeds": NULL_CLASS + 1 if conditioning.by_class else None,
    }
    if not conditioning.by_text:
        return common | {"attention_head_dim": max(8, size.channels[-1] // size.heads)}
    return common | {
        "cross_attention_dim": size.text_width,
        "attention_head_dim": size.heads,
        "addition_embed_type": "text",
        "addition_embed_type_num_heads": POOLING_HEADS,
    }


def denoise(net: Net, x: torch.Tensor, t: torch.Tensor, told: Told, shown: torch.Tensor | None = None) -> torch.Tensor:
    """The network's output for noisy pictures ``x`` (B, C, H, W) or volumes (B, C, S, H, W) at times ``t`` (B,).

    Args:
        shown: planes (B, C', H, W) that it sees beside pictures, without noise.
    """
    volumes = isinstance(net, VolumeDenoiser)
    drawn = (net.unet if volumes else net).config["out_channels"]
    patch = round((drawn / x.shape[1]) ** 0.5)
    if volumes:
        slices = functional.pixel_unshuffle(x.transpose(1, 2), patch).transpose(1, 2)
        return functional.pixel_shuffle(net(slices, t, told).transpose(1, 2), patch).transpose(1, 2)
    patches = functional.pixel_unshuffle(x if shown is None else torch.cat([x, shown], 1), patch)
    return functional.pixel_shuffle(ask(net, patches, t, told), patch)
