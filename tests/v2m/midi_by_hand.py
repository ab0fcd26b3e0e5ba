"""MIDI files as other programs write them, for the tests of kept tracks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np

Row = tuple[float, float, int, int]  # quarter, quarters long, pitch, velocity

TICKS = 480
BPM = 104.0
# Chords bar by bar, in D: root and third.
CHORDS = ((2, 4), (11, 3), (7, 4), (9, 4), (4, 3), (6, 3), (7, 4), (2, 4))


@dataclass(frozen=True)
class Line:
    """One channel: its name, channel (9 for drums), program and notes."""

    name: str
    channel: int
    program: int
    rows: Sequence[Row]


def write(
    path: Path,
    lines: Sequence[Line],
    *,
    bpm: float | None = BPM,
    metre: tuple[int, int] | None = (4, 4),
    type_: int = 1,
    controls: Mapping[str, Sequence[tuple[float, int, int]]] | None = None,
) -> Path:
    """A file of 480 ticks a quarter; `controls` are name → (quarter, controller, value)."""
    file = mido.MidiFile(type=type_, ticks_per_beat=TICKS)
    head = [mido.MetaMessage("track_name", name="Song")]
    if bpm is not None:
        head.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm)))
    if metre is not None:
        head.append(mido.MetaMessage("time_signature", numerator=metre[0], denominator=metre[1]))
    tracks = [[(0, 0, message) for message in head]]
    for line in lines:
        events = [(0, 0, mido.Message("program_change", channel=line.channel, program=line.program))]
        for quarter, number, value in (controls or {}).get(line.name, ()):
            message = mido.Message("control_change", channel=line.channel, control=number, value=value)
            events.append((round(quarter * TICKS), 1, message))
        for start, length, pitch, velocity in line.rows:
            ends = round((start + length) * TICKS)
            on, off = (
                mido.Message(kind, channel=line.channel, note=pitch, velocity=v)
                for kind, v in (("note_on", velocity), ("note_off", 0))
            )
            events += [(round(start * TICKS), 3, on), (ends, 2, off)]
        named = [(0, 0, mido.MetaMessage("track_name", name=line.name))]
        tracks.append([*named, *sorted(events, key=lambda e: (e[0], e[1]))])
    if type_ == 0:
        tracks = [sorted((e for track in tracks for e in track), key=lambda e: (e[0], e[1]))]
    for events in tracks:
        track, now = mido.MidiTrack(), 0
        for tick, _, message in events:
            track.append(message.copy(time=tick - now))
            now = tick
        file.tracks.append(track)
    file.save(path)
    return path


def tones(bar: int) -> tuple[int, int, int]:
    """Pitch classes of a bar's chord: root, third, fifth."""
    root, third = CHORDS[bar % len(CHORDS)]
    return root, (root + third) % 12, (root + 7) % 12


def chords(bars: int) -> Line:
    """An electric piano: each bar's triad, on the first and third beat."""
    rows = [(4.0 * b + 2 * h, 1.9, 60 + t, 80) for b in range(bars) for h in range(2) for t in tones(b)]
    return Line("Rhodes", 0, 4, rows)


def tune(bars: int) -> Line:
    """A flute that sings the chords' notes and passes between them."""
    rng = np.random.default_rng(3)
    rows = []
    for b in range(bars):
        for k in range(4):
            tone = tones(b)[int(rng.integers(3))]
            rows.append((4.0 * b + k, 0.9, 74 + (tone - 74) % 12, 95))
    return Line("Flute", 1, 73, rows)


def kit(bars: int) -> Line:
    """Kick on one, the and of two and three; snare on two and four; eighths on the hat."""
    rows: list[Row] = []
    for b in range(bars):
        rows += [(4.0 * b + q, 0.1, 36, 105) for q in (0.0, 1.5, 2.0)]
        rows += [(4.0 * b + q, 0.1, 38, 100) for q in (1.0, 3.0)]
        rows += [(4.0 * b + q / 2, 0.1, 42, 70) for q in range(8)]
    return Line("Kit", 9, 0, rows)
