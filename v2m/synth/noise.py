"""Noise and metal, made once as long periodic stretches; a note is a window on one, anywhere in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LENGTH = 1 << 17  # 2.7 s at 48 kHz; longer sounds go round
# Six oscillators a fraction of an octave apart, no two in tune: the ratios of a drum machine's cymbal.
METAL_RATIOS = (1.0, 1.4471, 1.6170, 1.9265, 2.5028, 2.6637)

Stretch = NDArray[np.float32]


def noise_stretch(rng: np.random.Generator, low_hz: float, high_hz: float, rate: int) -> Stretch:
    """float32 `[2, LENGTH]` of noise between two frequencies, 12 dB an octave outside; left and right apart.

    As loud as a sine of amplitude 1.
    """
    spectrum = np.fft.rfft(rng.standard_normal((2, LENGTH)), axis=1)
    return _weighed(spectrum, low_hz, high_hz, rate)


def metal_stretch(rng: np.random.Generator, hz: float, low_hz: float, high_hz: float, rate: int) -> Stretch:
    """The same of six square waves: each partial on the nearest whole number of periods, none aliased."""
    spectrum = np.zeros((2, LENGTH // 2 + 1), np.complex128)
    for ratio in METAL_RATIOS:
        base = hz * ratio
        odd = np.arange(1, int(0.45 * rate / base) + 1, 2)
        at = np.round(odd * base * LENGTH / rate).astype(np.intp)
        for channel in range(2):
            phase = rng.uniform(0, 2 * np.pi) * odd
            np.add.at(spectrum[channel], at, np.exp(1j * phase) / odd)
    return _weighed(spectrum, low_hz, high_hz, rate)


def _weighed(spectrum: NDArray[np.complex128], low_hz: float, high_hz: float, rate: int) -> Stretch:
    hz = np.maximum(np.fft.rfftfreq(LENGTH, 1 / rate), 1e-3)
    weight = 1 / np.sqrt((1 + (low_hz / hz) ** 4) * (1 + (hz / high_hz) ** 4))
    weight[0] = 0
    sound = np.fft.irfft(spectrum * weight, LENGTH, axis=1)
    return np.asarray(sound * np.sqrt(0.5 / np.mean(sound**2)), np.float32)


def window(stretch: Stretch, first: int, n: int) -> Stretch:
    """`n` samples from `first` on, round and round, float32 `[2, n]`."""
    first %= LENGTH
    if first + n <= LENGTH:
        return stretch[:, first : first + n]
    return np.concatenate([stretch[:, first:], np.tile(stretch, n // LENGTH + 1)], axis=1)[:, :n]


def widen(sound: Stretch, width: float) -> Stretch:
    """Left and right mixed: 0 is mono, 1 leaves them apart; the power stays."""
    if width >= 1:
        return sound
    same = np.sqrt((1 + np.sqrt(1 - width**2)) / 2)
    other = np.sqrt(1 - same**2)
    return np.asarray(same * sound + other * sound[::-1], np.float32)
