"""Tones and strokes → a rough wave of them, which the generator refines.

The guide's tones as they are, and for every stroke a burst: a thump below, noise in the middle, a hiss above.
It is in tune and in time and sounds of nothing yet. The codec's encoder turns it into latents, and the
generator writes what is to be added to them: it need not learn where a tone or a stroke is, only what it is
like.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generators.vqgan.controls import SAMPLE_RATE, TONE_STEP

THUMP_HZ, THUMP_FALL_S = (45.0, 110.0), 0.09
NOISES = ((300.0, 3000.0, 0.05), (4500.0, 10500.0, 0.035))  # low and high edge in Hz, and the fall in s
LOUD = (0.9, 0.55, 0.3)  # of the full burst of each band, against the music's level around it
BURST_S = 0.3

Events = Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]


def draw_sketch(
    guide: NDArray[np.float32],
    events: Events,
    times_s: NDArray[np.float64],
    level_db: NDArray[np.float64],
    samples: int,
) -> NDArray[np.float32]:
    """The wave, float32 `[samples]` at `SAMPLE_RATE`.

    Args:
        guide: the tones (`tones`), a sample every `TONE_STEP`.
        events: (times in s, strengths) of the strokes of each band, as `controls.draw_onsets` takes them.
        times_s, level_db: the music's loudness (RMS) over time.
        samples: how long it is to be.
    """
    wave = np.zeros(samples + round(BURST_S * SAMPLE_RATE) + 1, np.float32)
    tones = raised(guide)
    count = min(len(tones), samples)
    wave[:count] = tones[:count]
    for band, (times, strengths) in enumerate(events):
        burst = _bursts()[band]
        loud = LOUD[band] * 10 ** (np.interp(times, times_s, level_db) / 20) * strengths
        for time, gain in zip(times, loud, strict=True):
            first = round(time * SAMPLE_RATE)
            if 0 <= first < samples:
                wave[first : first + len(burst)] += np.float32(gain) * burst
    return wave[:samples]


def raised(guide: NDArray[np.float32]) -> NDArray[np.float32]:
    """A guide at the full rate, `[n]` → `[n · TONE_STEP]`."""
    kernel = torch.from_numpy(low_pass()) * TONE_STEP
    around = len(kernel) // 2
    low = torch.from_numpy(np.ascontiguousarray(guide, np.float32))[None, None]
    wave = torch.nn.functional.conv_transpose1d(low, kernel[None, None], stride=TONE_STEP, padding=around)
    made: NDArray[np.float32] = torch.nn.functional.pad(wave[0, 0], (0, TONE_STEP - 1)).numpy()
    return made


def lowered(wave: Tensor) -> NDArray[np.float32]:
    """What of a wave lies below the guide's highest tone, `[n]` → `[n / TONE_STEP]`."""
    kernel = torch.from_numpy(low_pass())
    padded = torch.nn.functional.pad(wave[None, None], (len(kernel) // 2, len(kernel) // 2))
    low = torch.nn.functional.conv1d(padded, kernel[None, None], stride=TONE_STEP)[0, 0]
    made: NDArray[np.float32] = low.numpy()
    return made


@cache
def low_pass() -> NDArray[np.float32]:
    """A windowed sinc that ends at the guide's Nyquist frequency."""
    at = np.arange(-96, 97) / TONE_STEP
    kernel = np.sinc(at * 0.95) * np.kaiser(len(at), 7.0)
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


@cache
def _bursts() -> tuple[NDArray[np.float32], ...]:
    """The full burst of each band, float32; its loudest instants are about 1."""
    t = np.arange(round(BURST_S * SAMPLE_RATE)) / SAMPLE_RATE
    low, high = THUMP_HZ
    hz = low + (high - low) * np.exp(-t / 0.02)
    made = [np.sin(2 * np.pi * np.cumsum(hz) / SAMPLE_RATE) * np.exp(-t / THUMP_FALL_S)]
    rng = np.random.default_rng(0)
    for low, high, fall_s in NOISES:
        spectrum = np.fft.rfft(rng.normal(size=len(t)))
        at = np.fft.rfftfreq(len(t), 1 / SAMPLE_RATE)
        noise = np.fft.irfft(np.where((at >= low) & (at <= high), spectrum, 0), len(t))
        made.append(noise / noise.std() * 0.7 * np.exp(-t / fall_s))
    ease = np.minimum(1, (len(t) - np.arange(len(t))) / 400)
    return tuple((burst * ease).astype(np.float32) for burst in made)
