"""A compressor: how loud a sound is → how far to turn it down, block by block.

Feed-forward, in decibels (Giannoulis, Massberg & Reiss 2012, "Digital Dynamic Range Compressor
Design", J. Audio Eng. Soc. 60): the mean square of each hop, a knee, a release at a constant rate,
an attack that smooths. The gain of a hop follows from those before it, so that blocks of any length
give the same sound.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from generators.desk import Compression
from v2m.limiter import released
from v2m.recursion import smoother

HOP = 64
KNEE_DB = 6.0
RELEASE_DB = 10.0  # `release_ms` is the time in which it comes up by so much
SMALLEST = 1e-12


class Compressor:
    """Gives a gain for each sample of a sound in blocks.

    Args:
        settings: see `desk.Compression`.
        sample_rate: Hz.
    """

    def __init__(self, settings: Compression, sample_rate: int) -> None:
        self._s = settings
        hop_s = HOP / sample_rate
        self._rise_db = RELEASE_DB * hop_s / (settings.release_ms / 1000)
        self._rest = np.zeros(0, np.float32)  # squares that don't fill a hop yet
        self._released_db = 0.0
        self._smooth = smoother(float(np.exp(-hop_s / (settings.attack_ms / 1000))))
        # What hops two and one before the present one ask for.
        self._gains_db = np.zeros(2)
        self._within = 0

    def feed(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """The gain for `block`, float32 `[channels, n]` → `[n]`."""
        n = block.shape[1]
        squares = np.concatenate([self._rest, np.einsum("cn,cn->n", block, block) / len(block)])
        whole = len(squares) // HOP * HOP
        self._rest = squares[whole:].copy()
        asked_db = self._asked(squares[:whole].reshape(-1, HOP).mean(axis=1))
        gains_db = np.concatenate([self._gains_db, asked_db])
        knots = np.arange(len(gains_db)) * HOP - self._within
        self._gains_db = gains_db[-2:]
        self._within = (self._within + n) % HOP
        db = np.interp(np.arange(n), knots, gains_db) + self._s.gain_db
        gain: NDArray[np.float32] = np.power(np.float32(10), (db / 20).astype(np.float32))
        return gain

    def _asked(self, power: NDArray[np.float32]) -> NDArray[np.float64]:
        """The gain in decibels that hops of this mean square ask for, `[hops]`."""
        if not len(power):
            return np.zeros(0)
        over_db = 10 * np.log10(np.maximum(power.astype(np.float64), SMALLEST)) - self._s.threshold_db
        bent_db = (over_db + KNEE_DB / 2) ** 2 / (2 * KNEE_DB)
        over_db = np.where(np.abs(over_db) < KNEE_DB / 2, bent_db, np.maximum(over_db, 0))
        needed_db = -over_db * (1 - 1 / self._s.ratio)
        let_go = released(needed_db, self._rise_db, self._released_db)
        self._released_db = float(let_go[-1])
        smooth: NDArray[np.float64] = self._smooth.feed(let_go[None, :])[0]
        return smooth
