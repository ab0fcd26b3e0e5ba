"""Soft clipping that hardly aliases: the harmonics of valves and tape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ARMS = 8  # neighbours on either side from which a value in between is found
LATENCY = 2 * ARMS - 1
"""Samples by which the sound comes later."""
BEFORE = 4 * ARMS
STRETCH = 1 << 13  # stays in a core's cache
_DISTANCE = np.arange(ARMS) + 0.5
_WINDOW = np.kaiser(4 * ARMS + 1, 6.0)[2 * ARMS + 1 :: 2]
_SIDE = (np.sinc(_DISTANCE) * _WINDOW).astype(np.float32)
_SIDE /= 2 * _SIDE.sum()


class Saturation:
    """x / √(1 + x²) at a drive, for sound in blocks of any length.

    A clipper's harmonics reach past half the sampling rate and fold back. So what it adds is made at
    twice the rate, and there from its antiderivative over each step, which folds far less (Parker,
    Zavalishin & Le Bivic 2016, "Reducing the Aliasing of Nonlinear Waveshaping Using Continuous-Time
    Convolution"); for this clipper the quotient of differences is (a + b) / (√(1 + a²) + √(1 + b²)),
    which is never ill-conditioned. Quiet sound passes as it is.

    Args:
        drive_db: how far above the knee a full-scale sample lies; quiet sound keeps its level.
    """

    def __init__(self, drive_db: float) -> None:
        self._gain = np.float32(10 ** (drive_db / 20))
        self._before: NDArray[np.float32] | None = None

    def feed(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """`block` float32 `[channels, n]` → the same clipped, `LATENCY` samples late."""
        if self._before is None:
            self._before = np.zeros((len(block), BEFORE), np.float32)
        joined = np.concatenate([self._before, block], axis=1)
        n = block.shape[1]
        self._before = joined[:, n:].copy()
        out = np.empty_like(block)
        for first in range(0, n, STRETCH):
            last = min(first + STRETCH, n)
            out[:, first:last] = self._stretch(joined[:, first : last + BEFORE])
        return out

    def _stretch(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        """`[channels, BEFORE + n]` → `[channels, n]`."""
        x = sound * self._gain
        between = _between(x)  # [i] lies after x[i + ARMS - 1]
        x = x[:, ARMS - 1 : -ARMS]
        # What clipping adds, on the samples (from 1 on) and between them.
        on, off = _added(between[:, :-1], x[:, 1:]), _added(x, between)
        # Back at the single rate: a value, and the values between around it.
        added = on[:, ARMS - 1 : 1 - ARMS] + _between(off)
        added *= np.float32(0.5) / self._gain
        n = sound.shape[1] - BEFORE
        late = sound.shape[1] - LATENCY
        return np.asarray(added[:, -n:] + sound[:, late - n : late])


def saturated(note: NDArray[np.float32], drive_db: float) -> NDArray[np.float32]:
    """A whole sound clipped, float32 `[channels, n]`, in its place."""
    padded = np.pad(note, ((0, 0), (0, LATENCY)))
    return Saturation(drive_db).feed(padded)[:, LATENCY:]


def _between(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values halfway between neighbours, `[channels, n]` → `[channels, n - 2 · ARMS + 1]`."""
    n = x.shape[1] - 2 * ARMS + 1
    found = np.zeros((len(x), n), np.float32)
    for arm, weight in enumerate(_SIDE):
        low, high = ARMS - 1 - arm, ARMS + arm
        found += (x[:, low : low + n] + x[:, high : high + n]) * weight
    return found


def _added(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the clipper adds between two neighbouring values, averaged over the step."""
    root = np.sqrt(1 + a * a)
    root += np.sqrt(1 + b * b)
    return np.asarray((a + b) * (1 / root - np.float32(0.5)))
