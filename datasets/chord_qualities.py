"""Chord labels as corpora write them (Harte 2010) → the affective transformer's vocabulary."""

from __future__ import annotations

from datasets.chord_labels import pitch_class
from generators.affective.chord_words import NO_CHORD, word

QUALITIES = {
    "maj": "maj", "min": "min", "7": "7", "maj7": "maj7", "min7": "min7", "dim": "dim", "aug": "aug",
    "dim7": "dim7", "hdim7": "hdim7", "sus2": "sus2", "sus4": "sus4", "maj6": "maj6", "6": "maj6",
    "min6": "min6", "9": "7", "11": "sus4", "13": "7", "maj9": "maj7", "min9": "min7", "maj11": "maj7",
    "min11": "min7", "maj13": "maj7", "min13": "min7", "minmaj7": "min", "7sus4": "sus4", "1": "maj",
    "5": "maj", "": "maj",
}  # fmt: skip


def to_word(label: str, up: int) -> int:
    """`G:min7/b3`, transposed by `up` semitones; inversions and added notes are left out.

    Raises:
        ValueError: for what is not such a label.
    """
    if label in ("N", "X"):
        return NO_CHORD
    root, _, rest = label.partition(":")
    name, _, added = rest.partition("/")[0].partition("(")
    if name.startswith("sus4") and "b7" in added:
        name = "sus4"
    if name not in QUALITIES:
        raise ValueError(f"{label!r} is not a chord")
    return word(pitch_class(root) + up, QUALITIES[name])
