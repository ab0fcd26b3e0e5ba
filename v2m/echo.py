"""Repeats of what is sent, from side to side, each darker and softer than the one before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from generators.desk import Echo
from v2m.recursion import bandpass

AUDIBLE = 1e-7  # below, the line is empty: recursions on ever smaller numbers are slow


class EchoLine:
    """A delay line for sound in blocks, float32 `[2, n]`."""

    def __init__(self, settings: Echo, sample_rate: int) -> None:
        self._feedback = settings.feedback
        band = (settings.low_cut_hz, min(settings.high_cut_hz, 0.45 * sample_rate))
        self._filter = bandpass(*band, sample_rate, 2)
        self._line = np.zeros((2, max(1, round(settings.time_s * sample_rate))))

    def feed(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """The repeats alone."""
        n, late = block.shape[1], self._line.shape[1]
        out = np.zeros((2, n), np.float32)
        for first in range(0, n, late):
            part = block[:, first : first + late]
            length = part.shape[1]
            heard = self._line[:, :length]
            out[:, first : first + length] = heard
            # What is sent enters on the left; what comes back crosses over.
            entering = np.stack([part.mean(axis=0) + self._feedback * heard[1], self._feedback * heard[0]])
            self._line = np.concatenate([self._line[:, length:], self._filtered(entering)], axis=1)
        return out

    def _filtered(self, sound: NDArray[np.float64]) -> NDArray[np.float64]:
        if not sound.any() and np.abs(self._filter.state).max() < AUDIBLE:
            self._filter.state[:] = 0
            return sound
        filtered = self._filter.feed(sound)
        filtered[np.abs(filtered) < AUDIBLE] = 0
        return filtered
