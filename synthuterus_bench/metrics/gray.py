"""What gray images spare a network made for colours: a first convolution of one channel, a resize of two products."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def folded(convolution: nn.Conv2d, mean: tuple[float, ...], std: tuple[float, ...]) -> nn.Conv2d:
    """A convolution over (B, 2, H, W), the gray image and ones, that gives what ``convolution`` gives for its colours.

    Colour ``c`` is ``(gray - mean_c) / std_c``. The plane of ones carries the means; zero padding ends both alike.
    """
    weight = convolution.weight.double()
    gray = sum(weight[:, c] / std[c] for c in range(3))
    ones = sum(-weight[:, c] * mean[c] / std[c] for c in range(3))
    shape: dict[str, Any] = {
        name: getattr(convolution, name) for name in ("out_channels", "kernel_size", "stride", "padding")
    }
    made = nn.Conv2d(2, bias=convolution.bias is not None, **shape)
    with torch.no_grad():
        made.weight.copy_(torch.stack([torch.as_tensor(gray), torch.as_tensor(ones)], 1))
        if made.bias is not None and convolution.bias is not None:
            made.bias.copy_(convolution.bias)
    return made.requires_grad_(False)


def with_ones(gray: torch.Tensor) -> torch.Tensor:
    """(B, H, W) to what a folded convolution takes, (B, 2, H, W), channels last."""
    return torch.stack([gray, torch.ones_like(gray)], 1).contiguous(memory_format=torch.channels_last)


def tensorflow_resize(size: int, out: int) -> torch.Tensor:
    """The matrix (out, size) of TensorFlow 1's bilinear resize of one axis: no half pixels, corners not aligned."""
    place = torch.arange(out, dtype=torch.float64) * (size / out)
    low = place.floor().long()
    high, share = (low + 1).clamp(max=size - 1), place - low
    matrix = torch.zeros(out, size, dtype=torch.float64)
    rows = torch.arange(out)
    matrix[rows, low] += 1 - share
    matrix[rows, high] += share
    return matrix.float()


def antialiased_resize(size: int, out: int) -> torch.Tensor:
    """The matrix (out, size) of torch's bilinear resize of one axis, antialiased."""
    unit = torch.eye(size, dtype=torch.float64)[None, None]
    wanted = (out, size)
    return functional.interpolate(unit, wanted, mode="bilinear", align_corners=False, antialias=True)[0, 0].float()


def without_norm(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """A convolution with bias that gives what ``norm`` gives of ``convolution`` in evaluation mode."""
    shape: dict[str, Any] = {
        name: getattr(convolution, name)
        for name in ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups")
    }
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        raise ValueError("a normalisation without running statistics cannot be folded")
    scale = norm.weight.double() / (variance.double() + norm.eps).sqrt()
    made = nn.Conv2d(bias=True, **shape)
    with torch.no_grad():
        made.weight.copy_(convolution.weight.double() * scale[:, None, None, None])
        if made.bias is not None:
            own = 0 if convolution.bias is None else convolution.bias.double()
            made.bias.copy_(norm.bias.double() + (own - mean.double()) * scale)
    return made.requires_grad_(False).to(memory_format=torch.channels_last)
