"""Contact sheets: many pictures on one page, each with its caption."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.cohorts.window import to_display

TILE = 192
CAPTION = 16
GAP = 4
MAX_TILES = 120


def contact_sheet(
    images: Sequence[NDArray[np.uint8]], captions: Sequence[str], columns: int, tile: int = TILE
) -> NDArray[np.uint8]:
    """Gray page of square tiles, row by row, each with one line of caption below.

    Args:
        images: (rows, columns) each, of any size; they are fitted into a tile with their proportions kept.
        captions: one for each image, cut where the tile ends.
        columns: tiles side by side; fewer if there are fewer images.
        tile: side of a tile in pixels.

    Raises:
        ValueError: no images, or not as many captions.
    """
    from PIL import Image, ImageDraw

    if not images or len(images) != len(captions):
        raise ValueError(f"{len(images)} images and {len(captions)} captions: expected as many, and at least one")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    page = Image.new("L", (columns * (tile + GAP) + GAP, rows * (tile + CAPTION + GAP) + GAP))
    draw = ImageDraw.Draw(page)
    for number, (image, caption) in enumerate(zip(images, captions, strict=True)):
        left = GAP + number % columns * (tile + GAP)
        top = GAP + number // columns * (tile + CAPTION + GAP)
        picture = _fit(Image.fromarray(image), tile)
        page.paste(picture, (left + (tile - picture.width) // 2, top + (tile - picture.height) // 2))
        while draw.textlength(caption) > tile:
            caption = caption[:-1]
        draw.text((left, top + tile + 2), caption, fill=255)
    return np.array(page)


def _fit(picture: Any, tile: int) -> Any:
    scale = tile / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height))


def cohort_sheet(cohort: Cohort, columns: int = 6) -> NDArray[np.uint8]:
    """Middle slices of the first 120 scans of a cohort, with id, orientation and field strength."""
    images, captions = [], []
    for _, scan in zip(range(MAX_TILES), cohort.scans(), strict=False):
        images.append(middle_picture(scan, windowed=cohort.manifest.intensity == "window"))
        captions.append(caption_of(scan))
    return contact_sheet(images, captions, columns)


def middle_picture(scan: Scan, windowed: bool) -> NDArray[np.uint8]:
    """8-bit picture of a scan's middle slice: by the display window, or from the 0.5th to the 99.5th percentile."""
    pixels = scan.pixels if scan.pixels.ndim == 2 else scan.pixels[len(scan.pixels) // 2]
    if windowed:
        return to_display(pixels.astype(np.uint16))
    low, high = np.percentile(pixels, (0.5, 99.5))
    gray = (pixels.astype(np.float64) - low) / max(float(high - low), 1e-12)
    return np.rint(np.clip(gray, 0, 1) * 255).astype(np.uint8)


def caption_of(scan: Scan) -> str:
    """``<id> <orientation> <field> T``."""
    field = "? T" if scan.field_strength is None else f"{scan.field_strength:g} T"
    return f"{scan.scan_id} {scan.orientation} {field}"
