"""Noise beside a voice's oscillators: breath, bow, the hammer's knock."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from v2m.synth.envelope import Envelope
from v2m.synth.noise import noise_stretch, window


@dataclass(frozen=True)
class Breath:
    """Noise beside the oscillators, under the same volume envelope.

    Attributes:
        level_db: against an oscillator at 0 dB.
        low_hz, high_hz: its band.
        envelope: its own, within the note's.
    """

    level_db: float = -24.0
    low_hz: float = 1000.0
    high_hz: float = 8000.0
    envelope: Envelope = field(default_factory=Envelope)


class Breathing:
    """A breath made once for a voice, and added to each of its notes.

    Args:
        seed: the voice's.
    """

    def __init__(self, breath: Breath, sample_rate: int, seed: list[int]) -> None:
        self._breath, self._rate = breath, sample_rate
        rng = np.random.default_rng([*seed, 1])
        self._noise = noise_stretch(rng, breath.low_hz, breath.high_hz, sample_rate)

    def add(
        self, out: NDArray[np.float32], held_s: float, rng: np.random.Generator, hurry: float = 1.0
    ) -> None:
        """Add it to a note, float32 `[2, n]`; see `Envelope.curve` for `hurry`."""
        n = out.shape[1]
        level = np.float32(10 ** (self._breath.level_db / 20))
        curve = self._breath.envelope.curve(held_s, n, self._rate, hurry) * level
        out += window(self._noise, int(rng.integers(1 << 30)), n) * curve
