"""Options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class SuiteName(StrEnum):
    """The suites there are."""

    ROI = "uterus-2d-roi"
    FULL = "uterus-2d-full"
    VOLUMES_ROI = "uterus-3d-roi"
    VOLUMES_FULL = "uterus-3d-full"
    DEMO = "demo"


class Device(StrEnum):
    """Where networks run."""

    CPU = "cpu"
    CUDA = "cuda"


DeviceOption = Annotated[Device, typer.Option(help="Where networks run.")]
PublishedWeights = Annotated[
    Path | None,
    typer.Option(
        help="Folder of published files: Inception for FID, AlexNet for LPIPS, SwAV, ResNet-18.",
        show_default="$SYNTHBENCH_WEIGHTS or ~/.cache/synthuterus-bench/weights",
    ),
]
FeaturesCache = Annotated[
    Path | None,
    typer.Option(
        help="Folder that keeps features and what classifiers answered, found by images, weights and code.",
        show_default="features in $SYNTHBENCH_CACHE or ~/.cache/synthuterus-bench",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes that extract features and train classifiers.", show_default="one a core"),
]
