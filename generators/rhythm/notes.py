"""Written notes: what a composer puts on paper, in slots, before anyone plays it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """One written note.

    Attributes:
        slot: where it starts, in slots from the first downbeat (a `Timeline`'s count).
        length: in slots.
        pitch: MIDI number.
        stress: 0 to 1, how strong it is within its own line.
        exact_s: for a note that means an instant of the picture: the second it sounds, to be
            neither swung nor humanised.
        rings: it sounds on until the end of the picture, or until the same pitch is struck again.
        lean_s: how late the player places it, where that is known; else it strays as the style does.
        touch: how hard it is struck beside the line's full strokes: a ghost note is below a third.
    """

    slot: float
    length: float
    pitch: int
    stress: float
    exact_s: float | None = None
    rings: bool = False
    lean_s: float | None = None
    touch: float = 1.0

    @property
    def end(self) -> float:
        return self.slot + self.length
