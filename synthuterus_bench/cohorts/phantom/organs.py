"""The organs of interest, painted in order: bladder, rectum, vagina, uterus with its layers."""

import numpy as np

from synthuterus_bench.cohorts.phantom.curves import ellipse, nearest_on
from synthuterus_bench.cohorts.phantom.paint import Canvas
from synthuterus_bench.cohorts.phantom.signal import Tissue
from synthuterus_bench.vocab import Label


def paint_bladder(canvas: Canvas) -> None:
    """Bladder, indented from above by the uterus, and urethra."""
    fill, shape = canvas.anatomy.pelvis.bladder_fill, canvas.anatomy.pelvis.bladder_shape
    length, height = (16 + 17 * fill) * (1 + 0.08 * shape[0]), (6 + 22 * fill**1.1) * (1 + 0.1 * shape[1])
    centre = (-37 - 2 * fill + 2 * shape[2] + 0.4 * (length - 24), -26 + 0.92 * height)
    share = np.sqrt(max(0.0, 1 - (canvas.z / (18 + 22 * fill)) ** 2))
    body = ellipse(canvas.grid.px, canvas.grid.py, centre, (length * share, height * share), -0.5 + 0.25 * fill)
    body = np.maximum(body, 3.5 - canvas.uterus)
    canvas.put(body - (4.2 - 1.8 * fill), Tissue.WALL, Label.BLADDER, 0.08 * canvas.grid.fine)
    canvas.put(body, Tissue.URINE, Label.BLADDER)
    urethra = nearest_on(canvas.grid.px, canvas.grid.py, np.array([[-40.0, -27], [-43, -50], [-40, -66]])).distance
    canvas.put(urethra - 5.5, Tissue.WALL)
    canvas.put(urethra - 3.2, Tissue.CERVIX)


def paint_rectum(canvas: Canvas) -> None:
    """Anal canal and rectum with stool, gas, gel or collapsed, indented by the uterus."""
    pelvis, near = canvas.anatomy.pelvis, canvas.distances.rectum
    wave = 1 + 0.12 * np.sin(0.9 * near.position + pelvis.rectum_wobble[7])
    radius = np.interp(
        near.position,
        [0, 6, 11, 16, 26, 36, 43],
        np.r_[6.5, 6.5, 7.5, np.array([1, 1.05, 0.85, 0.8]) * pelvis.rectum_radius],
    )
    wall = np.maximum(near.distance - (radius * wave).astype(np.float32), 3 - canvas.uterus)
    canvas.put(wall - 1, Tissue.WALL, Label.RECTUM, 0.1 * canvas.grid.fine)
    content = (Tissue.STOOL, Tissue.GAS, Tissue.GEL, Tissue.FAT)[pelvis.rectum_content]
    grain = 0.25 if content in (Tissue.STOOL, Tissue.FAT) else 0.05
    open_ = (near.position > 9).astype(np.float32)
    canvas.put(wall + 2.8, content, Label.RECTUM, grain * canvas.grid.medium, open_)
    canvas.put(near.distance - 1.6, Tissue.MUCOSA, Label.RECTUM, within=1 - open_)


def paint_vagina(canvas: Canvas) -> None:
    """Vaginal wall and mucosa, and fluid in the pouch of Douglas where the patient has some."""
    distance = canvas.distances.vagina.distance
    canvas.put(distance - 5.6, Tissue.WALL, Label.VAGINA, 0.08 * canvas.grid.fine)
    canvas.put(distance - 2.0, Tissue.MUCOSA, Label.VAGINA, 0.08 * canvas.grid.fine)
    fluid = canvas.anatomy.pelvis.douglas_fluid
    if fluid:
        centre = (canvas.layout.os[0] + 16, canvas.layout.os[1] + 8)
        pool = ellipse(canvas.grid.px, canvas.grid.py, centre, (14, fluid), 0.6)
        canvas.put(np.maximum(pool, 0.3 - canvas.uterus), Tissue.FLUID)


def paint_uterus(canvas: Canvas) -> None:
    """Serosa, wall, cervical stroma, junctional zone, endometrium, cervical canal: from outside in."""
    uterus, line, grid = canvas.anatomy.uterus, canvas.layout.line, canvas.grid
    axis, arc = canvas.distances.uterus.distance, canvas.along(line.arc)
    corpus = np.clip((arc - uterus.cervix_length + 2) / 5, 0, 1)
    canvas.put(canvas.uterus - 0.7, Tissue.JUNCTIONAL_ZONE)
    canvas.put(canvas.uterus, Tissue.CERVIX, Label.CERVIX, 0.05 * grid.fine)
    canvas.put(canvas.uterus, Tissue.MYOMETRIUM, Label.MYOMETRIUM, 0.07 * (grid.fine + grid.medium), corpus)
    outer = axis - canvas.uterus
    stroma = axis - uterus.stroma * outer * (1 + 0.04 * grid.coarse)
    canvas.put(stroma, Tissue.STROMA, None, 0.06 * grid.fine, 1 - corpus)
    inner = np.minimum(canvas.along(line.endometrium), 0.45 * outer) * (1 + 0.1 * grid.coarse)
    zone = np.minimum(canvas.along(line.junctional_zone), 0.62 * outer - 0.3 * inner) * (1 + 0.08 * grid.coarse)
    upper = np.clip((arc - uterus.cervix_length + 4) / 5, 0, 1) * (zone > 0.2)
    canvas.put(axis - inner - zone, Tissue.JUNCTIONAL_ZONE, Label.JUNCTIONAL_ZONE, 0.07 * grid.fine, upper)
    cavity = (inner > 0.25).astype(np.float32)
    canvas.put(axis - inner, Tissue.ENDOMETRIUM, Label.ENDOMETRIUM, 0.06 * grid.medium, cavity)
    canal = canvas.along(line.canal)
    canvas.put(axis - canal, Tissue.MUCUS, None, within=(canal > 0.2).astype(np.float32))
