"""Keys: a tonic and a mode."""

from __future__ import annotations

import re
from dataclasses import dataclass

from generators.grid import PlanError

PITCH_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

# Brightest first: each step to the right lowers one degree.
MODES: dict[str, tuple[int, ...]] = {
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "major": (0, 2, 4, 5, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
}


@dataclass(frozen=True)
class Key:
    """Attributes: `tonic`, pitch class 0-11 (0 = C); `mode`, a name in `MODES`.

    Raises:
        PlanError: for a tonic or mode that does not exist.
    """

    tonic: int
    mode: str

    def __post_init__(self) -> None:
        if not 0 <= self.tonic <= 11:
            raise PlanError(f"tonic {self.tonic} is not a pitch class 0-11")
        if self.mode not in MODES:
            raise PlanError(f"mode {self.mode!r} is none of {', '.join(MODES)}")

    @property
    def scale(self) -> tuple[int, ...]:
        """The seven pitch classes, from the tonic up."""
        return tuple((self.tonic + step) % 12 for step in MODES[self.mode])

    def __str__(self) -> str:
        return f"{PITCH_NAMES[self.tonic]} {self.mode}"

    @classmethod
    def parse(cls, text: str) -> Key:
        """Read `C`, `F# minor`, `Bbm`, `A Minor`, `d dorian`.

        Of modes, only `M` and `m` (major, minor) are told apart by case.

        Raises:
            PlanError: if it is none of these forms.
        """
        match = re.fullmatch(r"\s*([A-Ga-g])([#♯b♭]?)\s*([A-Za-z]+)?\s*", text)
        if not match:
            raise PlanError(f"key {text!r} is not understood; write it as 'C', 'F# minor' or 'D dorian'")
        letter, accidental, mode = match.groups()
        tonic = (LETTERS[letter.upper()] + {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}[accidental]) % 12
        mode = "major" if mode in (None, "M") else mode.lower()
        return cls(tonic, {"maj": "major", "m": "minor", "min": "minor"}.get(mode, mode))
