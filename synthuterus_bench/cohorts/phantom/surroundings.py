"""Everything behind the organs of interest: vessels, bowel, side wall, back, sacrum, pubis, skin."""

import numpy as np

from synthuterus_bench.cohorts.phantom.curves import ellipse, nearest_on
from synthuterus_bench.cohorts.phantom.noise import Field
from synthuterus_bench.cohorts.phantom.paint import Canvas, section
from synthuterus_bench.cohorts.phantom.signal import Tissue
from synthuterus_bench.vocab import Label

_ALA = [54, 52, 46, 38, 30, 21, 13, 8]
"""Half-width of the sacrum at its levels, mm."""
_BODY = [26, 24, 21, 18, 15, 12, 9, 6]
"""Half-width of the vertebral bodies and discs in it, mm."""


def paint_surroundings(canvas: Canvas) -> None:
    """From the side wall to the front."""
    _vessels(canvas)
    _bowel(canvas)
    _back(canvas)
    _sacrum(canvas)
    _side_wall(canvas)
    _ovaries(canvas)
    _pubis(canvas)


def _vessels(canvas: Canvas) -> None:
    for x, y, z, radius, aspect, angle in canvas.anatomy.pelvis.vessels:
        share = float(section(canvas.grid.z - z, 14.0))
        if share > 0.2:
            shape, part = canvas.blob((x, y), (radius * 2.2 * share, radius * aspect * share + 0.6), angle)
            canvas.put(shape, Tissue.VESSEL, part=part)


def _bowel(canvas: Canvas) -> None:
    contents = (Tissue.BOWEL, Tissue.STOOL, Tissue.GAS, Tissue.COLLAPSED)
    for x, y, z, radius, aspect, angle, kind in canvas.anatomy.state.bowel:
        share = float(section(canvas.grid.z - z, 1.6 * radius))
        if share * radius * aspect < 2.5:
            continue
        shape, part = canvas.blob((x, y), (radius * 1.3 * share, radius * aspect * share), angle)
        canvas.put(shape, Tissue.WALL, Label.BOWEL, part=part)
        texture = np.float32(0.15) * canvas.grid.medium[part]
        canvas.put(shape + 1.8, contents[int(kind)], Label.BOWEL, texture, part=part)


def _back(canvas: Canvas) -> None:
    x, y, grid = canvas.grid.px, canvas.grid.py, canvas.grid
    edge = np.interp(y, [-120, -30, 10, 60, 110, 150], [68, 88, 118, 118, 90, 68]).astype(np.float32)
    low = np.clip((y + 12) / 4, 0, 1)
    canvas.put(edge - x, Tissue.MUSCLE, Label.MUSCLE, np.float32(0.18) * grid.medium, low)
    canvas.put(edge + 17 - x, Tissue.FAT, Label.FAT, np.float32(0.06) * grid.fine)
    wall = _front(canvas) - np.float32(0.6 * canvas.anatomy.pelvis.wall_fat + 8)
    canvas.put(
        np.abs(wall) - 3.2, Tissue.MUSCLE, Label.MUSCLE, np.float32(0.12) * grid.fine, np.clip((y + 18) / 4, 0, 1)
    )


def _sacrum(canvas: Canvas) -> None:
    near, z = canvas.distances.sacrum, abs(canvas.grid.z)
    level = near.position / np.float32(9)
    half = np.interp(level, np.arange(8), [20, 19, 16, 13, 10, 8, 5, 3]).astype(np.float32)
    wide = np.interp(level, np.arange(8), _ALA).astype(np.float32)
    surface = near.distance - half * np.sqrt(np.clip(1 - np.square(z / wide), 0, 1))
    there = (wide > z).astype(np.float32)
    if z < 9:
        behind = canvas.grid.px > np.interp(level, np.arange(8), canvas.layout.sacrum[::9, 0])
        canal = np.abs(near.distance - half - 5) - 3.2
        canvas.put(canal, Tissue.FLUID, None, within=(behind & (level < 3.6)).astype(np.float32))
    canvas.put(surface - 1.3, Tissue.CORTEX, Label.BONE, within=(level < 6.99) * there)
    canvas.put(surface + 0.4, Tissue.MARROW, Label.BONE, np.float32(0.1) * canvas.grid.fine, there)
    gap = np.abs(level - np.floor(level) - np.float32(0.5))
    thickness = np.interp(level, np.arange(8), [0.16, 0.15, 0.08, 0.06, 0.06, 0.06, 0.1, 0.1])
    height = np.interp(level, np.arange(8), [38, 33, 28, 26, 23, 24, 18, 15])
    body = np.interp(level, np.arange(8), _BODY) > z
    inside = np.clip(np.float32(0.5) - surface, 0, 1) * body
    canvas.put(((gap - thickness) * height).astype(np.float32), Tissue.DISC, Label.BONE, within=inside)


def _side_wall(canvas: Canvas) -> None:
    """The muscular funnel (levator ani low, obturator internus further out), the ischium in it, iliac vessels."""
    grid, x, y, z = canvas.grid, canvas.grid.px, canvas.grid.py, abs(canvas.grid.z)
    wide = np.interp(y, [-100, -75, -45, -10, 30, 80], [9, 18, 33, 47, 60, 74]).astype(np.float32)
    narrowed = wide - np.float32(0.0022) * np.square(x - 10) + grid.coarse
    bounds = ellipse(x, y, (6, -52), (70, 58), 0.15) + 2 * grid.coarse
    muscle = np.maximum((narrowed - np.float32(z)) * np.float32(0.8), bounds)
    canvas.put(muscle, Tissue.MUSCLE, Label.MUSCLE, np.float32(0.15) * grid.medium)
    if z > 24:
        share = float(section(min(z, 46) - 46, 24))
        shape, part = canvas.blob((22, -58), (30 * share, 15 * share), 0.7)
        canvas.put(shape - 1.2, Tissue.CORTEX, Label.BONE, part=part)
        canvas.put(shape + 0.6, Tissue.MARROW, Label.BONE, np.float32(0.1) * grid.fine[part], part=part)
    if 30 < z < 60:
        iliac = nearest_on(x, y, np.array([[46.0, 92], [22, 58], [-12, 30], [-52, 16]])).distance
        canvas.put(np.abs(iliac - 6) - np.float32(4.2 - 0.15 * abs(z - 45)), Tissue.VESSEL)


def _ovaries(canvas: Canvas) -> None:
    for number, (x, y, z, radius) in enumerate(canvas.anatomy.pelvis.ovaries):
        share = float(section(canvas.grid.z - z, radius))
        if share < 0.25:
            continue
        shape, part = canvas.blob((x, y), (radius * 1.35 * share, radius * 0.85 * share), 0.4 + number)
        canvas.put(shape, Tissue.OVARY, Label.OTHER, np.float32(0.06) * canvas.grid.medium[part], part=part)
        for turn in np.arange(5) * 1.26 + 2.1 * number:
            away = 0.55 * radius * share
            place = (x + 1.2 * away * float(np.cos(turn)), y + 0.75 * away * float(np.sin(turn)))
            follicle, spot = canvas.blob(place, (2.6 * share, 2.6 * share), 0.0)
            canvas.put(follicle, Tissue.FLUID, part=spot)


def _pubis(canvas: Canvas) -> None:
    z, grid = abs(canvas.grid.z), canvas.grid
    place, thin = (-60 + 0.35 * z, -34 + 0.5 * z), float(np.clip(1.25 - z / 45, 0.35, 1))
    shape, part = canvas.blob(place, (21 * thin, 9.5 * (0.4 + 0.6 * thin)), np.deg2rad(-52))
    content = Tissue.CARTILAGE if z < 4 else Tissue.MARROW
    canvas.put(shape - 1, Tissue.CORTEX, Label.BONE, part=part)
    canvas.put(shape + 1, content, Label.BONE, np.float32(0.1) * grid.fine[part], part=part)
    if z < 16:
        floor, part = canvas.blob((-4, -84), (13, 9), 0.5)
        canvas.put(floor, Tissue.MUSCLE, Label.MUSCLE, np.float32(0.15) * grid.fine[part], part=part)


def _front(canvas: Canvas) -> Field:
    """Mm behind the front of the body."""
    x, y = canvas.grid.px, canvas.grid.py
    wave = (1.5 * np.sin(y.astype(np.float64) / 30)).astype(np.float32)
    return x - (np.float32(0.0012) * np.square(y - 20) - 92 - wave)


def paint_outside(canvas: Canvas) -> Field:
    """Skin and air around the body; returns the depth in mm behind the front."""
    x, y, front = canvas.grid.px, canvas.grid.py, _front(canvas)
    back = np.interp(y, [-140, -100, -40, 30, 100, 150], [60, 95, 142, 152, 140, 128]).astype(np.float32) - x
    below = y - (np.float32(0.002) * np.square(x - 10) - 112)
    inside = np.minimum(np.minimum(front, back), below)
    canvas.put(inside - 2, Tissue.SKIN)
    cover = np.clip(np.float32(0.5) - inside, 0, 1)
    canvas.image *= 1 - cover
    canvas.labels[cover > 0.5] = Label.BACKGROUND
    return front
