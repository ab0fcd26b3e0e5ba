"""Chord names as lead sheets write them ↔ root, quality and bass: `Am7`, `F#dim`, `C/E`, `Bbmaj7`."""

from __future__ import annotations

import re

from generators.grid import PlanError
from generators.key import LETTERS, PITCH_NAMES

# Suffix → quality (`generators.rhythm.chords.QUALITIES`); the first suffix of a quality is how it is written.
SUFFIXES = {
    "": "maj", "m": "min", "7": "7", "maj7": "maj7", "m7": "min7", "dim": "dim", "aug": "aug",
    "sus4": "sus4", "sus2": "sus2", "6": "6", "m6": "min6", "m7b5": "hdim7", "dim7": "dim7", "9": "9",
    "maj9": "maj9", "m9": "min9", "add9": "add9", "madd9": "minadd9", "7sus4": "7sus4", "7b9": "7b9",
    "maj": "maj", "min": "min", "M7": "maj7", "min7": "min7", "+": "aug", "o": "dim", "°": "dim",
    "ø": "hdim7", "o7": "dim7", "°7": "dim7", "sus": "sus4", "maj6": "6", "min6": "min6", "-": "min",
    "min9": "min9",
}  # fmt: skip
_NAME = re.compile(r"([A-G])([#♯b♭]?)([^/]*)(?:/([A-G])([#♯b♭]?))?")
_SIGNS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}


def parse_chord(name: str) -> tuple[int, str, int]:
    """(root 0-11, quality, bass 0-11) of a name.

    Raises:
        PlanError: if it is not understood.
    """
    match = _NAME.fullmatch(name.strip())
    if not match or match[3].strip() not in SUFFIXES:
        raise PlanError(f"chord {name!r} is not understood; write it as C, Am7, F#dim, Bbmaj7 or C/E")
    root = (LETTERS[match[1]] + _SIGNS[match[2]]) % 12
    bass = root if match[4] is None else (LETTERS[match[4]] + _SIGNS[match[5]]) % 12
    return root, SUFFIXES[match[3].strip()], bass


def is_pitch(name: str) -> bool:
    """Whether it names a pitch and nothing more."""
    match = _NAME.fullmatch(name.strip())
    return match is not None and not match[3].strip() and match[4] is None


def spell_chord(root: int, quality: str, bass: int) -> str:
    """The way back."""
    suffix = next(suffix for suffix, meant in SUFFIXES.items() if meant == quality)
    return PITCH_NAMES[root] + suffix + ("" if bass == root else f"/{PITCH_NAMES[bass]}")
