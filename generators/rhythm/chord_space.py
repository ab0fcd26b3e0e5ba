"""Chords as numbers: 72 symbols relative to the tonic, and how bright, tense and foreign each is.

A symbol is `root * 6 + kind`: the root in semitones above the tonic, the kind one of `KINDS`. Colour
(sevenths, ninths, sixths) that does not change what a chord does is left out; a style adds it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from generators.key import MODES, Key
from generators.rhythm.chords import Chord

KINDS = ("maj", "min", "dom", "dim", "aug", "sus")
SYMBOLS = 12 * len(KINDS)
INTERVALS = {
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "dom": (0, 4, 7, 10),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "sus": (0, 5, 7),
}
KIND_OF_QUALITY = {
    "maj": "maj",
    "add9": "maj",
    "6": "maj",
    "maj7": "maj",
    "maj9": "maj",
    "min": "min",
    "minadd9": "min",
    "min6": "min",
    "min7": "min",
    "min9": "min",
    "7": "dom",
    "9": "dom",
    "7b9": "dom",
    "dim": "dim",
    "hdim7": "dim",
    "dim7": "dim",
    "aug": "aug",
    "sus2": "sus",
    "sus4": "sus",
    "7sus4": "sus",
}
MAJOR_MODES = ("major", "lydian", "mixolydian")

# Place of each pitch class on the line of fifths above the tonic, chromatic notes spelt as songs
# spell them: flats, and a raised fourth.
_FIFTHS = np.array([0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5])
_DISSONANCE = {"maj": 0.0, "min": 0.05, "dom": 0.4, "dim": 0.8, "aug": 0.9, "sus": 0.3}
_THIRD = {"maj": 1.0, "min": -1.0, "dom": 0.6, "dim": -1.4, "aug": -0.4, "sus": 0.1}


def symbol(root: int, kind: str) -> int:
    """The symbol of a chord `root` semitones above the tonic."""
    return root % 12 * len(KINDS) + KINDS.index(kind)


def root_of(sym: int) -> int:
    """Semitones above the tonic."""
    return sym // len(KINDS)


def kind_of(sym: int) -> str:
    """A name in `KINDS`."""
    return KINDS[sym % len(KINDS)]


def symbol_of(chord: Chord, key: Key) -> int:
    """The symbol that a chord has in a key."""
    return symbol(chord.root - key.tonic, KIND_OF_QUALITY[chord.quality])


def tones_of(sym: int) -> frozenset[int]:
    """Semitones above the tonic, 0 to 11, of the chord's notes."""
    return frozenset((root_of(sym) + step) % 12 for step in INTERVALS[kind_of(sym)])


def brightness() -> NDArray[np.float64]:
    """float64 `[72]`: how bright a chord is, about −1 (dark) to 1, zero mean.

    The third counts most (Crowder 1984: major triads are heard as happy, minor as sad), then how
    far its notes lie to the sharp side of the tonic on the line of fifths (Temperley and Tan 2013:
    the sharper the mode, the happier).
    """
    third = np.array([_THIRD[kind_of(s)] for s in range(SYMBOLS)])
    side = np.array([np.mean([_FIFTHS[t] for t in tones_of(s)]) for s in range(SYMBOLS)])
    bright: NDArray[np.float64] = 0.7 * third + 0.3 * side / 3.0
    bright -= bright.mean()
    return bright


def tenseness(mode: str) -> NDArray[np.float64]:
    """float64 `[72]`: how tense a chord is beside the tonic, 0 (the tonic) to about 1.

    Three of the parts of Lerdahl's (2001) tonal tension, in his order: how far the root is on the
    circle of fifths, how many of its notes the tonic chord and then the scale do not have, and its
    own dissonance.
    """
    scale = set(MODES[mode])
    tonic = tones_of(symbol(0, "maj" if mode in MAJOR_MODES else "min"))
    out = np.empty(SYMBOLS)
    for s in range(SYMBOLS):
        steps = root_of(s) * 7 % 12
        tones = tones_of(s)
        far = min(steps, 12 - steps) / 6
        new = len(tones - tonic) / len(tones)
        foreign = len(tones - scale) / len(tones)
        out[s] = 0.25 * far + 0.25 * new + 0.25 * foreign + 0.35 * _DISSONANCE[kind_of(s)]
    return out


def foreign_notes(mode: str) -> NDArray[np.int64]:
    """int64 `[72]`: how many notes of each chord the mode's scale does not have."""
    scale = set(MODES[mode])
    return np.array([len(tones_of(s) - scale) for s in range(SYMBOLS)], dtype=np.int64)


def common_notes() -> NDArray[np.int64]:
    """int64 `[72, 72]`: how many notes two chords share."""
    has = np.zeros((SYMBOLS, 12), dtype=np.int64)
    for s in range(SYMBOLS):
        has[s, list(tones_of(s))] = 1
    shared: NDArray[np.int64] = has @ has.T
    return shared
