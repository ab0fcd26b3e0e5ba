"""Do the music's beats fall where a dancer's body comes to rest?

Conventions
-----------
Times are float64 seconds on one clock, whatever the rates of picture and music were: what the
originals give in frames (3 at 60 fps) is given in seconds (50 ms). Joints are resampled to 60 Hz.
No motion beat, or no music beat: warned about, and 0.

Metrics
-------
* `aistpp` (AIST++: Li, Yang, Ross & Kanazawa, "AI choreographer: music conditioned 3D dance generation
  with AIST++", ICCV 2021): motion beats are minima of the joints' summed speed, each the least within
  10 frames; the score is the mean over *motion* beats of exp(−d² / 2σ²), d to the nearest music beat,
  σ = 50 ms.
* `bailando` (Siyao et al., "Bailando: 3D dance generation by actor-critic GPT with choreographic memory",
  CVPR 2022): the speed is smoothed first by a Gaussian of 5 frames, any local minimum is a beat, and the
  mean is over *music* beats, d to the nearest motion beat.
* `aistpp_given`, `bailando_given`: the same two means for motion beats that were found otherwise.

`aistpp` is maxed out by fast music and `bailando` by a body that stops often: hence their chance levels.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from v2m.alignment.defaults import SHIFTS
from v2m.alignment.measure import Measure, measure_events, undefined
from v2m.alignment.sync import distance_to_nearest
from v2m.alignment.sync import validate as validate_events

SIGMA_S = 3 / 60
RATE_HZ = 60.0
AISTPP_ORDER = 10
"""Frames on either side within which an AIST++ motion beat is the least speed."""
BAILANDO_SMOOTHING = 5.0
"""Standard deviation of Bailando's smoothing, frames."""
LONGEST_GAP_S = 0.25
"""Where joints are missing for longer, the body is not followed across the gap."""


def validate(joints: ArrayLike, times_s: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Joints over time, checked: float64 `[T, J, 2 or 3]` and `[T]`.

    Raises:
        ValueError: if the shapes are others, a number is not finite, or times do not increase.
    """
    places, times = np.asarray(joints, dtype=np.float64), np.asarray(times_s, dtype=np.float64)
    if places.ndim != 3 or places.shape[2] not in (2, 3):
        raise ValueError(f"joints are [T, J, 2 or 3], not {list(places.shape)}")
    if times.shape != places.shape[:1]:
        raise ValueError(f"{len(places)} poses need as many times")
    if not (np.isfinite(places).all() and np.isfinite(times).all()):
        raise ValueError("joints and times must be finite; leave out what was not seen")
    if (np.diff(times) <= 0).any():
        raise ValueError("times must increase")
    return places, times


def resample(
    joints: ArrayLike,
    times_s: ArrayLike,
    *,
    rate_hz: float = RATE_HZ,
    longest_gap_s: float = LONGEST_GAP_S,
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Joints → runs at an even rate, broken where nothing was seen for long.

    Through a cubic spline: between two frames a straight line has one speed, and of several equal
    speeds none is a strict minimum.

    Args:
        joints: `[T, J, 2 or 3]`, in any unit of length.
        times_s: `[T]`, increasing.
        rate_hz: of the result.
        longest_gap_s: a longer step between two times ends a run.

    Returns:
        for each run, joints `[N, J, 2 or 3]` and times `[N]`.

    Raises:
        ValueError: see `validate`, or if the rate is not positive.
    """
    from scipy.interpolate import CubicSpline

    if not rate_hz > 0:
        raise ValueError("rate_hz must be positive")
    places, times = validate(joints, times_s)
    runs = []
    for part in np.split(np.arange(len(times)), np.flatnonzero(np.diff(times) > longest_gap_s) + 1):
        if len(part) < 2:
            continue
        clock = times[part] - times[part[0]]
        at = np.arange(int(clock[-1] * rate_hz + 1e-6) + 1) / rate_hz
        runs.append((CubicSpline(clock, places[part])(at), at + times[part[0]]))
    return runs


def aistpp_motion_beats(joints: ArrayLike, times_s: ArrayLike) -> NDArray[np.float64]:
    """Motion beats as AIST++ has them, seconds.

    The envelope at frame t is the sum over joints of |J[t] − J[t−1]|, not smoothed; it is 0 at a run's
    first frame, as in the original, so that no beat lies within its first ten.

    Raises:
        ValueError: see `validate`.
    """
    from scipy.signal import argrelextrema

    beats = []
    for places, times in resample(joints, times_s):
        speed = np.linalg.norm(np.diff(places, axis=0), axis=2).sum(axis=1)
        envelope = np.concatenate([[0.0], speed])
        beats.append(times[argrelextrema(envelope, np.less, order=AISTPP_ORDER)[0]])
    return np.concatenate(beats) if beats else np.zeros(0)


def bailando_motion_beats(joints: ArrayLike, times_s: ArrayLike) -> NDArray[np.float64]:
    """Motion beats as Bailando has them, seconds.

    The speed of frame t is the mean over joints of |J[t+1] − J[t]|, smoothed.

    Raises:
        ValueError: see `validate`.
    """
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import argrelextrema

    beats = []
    for places, times in resample(joints, times_s):
        speed = np.linalg.norm(np.diff(places, axis=0), axis=2).mean(axis=1)
        smooth = gaussian_filter1d(speed, BAILANDO_SMOOTHING)
        beats.append(times[argrelextrema(smooth, np.less)[0]])
    return np.concatenate(beats) if beats else np.zeros(0)


@dataclass(frozen=True, eq=False)
class MotionBeats:
    """A body's motion beats by both definitions, float64 `[beats]`, seconds."""

    aistpp_s: NDArray[np.float64]
    bailando_s: NDArray[np.float64]

    @classmethod
    def of(cls, runs: Iterable[tuple[ArrayLike, ArrayLike]]) -> MotionBeats:
        """From stretches in which one body is followed: joints `[T, J, 2 or 3]` and times `[T]` of each.

        Raises:
            ValueError: see `validate`.
        """
        none, runs = np.zeros(0), list(runs)
        return cls(
            np.concatenate([none, *(aistpp_motion_beats(*run) for run in runs)]),
            np.concatenate([none, *(bailando_motion_beats(*run) for run in runs)]),
        )


def aistpp(motion_beats_s: ArrayLike, music_beats_s: ArrayLike, *, sigma_s: float = SIGMA_S) -> float:
    """Mean over motion beats of exp(−d² / 2σ²) to the nearest music beat, 0 to 1; 0 if either is empty.

    Raises:
        ValueError: if beats are not one-dimensional, finite and non-decreasing, or σ is not positive.
    """
    return _nearness(motion_beats_s, music_beats_s, sigma_s)


def bailando(motion_beats_s: ArrayLike, music_beats_s: ArrayLike, *, sigma_s: float = SIGMA_S) -> float:
    """Mean over music beats of exp(−d² / 2σ²) to the nearest motion beat, 0 to 1; 0 if either is empty.

    Raises:
        ValueError: as `aistpp`.
    """
    return _nearness(music_beats_s, motion_beats_s, sigma_s)


def _nearness(from_s: ArrayLike, to_s: ArrayLike, sigma_s: float) -> float:
    if not sigma_s > 0:
        raise ValueError("sigma_s must be positive")
    starts, ends = validate_events(from_s, to_s)
    if not starts.size or not ends.size:
        return 0.0
    apart = distance_to_nearest(starts, ends)
    return float(np.mean(np.exp(-0.5 * (apart / sigma_s) ** 2)))


def evaluate(
    music_beats_s: ArrayLike,
    duration_s: float,
    *,
    body: MotionBeats | None = None,
    motion_beats_s: ArrayLike | None = None,
    shifts: int = SHIFTS,
    seed: int = 0,
) -> tuple[Measure, ...]:
    """Every variant whose inputs are given, each with what chance gives.

    Args:
        music_beats_s: float64 `[beats]`, of the music; these are turned.
        duration_s: length of the music.
        body: of the body that was seen.
        motion_beats_s: motion beats that were found otherwise.
        shifts, seed: see `v2m.alignment.chance`; no shifts, no chance level.

    Raises:
        ValueError: if an input is not what it must be.
    """
    music = np.asarray(music_beats_s, dtype=np.float64)
    wanted = []
    if body is not None:
        wanted += [("aistpp", aistpp, body.aistpp_s), ("bailando", bailando, body.bailando_s)]
    if motion_beats_s is not None:
        found = np.asarray(motion_beats_s, dtype=np.float64)
        wanted += [("aistpp_given", aistpp, found), ("bailando_given", bailando, found)]
    measures = []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="an array of events is empty")
        for name, metric, motion in wanted:
            if not motion.size:
                measures.append(undefined("beats", name, "no motion beat was seen", count=0))
                continue
            measures.append(
                measure_events(
                    "beats",
                    name,
                    partial(metric, motion),
                    music,
                    duration_s,
                    shifts=shifts,
                    seed=seed,
                    count=len(motion) if metric is aistpp else len(music),
                    details={"motion_beats": float(len(motion)), "sigma_s": SIGMA_S},
                )
            )
    return tuple(measures)
