"""Recursive filters of first and second order, in blocks, ready sooner than SciPy's are imported."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from encoders.compiled import compiled


class Recursion:
    """One filter for a sound in blocks of any length, float64 inside.

    Args:
        b, a: coefficients of z⁰, z⁻¹ and, of the second order, z⁻²; a[0] is 1.
        channels: of the sound.
    """

    def __init__(self, b: tuple[float, ...], a: tuple[float, ...], channels: int) -> None:
        self._b, self._a = np.zeros(3), np.zeros(3)
        self._b[: len(b)] = b
        self._a[: len(a)] = a
        self.state = np.zeros((channels, 2))

    def feed(self, sound: NDArray[np.floating]) -> NDArray[np.float64]:
        """`[channels, n]` → float64 `[channels, n]`."""
        out = np.empty(sound.shape)
        _filter(sound.astype(np.float64), self._b, self._a, self.state, out)
        return out


def dc_block(hz: float, sample_rate: int, channels: int) -> Recursion:
    """A high-pass that takes away an offset and what lies below `hz`."""
    keep = 1 - 2 * np.pi * hz / sample_rate
    return Recursion((1, -1), (1, -keep), channels)


def smoother(keep: float) -> Recursion:
    """Exponential smoothing of one curve that keeps a share of what was before."""
    return Recursion((1 - keep,), (1, -keep), 1)


def bandpass(low_hz: float, high_hz: float, sample_rate: int, channels: int) -> Recursion:
    """First-order Butterworth band-pass by the bilinear transform, exact at both edges."""
    low, high = np.tan(np.pi * low_hz / sample_rate), np.tan(np.pi * high_hz / sample_rate)
    width, middle = float(high - low), float(high * low)
    scale = 1 / (1 + width + middle)
    b = (width * scale, 0.0, -width * scale)
    return Recursion(b, (1, 2 * (middle - 1) * scale, (1 - width + middle) * scale), channels)


@compiled
def _filter(
    sound: NDArray[np.float64],
    b: NDArray[np.float64],
    a: NDArray[np.float64],
    state: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Transposed direct form II."""
    for channel in range(len(sound)):
        one, two = state[channel, 0], state[channel, 1]
        for i in range(sound.shape[1]):
            entering = sound[channel, i]
            leaving = b[0] * entering + one
            one = b[1] * entering - a[1] * leaving + two
            two = b[2] * entering - a[2] * leaving
            out[channel, i] = leaving
        state[channel, 0], state[channel, 1] = one, two
