"""The denoiser of volumes: MONAI's diffusion U-Net in three dimensions.

Chosen over diffusers' factorised U-Net, which treats the plane and the slices apart, by ``benchmarks/volumes.py``: at
about the same number of parameters a step takes half the time, and at equal CPU time the loss is lower.
"""

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config

from synthuterus_bench.nets.condition import Told


class VolumeDenoiser(ModelMixin, ConfigMixin):
    """A conditional U-Net over (B, channels, slices, rows, columns), each divisible by 2 a level.

    Args:
        attention: levels that attend, from the coarsest.
        heads: attention heads at the coarsest level, as far as its channels allow.
        class_embeds: number of classes with "not told" among them; ``None`` for a network that is told none.
        cross_attention_dim: width of the text; ``None`` for a network that is told none.
    """

    @register_to_config
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        block_out_channels: tuple[int, ...],
        layers_per_block: int,
        norm_num_groups: int,
        attention: int,
        heads: int,
        class_embeds: int | None = None,
        cross_attention_dim: int | None = None,
    ) -> None:
        from monai.networks.nets import DiffusionModelUNet

        super().__init__()
        levels = len(block_out_channels)
        self.unet = DiffusionModelUNet(
            spatial_dims=3,
            in_channels=in_channels,
            out_channels=out_channels,
            num_res_blocks=layers_per_block,
            channels=block_out_channels,
            attention_levels=tuple(level >= levels - attention for level in range(levels)),
            norm_num_groups=norm_num_groups,
            num_head_channels=[max(8, width // heads) for width in block_out_channels],
            num_class_embeds=class_embeds,
            use_flash_attention=True,
            with_conditioning=cross_attention_dim is not None,
            cross_attention_dim=cross_attention_dim,
        )

    def forward(self, x: torch.Tensor, t: torch.Tensor, told: Told) -> torch.Tensor:
        """The output of x's shape; padding of the text is nought, since this attention has no mask."""
        text = None
        if told.text is not None and told.mask is not None:
            text = told.text * told.mask[..., None]
        output: torch.Tensor = self.unet(x, t, context=text, class_labels=told.classes)
        return output
