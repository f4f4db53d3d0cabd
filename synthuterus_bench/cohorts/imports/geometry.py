"""The geometry a NIfTI header tells: one affine, free of contradictions; or a sidecar's word against it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.cohorts.imports.axes import (
    Affine,
    contradicts,
    impose,
    normal_of,
    plane_along,
    plane_of,
    right_angled,
    steps_of,
)
from synthuterus_bench.cohorts.imports.volume import Volume
from synthuterus_bench.errors import Refusal, ScanError

MAX_STEP_OFF = 0.01
"""By how much of a step the header's spacing and its affine may differ."""


def affine_of(image: Any, name: str) -> tuple[Affine, bool]:
    """The affine of a nibabel image, its sform before its qform, and whether it has one; else the spacing alone.

    Raises:
        ScanError: the affine maps to no volume, has sheared axes, contradicts the header's spacing, or sform and
            qform tell different axes.
    """
    try:
        codes = [int(image.header[code]) > 0 for code in ("sform_code", "qform_code")]
        zooms = np.array([abs(float(step)) for step in image.header.get_zooms()[:3]])
        qform = np.asarray(image.header.get_qform(), np.float64) if codes[1] else None
    except Exception as error:  # a quaternion that is none
        message = " ".join(str(error).split())[:160]
        raise ScanError(f"{name}: found no valid geometry ({message}), expected an affine", Refusal.DAMAGED) from None
    affine = np.asarray(image.affine, np.float64) if any(codes) else np.diag([*zooms, 1.0])
    volume = abs(float(np.linalg.det(affine[:3, :3]))) if np.isfinite(affine).all() else 0.0
    if not volume > 1e-9:
        found = "an affine that maps to no volume"
        raise ScanError(f"{name}: found {found}, expected millimetres along three axes", Refusal.GEOMETRY)
    _check_consistent(affine, zooms, qform if all(codes) else None, name)
    return affine, any(codes)


def _check_consistent(affine: Affine, zooms: NDArray[np.float64], qform: Affine | None, name: str) -> None:
    steps = np.array(steps_of(affine))
    if not np.allclose(steps, zooms, rtol=MAX_STEP_OFF, atol=0):
        found = f"steps of {_mm(steps)} mm by the affine and {_mm(zooms)} by pixdim"
        raise ScanError(f"{name}: found {found}, expected one spacing", Refusal.GEOMETRY)
    if qform is not None and np.isfinite(qform).all() and axes_of(qform) != axes_of(affine):
        found = f"axes {axes_of(affine)} by the sform and {axes_of(qform)} by the qform"
        raise ScanError(f"{name}: found {found}, expected one orientation", Refusal.GEOMETRY)
    if not right_angled(affine):
        raise ScanError(f"{name}: found sheared axes, expected right angles between them", Refusal.GEOMETRY)


def axes_of(affine: Affine) -> str:
    """Where the stored axes point, such as ``PIR``."""
    from nibabel.orientations import aff2axcodes

    return "".join(aff2axcodes(affine))


def _mm(steps: NDArray[np.float64]) -> str:
    return " x ".join(f"{step:.4g}" for step in steps)


def orient(
    volume: Volume, oriented: bool, cosines: Sequence[float] | None, name: str
) -> tuple[Volume, tuple[str, ...]]:
    """Settle which way a volume lies: the affine, unless there is none or the sidecar's cosines contradict it.

    Returns:
        the volume, and a warning if the sidecar had to be believed.

    Raises:
        ScanError: neither header nor sidecar tells.
    """
    if not oriented and cosines is None:
        raise ScanError(
            f"{name}: found no orientation in header or sidecar, expected a qform or sform", Refusal.GEOMETRY
        )
    if cosines is None or (oriented and not contradicts(volume.affine, cosines)):
        return volume, ()
    plane = plane_along(normal_of(cosines))
    against = f"the affine says {plane_of(volume.affine)}" if oriented else "the header says nothing"
    warning = f"{name}: took {plane} slices from the sidecar ({against}); look whether superior is up"
    basis = f" by its sidecar ({against})"
    return replace(volume, affine=impose(volume.affine, cosines), basis=basis), (warning,)
