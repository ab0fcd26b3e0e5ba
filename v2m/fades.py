"""Where sound begins and ends: gain curves that leave no click and no cut-off note."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FADE_IN_S = 0.003
GUARD_S = 0.01


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
