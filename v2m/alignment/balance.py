"""Is the tune heard over those who accompany it? From the notes and the levels they are mixed at.

Conventions
-----------
Every instrument is trimmed so that a note of middle strength is equally loud on all of them
(`v2m.trim`), so a voice's level follows from what is written: the level it is mixed at, and its notes'
velocities, for which MIDI synthesizers take 40 dB a decade (amplitude ∝ velocity², General MIDI Level 2;
SoundFont 2.04, 8.4.1). A note counts for as long as it is held, at most `RINGS_S`: what is struck
dies away. It is an estimate; `python -m benchmarks.critics --heard` prints how close it comes to the
sound.

Metrics
-------
* `lead_margin`: the level of the tune over all that others play within an octave of it, where they cover
  it most, dB, median of the seconds in which both sound.
* `lead_heard`: the share of those seconds in which it lies within `HEARD_DB`: under that a tune is
  covered, over that the others are. The bounds are this module's own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from v2m.alignment.measure import Measure, undefined
from v2m.alignment.notes import Notes, sounding

RINGS_S = 1.5
NEAR_SEMITONES = 12
HEARD_DB = (-6.0, 9.0)
SILENT_DB = -120.0
AUDIBLE_DB = -40.0
"""Under the loudest second, nothing is to be heard: a tail, or a float's rounding."""


def validate(voices: Sequence[Notes], gains_db: Sequence[float], lead: Sequence[bool]) -> None:
    """Check that every voice has a level and is told to be the tune or not.

    Raises:
        ValueError: if the lengths disagree, or a level is not finite.
    """
    if not len(voices) == len(gains_db) == len(lead):
        raise ValueError("voices, levels and whether they lead must be as many")
    if not np.isfinite(np.asarray(gains_db, dtype=np.float64)).all():
        raise ValueError("levels must be finite")


def level_db(notes: Notes, gain_db: float, seconds: int) -> NDArray[np.float64]:
    """How loud one voice is in each second, float64 `[seconds]`: dB over a note held at full velocity.

    Args:
        notes: of the voice.
        gain_db: the level that it is mixed at.
        seconds: how many, from 0.
    """
    second, power, _ = _powers(notes, gain_db, seconds)
    total = np.bincount(second, power, minlength=seconds)
    return np.asarray(np.maximum(10 * np.log10(np.maximum(total, 1e-12)), SILENT_DB))


def together_db(voices_db: NDArray[np.float64]) -> NDArray[np.float64]:
    """The level of several voices `[voices, seconds]` together, `[seconds]`."""
    if not len(voices_db):
        return np.full(voices_db.shape[1], SILENT_DB)
    return np.asarray(10 * np.log10(np.sum(10 ** (voices_db / 10), axis=0)))


def margins_db(
    voices: Sequence[Notes], gains_db: Sequence[float], lead: Sequence[bool], seconds: int
) -> NDArray[np.float64]:
    """The tune over what others play beside it, dB, `[seconds]`; nan where not both sound.

    Args:
        voices: the notes of each voice.
        gains_db: the level that each is mixed at.
        lead: whether it carries the tune.
        seconds: how many, from 0.

    Raises:
        ValueError: see `validate`.
    """
    validate(voices, gains_db, lead)
    own, height = np.zeros(seconds), np.zeros(seconds)
    for notes, gain_db, leads in zip(voices, gains_db, lead, strict=True):
        if leads:
            second, power, pitch = _powers(notes, gain_db, seconds)
            own += np.bincount(second, power, minlength=seconds)
            height += np.bincount(second, power * pitch, minlength=seconds)
    middle = np.divide(height, own, out=np.full(seconds, np.nan), where=own > 0)
    others = np.zeros(seconds)
    for notes, gain_db, leads in zip(voices, gains_db, lead, strict=True):
        if not leads:
            second, power, pitch = _powers(notes.pitched(), gain_db, seconds)
            near = np.abs(pitch - middle[second]) <= NEAR_SEMITONES
            others += np.bincount(second[near], power[near], minlength=seconds)
    floor = max(own.max(initial=0.0), others.max(initial=0.0)) * 10 ** (AUDIBLE_DB / 10)
    both = (own > floor) & (others > floor)
    ratio = np.divide(own, others, out=np.ones(seconds), where=both)
    return np.where(both, 10 * np.log10(ratio), np.nan)


def evaluate(
    voices: Sequence[Notes], gains_db: Sequence[float], lead: Sequence[bool], seconds: int
) -> tuple[Measure, ...]:
    """Both metrics; see `margins_db`.

    Raises:
        ValueError: see `validate`.
    """
    margins = margins_db(voices, gains_db, lead, seconds)
    margins = margins[~np.isnan(margins)]
    if not len(margins):
        why = "no tune sounds beside others"
        return (
            undefined("balance", "lead_margin", why, unit="dB", better="none", count=0),
            undefined("balance", "lead_heard", why, count=0),
        )
    low, high = HEARD_DB
    heard = float(np.mean((margins >= low) & (margins <= high)))
    return (
        Measure("balance", "lead_margin", float(np.median(margins)), "dB", "none", count=len(margins)),
        Measure("balance", "lead_heard", heard, count=len(margins)),
    )


def _powers(
    notes: Notes, gain_db: float, seconds: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Of each note in each second in which it sounds: which second, its power and its pitch, `[pairs]`."""
    held = Notes(
        notes.start_s,
        np.minimum(notes.end_s, notes.start_s + RINGS_S),
        notes.pitch,
        notes.velocity,
        notes.is_drum,
    )
    note, second, held_s = sounding(held, seconds)
    power = held_s * (held.velocity[note] / 127) ** 4 * 10 ** (gain_db / 10)
    return second, power, held.pitch[note].astype(np.float64)
