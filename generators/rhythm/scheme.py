"""What stands on paper before the notes: which chords, and who plays in which bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from generators.chord_names import spell_chord
from generators.plan import Plan
from generators.rhythm.arrangement import Casting
from generators.rhythm.band import Band
from generators.rhythm.harmony import Harmony
from generators.rhythm.notes import Note
from generators.rhythm.timeline import Timeline
from generators.rhythm.written_harmony import with_chords
from generators.written import WrittenChord, check_written


@dataclass(frozen=True)
class Scheme:
    """Chords and players, to be read, changed and composed from.

    Attributes:
        chords: in order; those of a bar are played in it. Bars without one are harmonised.
        playing: voice → the bars, counted from 0, in which it may play. A voice that is not named rests.
    """

    chords: tuple[WrittenChord, ...]
    playing: Mapping[str, frozenset[int]]

    def plays(self, voice: str, bar: int) -> bool:
        """Whether a voice may play in a bar."""
        return bar in self.playing.get(voice, frozenset())


def chord_sheet(timeline: Timeline, harmony: Harmony) -> tuple[WrittenChord, ...]:
    """A harmony as a lead sheet writes it: each chord on its beat, and again where a bar begins under it."""
    grid = timeline.plan.grid
    on_beat: dict[tuple[int, int], WrittenChord] = {}
    for span in harmony.spans:
        name = spell_chord(span.chord.root, span.chord.quality, span.chord.bass)
        for bar in range(timeline.bar_of(span.start), timeline.bar_of(span.end - 1) + 1):
            within = max(span.start - int(timeline.first_slot[bar]), 0)
            beat = within // grid.bars[bar].slots_per_beat
            on_beat[bar, beat] = WrittenChord(bar, beat, name)
    return tuple(on_beat[place] for place in sorted(on_beat))


def on_sheet(timeline: Timeline, harmony: Harmony, chords: Sequence[WrittenChord]) -> Harmony:
    """The harmony with a lead sheet's chords in the bars where it has others; elsewhere as it is.

    Raises:
        PlanError: for a chord outside the bars.
    """
    check_written("chord", chords, timeline.plan.grid.bars)
    own = by_bar(chord_sheet(timeline, harmony))
    others = [c for bar, row in by_bar(chords).items() if own.get(bar) != row for c in row]
    return with_chords(timeline, harmony, others)


def by_bar(chords: Sequence[WrittenChord]) -> dict[int, tuple[WrittenChord, ...]]:
    """Bar, counted from 0 → its chords; bars without any are left out."""
    bars: dict[int, tuple[WrittenChord, ...]] = {}
    for chord in chords:
        bars[chord.bar] = (*bars.get(chord.bar, ()), chord)
    return bars


def playing_of(
    plan: Plan, band: Band, casting: Casting, resting: frozenset[str]
) -> dict[str, frozenset[int]]:
    """Who plays in which bars; those who strike the hits may in every bar. `resting` voices are left out."""
    playing = {}
    for part in band.parts:
        bars: set[int] = set()
        for index, section in enumerate(plan.sections):
            if casting.plays(part, index):
                bars.update(range(section.start_bar, section.end_bar))
        playing[part.voice.name] = frozenset(bars)
    everywhere = frozenset(range(len(plan.grid.bars)))
    playing |= {accent.voice.name: everywhere for accent in band.accents}
    return {name: bars for name, bars in playing.items() if name not in resting}


def recast(plan: Plan, band: Band, casting: Casting, scheme: Scheme) -> Casting:
    """The casting in which a part plays in every section of which the scheme gives it a bar."""
    sections, under_words = [], []
    for index, section in enumerate(plan.sections):
        bars = range(section.start_bar, section.end_bar)
        chosen = tuple(p for p in band.parts if any(scheme.plays(p.voice.name, bar) for bar in bars))
        sections.append(chosen)
        # Whoever plays only because a person said so plays under words too.
        before = casting.sections[index]
        under_words.append(tuple(p for p in chosen if p not in before or p in casting.under_words[index]))
    return replace(casting, sections=tuple(sections), under_words=tuple(under_words))


def in_bars(timeline: Timeline, scheme: Scheme, voice: str, notes: Sequence[Note]) -> list[Note]:
    """Of a voice's notes those that begin in the bars that the scheme gives it; each ends where these do."""
    kept = []
    for note in notes:
        bar = timeline.bar_of(note.slot)
        if not scheme.plays(voice, bar):
            continue
        last = timeline.bar_of(max(note.end - 1e-6, note.slot))
        rest = next((b for b in range(bar + 1, last + 1) if not scheme.plays(voice, b)), None)
        if rest is not None and not note.rings:
            note = replace(note, length=float(timeline.first_slot[rest]) - note.slot)
        kept.append(note)
    return kept
