"""Is the soundtrack technically in order: how loud, how long, and not broken?

Conventions
-----------
A recording is measured block by block as it is decoded (`v2m.alignment.levels`). Channels are left and
right; of five or six, left, right, centre(, low frequencies), left and right surround, weighed as
BS.1770 does; any other number weighs alike. A single channel counts once: played on two speakers it is
3 LU louder. None of these depends on where the music is under the picture, so none has a chance level.

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

from v2m.alignment.levels import Levels
from v2m.alignment.measure import Measure, undefined
from v2m.loudness import OFFSET_LU, hop_samples, integrated_lufs

SHORT_TERM_S, RANGE_STEP_S = 3.0, 0.1
RANGE_GATE_LUFS, RANGE_GATE_LU = -70.0, -20.0
RANGE_PERCENTILES = (10.0, 95.0)

_NO_CHANCE = "turning the music in time does not change it"


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


def evaluate(
    levels: Levels, *, picture_s: float | None = None, frame_s: float | None = None
) -> tuple[Measure, ...]:
    """Every metric of a soundtrack; none has a chance level.

    Args:
        levels: of the soundtrack.
        picture_s: length of the picture; without it the lengths are not compared.
        frame_s: of one frame of the picture.

    Raises:
        ValueError: if a length is not positive.
    """
    energies, peak, sample_rate = levels.energies, levels.peak, levels.sample_rate
    lufs = integrated_lufs(energies, sample_rate) if energies.size else -math.inf
    spread = loudness_range(energies, sample_rate)
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
        longer_s = levels.duration_s - picture_s
        measures.append(_number("length_difference", longer_s, "s", "nearer"))
        if frame_s is not None:
            if not (math.isfinite(frame_s) and frame_s > 0):
                raise ValueError("a frame's length must be positive")
            measures.append(_number("length_difference_frames", longer_s / frame_s, "frames", "nearer"))
    silent = levels.silent_windows / levels.windows if levels.windows else math.nan
    clipped = levels.clipped_samples / max(levels.samples * levels.channels, 1)
    details = {"runs": float(levels.clipped_runs)}
    return (
        *measures,
        _number("silence_share", silent, "", "lower", "there is no sample"),
        Measure("sound", "clipped", clipped, better="lower", details=details, note=_NO_CHANCE),
        _number("dc_offset", levels.offset, "", "nearer"),
    )


def _number(name: str, value: float, unit: str, better: str, why_not: str = "") -> Measure:
    if not math.isfinite(value):
        return undefined("sound", name, why_not, unit=unit, better=better)
    return Measure("sound", name, value, unit=unit, better=better, note=_NO_CHANCE)
