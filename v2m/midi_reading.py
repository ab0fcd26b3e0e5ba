"""A Standard MIDI File → its tracks, notes in seconds; and kept tracks, with the bars of its tempo map.

Times are worked out from ticks in double precision, so that what is written again over the same tempo map
has the same ticks. A track is one channel of one of the file's tracks.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from generators.grid import DOTTED_SLOTS, Bar, BeatGrid, PlanError
from generators.kept import Control, KeptTrack, KeptTracks
from v2m.midi import MidiError

if TYPE_CHECKING:
    import mido

DEFAULT_MSPQ = 500_000  # microseconds a quarter note: 120 bpm, until the file says otherwise
DRUM_CHANNEL = 9  # the tenth, counted from 0
MOST_BEATS = 12  # in a bar
MOST_BARS = 50_000  # a day and more
BEAT_S = (0.2, 2.5)  # the shortest and longest beat of music that is counted in beats


class EmptyMidiError(MidiError):
    """A MIDI file without a note."""


@dataclass(frozen=True, eq=False)
class MidiScore:
    """What a file says.

    Attributes:
        path: where it was read from.
        tracks: those that hold a note, each of one channel.
        metres: from which tick on, (numerator, denominator); there is one at 0.
        ticks_per_quarter: how many ticks a quarter note lasts.
        last_tick: where the last note ends.
        clock: its tempo map.
    """

    path: Path
    tracks: tuple[KeptTrack, ...]
    metres: Mapping[int, tuple[int, int]]
    ticks_per_quarter: int
    last_tick: int
    clock: Clock

    def bar_ticks(self, metre: tuple[int, int]) -> int:
        """How many ticks a bar of a metre lasts."""
        return max(metre[0] * self.ticks_per_quarter * 4 // metre[1], 1)

    def bars(self) -> Iterator[tuple[tuple[int, int], int, int]]:
        """Every bar up to the last note: its metre, first tick and end tick.

        A change of metre within a bar ends it there.
        """
        changes = sorted(self.metres)
        for begin, until in zip(changes, [*changes[1:], None], strict=True):
            metre = self.metres[begin]
            length = self.bar_ticks(metre)
            for first in range(
                begin, self.last_tick if until is None else min(until, self.last_tick), length
            ):
                yield metre, first, first + length if until is None else min(first + length, until)


def read_tracks(path: Path) -> KeptTracks:
    """Read a MIDI file (format 0 or 1) to keep its tracks; those without a note are left out.

    Raises:
        MidiError: if it cannot be read as MIDI, counts frames instead of beats, or holds no note.
    """
    score = read_score(path)
    return KeptTracks(score.tracks, _grid(score))


def read_score(path: Path) -> MidiScore:
    """Read a MIDI file (format 0 or 1).

    Raises:
        MidiError: if it cannot be read as MIDI, counts frames instead of beats, or holds no note.
    """
    path = Path(path)
    file = _opened(path)
    tempi: dict[int, int] = {0: DEFAULT_MSPQ}
    metres: dict[int, tuple[int, int]] = {0: (4, 4)}
    parts: list[_Part] = []
    for track in file.tracks:
        parts += _parts(track, tempi, metres)
    last = max((row.end for part in parts for row in part.notes), default=0)
    if not last:
        raise EmptyMidiError(f"{path}: holds no note")
    clock = Clock.of(tempi, file.ticks_per_beat)
    tracks = tuple(part.kept(clock) for part in parts if part.notes)
    return MidiScore(path, tracks, metres, file.ticks_per_beat, last, clock)


def _opened(path: Path) -> mido.MidiFile:
    import mido
    from mido.midifiles.meta import KeySignatureError

    try:
        with path.open("rb") as stream:
            file = mido.MidiFile(file=stream, clip=True)
    except (EOFError, ValueError, LookupError, TypeError, KeySignatureError) as error:
        raise MidiError(f"{path}: cannot be read as MIDI (damaged, or another kind of file)") from error
    except OSError as error:  # a missing header is an OSError of the library's own
        why = error.strerror or "damaged, or another kind of file"
        raise MidiError(f"{path}: cannot be read as MIDI ({why})") from error
    if file.type not in (0, 1) or file.ticks_per_beat <= 0:
        raise MidiError(f"{path}: is MIDI without beats (format 2, or frames for ticks)")
    return file


@dataclass(frozen=True)
class _Row:
    """A note in ticks."""

    start: int
    end: int
    pitch: int
    velocity: int


@dataclass
class _Part:
    """What one channel plays in one track of the file."""

    name: str
    channel: int
    program: int = 0
    notes: list[_Row] = field(default_factory=list)
    controls: list[tuple[int, int | None, int]] = field(default_factory=list)
    held: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))

    def release(self, pitch: int, tick: int) -> None:
        """End the first of the notes that are held on a key."""
        if self.held[pitch]:
            start, velocity = self.held[pitch].pop(0)
            self.notes.append(_Row(start, tick, pitch, velocity))

    def kept(self, clock: Clock) -> KeptTrack:
        rows = sorted(self.notes, key=lambda row: row.start)
        start, end, pitch, velocity = (
            np.array([getattr(row, name) for row in rows]) for name in ("start", "end", "pitch", "velocity")
        )
        start_s, end_s = clock.seconds(start), clock.seconds(end)
        controls = tuple(Control(clock.second(t), number, value) for t, number, value in self.controls)
        drums = self.channel == DRUM_CHANNEL
        return KeptTrack(self.name, self.program, drums, start_s, end_s - start_s, pitch, velocity, controls)


def _parts(track: Any, tempi: dict[int, int], metres: dict[int, tuple[int, int]]) -> list[_Part]:
    """The channels of a track; its tempi and metres are added to those of the file."""
    parts: dict[int, _Part] = {}
    name, tick = "", 0
    for message in track:
        tick += message.time
        if message.is_meta:
            if message.type == "track_name":
                name = _text(message.name)
            elif message.type == "set_tempo":
                tempi[tick] = max(int(message.tempo), 1)
            elif message.type == "time_signature":
                metres[tick] = max(int(message.numerator), 1), int(message.denominator)
            continue
        if not hasattr(message, "channel"):
            continue
        part = parts.setdefault(message.channel, _Part("", message.channel))
        if message.type == "note_on" and message.velocity:
            part.held[message.note].append((tick, message.velocity))
        elif message.type in ("note_on", "note_off"):
            part.release(message.note, tick)
        elif message.type == "program_change" and not part.notes:
            part.program = message.program
        elif message.type == "control_change":
            part.controls.append((tick, message.control, message.value))
        elif message.type == "pitchwheel":
            part.controls.append((tick, None, message.pitch))
    for part in parts.values():
        part.name = name
        for pitch in part.held:
            while part.held[pitch]:
                part.release(pitch, tick)
    return list(parts.values())


def _text(name: str) -> str:
    """A name as it was meant: the standard says Latin-1, most programs write UTF-8."""
    with contextlib.suppress(UnicodeError):
        name = name.encode("latin-1").decode("utf-8")
    return "".join(c for c in name if c.isprintable()).strip()


@dataclass(frozen=True, eq=False)
class Clock:
    """The tempo map: from which tick on, `[K]`, and second, `[K]`, a tick lasts so many seconds, `[K]`."""

    ticks: NDArray[np.float64]
    begun_s: NDArray[np.float64]
    tick_s: NDArray[np.float64]

    @classmethod
    def of(cls, tempi: dict[int, int], ticks_per_quarter: int) -> Clock:
        ticks = np.array(sorted(tempi), dtype=np.float64)
        tick_s = np.array([tempi[t] for t in sorted(tempi)], dtype=np.float64) / 1e6 / ticks_per_quarter
        return cls(ticks, np.concatenate([[0.0], np.cumsum(np.diff(ticks) * tick_s[:-1])]), tick_s)

    def seconds(self, ticks: NDArray[Any]) -> NDArray[np.float64]:
        """When each tick comes, float64 of the shape of `ticks`."""
        k = np.searchsorted(self.ticks, ticks, side="right") - 1
        times: NDArray[np.float64] = self.begun_s[k] + (ticks - self.ticks[k]) * self.tick_s[k]
        return times

    def second(self, tick: int) -> float:
        return float(self.seconds(np.array([tick]))[0])


def _grid(score: MidiScore) -> BeatGrid | None:
    """The file's bars; None where a metre or a tempo is none that is played in beats."""
    bars: list[Bar] = []
    end = 0
    # A bar of 3/8 among others is one dotted beat; music in 3/8 throughout is counted in none of these.
    if set(score.metres.values()) == {(3, 8)}:
        return None
    clock = score.clock
    for metre, first, end in islice(score.bars(), int(_begins_before_the_bar(score)), None):
        beat, slots = _counted(metre, score)
        ticks = np.arange(first, end, max(beat, 1))
        if beat < 1 or not 1 <= len(ticks) <= MOST_BEATS:
            return None
        bars.append(Bar(tuple(clock.seconds(ticks).tolist()), slots))
        if len(bars) > MOST_BARS:
            return None
    try:
        grid = BeatGrid(tuple(bars), clock.second(end))
    except PlanError:
        return None
    beats_s = grid.plain_beats_s
    return grid if BEAT_S[0] <= beats_s.min() and beats_s.max() <= BEAT_S[1] else None


def _begins_before_the_bar(score: MidiScore) -> bool:
    """Whether the first bar, in a shorter metre of its own, is what comes before the first downbeat."""
    changes = sorted(score.metres)
    if len(changes) < 2:
        return False
    length, usual = (score.bar_ticks(score.metres[change]) for change in changes[:2])
    return changes[1] - changes[0] <= length < usual


def _counted(metre: tuple[int, int], score: MidiScore) -> tuple[int, int]:
    """(ticks a beat, slots a beat) of a metre, in quarters or in dotted quarters where it is compound; no
    ticks a beat where it is counted in neither.
    """
    numerator, denominator = metre
    length, quarter = score.bar_ticks(metre), score.ticks_per_quarter
    if denominator == 8 and numerator > 3 and numerator % 3 == 0:
        return quarter * 3 // 2, 3
    if metre == (3, 8):
        return length, DOTTED_SLOTS
    return quarter if length % quarter == 0 else 0, 4
