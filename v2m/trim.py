"""A patch and its notes → the gain that makes its middle-strength note as loud as any other patch's."""

from __future__ import annotations

import numpy as np

from v2m.instrument import Instrument
from v2m.loudness import OFFSET_LU, k_weighting
from v2m.performance import Performance

REFERENCE_LUFS = -24.0
VELOCITY = 96
HELD_S, WINDOW_S = 0.6, 0.2
LIMIT_DB = 24.0


def trim_db(patch: Instrument, performance: Performance) -> float:
    """Decibels to add to a patch.

    The keys that the patch names, of those that the voice really plays, are measured: K-weighted
    energy of the loudest 200 ms of a note, about as long as the ear sums energy (Zwislocki 1960), so
    that a pluck is not raised to the energy of a bowed note.
    """
    from scipy import fft

    keys = np.unique(performance.pitch)
    if not len(keys):
        return 0.0
    rate = patch.sample_rate
    n, window = int((HELD_S + 0.2) * rate), int(WINDOW_S * rate)
    size = fft.next_fast_len(n + 4096, real=True)
    weigh = fft.rfft(k_weighting(rate)[0, :4096], size)
    powers = []
    for key in patch.levelled_by(keys):
        sound = np.zeros((2, n), np.float32)
        patch.play(sound, 0, int(key), VELOCITY, HELD_S)
        weighted = fft.irfft(fft.rfft(sound, size, axis=1) * weigh, size, axis=1)
        energy = np.cumsum(np.einsum("cn,cn->n", weighted, weighted), dtype=np.float64)
        powers.append(float((energy[window:] - energy[:-window]).max()) / window)
    loudest = float(np.mean(powers))
    if loudest <= 1e-12:
        return 0.0
    lufs = OFFSET_LU + 10 * np.log10(loudest)
    return float(np.clip(REFERENCE_LUFS - lufs, -LIMIT_DB, LIMIT_DB))
