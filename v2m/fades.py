"""Where sound begins and ends: gain curves that leave no click and no cut-off note."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FADE_IN_S = 0.003
GUARD_S = 0.01
# In a silence of the music what rang dies away by 60 dB in this time, or in half of a shorter silence: as a
# hall answers a conductor's cut-off. It opens this much ahead of the end, since players are ahead too.
RING_OUT_S, RING_OUT_DB = 0.6, 60.0
OPEN_AHEAD_S = 0.055


def ending(first: int, n: int, total: int, fade_s: float, rate: int) -> NDArray[np.float32]:
    """The music's fade on samples `first` to `first + n` of `total`, float32 `[n]`.

    A raised cosine over the last `fade_s` (at most a quarter of the piece), the last 10 ms
    of which are exact zeros, and 3 ms at the start.
    """
    length = min(round(fade_s * rate), total // 4)
    guard = min(round(GUARD_S * rate), length // 4)
    return _curve(first, n, total, min(round(FADE_IN_S * rate), total // 4), length, guard)


def edges(first: int, n: int, total: int, rate: int) -> NDArray[np.float32]:
    """Rounded edges only: the clip's own sound is kept whole."""
    edge = min(round(FADE_IN_S * rate), total // 4)
    return _curve(first, n, total, edge, edge, 1)


def hushes(first: int, n: int, silences_s: Sequence[tuple[float, float]], rate: int) -> NDArray[np.float32]:
    """How the music is let die away in its silences, on samples `first` to `first + n`, float32 `[n]`.

    1 outside of them; within, a steady fall in decibels, then exact zeros, then 3 ms back to 1.
    """
    curve = np.ones(n, np.float32)
    for start_s, end_s in silences_s:
        begin, end = round(start_s * rate), round((end_s - OPEN_AHEAD_S) * rate)
        here = slice(max(begin - first, 0), min(end - first, n))
        if here.start >= here.stop:
            continue
        at = np.arange(first + here.start, first + here.stop)
        fallen = (at - begin) / max(min(RING_OUT_S * rate, (end - begin) / 2), 1.0)
        # The line is bent down to zero where it ends, so that nothing is cut off.
        falling = 10 ** (-RING_OUT_DB / 20 * fallen) * np.clip(4 * (1 - fallen), 0.0, 1.0)
        rising = np.clip(1 - (end - at) / (FADE_IN_S * rate), 0.0, 1.0)
        curve[here] = np.maximum(falling, rising)
    return curve


def _curve(first: int, n: int, total: int, fade_in: int, fade_out: int, guard: int) -> NDArray[np.float32]:
    curve = np.ones(n, np.float32)
    if first < fade_in:
        at = np.arange(first, min(first + n, fade_in))
        curve[: len(at)] *= (0.5 - 0.5 * np.cos(np.pi * at / fade_in)).astype(np.float32)
    begin = total - fade_out
    if first + n > begin and fade_out:
        at = np.arange(max(first, begin), first + n)
        phase = np.clip((at - begin + 1) / max(fade_out - guard, 1), 0, 1)
        curve[n - len(at) :] *= (0.5 + 0.5 * np.cos(np.pi * phase)).astype(np.float32)
    return curve
