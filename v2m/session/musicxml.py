"""A session's music → MusicXML: a score in bars, with chord symbols, tempi, sections and cues.

Notes are written on the slots of the plan's grid: a score says what is played, not how it was humanised.
In each voice a chord ends where the next begins, so that every staff reads as one line.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from v2m.session.errors import SessionError
from v2m.session.work import Work

if TYPE_CHECKING:
    from generators.grid import Bar
    from generators.kept import KeptTrack
    from generators.plan import Plan
    from generators.written import WrittenChord

# Quality → MusicXML's kind, and how it is written where that says too little.
KINDS = {
    "maj": "major", "min": "minor", "7": "dominant-seventh", "maj7": "major-seventh",
    "min7": "minor-seventh", "dim": "diminished", "aug": "augmented", "sus4": "suspended-fourth",
    "sus2": "suspended-second", "6": "major-sixth", "min6": "minor-sixth", "hdim7": "half-diminished-seventh",
    "dim7": "diminished-seventh", "9": "dominant-ninth", "maj9": "major-ninth", "min9": "minor-ninth",
    "add9": "major", "minadd9": "minor", "7sus4": "suspended-fourth", "7b9": "dominant-seventh",
}  # fmt: skip
# General MIDI's percussion keys → where they stand on the staff; others on the middle line.
STAFF = {
    35: "F4", 36: "F4", 37: "C5", 38: "C5", 39: "C5", 40: "C5", 41: "A4", 43: "A4", 44: "D4", 45: "D5",
    47: "D5", 48: "E5", 50: "E5", 51: "F5", 59: "F5", 42: "G5", 46: "G5", 49: "A5", 57: "A5",
}  # fmt: skip
TEMPO_STEP = 0.01  # a tempo is written where it differs by more
LOW_CLEF = 55

Event = tuple[int, int, tuple[int, ...]]
"""First slot, end slot, pitches."""


def write_musicxml(work: Work, path: Path) -> None:
    """Write the session's score to `path`, whatever its suffix.

    Raises:
        SessionError: if there is no note, or music21 is not installed.
    """
    try:
        from music21 import metadata, stream
        from music21.musicxml.m21ToXml import GeneralObjectExporter
    except ImportError as error:
        raise SessionError("MusicXML is written by music21: pip install music21") from error
    kept = work.music
    if kept is None:
        raise SessionError(f"{work.folder}: there is no note to write")
    score = stream.Score()
    score.metadata = metadata.Metadata(title=work.folder.stem, composer="v2m")
    for number, track in enumerate(kept.tracks):
        score.insert(0, _part(work.plan, track, work.chords if number == 0 else (), number == 0))
    path.write_bytes(GeneralObjectExporter(score).parse())


def _part(plan: Plan, track: KeptTrack, chords: tuple[WrittenChord, ...], leads: bool) -> Any:
    """One staff; the first one carries what is said of all."""
    from music21 import clef, instrument, meter, stream

    part = stream.Part(id=track.name)
    player = instrument.UnpitchedPercussion() if track.is_drum else _instrument(track.program)
    player.partName = player.instrumentName = track.name
    part.insert(0, player)
    events, before = _events(plan, track), None
    firsts = np.cumsum([0] + [bar.slots for bar in plan.grid.bars])
    for number, bar in enumerate(plan.grid.bars):
        measure = stream.Measure(number=number + 1)
        if number == 0:
            low = not track.is_drum and np.median(track.pitch) < LOW_CLEF
            pitched = clef.BassClef() if low else clef.TrebleClef()
            measure.clef = clef.PercussionClef() if track.is_drum else pitched
        metre = _metre(bar)
        if metre != before:
            measure.timeSignature = meter.TimeSignature(metre)
            before = metre
        if leads:
            _headings(plan, number, measure)
            _symbols(bar, number, chords, measure)
        first, end = int(firsts[number]), int(firsts[number + 1])
        _fill(measure, bar, [e for e in events if e[0] < end and e[1] > first], first, end, track.is_drum)
        part.append(measure)
    return part


def _instrument(program: int) -> Any:
    from music21 import exceptions21, instrument

    try:
        return instrument.instrumentFromMidiProgram(program)
    except exceptions21.InstrumentException:
        return instrument.Instrument()


def _events(plan: Plan, track: KeptTrack) -> list[Event]:
    """The track on the grid's slots: chords, one after another."""
    grid = plan.grid
    even = np.array([grid.slot_time_s(b, s) for b, bar in enumerate(grid.bars) for s in range(bar.slots)])
    lead_s = _lead_s(even, track)
    last = len(even)
    begun: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for start_s, end_s, pitch in zip(track.start_s, track.end_s, track.pitch.tolist(), strict=True):
        first = _nearest(even, float(start_s) + lead_s)
        begun[first].append((min(max(_nearest(even, float(end_s) + lead_s), first + 1), last), pitch))
    starts = sorted(begun)
    events = []
    for slot, following in zip(starts, [*starts[1:], last], strict=True):
        end = min(max(end for end, _ in begun[slot]), max(following, slot + 1))
        events.append((slot, end, tuple(sorted({pitch for _, pitch in begun[slot]}))))
    return events


def _lead_s(even: np.ndarray, track: KeptTrack) -> float:
    """How far ahead of the grid the track is played."""
    near = np.array([even[_nearest(even, t)] for t in track.start_s.tolist()])
    return float(np.median(near - track.start_s))


def _nearest(even: np.ndarray, time_s: float) -> int:
    right = int(np.clip(np.searchsorted(even, time_s), 1, len(even) - 1)) if len(even) > 1 else 0
    return right if right == 0 or even[right] - time_s < time_s - even[right - 1] else right - 1


def _metre(bar: Bar) -> str:
    return f"{3 * bar.beats}/8" if bar.slots_per_beat == 3 or bar.dotted else f"{bar.beats}/4"


def _slot_quarters(bar: Bar) -> float:
    return (1.5 if bar.slots_per_beat == 3 or bar.dotted else 1.0) / bar.slots_per_beat


def _fill(measure: Any, bar: Bar, events: list[Event], first: int, end: int, drums: bool) -> None:
    """Notes and rests of a bar; what goes on over its lines is tied."""
    from music21 import note, tie

    quarters = _slot_quarters(bar)
    at = first
    for start, stop, pitches in events:
        begins, ends = max(start, first), min(stop, end)
        if begins > at:
            measure.insert((at - first) * quarters, note.Rest(quarterLength=(begins - at) * quarters))
        sound = _sound(pitches, drums)
        sound.quarterLength = (ends - begins) * quarters
        if start < first or stop > end:
            kind = "stop" if stop <= end else "start" if start >= first else "continue"
            sound.tie = tie.Tie(kind)
        measure.insert((begins - first) * quarters, sound)
        at = ends
    if at < end:
        measure.insert((at - first) * quarters, note.Rest(quarterLength=(end - at) * quarters))


def _sound(pitches: tuple[int, ...], drums: bool) -> Any:
    from music21 import chord, note, percussion

    if drums:
        strokes = [note.Unpitched(STAFF.get(pitch, "B4")) for pitch in pitches]
        return strokes[0] if len(strokes) == 1 else percussion.PercussionChord(strokes)
    return note.Note(pitches[0]) if len(pitches) == 1 else chord.Chord(list(pitches))


def _headings(plan: Plan, number: int, measure: Any) -> None:
    """Section, key, tempo and cues of a bar."""
    from music21 import expressions, key, tempo

    from v2m.midi import sharps

    grid = plan.grid
    for section in plan.sections:
        if section.start_bar == number:
            measure.insert(0, expressions.RehearsalMark(section.title))
            measure.insert(0, key.KeySignature(sharps(section.key.tonic, section.key.mode)))
    now = grid.tempo_bpm(number)
    if number == 0 or abs(now / grid.tempo_bpm(number - 1) - 1) > TEMPO_STEP:
        measure.insert(0, tempo.MetronomeMark(number=round(now, 1)))
    for hit in plan.planned_hits:
        if hit.bar == number:
            at = hit.slot * _slot_quarters(grid.bars[number])
            measure.insert(at, expressions.TextExpression(f"{hit.kind} {hit.time_s:.2f} s"))


def _symbols(bar: Bar, number: int, chords: tuple[WrittenChord, ...], measure: Any) -> None:
    from music21 import harmony, pitch

    from generators.chord_names import parse_chord
    from generators.key import PITCH_NAMES

    for written in chords:
        if written.bar != number:
            continue
        root, quality, bass = parse_chord(written.name)
        names = [pitch.Pitch(PITCH_NAMES[p].replace("b", "-")).name for p in (root, bass)]
        symbol = harmony.ChordSymbol(root=names[0], bass=names[1], kind=KINDS.get(quality, "major"))
        symbol.writeAsChord = False
        measure.insert(written.beat * bar.slots_per_beat * _slot_quarters(bar), symbol)
