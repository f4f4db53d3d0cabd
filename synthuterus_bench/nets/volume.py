"""The denoiser of volumes: a denoiser of pictures on every slice, and convolutions across slices.

Make-A-Video (Singer et al. 2022) and Align Your Latents (Blattmann et al. 2023) draw films so. What lies across slices
begins as nothing, so that a trained denoiser of pictures draws slices from the first step on, and the volume's training
has to learn only what slices have to do with each other (``benchmarks/volumes.py`` compares it with a U-Net in three
dimensions).
"""

import math
import re
from collections.abc import Mapping
from typing import Any

import torch
from diffusers import ConfigMixin, ModelMixin, UNet2DConditionModel, UNet2DModel
from diffusers.configuration_utils import register_to_config
from torch import nn

from synthuterus_bench.nets.condition import Told

PLACES = 8
"""Waves that say where in the volume a slice lies."""

_BLOCK = re.compile(r"(\.resnets\.\d+)\.")
_ACROSS = re.compile(r"\.resnets\.\d+\.(norm|conv|place)\.")


class AcrossSlices(nn.Module):
    """A block of a picture denoiser, then ``h + conv(silu(norm(h))) + place`` across the slices; at first ``h`` alone.

    Args:
        within: a residual block of ``channels`` out, which sees every slice alone.
        groups: of the normalisation.
    """

    def __init__(self, within: nn.Module, channels: int, groups: int) -> None:
        super().__init__()
        self.within = within
        self.norm = nn.GroupNorm(groups, channels)
        self.conv = nn.Conv3d(channels, channels, (3, 1, 1), padding=(1, 0, 0))
        self.place = nn.Linear(PLACES, channels, bias=False)
        for parameter in (*self.conv.parameters(), *self.place.parameters()):
            nn.init.zeros_(parameter)
        self.slices = 1

    def forward(self, hidden: torch.Tensor, *told: Any) -> torch.Tensor:
        """Features (volumes x slices, channels, rows, columns), of ``slices`` each."""
        hidden = self.within(hidden, *told)
        volumes = hidden.unflatten(0, (-1, self.slices))
        seen = nn.functional.silu(self.norm(hidden)).unflatten(0, (-1, self.slices))
        across = self.conv(seen.transpose(1, 2)).transpose(1, 2)
        place = self.place(places(self.slices).to(hidden))[:, :, None, None]
        return (volumes + across + place).flatten(0, 1)


def places(slices: int) -> torch.Tensor:
    """Where each of ``slices`` lies: (slices, 8), cosines of 1 to 8 half turns from the first slice to the last."""
    along = (torch.arange(slices) + 0.5) / slices
    return torch.cos(math.pi * along[:, None] * torch.arange(1, PLACES + 1))


class VolumeDenoiser(ModelMixin, ConfigMixin):
    """A conditional U-Net over (B, channels, slices, rows, columns), any number of slices.

    Args:
        by_text: whether its picture denoiser attends to text.
        planar: settings of the picture denoiser, diffusers' ``UNet2DConditionModel`` or ``UNet2DModel``.
    """

    @register_to_config
    def __init__(self, by_text: bool, planar: dict[str, Any]) -> None:
        super().__init__()
        self.unet = (UNet2DConditionModel if by_text else UNet2DModel)(**planar)
        for block in (*self.unet.down_blocks, self.unet.mid_block, *self.unet.up_blocks):
            for index, within in enumerate(block.resnets):
                block.resnets[index] = AcrossSlices(within, within.out_channels, planar["norm_num_groups"])

    def forward(self, x: torch.Tensor, t: torch.Tensor, told: Told) -> torch.Tensor:
        """The output of x's shape, at times t (B,)."""
        slices = x.shape[2]
        for module in self.modules():
            if isinstance(module, AcrossSlices):
                module.slices = slices
        flat = x.transpose(1, 2).flatten(0, 1)
        parts = (told.classes, told.text, told.mask)
        each = Told(*(None if part is None else part.repeat_interleave(slices, 0) for part in parts))
        said = ask(self.unet, flat, t.expand(len(x)).repeat_interleave(slices, 0), each)
        return said.unflatten(0, (-1, slices)).transpose(1, 2)

    def state_with(self, pictures: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The state of this network with the weights of a picture denoiser in it; across slices it stays as it is."""
        own = {name: value for name, value in self.state_dict().items() if _ACROSS.search(name)}
        return own | {"unet." + _BLOCK.sub(r"\1.within.", name): value for name, value in pictures.items()}


def ask(net: UNet2DModel | UNet2DConditionModel, x: torch.Tensor, t: torch.Tensor, told: Told) -> torch.Tensor:
    """What a denoiser of pictures says of patches x (B, channels, rows, columns)."""
    if isinstance(net, UNet2DConditionModel):
        text = {"encoder_hidden_states": told.text, "encoder_attention_mask": told.mask}
        said: torch.Tensor = net(x, t, class_labels=told.classes, **text).sample
        return said
    plain: torch.Tensor = net(x, t, class_labels=told.classes).sample
    return plain
