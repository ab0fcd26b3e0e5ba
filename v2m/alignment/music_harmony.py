"""Which chord sounds on each beat, and do progressions come back? Numbers of one piece.

Chords are guessed from the notes, for human and made music alike, so that the two can be compared:
on every beat, how long each pitch class sounds, matched with the 24 major and minor triads, and the
likeliest sequence in which a chord prefers to stay (Viterbi; Fujishima 1999 for the templates,
Sheh & Ellis 2003 for the sequence). On POP909 the guess names the root and the kind (major or
minor) of the annotated chord for the share of the time that `python -m datasets.pop909` prints.

Metrics
-------
* `chord_repetition`: 1 − the chord progression irregularity of Wu & Yang ("The Jazz Transformer
  on the front line", ISMIR 2020): the share of the progression's trigrams (three chords in a row,
  each unlike the one before it) that have been heard before. Longer pieces repeat more.
* `chord_changes_per_bar`: harmonic rhythm.
* `chord_tone_share`: for how much of the time that pitches sound they belong to the guessed triad of
  their beat (after the chord-tone ratio of Yeh et al., "Automatic melody harmonization with triad
  chords", Journal of New Music Research 50(1), 2021, here of all notes).
* `consonance`: of the pairs of different pitch classes that sound together when a note begins, the
  share that is a third, a fourth or their inversion (the consonances of the same paper's pitch
  consonance score, the fourth counted whole).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from v2m.alignment.piece import SLOTS_PER_BEAT, Piece

NO_CHORD = -1
CONSONANT = (3, 4, 5)
"""Interval classes: thirds and sixths, fourths and fifths."""
TRIADS = {"major": (0, 4, 7), "minor": (0, 3, 7)}
CHANGE_COST = 0.1
"""A new chord must be alike the notes by this much more (as a cosine), over all the beats it lasts."""
BASS_SHARE = 0.25
"""What the lowest pitch class of a beat weighs besides, as a share of all that sounds in it."""


def beat_chroma(piece: Piece) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """For how long each pitch class sounds within each beat, and the lowest pitch of each beat.

    Returns:
        `[beats, 12]` in beats, and `[beats]`, 128 where nothing sounds.
    """
    beats = len(piece.beats_s)
    chroma = np.zeros((beats, 12))
    lowest = np.full(beats, 128)
    tonal = np.flatnonzero(~piece.is_drum)
    begin = piece.start_beat[tonal]
    end = piece.beat_at(piece.start_s[tonal] + piece.duration_s[tonal])
    for k, from_beat, to_beat in zip(tonal, begin, end, strict=True):
        pitch = int(piece.pitch[k])
        # Half a slot early or late is the player's; a note counts for one beat at least.
        first, last = max(math.floor(from_beat + 0.125), 0), min(math.ceil(to_beat - 0.125), beats)
        for beat in range(first, max(last, min(first + 1, beats))):
            chroma[beat, pitch % 12] += max(min(to_beat, beat + 1) - max(from_beat, beat), 0.125)
            lowest[beat] = min(lowest[beat], pitch)
    return chroma, lowest


def chords(piece: Piece) -> NDArray[np.int64]:
    """`[beats]`: root + 12 · (0 major, 1 minor), or `NO_CHORD` where nothing sounds."""
    chroma, lowest = beat_chroma(piece)
    sounding = np.flatnonzero(lowest < 128)
    chroma[sounding, lowest[sounding] % 12] += BASS_SHARE * chroma[sounding].sum(axis=1)
    norm = np.linalg.norm(chroma, axis=1, keepdims=True)
    sounds = norm[:, 0] > 1e-9
    unit = np.divide(chroma, norm, out=np.zeros_like(chroma), where=norm > 1e-9)
    likeness = unit @ _templates().T
    best = likeness[0].copy()
    came = np.zeros((len(chroma), 24), np.int64)
    for beat in range(1, len(chroma)):
        top = int(np.argmax(best))
        changed = best[top] - CHANGE_COST > best
        came[beat] = np.where(changed, top, np.arange(24))
        best = np.where(changed, best[top] - CHANGE_COST, best) + likeness[beat]
    path = np.zeros(len(chroma), np.int64)
    path[-1] = int(np.argmax(best))
    for beat in range(len(chroma) - 1, 0, -1):
        path[beat - 1] = came[beat, path[beat]]
    return np.asarray(np.where(sounds, path, NO_CHORD))


def progression(piece: Piece) -> NDArray[np.int64]:
    """The chords one after the other, none like the one before it."""
    heard = chords(piece)
    heard = heard[heard != NO_CHORD]
    return np.asarray(heard[np.append(True, np.diff(heard) != 0)]) if heard.size else heard


def chord_repetition(piece: Piece) -> float:
    """Share of the progression's trigrams that have been heard before; nan with fewer than two."""
    heard = progression(piece)
    trigrams = [tuple(heard[k : k + 3].tolist()) for k in range(len(heard) - 2)]
    return 1 - len(set(trigrams)) / len(trigrams) if len(trigrams) > 1 else math.nan


def chord_changes_per_bar(piece: Piece) -> float:
    """Changes of chord a bar; nan where no chord sounds."""
    heard = progression(piece)
    return (len(heard) - 1) / piece.bars if heard.size else math.nan


def chord_tone_share(piece: Piece) -> float:
    """Share of the sounding time that belongs to the guessed chords; nan where nothing sounds."""
    chroma, _ = beat_chroma(piece)
    heard = chords(piece)
    named = heard != NO_CHORD
    inside = _templates()[heard[named]] > 0
    total = chroma[named].sum()
    return float(chroma[named][inside].sum() / total) if total > 0 else math.nan


def consonance(piece: Piece) -> float:
    """Share of the simultaneous pairs of pitch classes that are consonant; nan where there are none."""
    tonal = ~piece.is_drum
    onsets = np.unique(piece.slot[tonal])
    if not onsets.size:
        return math.nan
    first = np.searchsorted(onsets, piece.slot[tonal])
    end_beat = piece.beat_at(piece.start_s + piece.duration_s)[tonal]
    # A note that ends within half a slot of an onset is over by then.
    last = np.maximum(np.searchsorted(onsets, end_beat * SLOTS_PER_BEAT - 0.5), first + 1)
    steps = np.zeros((len(onsets) + 1, 12))
    np.add.at(steps, (first, piece.pitch[tonal] % 12), 1.0)
    np.add.at(steps, (last, piece.pitch[tonal] % 12), -1.0)
    sounds = np.cumsum(steps, axis=0)[:-1] > 0.5
    pairs = {
        step: float((sounds & np.roll(sounds, step, axis=1)).sum()) / (2 if step == 6 else 1)
        for step in range(1, 7)
    }
    total = sum(pairs.values())
    return sum(pairs[step] for step in CONSONANT) / total if total > 0 else math.nan


def _templates() -> NDArray[np.float64]:
    """`[24, 12]`, unit length: major triads on C … B, then minor ones."""
    rows = []
    for triad in TRIADS.values():
        for root in range(12):
            row = np.zeros(12)
            row[[(root + step) % 12 for step in triad]] = 1.0
            rows.append(row / np.linalg.norm(row))
    return np.array(rows)
