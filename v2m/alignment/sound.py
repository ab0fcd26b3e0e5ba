"""Is the soundtrack technically in order: how loud, how long, and not broken?

Conventions
-----------
Sound is float32 `[channels, samples]`, ±1 full scale. Channels are left and right; of five or six, left,
right, centre(, low frequencies), left and right surround, weighed as BS.1770 does; any other number
weighs alike. A single channel counts once: played on two speakers it is 3 LU louder. None of
these depends on where the music is under the picture, so none has a chance level.

Metrics
-------
* `lufs`: integrated loudness (ITU-R BS.1770-4).
* `true_peak`: largest magnitude, 4× oversampled (BS.1770-4, annex 2), dBTP.
* `loudness_range`: spread of the short-term loudness (EBU Tech 3342): 3-s blocks every 100 ms, gated at
  −70 LUFS and at 20 LU below the mean; from the 10th to the 95th percentile.
* `length_difference`, `length_difference_frames`: sound less picture, in s and in frames.
* `silence_share`: share of windows of 100 ms whose RMS, the loudest channel's, is below −60 dBFS.
* `clipped`: share of samples in runs of three or more at full scale; `details` has the number of runs.
* `dc_offset`: largest mean of a channel, re full scale.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from v2m.alignment.measure import Measure, undefined
from v2m.loudness import OFFSET_LU, Meter, hop_samples, integrated_lufs

SILENCE_DBFS = -60.0
SILENCE_WINDOW_S = 0.1
FULL_SCALE = 1.0 - 1.5 / 32768
"""A sample this large is at the end of a 16-bit range, or beyond it."""
CLIPPED_RUN = 3
SHORT_TERM_S, RANGE_STEP_S = 3.0, 0.1
RANGE_GATE_LUFS, RANGE_GATE_LU = -70.0, -20.0
RANGE_PERCENTILES = (10.0, 95.0)

# L, R, C, LFE, Ls, Rs; the low-frequency channel is left out.
_SURROUND = {5: (1.0, 1.0, 1.0, 1.41, 1.41), 6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41)}
_BLOCK = 1 << 18
_NO_CHANCE = "turning the music in time does not change it"


def validate(sound: NDArray[np.float32], sample_rate: int) -> None:
    """Check a soundtrack.

    Raises:
        ValueError: if it is not `[channels, samples]` with at least one channel, not finite, or the rate
            is below 1 kHz.
    """
    if sound.ndim != 2 or not sound.shape[0]:
        raise ValueError(f"sound is [channels, samples], not {list(sound.shape)}")
    if not np.isfinite(sound).all():
        raise ValueError("sound must be finite")
    if sample_rate < 1000:
        raise ValueError(f"a sample rate of {sample_rate} Hz is none")


def measure_loudness(sound: NDArray[np.float32], sample_rate: int) -> tuple[NDArray[np.float64], float]:
    """K-weighted energy and true peak of all channels.

    Returns:
        energies: float64 `[hops]`, one a hop of `v2m.loudness.hop_samples`, channels weighed and summed.
        peak: largest magnitude between the samples.

    Raises:
        ValueError: see `validate`.
    """
    validate(sound, sample_rate)
    weights = _SURROUND.get(len(sound), (1.0,) * len(sound))
    energies = np.zeros(0)
    peak = 0.0
    # The meter takes two channels: those of one weight go together.
    for weight in sorted(set(weights)):
        alike = [k for k, w in enumerate(weights) if w == weight]
        for pair in (alike[k : k + 2] for k in range(0, len(alike), 2)):
            meter = Meter(sample_rate)
            for first in range(0, sound.shape[1], _BLOCK):
                block = np.zeros((2, min(_BLOCK, sound.shape[1] - first)), np.float32)
                block[: len(pair)] = sound[pair, first : first + _BLOCK]
                meter.add(block)
            meter.close()
            found = weight * meter.energies.astype(np.float64)
            energies = found if not energies.size else energies + found
            peak = max(peak, float(meter.peaks.max(initial=0.0)))
    return energies, peak


def loudness_range(energies: NDArray[np.float64], sample_rate: int) -> float:
    """LRA in LU from K-weighted energy a hop; nan for less than 3 s or where all is below the gate."""
    hop = hop_samples(sample_rate)
    per_step = sample_rate // round(1 / RANGE_STEP_S) // hop
    width = round(SHORT_TERM_S / RANGE_STEP_S)
    steps = len(energies) // per_step
    if steps < width:
        return math.nan
    step = energies[: steps * per_step].reshape(steps, per_step).sum(axis=1)
    power = np.convolve(step, np.ones(width), "valid") / (width * per_step * hop)
    power = power[power > 10 ** ((RANGE_GATE_LUFS - OFFSET_LU) / 10)]
    if not power.size:
        return math.nan
    power = power[power >= power.mean() * 10 ** (RANGE_GATE_LU / 10)]
    low, high = np.percentile(10 * np.log10(power), RANGE_PERCENTILES)
    return float(high - low)


def silence_share(
    sound: NDArray[np.float32],
    sample_rate: int,
    *,
    threshold_dbfs: float = SILENCE_DBFS,
    window_s: float = SILENCE_WINDOW_S,
) -> float:
    """Share of windows in which no channel reaches the threshold, 0 to 1; nan without a sample.

    A last window that is cut short counts as much as any.

    Raises:
        ValueError: see `validate`, or if the window holds no sample.
    """
    validate(sound, sample_rate)
    size = round(window_s * sample_rate)
    if size < 1:
        raise ValueError("a window of silence needs a sample")
    if not sound.shape[1]:
        return math.nan
    edges = np.arange(0, sound.shape[1], size)
    length = np.diff(np.append(edges, sound.shape[1]))
    power = np.add.reduceat(sound.astype(np.float64) ** 2, edges, axis=1) / length
    return float(np.mean(power.max(axis=0) < 10 ** (threshold_dbfs / 10)))


def clipped(
    sound: NDArray[np.float32], *, full_scale: float = FULL_SCALE, run: int = CLIPPED_RUN
) -> tuple[float, int]:
    """Share of samples that lie in runs of `run` or more at full scale, and how many runs there are."""
    at_top = np.abs(sound) >= full_scale
    padded = np.pad(at_top, ((0, 0), (1, 1))).astype(np.int8)
    change = np.diff(padded, axis=1)
    # Row by row, starts and ends pair up in order.
    lengths = np.nonzero(change < 0)[1] - np.nonzero(change > 0)[1]
    long = lengths[lengths >= run]
    return float(long.sum() / max(at_top.size, 1)), len(long)


def dc_offset(sound: NDArray[np.float32]) -> float:
    """Largest magnitude of a channel's mean; 0 without a sample."""
    return float(np.abs(sound.mean(axis=1, dtype=np.float64)).max()) if sound.shape[1] else 0.0


def evaluate(
    sound: NDArray[np.float32],
    sample_rate: int,
    *,
    picture_s: float | None = None,
    frame_s: float | None = None,
) -> tuple[Measure, ...]:
    """Every metric of a soundtrack; none has a chance level.

    Args:
        sound: float32 `[channels, samples]`, at its own rate.
        sample_rate: Hz.
        picture_s: length of the picture; without it the lengths are not compared.
        frame_s: of one frame of the picture.

    Raises:
        ValueError: see `validate`, or if a length is not positive.
    """
    energies, peak = measure_loudness(sound, sample_rate)
    lufs = integrated_lufs(energies, sample_rate) if energies.size else -math.inf
    spread = loudness_range(energies, sample_rate)
    share, runs = clipped(sound)
    measures = [
        _number("lufs", lufs, "LUFS", "none", "nothing is above −70 LUFS"),
        _number(
            "true_peak", 20 * math.log10(peak) if peak > 0 else -math.inf, "dBTP", "none", "it is silent"
        ),
        _number("loudness_range", spread, "LU", "none", "it is silent, or shorter than 3 s"),
    ]
    if picture_s is not None:
        if not (math.isfinite(picture_s) and picture_s > 0):
            raise ValueError("the picture's length must be positive")
        longer_s = sound.shape[1] / sample_rate - picture_s
        measures.append(_number("length_difference", longer_s, "s", "nearer"))
        if frame_s is not None:
            if not (math.isfinite(frame_s) and frame_s > 0):
                raise ValueError("a frame's length must be positive")
            measures.append(_number("length_difference_frames", longer_s / frame_s, "frames", "nearer"))
    silent = silence_share(sound, sample_rate)
    return (
        *measures,
        _number("silence_share", silent, "", "lower", "there is no sample"),
        Measure("sound", "clipped", share, better="lower", details={"runs": float(runs)}, note=_NO_CHANCE),
        _number("dc_offset", dc_offset(sound), "", "nearer"),
    )


def _number(name: str, value: float, unit: str, better: str, why_not: str = "") -> Measure:
    if not math.isfinite(value):
        return undefined("sound", name, why_not, unit=unit, better=better)
    return Measure("sound", name, value, unit=unit, better=better, note=_NO_CHANCE)
