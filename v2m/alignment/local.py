"""Where along the clip does the music fit the picture, and how late is it there?

The music's onsets and the picture's accents (cuts, steps, what sets in to move) are two trains of
instants, each instant with a strength. Where one train has its strong instants when the other has,
they fit.

Conventions
-----------
Events are float64 seconds from the clip's first frame, non-decreasing; strengths are not negative,
all 1 where none are given, and only their ratios matter. A lag is positive where the music is
late: onset − accent. Both trains empty or without strength: warned about, and 0.

Metrics
-------
* `accent_alignment`: the correlation measure of spike trains (Schreiber, Fellous, Whitmer, Tiesinga &
  Sejnowski, "A new correlation-based measure of spike timing reliability", Neurocomputing 52, 2003):
  both trains are blurred by a Gaussian, and the cosine between the two curves is taken. 1 where the
  trains are the same, 0 where no onset is near an accent; an onset without an accent costs as much
  as an accent without an onset. For a lag d the two Gaussians together give exp(−d² / 2σ²), σ =
  120 ms: the score falls over the whole range within which sound and picture may still be taken for
  one event (Vroomen & Keetels, "Perception of intersensory synchrony", Att. Percept. Psychophys. 72,
  2010), where a tolerance would see nothing beyond its edge.
* `lag`: the shift at which the trains, blurred finely (σ = 30 ms), correlate most, within ±500 ms;
  the parabola's top between the steps of 5 ms. Trains with a beat repeat their correlation every beat:
  lags longer than half a beat cannot be told from shorter ones of the other sign but by the ends.
* `local_alignment`: both in windows of 8 s, every second. The lag of all windows is the path of
  highest correlation through them that changes little (dynamic programming), a window in doubt going
  with the whole.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from v2m.alignment.chance import compare, draw_shifts
from v2m.alignment.defaults import SHIFTS
from v2m.alignment.measure import Measure, undefined
from v2m.alignment.trains import LagGrid, Train, turned_train

SIGMA_S = 0.12
LAG_SIGMA_S = 0.03
MOST_LAG_S = 0.5
LAG_STEP_S = 0.005
WINDOW_S = 8.0
HOP_S = 1.0
KNOWN_P = 0.05
"""A window's lag is known where at most this share of the turned music correlates as well at any lag."""

# How much correlation the path of lags gives up for a second of change, and at most for a jump.
_DRIFT_COST = 1.0
_JUMP_COST = 0.3
# How much the correlation over the whole clip counts beside that of a window.
_WHOLE = 1.0
# Between two steps of the grid a peak may hide this much of itself.
_NEARLY = 0.995


@dataclass(frozen=True, eq=False)
class LocalAlignment:
    """How well the music fits along the clip; every array is float64 `[windows]`.

    Attributes:
        times_s: the middle of each window.
        score: `accent_alignment` within the window; nan where either train has nothing there.
        chance: its mean under circular shifts of the music; nan where there is no chance level.
        p_value: share of the shifts that reach the score.
        lag_s: how late the music is; nan where `score` is.
        at_lag: the fine correlation of the trains once that lag is taken away.
        lag_p: share of the shifts whose trains correlate as well at whatever lag suits them best.
    """

    times_s: NDArray[np.float64]
    score: NDArray[np.float64]
    chance: NDArray[np.float64]
    p_value: NDArray[np.float64]
    lag_s: NDArray[np.float64]
    at_lag: NDArray[np.float64]
    lag_p: NDArray[np.float64]

    def __post_init__(self) -> None:
        shapes = {name: values.shape for name, values in vars(self).items()}
        if any(shape != (len(self.times_s),) for shape in shapes.values()):
            raise ValueError(f"every curve needs one number a window, not {shapes}")

    @property
    def gain(self) -> NDArray[np.float64]:
        """score − chance: above 0, the music fits better here than by luck."""
        return self.score - self.chance

    @property
    def lag_known(self) -> NDArray[np.bool_]:
        """bool `[windows]`: where luck would hardly give a lag that explains as much."""
        return np.asarray(self.lag_p <= KNOWN_P)


def validate(
    onsets_s: ArrayLike,
    accents_s: ArrayLike,
    onset_strengths: ArrayLike | None = None,
    accent_strengths: ArrayLike | None = None,
) -> tuple[Train, Train]:
    """The music's train and the picture's, checked.

    Raises:
        ValueError: if times are not one-dimensional, finite and non-decreasing, or strengths are not
            as many, finite and not negative.

    Warns:
        UserWarning: if a train is empty or has no strength.
    """
    trains = Train.of(onsets_s, onset_strengths), Train.of(accents_s, accent_strengths)
    for name, train in zip(("onsets", "accents"), trains, strict=True):
        if not train.strengths.any():
            warnings.warn(f"the train of {name} is empty", stacklevel=3)
    return trains


def accent_alignment(
    onsets_s: ArrayLike,
    accents_s: ArrayLike,
    *,
    onset_strengths: ArrayLike | None = None,
    accent_strengths: ArrayLike | None = None,
    sigma_s: float = SIGMA_S,
) -> float:
    """Cosine between the two blurred trains, 0 to 1; 0 if either is empty.

    Raises:
        ValueError: if `sigma_s` is not positive, or see `validate`.
    """
    if not sigma_s > 0:
        raise ValueError("sigma_s must be positive")
    music, picture = validate(onsets_s, accents_s, onset_strengths, accent_strengths)
    return music.cosine(picture, sigma_s)


def lag_correlation(
    onsets_s: ArrayLike,
    accents_s: ArrayLike,
    *,
    onset_strengths: ArrayLike | None = None,
    accent_strengths: ArrayLike | None = None,
    most_lag_s: float = MOST_LAG_S,
    sigma_s: float = LAG_SIGMA_S,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Correlation of the finely blurred trains at each lag.

    Returns:
        lags_s: float64 `[lags]`, −`most_lag_s` to `most_lag_s` in steps of 5 ms.
        correlation: float64 `[lags]`, 1 where the trains are the same but for that lag.

    Raises:
        ValueError: if `most_lag_s` or `sigma_s` is not positive, or see `validate`.
    """
    music, picture = validate(onsets_s, accents_s, onset_strengths, accent_strengths)
    grid = LagGrid(most_lag_s, LAG_STEP_S, sigma_s)
    return grid.lags_s, _whole(music, picture, grid)


def lag(
    onsets_s: ArrayLike,
    accents_s: ArrayLike,
    *,
    onset_strengths: ArrayLike | None = None,
    accent_strengths: ArrayLike | None = None,
    most_lag_s: float = MOST_LAG_S,
    sigma_s: float = LAG_SIGMA_S,
) -> float:
    """How late the music is as a whole, seconds; nan if the trains never meet within ±`most_lag_s`.

    Raises:
        ValueError: see `lag_correlation`.
    """
    music, picture = validate(onsets_s, accents_s, onset_strengths, accent_strengths)
    grid = LagGrid(most_lag_s, LAG_STEP_S, sigma_s)
    return _lateness(_whole(music, picture, grid), grid)


def local_alignment(
    onsets_s: ArrayLike,
    accents_s: ArrayLike,
    duration_s: float,
    *,
    onset_strengths: ArrayLike | None = None,
    accent_strengths: ArrayLike | None = None,
    window_s: float = WINDOW_S,
    hop_s: float = HOP_S,
    most_lag_s: float = MOST_LAG_S,
    shifts: int = SHIFTS,
    seed: int = 0,
) -> LocalAlignment:
    """Score, chance level and lag along the clip.

    Args:
        onsets_s, accents_s, onset_strengths, accent_strengths: the two trains.
        duration_s: length of the music, on which it is turned.
        window_s: of the raised-cosine windows, in which both trains fade in and out.
        hop_s: distance of the windows' middles, from 0 to the end.
        most_lag_s: farthest lag that is looked for.
        shifts, seed: see `v2m.alignment.chance`; no shifts, no chance level.

    Raises:
        ValueError: if a length is not positive, or see `validate`.
    """
    if not (np.isfinite(duration_s) and duration_s > 0 and hop_s > 0 and window_s > hop_s):
        raise ValueError("the length and the hop must be positive, and the window longer than the hop")
    music, picture = validate(onsets_s, accents_s, onset_strengths, accent_strengths)
    middles = np.arange(0.0, duration_s + hop_s / 2, hop_s)
    grid = LagGrid(most_lag_s, LAG_STEP_S, LAG_SIGMA_S)

    def measure(train: Train) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """`[windows]` scores and `[windows, lags]` fine correlations."""
        score = train.local_cosine(picture, SIGMA_S, middles, window_s)
        fine = train.local_lags(picture, grid, middles, window_s)
        return score, fine

    score, fine = measure(music)
    steps = _smooth_path(fine + _WHOLE * _whole(music, picture, grid), grid)
    lag_s = grid.lags_s[steps] + LAG_STEP_S * _between(fine, steps)
    at_lag = fine[np.arange(len(middles)), steps]
    lag_s[np.isnan(score) | ~(at_lag > 0)] = np.nan

    nothing = np.full(len(middles), np.nan)
    chance, p_value, lag_p = nothing, nothing.copy(), nothing.copy()
    if shifts:
        turned = [
            measure(turned_train(music, by, duration_s))
            for by in draw_shifts(duration_s, shifts=shifts, seed=seed)
        ]
        # Where the turned music has nothing in a window, it meets nothing there.
        scores = np.nan_to_num(np.array([t[0] for t in turned]))
        best = np.array([t[1].max(axis=1) for t in turned])
        said = ~np.isnan(score)
        chance = np.where(said, scores.mean(axis=0), np.nan)
        p_value = np.where(said, (scores >= score - 1e-12).mean(axis=0), np.nan)
        lag_p = np.where(np.isnan(lag_s), np.nan, (best >= _NEARLY * at_lag).mean(axis=0))
    return LocalAlignment(middles, score, chance, p_value, lag_s, at_lag, lag_p)


def evaluate(
    onsets_s: ArrayLike,
    accents_s: ArrayLike,
    duration_s: float,
    *,
    onset_strengths: ArrayLike | None = None,
    accent_strengths: ArrayLike | None = None,
    shifts: int = SHIFTS,
    seed: int = 0,
) -> tuple[Measure, ...]:
    """`accent_alignment` with what chance gives, and the `lag` of the whole.

    Args:
        onsets_s, onset_strengths: of the music.
        accents_s, accent_strengths: of the picture; without any, both metrics are undefined.
        duration_s: length of the music, on which it is turned.
        shifts, seed: see `v2m.alignment.chance`; no shifts, no chance level.

    Raises:
        ValueError: if the length is not positive, or see `validate`.
    """
    if not (np.isfinite(duration_s) and duration_s > 0):
        raise ValueError("the music's length must be positive")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="the train of")
        music, picture = validate(onsets_s, accents_s, onset_strengths, accent_strengths)
    accents = len(picture.times_s)
    if not picture.strengths.any():
        none = "the picture has no accent"
        return (
            undefined("sync", "accent_alignment", none, count=0),
            undefined("sync", "lag", none, count=0, unit="s", better="nearer"),
        )
    here = music.cosine(picture, SIGMA_S)
    grid = LagGrid(MOST_LAG_S, LAG_STEP_S, LAG_SIGMA_S)
    correlation = _whole(music, picture, grid)
    chance, lag_p = None, float("nan")
    if shifts:
        turns = draw_shifts(duration_s, shifts=shifts, seed=seed)
        trains = [turned_train(music, by, duration_s) for by in turns]
        chance = compare(here, np.array([train.cosine(picture, SIGMA_S) for train in trains]))
        best = np.array([_whole(train, picture, grid).max() for train in trains])
        lag_p = float(np.mean(best >= _NEARLY * correlation.max()))
    score = Measure("sync", "accent_alignment", here, count=accents, chance=chance)
    late_s = _lateness(correlation, grid)
    if np.isnan(late_s):
        none = f"no onset lies within {MOST_LAG_S:g} s of an accent"
        return score, undefined("sync", "lag", none, count=accents, unit="s", better="nearer")
    note = "positive where the music is late; lag_p is the share of shifts that correlate as well at some lag"
    details = {"correlation": float(correlation.max()), "lag_p": lag_p}
    return score, Measure(
        "sync", "lag", late_s, unit="s", better="nearer", count=accents, details=details, note=note
    )


def _whole(music: Train, picture: Train, grid: LagGrid) -> NDArray[np.float64]:
    """Correlation at each lag over the whole trains, `[lags]`."""
    norm = np.sqrt(music.overlap(music, grid.sigma_s) * picture.overlap(picture, grid.sigma_s))
    return music.lags(picture, grid) / norm if norm > 0 else np.zeros(len(grid.lags_s))


def _lateness(correlation: NDArray[np.float64], grid: LagGrid) -> float:
    """The lag of the highest correlation, of equal ones the nearest to nought; nan if all are 0."""
    if not correlation.max() > 0:
        return float("nan")
    steps = np.array([np.argmax(correlation - 1e-9 * np.abs(grid.lags_s))])
    return float(grid.lags_s[steps[0]] + LAG_STEP_S * _between(correlation[None], steps)[0])


def _smooth_path(gain: NDArray[np.float64], grid: LagGrid) -> NDArray[np.int64]:
    """The lag step of each window, `[windows]`: most gain `[windows, lags]`, little change (Viterbi)."""
    apart_s = np.abs(grid.lags_s[:, None] - grid.lags_s[None, :])
    cost = np.minimum(_DRIFT_COST * apart_s, _JUMP_COST)
    came_from = np.zeros(gain.shape, dtype=np.int64)
    total = gain[0]
    for k in range(1, len(gain)):
        ways = total[:, None] - cost
        came_from[k] = ways.argmax(axis=0)
        total = ways.max(axis=0) + gain[k]
    steps = np.empty(len(gain), dtype=np.int64)
    # Of equal ends the nearest to nought.
    steps[-1] = int(np.argmax(total - 1e-9 * np.abs(grid.lags_s)))
    for k in range(len(gain) - 1, 0, -1):
        steps[k - 1] = came_from[k, steps[k]]
    return steps


def _between(rows: NDArray[np.float64], steps: NDArray[np.int64]) -> NDArray[np.float64]:
    """How far from its step the top of the parabola through each row's peak is, −0.5 to 0.5 steps."""
    row, last = np.arange(len(rows)), rows.shape[1] - 1
    before, here, after = (
        rows[row, np.maximum(steps - 1, 0)],
        rows[row, steps],
        rows[row, np.minimum(steps + 1, last)],
    )
    bend = before - 2 * here + after
    shift = np.divide(0.5 * (before - after), bend, out=np.zeros(len(rows)), where=bend < -1e-12)
    inside = (steps > 0) & (steps < last)
    return np.asarray(np.where(inside, np.clip(shift, -0.5, 0.5), 0.0))
