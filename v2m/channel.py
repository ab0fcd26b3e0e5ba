"""What a sound goes through on the desk: a voice's channel, and the sum's bus, block by block.

A setting that is not there costs nothing and changes no bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from generators.desk import Compression, Desk, EqBand, Strip
from v2m.compress import Compressor
from v2m.convolve import Convolver
from v2m.equalise import impulse_of
from v2m.saturate import Saturation


class _Chain:
    """Equaliser, compressor, drive, in this order."""

    def __init__(
        self, eq: tuple[EqBand, ...], compression: Compression | None, drive_db: float, sample_rate: int
    ) -> None:
        self._eq = Convolver(impulse_of(eq, sample_rate)) if eq else None
        self._compressor = Compressor(compression, sample_rate) if compression else None
        self._drive = Saturation(drive_db) if drive_db else None

    def feed(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """`block` float32 `[2, n]` → float32 `[2, n]`."""
        if self._eq is not None:
            block = self._eq.feed(block)
        if self._compressor is not None:
            block = block * self._compressor.feed(block)
        return self._drive.feed(block) if self._drive is not None else block


class Channel(_Chain):
    """A voice's channel."""

    def __init__(self, strip: Strip, sample_rate: int) -> None:
        super().__init__(strip.eq, strip.compress, strip.drive_db, sample_rate)
        self._width = strip.width

    def feed(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """`block` float32 `[2, n]` → float32 `[2, n]`."""
        block = super().feed(block)
        if self._width < 1:
            middle = block.mean(axis=0)
            block = middle + (block - middle) * np.float32(self._width)
        return block


class Bus(_Chain):
    """What the sum of all voices goes through."""

    def __init__(self, desk: Desk, sample_rate: int) -> None:
        super().__init__(desk.eq, desk.glue, desk.drive_db, sample_rate)
