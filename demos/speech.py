"""Speech-like sound without a voice: syllables of moving formants in phrases with pauses between.

A voice is a row of harmonics under a spectral envelope with a few resonances (Fant 1960); here
the harmonics are added up directly, each at the level that the formants give its frequency
(the resonance of Klatt 1980), and consonants are shaped noise.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48_000
CONTROL_RATE = 200
"""Formants, pitch and loudness are drawn at this rate, Hz."""

VOWELS = (
    (730.0, 1090.0, 2440.0),
    (570.0, 840.0, 2410.0),
    (530.0, 1840.0, 2480.0),
    (270.0, 2290.0, 3010.0),
    (300.0, 870.0, 2240.0),
    (440.0, 1020.0, 2240.0),
    (660.0, 1720.0, 2410.0),
)
"""Mean first three formants of men's vowels, Hz (Peterson & Barney 1952)."""


@dataclass(frozen=True, eq=False)
class Speech:
    """Sound and where it is.

    Attributes:
        samples: mono float32 at `SAMPLE_RATE`, peak below 0.5.
        phrases: (start_s, end_s) of each, silence between.
        openness: float64 `[seconds × CONTROL_RATE]`, 0 to 1: how far the mouth is open.
    """

    samples: NDArray[np.float32]
    phrases: tuple[tuple[float, float], ...]
    openness: NDArray[np.float64]


def speak(duration_s: float, seed: int) -> Speech:
    """Talk for a while: phrases of 1 to 3 seconds, pauses of 0.5 to 1.3 seconds."""
    rng = np.random.default_rng([seed, 83])
    steps = int(duration_s * CONTROL_RATE) + 1
    times = np.arange(steps) / CONTROL_RATE
    level, pitch = np.zeros(steps), np.full(steps, 110.0)
    formants = np.tile(np.array(VOWELS[0]), (steps, 1))
    samples = np.zeros(int(duration_s * SAMPLE_RATE))
    phrases: list[tuple[float, float]] = []
    start = 0.8
    while start + 1.0 < duration_s - 0.6:
        end = min(start + rng.uniform(1.2, 3.2), duration_s - 0.6)
        syllables = max(round((end - start) * rng.uniform(4.0, 5.2)), 2)
        edges = start + (end - start) * np.linspace(0.0, 1.0, syllables + 1)
        edges[1:-1] += rng.uniform(-0.02, 0.02, syllables - 1)
        for left, right in itertools.pairwise(edges):
            _syllable(rng, times, left, right, level, formants)
            if rng.random() < 0.45:
                _hiss(rng, samples, left)
        inside = (times >= start) & (times <= end)
        progress = (times[inside] - start) / (end - start)
        melody = 138.0 - 40.0 * progress + 9.0 * np.sin(2 * np.pi * (2.2 * times[inside] + rng.random()))
        pitch[inside] = melody * (1.0 + rng.normal(0.0, 0.004, inside.sum()))
        phrases.append((float(start), float(end)))
        start = end + rng.uniform(0.5, 1.3)
    samples += _voice(len(samples), level, pitch, formants)
    samples *= 0.42 / max(np.abs(samples).max(), 1e-9)
    return Speech(samples.astype(np.float32), tuple(phrases), level)


def _syllable(
    rng: np.random.Generator,
    times: NDArray[np.float64],
    left: float,
    right: float,
    level: NDArray[np.float64],
    formants: NDArray[np.float64],
) -> None:
    """Open, hold, close: the loudness is an arch, the formants glide to a vowel."""
    inside = (times >= left) & (times < right)
    u = (times[inside] - left) / (right - left)
    level[inside] = np.sin(np.pi * np.clip(u * 1.06, 0, 1)) ** 0.7 * rng.uniform(0.7, 1.0)
    vowel = np.array(VOWELS[int(rng.integers(len(VOWELS)))])
    onset = vowel * rng.uniform(0.75, 1.15, 3)
    glide = np.clip(u / 0.35, 0.0, 1.0)[:, None]
    formants[inside] = onset * (1.0 - glide) + vowel * glide


def _voice(
    count: int, level: NDArray[np.float64], pitch: NDArray[np.float64], formants: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Harmonics of `pitch`, weighed by the formants; float64 `[count]`."""
    at = np.arange(count) / SAMPLE_RATE * CONTROL_RATE
    steps = np.arange(len(level))
    phase = 2 * np.pi * np.cumsum(np.interp(at, steps, pitch)) / SAMPLE_RATE
    bandwidths = np.array([80.0, 100.0, 140.0])
    voice = np.zeros(count)
    for k in range(1, 34):
        frequency = k * pitch
        gain = np.ones(len(level))
        for f, (formant, bandwidth) in enumerate(zip(formants.T, bandwidths, strict=True)):
            detuned = (frequency**2 - formant**2) / (bandwidth * formant * (2.0 + f))
            gain += 5.0 * 0.62**f / np.sqrt(1.0 + detuned**2)
        gain *= level / k**1.1 * (frequency < 4200.0)
        if gain.max() > 0:
            voice += np.interp(at, steps, gain) * np.sin(k * phase)
    return voice


def _hiss(rng: np.random.Generator, samples: NDArray[np.float64], at_s: float) -> None:
    """A fricative of 70 ms, noise around 4 kHz, added in place."""
    count = int(0.07 * SAMPLE_RATE)
    spectrum = np.fft.rfft(rng.normal(0.0, 1.0, count))
    frequency = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    spectrum *= np.exp(-(((frequency - rng.uniform(3000, 5500)) / 1500.0) ** 2))
    noise = np.fft.irfft(spectrum, count) * np.hanning(count)
    first = int(at_s * SAMPLE_RATE)
    room = len(samples[first : first + count])
    samples[first : first + count] += 0.9 * noise[:room] / max(np.abs(noise).max(), 1e-9)
