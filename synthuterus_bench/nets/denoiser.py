"""The 2D denoiser: a conditional diffusers U-Net over patches of the image."""

from dataclasses import dataclass

import torch
from diffusers import UNet2DConditionModel
from torch.nn import functional

from synthuterus_bench.nets.condition import NULL_CLASS, Told


@dataclass(frozen=True, slots=True)
class DenoiserSize:
    """How large a 2D denoiser is: ``patch`` x ``patch`` pixels become the channels of one position."""

    image_size: int = 128
    patch: int = 4
    channels: tuple[int, ...] = (64, 96, 128)
    layers: int = 1
    text_width: int = 128
    heads: int = 4


def make_denoiser(size: DenoiserSize) -> UNet2DConditionModel:
    """An untrained U-Net; text enters by cross-attention at the coarsest level, the class with the time embedding."""
    plain = len(size.channels) - 1
    return UNet2DConditionModel(
        sample_size=size.image_size // size.patch,
        in_channels=size.patch**2,
        out_channels=size.patch**2,
        block_out_channels=size.channels,
        layers_per_block=size.layers,
        down_block_types=("DownBlock2D",) * plain + ("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",) + ("UpBlock2D",) * plain,
        cross_attention_dim=size.text_width,
        attention_head_dim=size.heads,
        norm_num_groups=min(16, size.channels[0]),
        num_class_embeds=NULL_CLASS + 1,
    )


def denoise(unet: UNet2DConditionModel, x: torch.Tensor, t: torch.Tensor, told: Told) -> torch.Tensor:
    """The network's output for noisy images ``x`` (B, 1, H, W) at steps ``t`` (B,)."""
    patch = int(unet.config["in_channels"] ** 0.5)
    patches = functional.pixel_unshuffle(x, patch)
    out = unet(patches, t, encoder_hidden_states=told.text, encoder_attention_mask=told.mask, class_labels=told.classes)
    return functional.pixel_shuffle(out.sample, patch)
