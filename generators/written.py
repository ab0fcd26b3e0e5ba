"""Chords that stand in a plan: a person's, or those of the generator that was asked for harmony."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generators.chord_names import parse_chord
from generators.grid import Bar, PlanError


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


def check_chords(chords: Sequence[WrittenChord], bars: Sequence[Bar]) -> None:
    """Refuse chords outside the bars, or not in order.

    Raises:
        PlanError: naming the bar.
    """
    before = (-1, 0)
    for chord in chords:
        if not 0 <= chord.bar < len(bars) or not 0 <= chord.beat < bars[chord.bar].beats:
            raise PlanError(f"bar {chord.bar + 1}: chord {chord.name} is on beat {chord.beat + 1}, not in it")
        if (chord.bar, chord.beat) <= before:
            raise PlanError(f"bar {chord.bar + 1}: chords must stand in order, one a beat at most")
        before = (chord.bar, chord.beat)
