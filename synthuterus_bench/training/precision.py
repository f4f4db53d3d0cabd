"""Whether this machine computes in bfloat16, or only imitates it."""

import platform

from synthuterus_bench.vocab import Precision


def settled_precision(wanted: Precision) -> Precision:
    """``wanted``, or single precision where bfloat16 would be imitated: a step then takes some ten times as long."""
    return Precision.NO if wanted is Precision.BF16 and not computes_in_bf16() else wanted


def computes_in_bf16() -> bool:
    """Whether the device that trainings run on has instructions for bfloat16."""
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if platform.machine().lower() in ("arm64", "aarch64"):
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
