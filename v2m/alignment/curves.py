"""Does the music rise and fall with the picture, second by second?

Conventions
-----------
Curves are float64, one number a second (or another steady `rate_hz`) on the clip's clock; nan where a
curve has nothing to say (silence, black frames), and such seconds are left out. A lag is positive
where the music is late. Chance is the music's curve turned by whole steps, which keeps its slow
swells: neighbouring seconds are alike, so that the p-values of tables would promise far too much.
Correlations have a gain and a p-value, no lift.

Metrics
-------
* `spearman`: rank correlation (Spearman, "The proof and measurement of association between two things",
  Am. J. Psychology 15, 1904), equal values sharing their mean rank. Undefined where a curve is
  constant or fewer than 5 seconds are there; a constant curve is warned about.
* `best_lag`: the lag within ±2 s at which it is largest.

`evaluate` names pairs music first: `loudness_motion`, `density_motion`, and both with the picture's
arousal and tension. Higher is better in the sense that music is expected to follow; a film
that plays against its picture scores below 0 on purpose.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from v2m.alignment.defaults import SHIFTS
from v2m.alignment.measure import Measure, measure_curve, undefined

RATE_HZ = 1.0
MOST_LAG_S = 2.0
LEAST_COUNT = 5


def validate(
    music: ArrayLike, picture: ArrayLike, *, rate_hz: float = RATE_HZ
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two curves, checked.

    Raises:
        ValueError: if they are not one-dimensional, not equally long, or hold an infinity, or the rate
            is not positive.

    Warns:
        UserWarning: if they are empty, or one is constant where both have something to say.
    """
    if not rate_hz > 0:
        raise ValueError("rate_hz must be positive")
    first, second = np.asarray(music, dtype=np.float64), np.asarray(picture, dtype=np.float64)
    if first.ndim != 1 or second.ndim != 1:
        raise ValueError("curves must be one-dimensional")
    if first.shape != second.shape:
        raise ValueError(f"curves of {len(first)} and {len(second)} steps are not of one clock")
    if np.isinf(first).any() or np.isinf(second).any():
        raise ValueError("curves must be finite; nan where they have nothing to say")
    if not first.size:
        warnings.warn("a curve is empty", stacklevel=3)
    else:
        both = ~(np.isnan(first) | np.isnan(second))
        if both.any() and (np.ptp(first[both]) == 0 or np.ptp(second[both]) == 0):
            warnings.warn("a curve is constant", stacklevel=3)
    return first, second


def spearman(music: ArrayLike, picture: ArrayLike) -> float:
    """Rank correlation, −1 to 1; nan where it is undefined.

    Raises:
        ValueError: see `validate`.
    """
    return _spearman(*validate(music, picture))


def best_lag(
    music: ArrayLike, picture: ArrayLike, *, rate_hz: float = RATE_HZ, most_lag_s: float = MOST_LAG_S
) -> tuple[float, float]:
    """The lag at which the curves correlate most, in seconds, and that correlation; nan if there is none.

    Of equal ones the nearest to nought.

    Raises:
        ValueError: see `validate`, or if `most_lag_s` is negative.
    """
    if not most_lag_s >= 0:
        raise ValueError("most_lag_s must not be negative")
    first, second = validate(music, picture, rate_hz=rate_hz)
    return _best_lag(first, second, rate_hz, most_lag_s)


def per_second(
    times_s: ArrayLike, values: ArrayLike, duration_s: float, *, rate_hz: float = RATE_HZ
) -> NDArray[np.float64]:
    """Means of what was measured within each second, float64 `[steps]`; nan where nothing was.

    Args:
        times_s, values: `[N]`; values that are nan do not count.
        duration_s: of the clip. A last second of less than half its length is left out.
        rate_hz: steps a second.

    Raises:
        ValueError: if the shapes disagree or the length or rate is not positive.
    """
    times, found = np.asarray(times_s, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if times.ndim != 1 or times.shape != found.shape:
        raise ValueError("times and values must both be [N]")
    steps = count_steps(duration_s, rate_hz=rate_hz)
    step = np.floor(times * rate_hz + 1e-9)
    held = ~np.isnan(found) & (step >= 0) & (step < steps)
    at = step[held].astype(np.int64)
    count = np.bincount(at, minlength=steps)
    total = np.bincount(at, found[held], minlength=steps)
    return np.asarray(np.divide(total, count, out=np.full(steps, np.nan), where=count > 0), dtype=np.float64)


def events_per_second(
    events_s: ArrayLike, duration_s: float, *, rate_hz: float = RATE_HZ
) -> NDArray[np.float64]:
    """How many events fall into each second, as a rate, float64 `[steps]`.

    Raises:
        ValueError: as `per_second`.
    """
    events = np.asarray(events_s, dtype=np.float64)
    if events.ndim != 1:
        raise ValueError("events must be one-dimensional")
    steps = count_steps(duration_s, rate_hz=rate_hz)
    step = np.floor(events * rate_hz + 1e-9)
    held = (step >= 0) & (step < steps)
    return np.asarray(np.bincount(step[held].astype(np.int64), minlength=steps) * rate_hz, dtype=np.float64)


def count_steps(duration_s: float, *, rate_hz: float = RATE_HZ) -> int:
    """How many steps a clip has: a last one of less than half its length is left out, but for the first.

    Raises:
        ValueError: if the length or the rate is not positive.
    """
    if not (np.isfinite(duration_s) and duration_s > 0 and rate_hz > 0):
        raise ValueError("the length and the rate must be positive")
    return max(1, int(np.floor(duration_s * rate_hz + 0.5)))


def correlation(
    task: str,
    name: str,
    music: ArrayLike,
    picture: ArrayLike,
    *,
    rate_hz: float = RATE_HZ,
    most_lag_s: float = MOST_LAG_S,
    shifts: int = SHIFTS,
    seed: int = 0,
) -> Measure:
    """One pair of curves as a `Measure`: Spearman, how many seconds, the best lag, and chance.

    Raises:
        ValueError: see `validate`.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="a curve is")
        first, second = validate(music, picture, rate_hz=rate_hz)
    both = ~(np.isnan(first) | np.isnan(second))
    count = int(both.sum())
    if np.isnan(_spearman(first, second)):
        few = f"fewer than {LEAST_COUNT} seconds are there to compare"
        flat = "the music's curve" if count and np.ptp(first[both]) == 0 else "the picture's curve"
        return undefined(task, name, few if count < LEAST_COUNT else f"{flat} is constant", count=count)
    lag_s, at_lag = _best_lag(first, second, rate_hz, most_lag_s)
    return measure_curve(
        task,
        name,
        lambda turned: _spearman(turned, second),
        first,
        shifts=shifts,
        seed=seed,
        count=count,
        details={"lag_s": lag_s, "at_lag": at_lag},
    )


def evaluate(
    *,
    loudness: ArrayLike | None = None,
    density: ArrayLike | None = None,
    motion: ArrayLike | None = None,
    arousal: ArrayLike | None = None,
    tension: ArrayLike | None = None,
    rate_hz: float = RATE_HZ,
    shifts: int = SHIFTS,
    seed: int = 0,
) -> tuple[Measure, ...]:
    """Every pair of a curve of the music and one of the picture that are given.

    Args:
        loudness: of the music, any unit that rises with it (dB).
        density: of the music, onsets or notes a second.
        motion: energy of movement in the picture.
        arousal, tension: of the picture.
        rate_hz: steps a second, of all of them.
        shifts, seed: see `v2m.alignment.chance`; no shifts, no chance level.

    Raises:
        ValueError: see `validate`.
    """
    music = (("loudness", loudness), ("density", density))
    picture = (("motion", motion), ("arousal", arousal), ("tension", tension))
    return tuple(
        correlation("curves", f"{ours}_{theirs}", heard, seen, rate_hz=rate_hz, shifts=shifts, seed=seed)
        for ours, heard in music
        if heard is not None
        for theirs, seen in picture
        if seen is not None
    )


def _spearman(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    both = ~(np.isnan(first) | np.isnan(second))
    if int(both.sum()) < LEAST_COUNT:
        return float("nan")
    a, b = _ranks(first[both]), _ranks(second[both])
    a, b = a - a.mean(), b - b.mean()
    norm = np.sqrt(float(a @ a) * float(b @ b))
    return float(np.clip(a @ b / norm, -1.0, 1.0)) if norm > 0 else float("nan")


def _best_lag(
    first: NDArray[np.float64], second: NDArray[np.float64], rate_hz: float, most_lag_s: float
) -> tuple[float, float]:
    most = min(int(most_lag_s * rate_hz + 1e-9), max(len(first) - 1, 0))
    found = (float("nan"), float("nan"))
    for lag in sorted(range(-most, most + 1), key=abs):
        late, early = first[max(lag, 0) :], second[max(-lag, 0) :]
        size = min(len(late), len(early))
        value = _spearman(late[:size], early[:size])
        if not np.isnan(value) and not value <= found[1] + 1e-12:
            found = (lag / rate_hz, value)
    return found


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1, equal values sharing their mean rank."""
    _, which, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2)[which], dtype=np.float64)
