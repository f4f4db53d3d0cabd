"""The organs of interest, painted in order: bladder, rectum, vagina, uterus with its layers and lesions."""

import numpy as np

from synthuterus_bench.cohorts.phantom.curves import ellipse, nearest_on
from synthuterus_bench.cohorts.phantom.lesions import Lesion
from synthuterus_bench.cohorts.phantom.noise import Field
from synthuterus_bench.cohorts.phantom.paint import Canvas, off_plane, section
from synthuterus_bench.cohorts.phantom.signal import Tissue
from synthuterus_bench.vocab import Label

_GADOLINIUM_URINE = np.float32(0.4)
"""Signal of urine with excreted contrast agent, which settles behind as the patient lies on her back."""


def paint_organs(canvas: Canvas) -> None:
    """Back to front."""
    _bladder(canvas)
    _rectum(canvas)
    _vagina(canvas)
    _uterus(canvas)
    for lesion in canvas.anatomy.lesions:
        _lesion(canvas, lesion)


def _bladder(canvas: Canvas) -> None:
    """Bladder, indented from above by the uterus, and urethra."""
    grid, fill, shape = canvas.grid, canvas.anatomy.state.bladder_fill, canvas.anatomy.pelvis.bladder_shape
    length, height = (16 + 17 * fill) * (1 + 0.08 * shape[0]), (6 + 22 * fill**1.1) * (1 + 0.1 * shape[1])
    centre = (-37 - 2 * fill + 2 * shape[2] + 0.4 * (length - 24), -26 + 0.92 * height)
    share = float(section(grid.z, 18 + 22 * fill))
    if share > 0.2:
        body = ellipse(grid.px, grid.py, centre, (length * share, height * share), -0.5 + 0.25 * fill)
        body = np.maximum(body, 3.5 - canvas.uterus)
        canvas.put(body - np.float32(4.2 - 1.8 * fill), Tissue.WALL, Label.BLADDER, np.float32(0.08) * grid.fine)
        canvas.put(body, Tissue.URINE, Label.BLADDER, _settled(canvas, centre[0], length))
    if abs(grid.z) < 9:
        urethra = nearest_on(grid.px, grid.py, np.array([[-40.0, -27], [-43, -50], [-40, -66]])).distance
        canvas.put(urethra - np.float32(5.5 * section(grid.z, 9)), Tissue.WALL)
        canvas.put(urethra - np.float32(3.2 * section(grid.z, 5)), Tissue.CERVIX)


def _settled(canvas: Canvas, middle: float, length: float) -> Field | None:
    if not canvas.protocol.contrast:
        return None
    behind = np.clip((canvas.grid.x - np.float32(middle + 0.1 * length)) / 3 + np.float32(0.5), 0, 1)
    return behind * (_GADOLINIUM_URINE - 1)


def _rectum(canvas: Canvas) -> None:
    """Anal canal and rectum with stool, gas, gel or collapsed, indented by the uterus."""
    state, near, grid = canvas.anatomy.state, canvas.distances.rectum, canvas.grid
    wave = 1 + 0.12 * np.sin(0.9 * near.position.astype(np.float64) + state.rectum_wobble[7])
    radius = np.interp(
        near.position,
        [0, 6, 11, 16, 26, 36, 43],
        np.r_[6.5, 6.5, 7.5, np.array([1, 1.05, 0.85, 0.8]) * state.rectum_radius],
    )
    full = (radius * wave).astype(np.float32)
    cut = full * np.sqrt(np.clip(1 - np.square(np.float32(grid.z) / (np.float32(1.3) * full)), 0, 1))
    wall = np.maximum(near.distance - cut + 9 * (cut < 1), 3 - canvas.uterus)
    canvas.put(wall - 1, Tissue.WALL, Label.RECTUM, np.float32(0.1) * grid.fine)
    content = (Tissue.STOOL, Tissue.GAS, Tissue.GEL, Tissue.FAT)[state.rectum_content]
    grain = np.float32(0.25 if content in (Tissue.STOOL, Tissue.FAT) else 0.05)
    open_ = (near.position > 9).astype(np.float32)
    canvas.put(wall + 2.8, content, Label.RECTUM, grain * grid.medium, open_)
    if abs(grid.z) < 6:
        canvas.put(near.distance - 1.6, Tissue.MUCOSA, Label.RECTUM, within=1 - open_)


def _vagina(canvas: Canvas) -> None:
    """Vaginal wall and mucosa, and fluid in the pouch of Douglas where the patient has some."""
    distance, grid = canvas.distances.vagina.distance, canvas.grid
    if abs(grid.z) < 15:
        canvas.put(distance - np.float32(5.6 * section(grid.z, 16)), Tissue.WALL, Label.VAGINA, 0.08 * grid.fine)
        canvas.put(distance - np.float32(2.0 * section(grid.z, 15)), Tissue.MUCOSA, Label.VAGINA, 0.08 * grid.fine)
    fluid = canvas.anatomy.state.douglas_fluid * float(section(grid.z, 22))
    if fluid > 0.5:
        centre = (canvas.layout.os[0] + 16, canvas.layout.os[1] + 8)
        pool = ellipse(grid.px, grid.py, centre, (14, fluid), 0.6)
        canvas.put(np.maximum(pool, np.float32(0.3) - canvas.uterus), Tissue.FLUID)


def _uterus(canvas: Canvas) -> None:
    """Serosa, wall, cervical stroma, junctional zone, endometrium, cervical canal: from outside in."""
    uterus, line, grid = canvas.anatomy.uterus, canvas.layout.line, canvas.grid
    axis, arc, away = canvas.distances.uterus.distance, canvas.along(line.arc), off_plane(canvas)
    corpus = np.clip((arc - np.float32(uterus.cervix_length - 2)) / 5, 0, 1)
    canvas.put(canvas.uterus - 0.7, Tissue.JUNCTIONAL_ZONE)
    canvas.put(canvas.uterus, Tissue.CERVIX, Label.CERVIX, 0.05 * grid.fine)
    canvas.put(canvas.uterus, Tissue.MYOMETRIUM, Label.MYOMETRIUM, 0.07 * (grid.fine + grid.medium), corpus)
    outer = axis - canvas.uterus
    stroma = axis - np.float32(uterus.stroma) * outer * (1 + np.float32(0.04) * grid.coarse)
    canvas.put(stroma, Tissue.STROMA, None, 0.06 * grid.fine, 1 - corpus)
    narrow = np.interp(line.arc, [uterus.cervix_length, line.arc[-1]], [3.5, uterus.cavity_width])
    inner = np.minimum(canvas.along(line.endometrium * section(away, narrow)), np.float32(0.45) * outer)
    inner = inner * (1 + np.float32(0.1) * grid.coarse)
    zone = canvas.along(line.junctional_zone * section(away, narrow + 2 * uterus.junctional_zone))
    zone = np.minimum(zone, np.float32(0.62) * outer - np.float32(0.3) * inner) * (1 + np.float32(0.08) * grid.coarse)
    upper = np.clip((arc - np.float32(uterus.cervix_length - 4)) / 5, 0, 1) * (zone > 0.2)
    canvas.put(axis - inner - zone, Tissue.JUNCTIONAL_ZONE, Label.JUNCTIONAL_ZONE, 0.07 * grid.fine, upper)
    cavity = (inner > 0.25).astype(np.float32)
    canvas.put(axis - inner, Tissue.ENDOMETRIUM, Label.ENDOMETRIUM, 0.06 * grid.medium, cavity)
    canal = canvas.along(line.canal * section(away, 4.5))
    canvas.put(axis - canal, Tissue.MUCUS, None, within=(canal > 0.2).astype(np.float32))


def _lesion(canvas: Canvas, lesion: Lesion) -> None:
    """A myoma with whorls and a dark rim, or a bright cyst."""
    radius = lesion.radius * float(section(canvas.grid.z - canvas.anatomy.uterus.plane - lesion.z, lesion.radius))
    if radius < 1:
        return
    ball, part = canvas.blob(_place(canvas, lesion), (radius, radius), 0.0)
    if lesion.figo is None:
        canvas.put(ball, Tissue.CYST, Label.CYST, part=part)
        return
    whorls = np.float32(0.16) * canvas.grid.medium[part] + np.float32(0.08) * canvas.grid.fine[part]
    canvas.put(ball - 1, Tissue.STROMA, part=part)
    canvas.put(ball, Tissue.MYOMA, Label.MYOMA, whorls, part=part)


def _place(canvas: Canvas, lesion: Lesion) -> tuple[float, float]:
    """Centre of a lesion in the straight patient."""
    line, cervix = canvas.layout.line, canvas.anatomy.uterus.cervix_length
    low, high = (cervix, float(line.arc[-1])) if lesion.figo else (0.0, cervix)
    arc = low + lesion.along * (high - low)
    knot = int(np.clip(np.searchsorted(line.arc, arc), 1, len(line.arc) - 2))
    step = canvas.layout.uterus[knot + 1] - canvas.layout.uterus[knot - 1]
    normal = np.array([-step[1], step[0]]) / np.hypot(*step) * lesion.side
    x, y = canvas.layout.uterus[knot] + normal * lesion.depth * line.radius[knot]
    return float(x), float(y)
