"""The room: a synthetic stereo impulse response.

Early reflections of a shoebox (first 80 ms, image sources drawn once), then noise that decays
exponentially, faster the higher the frequency, left and right uncorrelated: the statistical
model of a diffuse field (Moorer 1979, "About this reverberation business"). The seed is fixed:
it is one room, the same in every render.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from generators.desk import Room

SEED = 1979


def impulse_response(room: Room, sample_rate: int) -> NDArray[np.float32]:
    """float32 `[2, n]` whose energy is 1 a channel on average, so that a send of 1 is as loud as dry."""
    from scipy import fft

    rng = np.random.default_rng(SEED)
    n = int(fft.next_fast_len(int(room.decay_s * 1.1 * sample_rate), real=True))
    times = np.arange(n) / sample_rate
    tail = np.zeros((2, n))
    edges = np.array([0, 250, 500, 1000, 2000, 4000, 8000, sample_rate / 2 + 1])
    spectrum = fft.rfft(rng.standard_normal((2, n)), axis=1)
    hz = np.fft.rfftfreq(n, 1 / sample_rate)
    for low, high in itertools.pairwise(edges):
        centre = np.sqrt(max(low, 125.0) * min(high, 16000.0))
        # Air and soft walls: decay shortens evenly per octave above 500 Hz.
        keeps = room.brightness ** (max(np.log2(centre / 500), 0) / 4)
        band = fft.irfft(np.where((hz >= low) & (hz < high), spectrum, 0), n, axis=1)
        tail += band * 10 ** (-3 * times / (room.decay_s * keeps))
    onset = int(0.02 * sample_rate)
    tail[:, :onset] *= np.linspace(0, 1, onset) ** 2
    early = np.zeros((2, n))
    for _ in range(14):
        delay_s = rng.uniform(0.004, 0.075)
        side = rng.integers(2)
        level = 0.9 * 10 ** (-delay_s * 12) * rng.choice([-1.0, 1.0])
        early[side, int(delay_s * sample_rate)] += level
        early[1 - side, int((delay_s + rng.uniform(0.0002, 0.0006)) * sample_rate)] += 0.6 * level
    tail *= 1.0 / np.sqrt((tail**2).sum() / 2)
    early *= 0.45 / np.sqrt((early**2).sum() / 2)
    whole = np.concatenate([np.zeros((2, int(room.predelay_s * sample_rate))), tail + early], axis=1)
    size = int(fft.next_fast_len(whole.shape[1] + 4096, real=True))
    cut = highpass_response(np.fft.rfftfreq(size, 1 / sample_rate), room.low_cut_hz)
    whole = fft.irfft(fft.rfft(whole, size, axis=1) * cut, size, axis=1)[:, : whole.shape[1]]
    fade = int(0.05 * sample_rate)
    whole[:, -fade:] *= np.linspace(1, 0, fade)
    found: NDArray[np.float32] = (whole / np.sqrt((whole**2).sum() / 2)).astype(np.float32)
    return found


def highpass(cutoff_hz: float, sample_rate: int, taps: int = 4096) -> NDArray[np.float32]:
    """Impulse response `[1, taps]` of a second-order Butterworth high-pass (causal, no latency)."""
    hz = np.fft.rfftfreq(4 * taps, 1 / sample_rate)
    impulse = np.fft.irfft(highpass_response(hz, cutoff_hz))[:taps]
    return impulse[None, :].astype(np.float32)


def highpass_response(hz: NDArray[np.floating], cutoff_hz: float) -> NDArray[np.complex128]:
    """Frequency response at `hz` of a second-order Butterworth high-pass."""
    s = 1j * hz / cutoff_hz
    response: NDArray[np.complex128] = s * s / (s * s + np.sqrt(2) * s + 1)
    return response
