"""The kick's strokes → how far other voices go down at each: the pumping of dance music.

A compressor keyed by the kick does the same late and by chance; the strokes are known, so the dip
is drawn where they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generators.desk import Pump
from v2m.render import Kick


class Ducker:
    """Draws the dips, block by block."""

    def __init__(self, settings: Pump, sample_rate: int) -> None:
        self.depth_db = settings.depth_db
        fall, hold, rise = (
            max(1, round(ms * sample_rate / 1000))
            for ms in (settings.attack_ms, settings.hold_ms, settings.release_ms)
        )
        down = 0.5 - 0.5 * np.cos(np.pi * np.arange(1, fall + 1) / fall)
        up = 0.5 + 0.5 * np.cos(np.pi * np.arange(1, rise + 1) / rise)
        self._shape = np.concatenate([down, np.ones(hold), up]).astype(np.float32)
        self._under_way: list[Kick] = []

    def dip(self, first: int, n: int, kicks: Sequence[Kick]) -> NDArray[np.float32]:
        """How deep the dip is on samples `first` to `first + n`, 0 to 1; `kicks` are those within."""
        dip = np.zeros(n, np.float32)
        self._under_way = [k for k in self._under_way if k.at + len(self._shape) > first] + list(kicks)
        for kick in self._under_way:
            begin, end = max(kick.at, first), min(kick.at + len(self._shape), first + n)
            part = dip[begin - first : end - first]
            np.maximum(part, kick.strength * self._shape[begin - kick.at : end - kick.at], out=part)
        return dip

    def gain(self, dip: NDArray[np.float32], share: float) -> NDArray[np.float32]:
        """The factor for a voice that gives way by `share`, 0 to 1."""
        db = dip * np.float32(-self.depth_db * share / 20)
        gain: NDArray[np.float32] = np.power(np.float32(10), db)
        return gain
