"""Written notes → what of them is played under words: restraint, part by part.

The tune and the counter-melody wait for a pause that is long enough to answer in; figures and chords keep to
the beats; chords lie below where a voice is (`registers`); players whom the section's energy no longer needs,
rest; and of the hits only what the film itself cuts is struck. Without speech nothing is touched.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from generators.rhythm.arrangement import Casting
from generators.rhythm.band import Part
from generators.rhythm.notes import Note
from generators.rhythm.timeline import Timeline
from generators.speech import held_back_s

TUNES = ("melody", "counter")
STRIKING = ("chords", "arpeggio")
AROUND_S = 0.1  # silence of a tune before and after words
ANSWER_NOTES = 3  # fewer are no answer


@dataclass(frozen=True, eq=False)
class Restraint:
    """Where a timeline's plan has words, and what is played there.

    Attributes:
        timeline: of the plan.
        casting: who plays, and who of them plays under words.
    """

    timeline: Timeline
    casting: Casting

    @cached_property
    def spans_s(self) -> list[tuple[float, float]]:
        """Where the music holds back, in seconds."""
        return held_back_s(self.timeline.plan.speech)

    @cached_property
    def hushed(self) -> NDArray[np.bool_]:
        """bool `[slots + 1]`: whether a note that starts there would be heard under words."""
        return self._within(0.0)

    @cached_property
    def shut(self) -> NDArray[np.bool_]:
        """The same for a tune, which keeps clear of words by `AROUND_S`."""
        return self._within(AROUND_S)

    def _within(self, around_s: float) -> NDArray[np.bool_]:
        times = self.timeline.played_s
        inside = np.zeros(len(times), np.bool_)
        for start, end in self.spans_s:
            inside |= (times >= start - around_s) & (times < end + around_s)
        return inside

    def of_part(self, notes: list[Note], part: Part) -> list[Note]:
        """What a part plays of the notes written for it."""
        if not self.spans_s:
            return notes
        if part.voice.role in TUNES:
            return self._answers(notes)
        played = []
        for note in notes:
            slot = int(note.slot)
            if not self.hushed[slot]:
                played.append(self._ended(note, part))
            elif self._rests(part, slot) or (part.voice.role in STRIKING and not self._on_beat(slot)):
                continue
            else:
                played.append(note)
        return played

    def _ended(self, note: Note, part: Part) -> Note:
        """A note from before the words, ended where they begin if its player rests there."""
        first = int(note.slot)
        ahead = np.flatnonzero(self.hushed[first : int(np.ceil(note.end)) + 1])
        if not len(ahead) or not self._rests(part, first + int(ahead[0])):
            return note
        return replace(note, length=min(note.length, max(float(ahead[0]), 1.0)))

    def _rests(self, part: Part, slot: int) -> bool:
        return not self.casting.plays_under_words(part, self.timeline.section_at(slot))

    def _on_beat(self, slot: int) -> bool:
        bar, within = self.timeline.within_bar(slot)
        return within % self.timeline.plan.grid.bars[bar].slots_per_beat == 0

    def _answers(self, notes: list[Note]) -> list[Note]:
        """The tune in the pauses: notes that end before words begin, in groups that make an answer."""
        kept: list[list[Note]] = [[]]
        for note in sorted(notes, key=lambda note: note.slot):
            first = int(note.slot)
            if self.shut[first]:
                kept.append([])
                continue
            ahead = np.flatnonzero(self.shut[first : int(np.ceil(note.end)) + 1])
            room = float(ahead[0]) if len(ahead) else note.length
            if room >= note.length / 2:
                kept[-1].append(replace(note, length=min(note.length, room)))
            if len(ahead):
                kept.append([])
        return [note for group in kept if len(group) >= ANSWER_NOTES for note in group]
