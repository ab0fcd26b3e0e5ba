"""Roman numerals → chords: roots, qualities and the notes in them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from generators.grid import PlanError
from generators.key import Key

# Intervals above the root, most telling first: the root and the third (or what stands for it)
# say what the chord is, so they are kept when a voicing has few voices.
QUALITIES: dict[str, tuple[int, ...]] = {
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "add9": (0, 4, 7, 2),
    "minadd9": (0, 3, 7, 2),
    "6": (0, 4, 7, 9),
    "min6": (0, 3, 7, 9),
    "7": (0, 4, 10, 7),
    "7sus4": (0, 5, 10, 7),
    "7b9": (0, 4, 10, 1),
    "maj7": (0, 4, 11, 7),
    "min7": (0, 3, 10, 7),
    "hdim7": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9),
    "maj9": (0, 4, 11, 2, 7),
    "min9": (0, 3, 10, 2, 7),
    "9": (0, 4, 10, 2, 7),
}
MAJOR_TYPE = frozenset({"maj", "add9", "6", "7", "maj7", "maj9", "9", "7sus4", "aug"})

_STEPS = {"I": 0, "II": 2, "III": 4, "IV": 5, "V": 7, "VI": 9, "VII": 11}
_NUMERAL = re.compile(r"([b#]?)(VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)([a-z0-9°ø+]*)")
_SUFFIX = {"": "", "°": "dim", "ø": "hdim7", "+": "aug", "o": "dim", "o7": "dim7", "°7": "dim7"}


@dataclass(frozen=True)
class Chord:
    """A chord without a register.

    Attributes:
        root: pitch class 0-11.
        quality: a name in `QUALITIES`.
        bass: pitch class of the lowest note.
    """

    root: int
    quality: str
    bass: int

    def __post_init__(self) -> None:
        if self.quality not in QUALITIES or not 0 <= self.root < 12 or not 0 <= self.bass < 12:
            raise PlanError(f"chord {self.root} {self.quality!r} over {self.bass} does not exist")

    @property
    def tones(self) -> tuple[int, ...]:
        """Pitch classes, most telling first."""
        return tuple((self.root + step) % 12 for step in QUALITIES[self.quality])

    @property
    def triad(self) -> tuple[int, ...]:
        """Pitch classes a melody may rest on: the chord without its sevenths, ninths and sixths."""
        return tuple(
            (self.root + step) % 12 for step in QUALITIES[self.quality] if step in (0, 3, 4, 5, 6, 7, 8)
        )

    @property
    def is_major(self) -> bool:
        return self.quality in MAJOR_TYPE


def parse_numeral(numeral: str, key: Key) -> Chord:
    """A Roman numeral in a key: `I`, `vi7`, `bVII`, `iv`, `V7sus4`, `iiø`, `vii°`, `Imaj9`.

    Degrees are those of the major scale on the tonic, whatever the mode (so the submediant of
    minor is `bVI`); upper case is major, lower case minor. As in de Clercq and Temperley (2011).

    Raises:
        PlanError: for anything else.
    """
    match = _NUMERAL.fullmatch(numeral)
    if not match:
        raise PlanError(f"{numeral!r} is not a Roman numeral such as I, vi7, bVII or V7sus4")
    accidental, degree, suffix = match.groups()
    root = (key.tonic + _STEPS[degree.upper()] + {"": 0, "b": -1, "#": 1}[accidental]) % 12
    suffix = _SUFFIX.get(suffix, suffix)
    lower = degree.islower()
    if not suffix:
        quality = "min" if lower else "maj"
    elif lower and f"min{suffix}" in QUALITIES:
        quality = f"min{suffix}"
    else:
        quality = suffix
    if quality not in QUALITIES:
        raise PlanError(f"{numeral!r}: no chord is called {suffix!r}; known: {', '.join(QUALITIES)}")
    return Chord(root, quality, root)
