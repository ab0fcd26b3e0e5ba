"""Notes → how the music feels second by second, from what is written: see `v2m.alignment.affect_model`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from v2m.alignment.affect_model import FEW_S, NOTES, PHRASE_S, TWO_PHRASES_S, Affect, feel
from v2m.alignment.notes import Notes, pitch_classes, sounding
from v2m.alignment.tension import tension
from v2m.alignment.tonality import keys_over_time, majorness, over_context

# Notes that start this close together are one event: a chord.
_TOGETHER_S = 0.03


def affect_of_notes(notes: Notes, seconds: int) -> Affect:
    """How notes feel in each second.

    Tension is the mean of cloud diameter and tensile strain in the key of the sixteen seconds around
    (Herremans & Chew 2016).

    Args:
        notes: of a score.
        seconds: how many seconds, from 0.

    Raises:
        ValueError: if there is no second.
    """
    cues = cues_of_notes(notes, seconds)
    whole, _ = pitch_classes(notes, seconds)
    keys = keys_over_time(over_context(whole, TWO_PHRASES_S))
    return Affect(
        feel(cues, NOTES, "valence"),
        feel(cues, NOTES, "arousal"),
        tension(whole, keys),
        "additive cues (Eerola et al. 2013) and spiral array (Herremans & Chew 2016), from notes",
    )


def cues_of_notes(notes: Notes, seconds: int) -> Mapping[str, NDArray[np.float64]]:
    """The model's cues, each float64 `[seconds]`, nan where no note sounds for it.

    `velocity`: mean of the notes that start; `rate`: log2(1 + events a second), a chord being one event;
    `detached`: −log2 of a note's mean length in seconds; `majorness`; `register`: mean MIDI pitch of what
    sounds. Drums count for the first two alone.

    Raises:
        ValueError: if there is no second.
    """
    if seconds < 1:
        raise ValueError("affect needs at least one second")
    starts = np.floor(notes.start_s).astype(np.int64)
    here = (starts >= 0) & (starts < seconds)

    def sums(values: NDArray[np.float64], which: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Over the notes that start in the few seconds around each second."""
        found = np.bincount(starts[which], values[which], minlength=seconds).astype(np.float64)
        return over_context(found, FEW_S)

    ones, tuned = np.ones(len(notes)), here & ~notes.is_drum
    events = _events(notes)
    first = np.floor(events[(events >= 0) & (events < seconds)]).astype(np.int64)
    span_s = over_context(np.ones(seconds), FEW_S)
    rate = over_context(np.bincount(first, minlength=seconds).astype(np.float64), FEW_S) / span_s
    length = np.log2(np.maximum(notes.end_s - notes.start_s, 0.02))
    pitched = notes.pitched()
    note, second, held_s = sounding(pitched, seconds)
    height = np.bincount(second, held_s * pitched.pitch[note], minlength=seconds).astype(np.float64)
    weight = np.bincount(second, held_s, minlength=seconds).astype(np.float64)
    whole, _ = pitch_classes(notes, seconds)
    phrase = over_context(whole, PHRASE_S)
    silent = over_context(weight, FEW_S) + sums(ones, here) <= 0
    cues = {
        "velocity": _mean(sums(notes.velocity.astype(np.float64), here), sums(ones, here)),
        "rate": np.log2(1 + rate),
        "detached": -_mean(sums(length, tuned), sums(ones, tuned)),
        "majorness": majorness(phrase),
        "register": _mean(over_context(height, FEW_S), over_context(weight, FEW_S)),
    }
    return {name: np.where(silent, np.nan, curve) for name, curve in cues.items()}


def _events(notes: Notes) -> NDArray[np.float64]:
    """When something starts, chords counted once, float64 `[events]`."""
    starts = np.sort(notes.start_s)
    return starts[np.diff(starts, prepend=-np.inf) > _TOGETHER_S]


def _mean(total: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    some = weight > 1e-9
    return np.asarray(np.divide(total, weight, out=np.full(len(total), np.nan), where=some), dtype=np.float64)
