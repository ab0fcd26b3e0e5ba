"""What would chance score? The level that any alignment measure reaches by luck.

The field's usual beat scores are maxed out by a click track, and onsets that are dense enough
lie near every cut. So each score is compared with those of the same music turned in time: the
music keeps its rhythm, its density and its sound, and loses only its place under the picture.

Conventions
-----------
Turning is circular, by shifts drawn uniformly from 10 to 90 % of the length (60 of them, from a
fixed seed). It is the detected events, or the measured curve, that are turned, which costs nothing
and differs from detecting them again in turned sound only at the seam. A curve is turned by whole
steps of its own clock.

* `lift`: score ÷ mean score of the turned music. 1 is chance. Undefined (nan) where both are 0,
  infinite where only chance is 0. A correlation has no lift, since its chance level is about 0 and
  may be negative.
* `gain`: score − mean score of the turned music. 0 is chance; defined for correlations too.
* `p_value`: share of the turns that reach the score (a permutation test, Fisher 1935). It is that
  share and nothing else: 0 says that none of the 60 did, which bounds the probability by 1 in 61,
  (1 + count) ÷ (1 + turns).
* straw men: silence, white noise, and a metronome at the clip's tempo, through the same
  detector and the same score.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from v2m.alignment.defaults import SHIFTS
from v2m.alignment.onsets import SAMPLE_RATE

STRAW_MEN = ("silence", "noise", "metronome")
LOW_SHARE, HIGH_SHARE = 0.1, 0.9
# Noise is drawn in pieces: an hour of it in double precision would be large.
_DRAWN = 1 << 20

Score = Callable[[NDArray[np.float64]], float]
"""Event times in seconds (or a curve) → how well they fit."""


@dataclass(frozen=True)
class Chance:
    """A score with what chance gives.

    Attributes:
        score: of the music where it is.
        mean: of the same music turned; nan if no turn has a score.
        lift: score ÷ mean; nan for a correlation.
        p_value: share of the turns that score at least as much; nan if no turn has a score.
    """

    score: float
    mean: float
    lift: float
    p_value: float

    @property
    def gain(self) -> float:
        """score − mean."""
        return self.score - self.mean


def validate(events_s: NDArray[np.float64], duration_s: float, shifts: int) -> None:
    """Check what is to be turned.

    Raises:
        ValueError: if the events are not one-dimensional and finite, the length is not positive,
            or there is no shift.
    """
    if events_s.ndim != 1 or not np.isfinite(events_s).all():
        raise ValueError("events must be one-dimensional and finite")
    if not (np.isfinite(duration_s) and duration_s > 0):
        raise ValueError("the music's length must be positive")
    if shifts < 1:
        raise ValueError("at least one shift is needed")


def draw_shifts(duration_s: float, *, shifts: int = SHIFTS, seed: int = 0) -> NDArray[np.float64]:
    """`[shifts]` times to turn by, seconds."""
    rng = np.random.default_rng(seed)
    return rng.uniform(LOW_SHARE * duration_s, HIGH_SHARE * duration_s, shifts)


def turn(events_s: NDArray[np.float64], by_s: float, duration_s: float) -> NDArray[np.float64]:
    """The events later by `by_s`, those that fall off the end coming back at the start."""
    return np.sort((events_s + by_s) % duration_s)


def compare(here: float, turned: NDArray[np.float64], *, ratio: bool = True) -> Chance:
    """A score beside those of the turned music.

    Args:
        here: the score.
        turned: float64 `[shifts]`; nan where a turn has no score, which then does not count.
        ratio: whether scores are shares of something; false for correlations, which have no lift.
    """
    scores = turned[~np.isnan(turned)]
    if not scores.size or np.isnan(here):
        return Chance(here, float("nan"), float("nan"), float("nan"))
    mean = float(scores.mean())
    lift = float("nan")
    if ratio:
        lift = here / mean if mean > 0 else float("inf") if here > 0 else float("nan")
    return Chance(here, mean, lift, float(np.mean(scores >= here - 1e-12)))


def against_chance(
    score: Score, events_s: NDArray[np.float64], duration_s: float, *, shifts: int = SHIFTS, seed: int = 0
) -> Chance:
    """Score the events where they are, and turned.

    Args:
        score: event times → number, more is better.
        events_s: float64 `[events]`, of the music.
        duration_s: length of the music.
        shifts: how many turns.
        seed: of the turns.

    Raises:
        ValueError: see `validate`.
    """
    events = np.asarray(events_s, dtype=np.float64)
    validate(events, duration_s, shifts)
    turns = draw_shifts(duration_s, shifts=shifts, seed=seed)
    return compare(score(events), np.array([score(turn(events, by, duration_s)) for by in turns]))


def curve_against_chance(
    score: Score, curve: NDArray[np.float64], *, shifts: int = SHIFTS, seed: int = 0
) -> Chance:
    """Score a curve where it is, and turned by whole steps; a correlation, so without lift.

    Args:
        score: curve `[steps]` → number, more is better; nan where it is undefined.
        curve: float64 `[steps]`, of the music; nan where it has nothing to say.
        shifts: how many turns.
        seed: of the turns.

    Raises:
        ValueError: if the curve is not one-dimensional or is empty, or there is no shift.
    """
    if curve.ndim != 1 or not curve.size:
        raise ValueError("a curve to be turned must be one-dimensional and not empty")
    if shifts < 1:
        raise ValueError("at least one shift is needed")
    steps = np.rint(draw_shifts(float(len(curve)), shifts=shifts, seed=seed)).astype(np.int64)
    # Many turns of a short curve are the same turn.
    scores = {step: score(np.roll(curve, step)) for step in set(steps.tolist())}
    return compare(score(curve), np.array([scores[step] for step in steps.tolist()]), ratio=False)


def silence(duration_s: float, *, sample_rate: int = SAMPLE_RATE) -> NDArray[np.float32]:
    """The first straw man, mono float32."""
    return np.zeros(round(duration_s * sample_rate), np.float32)


def white_noise(duration_s: float, *, seed: int = 0, sample_rate: int = SAMPLE_RATE) -> NDArray[np.float32]:
    """The second straw man, mono float32, about −20 dBFS."""
    rng = np.random.default_rng(seed)
    samples = np.empty(round(duration_s * sample_rate), np.float32)
    for first in range(0, len(samples), _DRAWN):
        room = samples[first : first + _DRAWN]
        room[:] = rng.normal(0.0, 0.1, len(room))
    return samples


def metronome(duration_s: float, tempo_bpm: float, *, sample_rate: int = SAMPLE_RATE) -> NDArray[np.float32]:
    """The third straw man, mono float32: a click of 30 ms at 1 kHz on every beat from 0.

    Raises:
        ValueError: if the tempo is not positive.
    """
    if not tempo_bpm > 0:
        raise ValueError("the metronome needs a positive tempo")
    samples = silence(duration_s, sample_rate=sample_rate)
    count = round(0.03 * sample_rate)
    at = np.arange(count) / sample_rate
    click = (0.5 * np.sin(2 * np.pi * 1000.0 * at) * np.exp(-at / 0.006)).astype(np.float32)
    for beat_s in np.arange(0.0, duration_s, 60.0 / tempo_bpm):
        first = round(beat_s * sample_rate)
        room = samples[first : first + count]
        room += click[: len(room)]
    return samples


def straw_man(name: str, duration_s: float, tempo_bpm: float, *, seed: int = 0) -> NDArray[np.float32]:
    """Music that knows nothing of the picture, mono float32 at 22,050 Hz, as long as the clip.

    Args:
        name: one of `STRAW_MEN`.
        duration_s: of the clip.
        tempo_bpm: the clip's tempo, for the metronome.
        seed: of the noise.

    Raises:
        ValueError: if there is none of that name, or the tempo is not positive.
    """
    if name == "silence":
        return silence(duration_s)
    if name == "noise":
        return white_noise(duration_s, seed=seed)
    if name == "metronome":
        return metronome(duration_s, tempo_bpm)
    raise ValueError(f"straw man {name!r} is none of {', '.join(STRAW_MEN)}")
