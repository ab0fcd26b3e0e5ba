"""Sound → what an engineer reads off meters: balance by octave, crest, width; what should not be there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from v2m.loudness import Meter

OCTAVES_HZ = (31.5, 63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0)
FRAME = 1 << 13
LOW_HZ = 150.0
CLICK_NEAR_S, CLICK_FAR_S = 0.0003, 0.03
CLICK_RATIO = 6.0
CLICK_LEAST = 1e-3  # a third difference smaller than this is not heard
SILENT_DBFS = -60.0


@dataclass(frozen=True)
class Descriptors:
    """Of one piece of sound.

    Attributes:
        lufs, true_peak_dbtp: BS.1770.
        plr_db: true peak over loudness, the crest factor that mastering is judged by.
        balance_db: level of each octave of `OCTAVES_HZ` against the loudest of them.
        tilt_db: decibels an octave from 63 Hz to 8 kHz, by least squares.
        correlation: of left and right, −1 to 1; `low_correlation`: the same below 150 Hz.
        dc: mean over full scale.
        clicks: how often the waveform jumps.
        silent_s: the longest stretch below −60 dBFS.
    """

    lufs: float
    true_peak_dbtp: float
    plr_db: float
    balance_db: tuple[float, ...]
    tilt_db: float
    correlation: float
    low_correlation: float
    dc: float
    clicks: int
    silent_s: float


def describe(sound: NDArray[np.floating], rate: int) -> Descriptors:
    """Descriptors of `sound` `[2, n]` at `rate` Hz (44,100 or 48,000)."""
    meter = Meter(rate)
    meter.add(sound.astype(np.float32))
    meter.close()
    balance = octave_balance_db(sound, rate)
    within = slice(1, 9)
    octave = np.arange(len(OCTAVES_HZ))[within]
    low = signal.sosfilt(signal.butter(4, LOW_HZ, fs=rate, output="sos"), sound, axis=1)
    return Descriptors(
        meter.lufs,
        meter.true_peak_dbtp,
        meter.true_peak_dbtp - meter.lufs,
        tuple(float(b) for b in balance),
        float(np.polyfit(octave, balance[within], 1)[0]),
        correlation(sound),
        correlation(low),
        float(np.abs(sound.mean(axis=1)).max()),
        len(clicks(sound, rate)),
        longest_silence_s(sound, rate),
    )


def octave_balance_db(sound: NDArray[np.floating], rate: int) -> NDArray[np.float64]:
    """Level of each octave band against the loudest, `[10]`."""
    hz, power = signal.welch(sound, rate, nperseg=FRAME, axis=1)
    edges = np.array(OCTAVES_HZ)[:, None] * np.array([2**-0.5, 2**0.5])
    bands = [power[:, (hz >= low) & (hz < high)].sum() for low, high in edges]
    level = 10 * np.log10(np.array(bands) + 1e-20)
    return np.asarray(level - level.max())


def correlation(sound: NDArray[np.floating]) -> float:
    """Of left and right; 1 for silence."""
    left, right = sound
    power = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return float((left * right).sum() / power) if power > 0 else 1.0


def clicks(sound: NDArray[np.floating], rate: int) -> NDArray[np.int64]:
    """Samples at which the waveform jumps.

    A jump shows in the third difference for a few samples only; a stroke, however hard, goes on after
    it, and the edges of a saw come again in its next period. So a jump is a value several times as large
    as all within 30 ms but the nearest.
    """
    rough = np.abs(np.diff(sound, 3, axis=1)).max(axis=0)
    near, far = round(CLICK_NEAR_S * rate), round(CLICK_FAR_S * rate)
    beside = ndimage.maximum_filter1d(rough, far - near)
    shift = near + (far - near) // 2
    before, after = np.roll(beside, shift), np.roll(beside, -shift)
    stands_out = rough > CLICK_RATIO * np.maximum(before, after) + CLICK_LEAST
    peaks = np.flatnonzero(stands_out)
    return peaks[np.diff(peaks, prepend=-far) > near]


def longest_silence_s(sound: NDArray[np.floating], rate: int) -> float:
    """The longest run of 10-ms frames below −60 dBFS, its length in seconds."""
    frame = rate // 100
    whole = sound.shape[1] // frame * frame
    level = np.sqrt((sound[:, :whole].reshape(len(sound), -1, frame) ** 2).mean(axis=(0, 2)))
    quiet = np.concatenate([[0], (level < 10 ** (SILENT_DBFS / 20)).astype(int), [0]])
    edges = np.flatnonzero(np.diff(quiet))
    runs = edges[1::2] - edges[::2]
    return float(runs.max() * 0.01) if len(runs) else 0.0
