"""The uterus localiser's network: a small MONAI U-Net with one sigmoid a part, slice by slice.

Parts may not overlap in truth, but each is asked for on its own (multi-label), so that a picture without any of them
has an answer: nothing anywhere. The cavity includes the junctional zone, as in the masks of UMD, whose readers could
not part the two; a myoma counts as wall, a Nabothian cyst as cervix.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import nn
from torch.nn import functional

from synthuterus_bench.nets.shipping import Tensors, halves, load_folder
from synthuterus_bench.repro import digest_file, write_atomic
from synthuterus_bench.vocab import Label

FILE = "localiser.safetensors"

PARTS = (Label.MYOMETRIUM, Label.ENDOMETRIUM, Label.CERVIX, Label.BLADDER, Label.RECTUM)
"""What the network draws, channel by channel: wall, cavity, cervix, bladder, rectum."""

UTERUS_PARTS = 3
"""The first channels, which together are the uterus."""

COUNTS_AS = {
    Label.MYOMETRIUM: (Label.MYOMETRIUM, Label.MYOMA),
    Label.ENDOMETRIUM: (Label.ENDOMETRIUM, Label.JUNCTIONAL_ZONE),
    Label.CERVIX: (Label.CERVIX, Label.CYST),
    Label.BLADDER: (Label.BLADDER,),
    Label.RECTUM: (Label.RECTUM,),
}
"""Labels of a mask that make up each part."""

CHANNELS = (32, 64, 96, 128, 160)
MULTIPLE = 2 ** (len(CHANNELS) - 1)
"""Sides are padded to a multiple of this, at least to twice it: a norm needs more than one place."""


def make_segmenter() -> nn.Module:
    """A plain U-Net, (B, 1, H, W) z-scores to (B, 5, H, W) logits; H and W multiples of 16, at least 32.

    Instance norm makes it indifferent to the scale and offset of a picture and to the rest of a batch; the last layer
    has none, so that an empty answer is possible.
    """
    from monai.networks.nets import UNet

    return UNet(
        spatial_dims=2,
        in_channels=1,
        out_channels=len(PARTS),
        channels=CHANNELS,
        strides=(2,) * (len(CHANNELS) - 1),
        num_res_units=0,
        norm="instance",
        act="relu",
    )


def parts_of(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Masks (N, H, W) of ``vocab.Label`` as (N, 5, H, W), a plane a part."""
    return np.stack([np.isin(mask, COUNTS_AS[part]) for part in PARTS], axis=1)


@dataclass(frozen=True)
class Localiser:
    """A trained, frozen network; ``sha256`` of its file says which."""

    net: nn.Module
    sha256: str

    @torch.inference_mode()
    def __call__(self, z: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities (N, 5, H, W) of the parts in z-scores (N, H, W) at 1 mm, of any size.

        Each picture goes through the network alone, so that none depends on its company: on one thread that is no
        slower than in batches. Sides that are no multiple of 16 are continued with their last pixel.
        """
        pictures = np.asarray(z, np.float32)
        found = np.empty((len(pictures), len(PARTS), *pictures.shape[1:]), np.float32)
        for index, picture in enumerate(pictures):
            rows, columns = picture.shape
            padding = (0, _missing(columns), 0, _missing(rows))
            whole = functional.pad(torch.from_numpy(picture)[None, None], padding, mode="replicate")
            found[index] = torch.sigmoid(self.net(whole))[0, :, :rows, :columns].numpy()
        return found


def _missing(side: int) -> int:
    return max(2 * MULTIPLE - side, -side % MULTIPLE)


def save_localiser(folder: Path, net: nn.Module) -> None:
    """Write ``localiser.safetensors`` in half precision."""
    write_atomic(folder / FILE, save(halves(net)))


@cache
def load_localiser(path: Path | None = None) -> Localiser:
    """Load a localiser folder; by default the shipped one.

    Raises:
        WeightsError: the file is missing, damaged or of another network.
    """
    net, file = load_folder(path, "localiser", _built)
    return Localiser(net.eval().requires_grad_(False), digest_file(file))


def _built(tensors: Tensors) -> nn.Module:
    net = make_segmenter()
    net.load_state_dict(tensors)
    return net
