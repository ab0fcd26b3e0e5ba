"""Chords and tune notes that stand in a plan: a person's, or a generator's that was asked for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generators.chord_names import is_pitch, parse_chord
from generators.grid import Bar, PlanError
from generators.key import PITCH_NAMES


@dataclass(frozen=True)
class WrittenChord:
    """A chord that is played as it is written, until the next one of its bar or the bar's end.

    Attributes:
        bar: counted from 0.
        beat: of the bar, counted from 0.
        name: such as `Am7` or `C/E` (`chord_names`).

    Raises:
        PlanError: if the name is not understood.
    """

    bar: int
    beat: int
    name: str

    def __post_init__(self) -> None:
        parse_chord(self.name)


@dataclass(frozen=True)
class WrittenTone:
    """A note that the melody goes through, in the octave that lies best, with its first note from there on.

    Attributes:
        bar: counted from 0.
        beat: of the bar, counted from 0.
        name: a pitch without its octave, such as `E` or `F#` (`chord_names`).

    Raises:
        PlanError: if the name is not understood.
    """

    bar: int
    beat: int
    name: str

    def __post_init__(self) -> None:
        if not is_pitch(self.name):
            raise PlanError(
                f"note {self.name!r} is not understood; write it as E, F# or Bb, without an octave"
            )

    @property
    def pitch_class(self) -> int:
        """0 is C."""
        return parse_chord(self.name)[0]

    @classmethod
    def of(cls, bar: int, beat: int, pitch_class: int) -> WrittenTone:
        """With the usual name of a pitch class."""
        return cls(bar, beat, PITCH_NAMES[pitch_class % 12])


def check_written(
    what: str, written: Sequence[WrittenChord] | Sequence[WrittenTone], bars: Sequence[Bar]
) -> None:
    """Refuse chords or notes outside the bars, or not in order.

    Raises:
        PlanError: naming the bar.
    """
    before = (-1, 0)
    for one in written:
        if not 0 <= one.bar < len(bars) or not 0 <= one.beat < bars[one.bar].beats:
            raise PlanError(f"bar {one.bar + 1}: {what} {one.name} is on beat {one.beat + 1}, not in it")
        if (one.bar, one.beat) <= before:
            raise PlanError(f"bar {one.bar + 1}: {what}s must stand in order, one a beat at most")
        before = (one.bar, one.beat)
