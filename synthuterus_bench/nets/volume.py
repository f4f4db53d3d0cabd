"""The denoiser of volumes: diffusers' factorised U-Net, in-plane convolutions and attention apart from those across.

Thick sagittal slices (4 mm at 1 mm in plane) have little to say to each other voxel by voxel, so a network that treats
the two directions apart spends its weights better than cubes. The library's network takes no class, so the class is one
more word: a learned token before those of the prompt.
"""

import torch
from diffusers import ConfigMixin, ModelMixin, UNet3DConditionModel
from diffusers.configuration_utils import register_to_config
from torch import nn

from synthuterus_bench.nets.condition import NULL_CLASS, Told


class VolumeDenoiser(ModelMixin, ConfigMixin):
    """A conditional U-Net over (B, channels, slices, rows, columns); rows and columns divisible by 2 a level."""

    @register_to_config
    def __init__(
        self,
        sample_size: int,
        in_channels: int,
        out_channels: int,
        block_out_channels: tuple[int, ...],
        layers_per_block: int,
        norm_num_groups: int,
        cross_attention_dim: int,
        attention_head_dim: int,
        attention: int,
    ) -> None:
        super().__init__()
        attending = min(attention, len(block_out_channels))
        plain = len(block_out_channels) - attending
        self.token = nn.Embedding(NULL_CLASS + 1, cross_attention_dim)
        self.unet = UNet3DConditionModel(
            sample_size=sample_size,
            in_channels=in_channels,
            out_channels=out_channels,
            down_block_types=("DownBlock3D",) * plain + ("CrossAttnDownBlock3D",) * attending,
            up_block_types=("CrossAttnUpBlock3D",) * attending + ("UpBlock3D",) * plain,
            block_out_channels=block_out_channels,
            layers_per_block=layers_per_block,
            norm_num_groups=norm_num_groups,
            cross_attention_dim=cross_attention_dim,
            attention_head_dim=attention_head_dim,
        )

    def forward(self, x: torch.Tensor, t: torch.Tensor, told: Told) -> torch.Tensor:
        """The output of x's shape; a condition that is not told has its own token, padding is nought."""
        classes = torch.full((len(x),), NULL_CLASS, device=x.device) if told.classes is None else told.classes
        tokens = self.token(classes)[:, None]
        if told.text is not None and told.mask is not None:
            tokens = torch.cat([tokens, told.text * told.mask[..., None]], 1)
        output: torch.Tensor = self.unet(x, t, encoder_hidden_states=tokens).sample
        return output
