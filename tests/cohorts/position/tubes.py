"""Masks of straight tubes at known angles: the closed form of version and flexion."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthuterus_bench.vocab import Label

Mask = NDArray[np.uint8]


@dataclass(frozen=True)
class Tubes:
    """A uterus of straight pieces; mm and degrees. ``turn`` turns the patient forward, ``shift`` is (down, back)."""

    version: float = 60.0
    flexion: float = 45.0
    vagina: float = -30.0
    turn: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    cervix_mm: float = 30.0
    corpus_mm: float = 38.0
    side: int = 160

    def draw(self, pixel: float = 1.0) -> Mask:
        """The mask, ``side`` mm square."""
        centres = (np.arange(round(self.side / pixel)) + 0.5) * pixel - self.side / 2
        down, back = np.meshgrid(centres - self.shift[0], centres - self.shift[1], indexing="ij")
        os = np.array([20.0, 10.0])
        vagina = os - 60 * _up(self.vagina + self.turn)
        isthmus = os + self.cervix_mm * _up(self.vagina + self.version + self.turn)
        top = isthmus + self.corpus_mm * _up(self.vagina + self.version + self.flexion + self.turn)
        mask = np.zeros(down.shape, np.uint8)
        mask[_distance(down, back, vagina, os) < 5.5] = Label.VAGINA
        mask[_distance(down, back, os, isthmus) < 10] = Label.CERVIX
        mask[_distance(down, back, isthmus, top) < 15] = Label.MYOMETRIUM
        mask[(_distance(down, back, os, isthmus - 2 * (isthmus - os) / 30) < 10) & (mask != Label.CERVIX)] = (
            Label.CERVIX
        )
        mask[_distance(down, back, isthmus + 2 * (top - isthmus) / 38, top) < 3.5] = Label.ENDOMETRIUM
        return mask


def _up(degrees: float) -> NDArray[np.float64]:
    """(down, back) of one mm along an axis."""
    angle = np.deg2rad(degrees)
    return np.array([-np.cos(angle), -np.sin(angle)])


def _distance(down: NDArray, back: NDArray, low: NDArray, high: NDArray) -> NDArray[np.float64]:
    along = high - low
    t = np.clip(((down - low[0]) * along[0] + (back - low[1]) * along[1]) / (along @ along), 0, 1)
    return np.hypot(down - low[0] - t * along[0], back - low[1] - t * along[1])
