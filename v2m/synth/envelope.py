"""How loud a note is, or how open its filter, from key down until it is silent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from v2m.synth.errors import SynthError

SETTLED = 3.0  # decay and release times are those after which 95 % of the way is gone
SILENT = 2.0  # times those, and what is left (−52 dB) has been faded to nothing
QUICKEST_S = 0.0005


@dataclass(frozen=True)
class Envelope:
    """Attack, decay, sustain, release.

    Attributes:
        attack_s: from nothing to full, a quarter sine squared, so that no corner clicks.
        decay_s: time in which 95 % of the way down to `sustain` is gone (exponential).
        sustain: what is left while the key stays down, 0 to 1.
        release_s: time in which 95 % is gone once the key is up.

    Raises:
        SynthError: for a value out of range.
    """

    attack_s: float = 0.002
    decay_s: float = 0.3
    sustain: float = 1.0
    release_s: float = 0.1

    def __post_init__(self) -> None:
        times = (self.attack_s, self.decay_s, self.release_s)
        if not all(QUICKEST_S <= t <= 20 for t in times) or not 0 <= self.sustain <= 1:
            raise SynthError(f"an envelope's times are {QUICKEST_S:g} to 20 s and its sustain 0 to 1")

    def lasts_s(self, held_s: float) -> float:
        """When the note is silent."""
        after = held_s + SILENT * self.release_s
        return after if self.sustain > 0 else min(after, self.attack_s + SILENT * self.decay_s)

    def curve(self, held_s: float, n: int, rate: float, hurry: float = 1.0) -> NDArray[np.float32]:
        """The level on the first `n` samples at `rate` Hz, float32 `[n]`, from 0 back to 0.

        Args:
            hurry: divides decay and release (high keys of struck instruments are shorter).
        """
        level = self._held(n, rate, hurry)
        first = round(held_s * rate)
        if first < n:
            level[first:] *= _falling(n - first, SETTLED * hurry / (self.release_s * rate))
            _fade_out(level, first, first + round(SILENT * self.release_s / hurry * rate))
        return level

    def _held(self, n: int, rate: float, hurry: float) -> NDArray[np.float32]:
        rise = min(n, int(self.attack_s * rate) + 1)
        level = np.empty(n, np.float32)
        at = np.arange(rise, dtype=np.float32) / np.float32(self.attack_s * rate)
        level[:rise] = np.sin(np.float32(np.pi / 2) * np.minimum(at, 1)) ** 2
        # One exponential, made as a product of two short ones: a factor a sample, not an exp.
        level[rise:] = _falling(n - rise, SETTLED * hurry / (self.decay_s * rate))
        level[rise:] *= 1 - self.sustain
        level[rise:] += self.sustain
        if self.sustain == 0:
            _fade_out(level, rise, round((self.attack_s + SILENT * self.decay_s / hurry) * rate))
        return level


def _falling(n: int, per_sample: float) -> NDArray[np.float32]:
    """exp(−per_sample · i), float32 `[n]`."""
    inner = 256
    outer = -(-n // inner)
    steps = np.exp(-per_sample * inner * np.arange(outer)).astype(np.float32)
    within = np.exp(-per_sample * np.arange(inner)).astype(np.float32)
    return np.asarray((steps[:, None] * within).ravel()[:n])


def _fade_out(level: NDArray[np.float32], begin: int, end: int) -> None:
    """Bring a level that has nearly fallen to exact zero at `end`."""
    last = min(end, len(level))
    first = min(begin + (end - begin) * 3 // 4, last)
    at = np.arange(first, last, dtype=np.float32)
    level[first:last] *= np.cos(np.float32(np.pi / 2) * (at - first) / max(end - first, 1))
    level[last:] = 0
