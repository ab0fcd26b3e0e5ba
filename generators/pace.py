"""Pose and kinematic beats → a dancer's pace: which tempo the steps are the beats of.

Rests alone do not tell: a dancer may rest on each beat, on every second, or on some of them. What repeats
is the figure, over two, four or eight beats; its length is where the joints' places agree most with
themselves a while later, and the only tempo that people dance to which divides it so is the pace.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from encoders.stream import Stream, Streams

DANCE_BPM = (80.0, 160.0)  # an octave: of a pace, its half and its double only one is in it
EVEN = 0.25  # rests keep a pace if the middle half of their distances lies within this of the median
RATE_HZ = 30.0
FIGURE_S = (0.9, 4.5)  # how long a figure may be
FIGURES = 4  # times that a figure must fit into what was seen, to be believed
POSTURE_S = 3.0  # what changes more slowly is where the dancer stands
LEAST_LIKENESS = 0.08  # correlation of the joints' places one figure later
LEAST_RISE = 0.15  # and how much more that is than at the lags before it


def dancer_pace_bpm(streams: Streams) -> float | None:
    """The tempo of a dance, within `DANCE_BPM`: of even rests, else of the figure; None without either."""
    beats, pose = streams.get("kinematic_beats"), streams.get("pose")
    pace = None if beats is None else _even_bpm(beats.times_s)
    if pace is None and pose is not None and pose.says_something:
        figure_s = figure_length_s(pose)
        pace = None if figure_s is None else 60.0 / figure_s
    return None if pace is None else _danced(pace)


def figure_length_s(pose: Stream) -> float | None:
    """After how many seconds a dancer's figure comes again, or None where nothing does.

    The autocorrelation of the joints' places (x and y), without their slow wandering, summed over joints.
    """
    seen_s = pose.times_s[pose.mask]
    if len(seen_s) < 2 or seen_s[-1] - seen_s[0] < FIGURES * FIGURE_S[0]:
        return None
    grid_s = np.arange(seen_s[0], seen_s[-1], 1 / RATE_HZ)
    joints = [i for i, name in enumerate(pose.columns) if name[0] in "xy"]
    places = np.stack([np.interp(grid_s, seen_s, pose.values[pose.mask, i]) for i in joints])
    longest = min(round(FIGURE_S[1] * RATE_HZ), len(grid_s) // FIGURES)
    likeness = _likeness(_without_wandering(places), longest + 2)
    lags = np.arange(1, len(likeness) - 1)
    top = (likeness[lags] > likeness[lags - 1]) & (likeness[lags] >= likeness[lags + 1])
    rise = likeness[lags] - np.minimum.accumulate(likeness)[lags]
    clear = top & (likeness[lags] >= LEAST_LIKENESS) & (rise >= LEAST_RISE)
    fit = lags[clear & (lags >= FIGURE_S[0] * RATE_HZ)]
    if not len(fit):
        return None
    # Twice a figure is as like as once: the first of the peaks that are nearly as high as the highest.
    first = int(fit[likeness[fit] >= 0.8 * likeness[fit].max()][0])
    left, here, right = likeness[first - 1 : first + 2]
    bend = left - 2 * here + right
    return float((first + (0.5 * (left - right) / bend if bend < 0 else 0.0)) / RATE_HZ)


def _without_wandering(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """`[J, T]` less its moving mean, each joint scaled to a variance of 1."""
    width = min(round(POSTURE_S * RATE_HZ), places.shape[1]) | 1
    padded = np.pad(places, ((0, 0), (width // 2, width // 2)), mode="edge")
    sums = np.cumsum(np.pad(padded, ((0, 0), (1, 0))), axis=1)
    moved = places - (sums[:, width:] - sums[:, :-width])[:, : places.shape[1]] / width
    scaled: NDArray[np.float64] = moved / np.maximum(moved.std(axis=1, keepdims=True), 1e-9)
    return scaled


def _likeness(moved: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    """`[lags]`: mean correlation of all joints with themselves, 1 at lag 0."""
    length = moved.shape[1]
    return np.array([float((moved[:, : length - lag] * moved[:, lag:]).mean()) for lag in range(lags)])


def _even_bpm(beats_s: NDArray[np.float64]) -> float | None:
    """The pace that even rests keep; None where they are uneven."""
    if len(beats_s) < 4:
        return None
    early, middle, late = np.percentile(np.diff(beats_s), [25, 50, 75])
    return None if late - early > EVEN * middle else 60.0 / float(middle)


def _danced(pace_bpm: float) -> float:
    """Doubled or halved until people dance to it."""
    while pace_bpm < DANCE_BPM[0]:
        pace_bpm *= 2
    while pace_bpm > DANCE_BPM[1]:
        pace_bpm /= 2
    return pace_bpm
