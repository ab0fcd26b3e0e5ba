"""Pitch that moves → the phases of oscillators.

A phase is an unsigned 32-bit fraction of a period, which wraps by itself and never loses
precision, however long the note. Pitch is set anew every `CONTROL` samples; a phase has no step there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONTROL = 64
A4_HZ, A4_KEY = 440.0, 69
PERIOD = 2.0**32
GLANCING_HZ = 0.35  # how fast analogue oscillators stray


def key_hz(key: float) -> float:
    """Equal temperament, A4 = 440 Hz."""
    return float(A4_HZ * 2.0 ** ((key - A4_KEY) / 12))


@dataclass(frozen=True)
class Motion:
    """How a note's pitch moves of itself.

    Attributes:
        drift_cents: how far each oscillator strays, slowly and by itself.
        vibrato_cents, vibrato_hz, vibrato_delay_s: depth; rate; how long until it has set in.
        wheel_cents: more vibrato with the modulation wheel all up.
        sweep_semitones, sweep_s: where the note comes from, and the time in which 95 % of that is gone.
    """

    drift_cents: float = 0.0
    vibrato_cents: float = 0.0
    vibrato_hz: float = 5.2
    vibrato_delay_s: float = 0.4
    wheel_cents: float = 0.0
    sweep_semitones: float = 0.0
    sweep_s: float = 0.05

    def cents(
        self,
        oscillators: int,
        n: int,
        rate: int,
        rng: np.random.Generator,
        bend_cents: NDArray[np.float32] | None,
        wheel: NDArray[np.float32] | None,
    ) -> NDArray[np.float64]:
        """Cents off the note, float64 `[oscillators or 1, blocks of CONTROL samples]`."""
        times = np.arange(blocks(n)) * (CONTROL / rate)
        cents = np.zeros((1, len(times)))
        if self.sweep_semitones:
            cents += 100 * self.sweep_semitones * np.exp(-3 * times / self.sweep_s)
        depth = np.full(len(times), self.vibrato_cents)
        if wheel is not None and self.wheel_cents:
            depth += self.wheel_cents * controlled(wheel, n)
        if depth.any():
            setting_in = np.clip(times / max(self.vibrato_delay_s, 1e-3), 0, 1) ** 2
            cents += depth * setting_in * np.sin(2 * np.pi * self.vibrato_hz * times)
        if bend_cents is not None:
            cents += controlled(bend_cents, n)
        if self.drift_cents:
            cents = cents + self.drift_cents * _straying(oscillators, times, rng)
        return cents


def blocks(n: int) -> int:
    """How many blocks of `CONTROL` samples cover `n` samples."""
    return -(-n // CONTROL)


def controlled(curve: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """A curve a sample → its value at the beginning of each block; its last value goes on."""
    at = np.minimum(np.arange(blocks(n)) * CONTROL, len(curve) - 1)
    return curve[at]


def _straying(oscillators: int, times: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.float64]:
    """Two slow sines and an offset for each oscillator, `[oscillators, blocks]`, about −1 to 1."""
    offset = rng.uniform(-0.5, 0.5, (oscillators, 1))
    hz = GLANCING_HZ * rng.uniform(0.3, 1.7, (2, oscillators, 1))
    phase = rng.uniform(0, 2 * np.pi, (2, oscillators, 1))
    strayed: NDArray[np.float64] = offset + 0.3 * np.sin(2 * np.pi * hz * times + phase).sum(axis=0)
    return strayed


class Phases:
    """The running phases of a note's oscillators.

    Args:
        hz: float64 `[oscillators]`.
        cents: float64 `[oscillators or 1, blocks]`, off those.
        begin: float64 `[oscillators]`, the first phase, 0 to 1.

    Attributes:
        first, step: uint32 `[oscillators, blocks]`, each block's first phase and the step between samples.
    """

    def __init__(
        self,
        hz: NDArray[np.float64],
        cents: NDArray[np.float64],
        begin: NDArray[np.float64],
        rate: int,
    ) -> None:
        step = np.round(hz[:, None] * np.exp2(cents / 1200) * (PERIOD / rate)).astype(np.uint64)
        passed = np.cumsum(step * np.uint64(CONTROL), axis=1) - step * np.uint64(CONTROL)
        first = (begin * PERIOD).astype(np.uint64)[:, None]
        self.step = step.astype(np.uint32)
        self.first = (first + passed).astype(np.uint32)

    def stretch(self, first: int, last: int) -> NDArray[np.uint32]:
        """Phases of blocks `first` to `last`, uint32 `[oscillators, samples]`."""
        ramp = np.arange(CONTROL, dtype=np.uint32)
        phase = self.step[:, first:last, None] * ramp
        phase += self.first[:, first:last, None]
        return phase.reshape(len(phase), -1)
