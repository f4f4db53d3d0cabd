"""What was measured, drawn over the scan: outline, axes, angles, class."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.position.orientation import Measured
from synthuterus_bench.cohorts.position.orienting import Found
from synthuterus_bench.cohorts.record import Scan
from synthuterus_bench.cohorts.sheet import middle_picture
from synthuterus_bench.cohorts.store import Cohort
from synthuterus_bench.errors import CohortError, DataError
from synthuterus_bench.repro import check_place, staged_folder, write_atomic
from synthuterus_bench.vocab import LESIONS, UTERUS, Label

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Panel

MAX_TILES = 12
MARGIN_MM = 40.0
INCHES = 3.2
CERVIX, CORPUS, VAGINA, OUTLINE = "#e69f00", "#56b4e9", "#cc79a7", "#f0e442"


@dataclass(frozen=True, slots=True)
class Tile:
    """One measured slice: gray picture and mask (rows, columns), pixel size in mm, what was measured, a title."""

    picture: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    spacing_mm: tuple[float, float]
    measured: Measured
    title: str


def tiles(cohort: Cohort, found: Iterable[Found]) -> Iterator[Tile]:
    """The measured slices of a cohort, in its order."""
    by_scan = {one.scan_id: one.measured for one in found}
    for scan in cohort.scans():
        if scan.scan_id in by_scan:
            yield tile_of(scan, by_scan[scan.scan_id], cohort.manifest.intensity == "window")


def tile_of(scan: Scan, measured: Measured, windowed: bool) -> Tile:
    """The slice of a scan that was measured.

    Raises:
        CohortError: the scan has no mask.
    """
    if scan.mask is None:
        raise CohortError(f"{scan.scan_id}: found no mask, expected one to draw")
    index = measured.slice_index
    flat = scan if index is None else replace(scan, pixels=scan.pixels[index])
    mask = scan.mask if index is None else scan.mask[index]
    spacing = (scan.spacing_mm[-2], scan.spacing_mm[-1])
    return Tile(middle_picture(flat, windowed), mask, spacing, measured, scan.scan_id)


def check_path(path: Path) -> None:
    """Find out before long work whether overlays can be written to ``path``.

    Raises:
        DataError: it is a folder with files in it.
        OSError: nothing can be made there.
    """
    if path.suffix.lower() != ".png" and path.is_dir() and any(path.iterdir()):
        raise DataError(f"{path}: found a folder with files in it, expected a new one", "give a new folder, or x.png")
    check_place(path)


def write_overlays(cohort: Cohort, found: Iterable[Found], path: Path) -> int:
    """Overlays as one PNG of the first 12 (``path`` ends in .png), or a new folder with one each; how many.

    Raises:
        DataError: the folder is in use.
    """
    drawn = tiles(cohort, found)
    if path.suffix.lower() == ".png":
        first = list(islice(drawn, MAX_TILES))
        write_atomic(path, overlay_png(first))
        return len(first)
    count = 0
    with staged_folder(path) as folder:
        for tile in drawn:
            write_atomic(folder / f"{tile.title}.png", overlay_png([tile]))
            count += 1
    return count


def overlay_png(page: Sequence[Tile], columns: int = 4) -> bytes:
    """Tiles side by side as PNG; the same tiles give the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(columns, len(page))
    rows = -(-len(page) // columns)
    figure = Figure((columns * INCHES, rows * (INCHES + 0.45)), dpi=110, layout="constrained", facecolor="black")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel in panels:
        panel.set_axis_off()
    for panel, tile in zip(panels, page, strict=False):
        _draw(panel, tile)
    file = BytesIO()
    FigureCanvasAgg(figure).print_png(file, metadata={"Software": None})
    return file.getvalue()


def _draw(panel: "Panel", tile: Tile) -> None:
    aspect = tile.spacing_mm[0] / tile.spacing_mm[1]
    panel.imshow(tile.picture, cmap="gray", vmin=0, vmax=255, aspect=aspect, interpolation="bilinear")
    uterus = np.isin(tile.mask, (*UTERUS, *LESIONS))
    for inside, width in ((uterus, 0.9), (tile.mask == Label.ENDOMETRIUM, 0.6)):
        if inside.any() and not inside.all():
            panel.contour(inside, [0.5], colors=OUTLINE, linewidths=width)
    axes = tile.measured.axes
    if axes is not None:
        panel.plot(axes.centreline[:, 1], axes.centreline[:, 0], ":", color="white", linewidth=1)
        for ends, colour in ((axes.vagina, VAGINA), (axes.cervix, CERVIX), (axes.corpus, CORPUS)):
            if ends is not None:
                panel.plot(ends[:, 1], ends[:, 0], "-o", color=colour, linewidth=2, markersize=3)
    _look_at(panel, uterus, tile.spacing_mm)
    panel.set_title(f"{tile.title}\n{said(tile.measured)}", color="white", fontsize=8, linespacing=1.4)


def _look_at(panel: "Panel", uterus: NDArray[np.bool_], spacing_mm: tuple[float, float]) -> None:
    """Limit a panel to the uterus and ``MARGIN_MM`` around it, as far as the scan goes."""
    if not uterus.any():
        return
    limits = []
    for axis, step in enumerate(spacing_mm):
        first, last = np.flatnonzero(uterus.any(1 - axis))[[0, -1]]
        margin = MARGIN_MM / step
        limits.append((max(-0.5, first - margin), min(uterus.shape[axis] - 0.5, last + margin)))
    panel.set_xlim(*limits[1])
    panel.set_ylim(limits[0][1], limits[0][0])


def said(measured: Measured) -> str:
    """What was measured in a line or two, for people."""
    if measured.version_deg is None or measured.flexion_deg is None:
        return f"{measured.orientation}: {measured.reason}"
    angles = f"version {measured.version_deg:+.0f}°, flexion {measured.flexion_deg:+.0f}°"
    return f"{measured.orientation} ({measured.confidence:.0%}), against {measured.basis}\n{angles}"
