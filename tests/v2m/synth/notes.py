"""One note of a patch, and what can be measured of it."""

from __future__ import annotations

import numpy as np

from v2m.instrument import Instrument

RATE = 48000


def note(instrument: Instrument, key: int, velocity: int = 100, held_s: float = 1.0, **how) -> np.ndarray:
    """float64 `[2, n]`: the note, with a tenth of a second after it."""
    out = np.zeros((2, instrument.samples(key, velocity, held_s) + RATE // 10), np.float32)
    instrument.play(out, 0, key, velocity, held_s, **how)
    return out.astype(np.float64)


def spectrum_db(sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies, and decibels below the loudest of them, of mono sound `[n]`."""
    power = np.abs(np.fft.rfft(sound * np.blackman(len(sound))))
    return np.fft.rfftfreq(len(sound), 1 / RATE), 20 * np.log10(power / power.max() + 1e-12)


def partial_db(sound: np.ndarray, at_hz: float) -> float:
    """Power of a steady partial of mono sound, decibels: that of its main lobe."""
    power = np.abs(np.fft.rfft(sound * np.blackman(len(sound)))) ** 2
    near = round(at_hz * len(sound) / RATE) + np.arange(-6, 7)
    return float(10 * np.log10(power[near].sum() + 1e-20))


def peak_hz(sound: np.ndarray, near_hz: float, within_cents: float = 100) -> float:
    """The strongest frequency within some cents of one, by parabolic interpolation."""
    padded = np.concatenate([sound * np.blackman(len(sound)), np.zeros(3 * len(sound))])
    power = 20 * np.log10(np.abs(np.fft.rfft(padded)) + 1e-12)
    hz = np.fft.rfftfreq(len(padded), 1 / RATE)
    ratio = 2 ** (within_cents / 1200)
    near = np.flatnonzero((hz > near_hz / ratio) & (hz < near_hz * ratio))
    k = near[np.argmax(power[near])]
    a, b, c = power[k - 1 : k + 2]
    return float(hz[k] + (a - c) / (2 * (a - 2 * b + c)) * hz[1])


def level_db(sound: np.ndarray, start_s: float, end_s: float) -> float:
    """Mean power between two times, decibels."""
    return float(10 * np.log10(np.mean(sound[..., int(start_s * RATE) : int(end_s * RATE)] ** 2) + 1e-20))


def cents(hz: float, of_hz: float) -> float:
    return float(1200 * np.log2(hz / of_hz))
