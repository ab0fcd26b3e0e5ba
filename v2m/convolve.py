"""Sound in blocks, convolved with an impulse response: FFT overlap-add.

The transforms are numpy's: scipy's, as fast, take a third of a second to import.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PIECE = 1 << 17  # an FFT this long stays in a core's cache and dwarfs the responses used here


class Convolver:
    """Convolves a stream with one impulse response a channel.

    Args:
        impulse: float32 `[channels or 1, taps]`.
    """

    def __init__(self, impulse: NDArray[np.float32]) -> None:
        self.taps = impulse.shape[1]
        self._size = max(PIECE, 1 << (2 * self.taps - 1).bit_length())
        self._spectrum = np.fft.rfft(impulse, self._size, axis=1)
        self._tail: NDArray[np.float32] | None = None

    def feed(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """`block` float32 `[channels, n]` → float32 `[channels, n]`, earlier blocks ringing into it."""
        channels, n = block.shape
        out = np.zeros((channels, n + self.taps - 1), np.float32)
        if self._tail is not None:
            kept = min(self._tail.shape[1], out.shape[1])
            out[:, :kept] += self._tail[:, :kept]
        step = self._size - self.taps + 1
        for first in range(0, n, step):
            piece = block[:, first : first + step]
            # A shorter last piece needs no full-size transform of zeros, but a second spectrum would.
            spectrum = np.fft.rfft(piece, self._size, axis=1)
            spectrum *= self._spectrum
            length = piece.shape[1] + self.taps - 1
            out[:, first : first + length] += np.fft.irfft(spectrum, self._size, axis=1)[:, :length]
        if self._tail is not None and self._tail.shape[1] > out.shape[1]:
            out = np.concatenate([out, self._tail[:, out.shape[1] :]], axis=1)
        self._tail = out[:, n:].copy()
        return out[:, :n]
