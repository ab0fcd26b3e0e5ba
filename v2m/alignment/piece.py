"""A score as arrays: its notes, and the bars that they stand in.

What the symbolic measures compare. It is had from a generator's music and its plan's grid
(`from_music`), from a MIDI file of anybody's (`read_midi`), or made from arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from encoders.errors import V2MError
from v2m.midi_reading import read_score

if TYPE_CHECKING:
    from generators.grid import BeatGrid
    from generators.music import SymbolicMusic
    from v2m.midi_reading import MidiScore

SLOTS_PER_BEAT = 4
ON_BEAT_S = 0.005
"""A downbeat is one of the beats if it is this near to it."""
MOST_BEATS = 500_000
"""Three days at 120 bpm."""
LEAST_S = 1e-3
"""No note is shorter."""
AGREED = 0.5
"""Notes agree on how far off the grid they are if the mean of that, as directions, is this long."""


class PieceError(V2MError, ValueError):
    """The notes or the bars contradict themselves."""


@dataclass(frozen=True, eq=False)
class Piece:
    """Notes, beats and bars, on one clock in seconds.

    Attributes:
        start_s, duration_s: float64 `[N]`, in order of start.
        pitch: int64 `[N]`, MIDI numbers 0-127; of drums, which drum it is.
        is_drum: bool `[N]`.
        is_melody: bool `[N]`, the notes of the part that is known to be the tune; false everywhere
            where none is.
        beats_s: float64 `[B]`, increasing.
        downbeats_s: float64 `[bars]`, those of the beats with which a bar begins.
        end_s: where the last beat, and with it the last bar, ends.

    Notes before the first downbeat (an upbeat) stand in no bar.

    Raises:
        PieceError: if the arrays disagree, a time is not finite, a note has no length, beats do not
            increase up to `end_s`, or a downbeat is none of the beats.
    """

    start_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    pitch: NDArray[np.int64]
    is_drum: NDArray[np.bool_]
    is_melody: NDArray[np.bool_]
    beats_s: NDArray[np.float64]
    downbeats_s: NDArray[np.float64]
    end_s: float

    def __post_init__(self) -> None:
        shapes = {getattr(self, name).shape for name in NOTE_ARRAYS}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise PieceError(f"a piece's notes are arrays of one length, not of shapes {sorted(shapes)}")
        if not (np.isfinite(self.start_s).all() and np.isfinite(self.duration_s).all()):
            raise PieceError("a note's times must be finite")
        if (np.diff(self.start_s) < 0).any():
            raise PieceError("notes must be in order of their start")
        if (self.duration_s <= 0).any():
            raise PieceError("every note needs a length")
        if self.pitch.size and not (self.pitch.min() >= 0 and self.pitch.max() <= 127):
            raise PieceError("pitches lie between 0 and 127")
        if self.beats_s.ndim != 1 or not self.beats_s.size or not np.isfinite(self.knots_s).all():
            raise PieceError("a piece needs at least one beat, and finite ones")
        if (np.diff(self.knots_s) <= 0).any():
            raise PieceError("beats must increase, up to the piece's end")
        if not self.downbeats_s.size or (np.diff(self.downbeats_s) <= 0).any():
            raise PieceError("a piece needs at least one bar, and downbeats that increase")
        if np.abs(self.beats_s[self.first_beat[:-1]] - self.downbeats_s).max() > ON_BEAT_S:
            raise PieceError("every downbeat must be one of the beats")

    @property
    def knots_s(self) -> NDArray[np.float64]:
        """float64 `[B + 1]`: the beats, and the end."""
        return np.append(self.beats_s, self.end_s)

    @property
    def length_s(self) -> float:
        """From the first downbeat to the end."""
        return self.end_s - float(self.downbeats_s[0])

    @property
    def bars(self) -> int:
        return len(self.downbeats_s)

    @cached_property
    def first_beat(self) -> NDArray[np.int64]:
        """int64 `[bars + 1]`: the index of each bar's first beat, and the number of beats."""
        after = np.searchsorted(self.beats_s, self.downbeats_s)
        left, right = np.maximum(after - 1, 0), np.minimum(after, len(self.beats_s) - 1)
        nearer = self.downbeats_s - self.beats_s[left] < self.beats_s[right] - self.downbeats_s
        return np.append(np.where(nearer, left, right), len(self.beats_s)).astype(np.int64)

    @cached_property
    def start_beat(self) -> NDArray[np.float64]:
        """float64 `[N]`: where each note begins, in beats from the first beat."""
        return self.beat_at(self.start_s)

    @cached_property
    def slot(self) -> NDArray[np.int64]:
        """int64 `[N]`: the quarter of a beat that each note begins nearest to, from the first beat.

        A player is early or late by a few hundredths; which beat, and so which bar, a note belongs
        to is taken from here.
        """
        return np.round(self.start_beat * SLOTS_PER_BEAT).astype(np.int64)

    @cached_property
    def bar(self) -> NDArray[np.int64]:
        """int64 `[N]`: the bar that each note begins in; −1 before the first, `bars` after the last."""
        beat = self.slot // SLOTS_PER_BEAT
        return np.searchsorted(self.first_beat, beat, side="right").astype(np.int64) - 1

    def beat_at(self, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Position in beats from the first beat, linear within a beat; outside, the tempo goes on."""
        knots = self.knots_s
        k = np.clip(np.searchsorted(knots, time_s, side="right") - 1, 0, len(knots) - 2)
        return np.asarray(k + (time_s - knots[k]) / (knots[k + 1] - knots[k]))

    def time_at(self, beat: NDArray[np.float64]) -> NDArray[np.float64]:
        """The inverse of `beat_at`."""
        knots = self.knots_s
        k = np.clip(np.floor(beat).astype(np.int64), 0, len(knots) - 2)
        return np.asarray(knots[k] + (beat - k) * (knots[k + 1] - knots[k]))

    def only(self, which: NDArray[np.bool_]) -> Piece:
        """The same bars with some of the notes, bool `[N]`."""
        return replace(self, **{name: getattr(self, name)[which] for name in NOTE_ARRAYS})

    def excerpt(self, first_bar: int, end_bar: int) -> Piece:
        """Some bars as a piece of their own that begins at 0; notes that ring on are cut at its end.

        Raises:
            PieceError: if there are no such bars.
        """
        if not 0 <= first_bar < end_bar <= self.bars:
            raise PieceError(f"bars {first_bar} to {end_bar} are not among the piece's {self.bars}")
        beats = self.beats_s[self.first_beat[first_bar] : self.first_beat[end_bar]]
        from_s, to_s = float(beats[0]), float(self.knots_s[self.first_beat[end_bar]])
        # A note that is a little early for the first bar is in it; one early for the next is not.
        inside = (self.bar >= first_bar) & (self.bar < end_bar)
        start = np.maximum(self.start_s[inside], from_s)
        end = np.minimum(self.start_s[inside] + self.duration_s[inside], to_s)
        return make_piece(
            start - from_s,
            np.maximum(end - start, LEAST_S),
            self.pitch[inside],
            is_drum=self.is_drum[inside],
            is_melody=self.is_melody[inside],
            beats_s=beats - from_s,
            downbeats_s=self.downbeats_s[first_bar:end_bar] - from_s,
            end_s=to_s - from_s,
        )


NOTE_ARRAYS = ("start_s", "duration_s", "pitch", "is_drum", "is_melody")


def make_piece(
    start_s: Any,
    duration_s: Any,
    pitch: Any,
    *,
    beats_s: Any,
    downbeats_s: Any,
    end_s: float,
    is_drum: Any = None,
    is_melody: Any = None,
) -> Piece:
    """A piece from array-likes, its notes put in order (of start, then of pitch).

    Raises:
        PieceError: see `Piece`.
    """
    start, pitches = np.asarray(start_s, dtype=np.float64), np.asarray(pitch, dtype=np.int64)
    none = np.zeros(start.shape, bool)
    piece = {
        "start_s": start,
        "duration_s": np.asarray(duration_s, dtype=np.float64),
        "pitch": pitches,
        "is_drum": none if is_drum is None else np.asarray(is_drum, bool),
        "is_melody": none if is_melody is None else np.asarray(is_melody, bool),
    }
    # Arrays that disagree are left as they are, for `Piece` to refuse.
    if len({array.shape for array in piece.values()}) == 1 and start.ndim == 1:
        order = np.lexsort((pitches, start))
        piece = {name: array[order] for name, array in piece.items()}
    return Piece(
        **piece,
        beats_s=np.asarray(beats_s, dtype=np.float64),
        downbeats_s=np.asarray(downbeats_s, dtype=np.float64),
        end_s=float(end_s),
    )


def from_music(music: SymbolicMusic, grid: BeatGrid) -> Piece:
    """A generator's music in the bars of its plan; the parts whose role is melody are the tune.

    A bar whose beats lie in the last moments of the clip is kept whole; a compound beat (a dotted
    quarter) is one beat.
    """
    columns: list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], bool, bool]] = []
    for voice, track in zip(music.voices, music.score.tracks, strict=True):
        columns.append((*_columns(track), voice.is_drum, voice.role == "melody"))
    return _gathered(columns, grid.beats_s, grid.downbeats_s, float(grid.end_s))


def read_midi(path: Path | str) -> Piece:
    """A MIDI file; its bars are those of its time signatures, its tune the tracks named melody.

    A compound metre (6/8, 9/8, 12/8) has dotted beats. Without a time signature it is 4/4.

    Raises:
        MidiError: if the file cannot be read as MIDI, or holds no note.
        PieceError: if its bars are those of no music.
    """
    return of_midi(read_score(Path(path)))


def of_midi(score: MidiScore) -> Piece:
    """What `read_midi` gives, of a file that is read."""
    beats, downbeats, end = _ticks_of_beats(score)
    times, starts = (score.clock.seconds(np.array(ticks)) for ticks in ([*beats, end], downbeats))
    columns = [
        (
            track.start_s,
            np.maximum(track.duration_s, LEAST_S),
            track.pitch,
            track.is_drum,
            "melody" in track.name.lower(),
        )
        for track in score.tracks
    ]
    return _gathered(columns, times[:-1], starts, float(times[-1]))


def _columns(track: Any) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    notes = track.notes.numpy()
    return (
        notes["time"].astype(np.float64),
        np.maximum(notes["duration"].astype(np.float64), LEAST_S),
        notes["pitch"].astype(np.int64),
    )


def _gathered(
    columns: list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], bool, bool]],
    beats_s: NDArray[np.float64],
    downbeats_s: NDArray[np.float64],
    end_s: float,
) -> Piece:
    def joined(k: int) -> NDArray[Any]:
        return np.concatenate([np.zeros(0), *(c[k] for c in columns)])

    def flags(k: int) -> NDArray[np.bool_]:
        return np.concatenate([np.zeros(0, bool), *(np.full(len(c[0]), c[k]) for c in columns)])

    return settled(
        make_piece(
            joined(0),
            joined(1),
            joined(2),
            is_drum=flags(3),
            is_melody=flags(4),
            beats_s=beats_s,
            downbeats_s=downbeats_s,
            end_s=end_s,
        )
    )


def settled(piece: Piece) -> Piece:
    """The piece with its players' common lead over the grid taken off.

    Music that is to be heard on the beat is played a little before it, since instruments speak late;
    read as it is played, quick music would fall into the slots before. The lead is the circular mean
    of what notes are off their slots; where they agree on none, nothing is moved.
    """
    if not piece.start_s.size:
        return piece
    turn = complex(np.mean(np.exp(2j * np.pi * SLOTS_PER_BEAT * piece.start_beat)))
    if abs(turn) < AGREED:
        return piece
    off_beats = float(np.angle(turn)) / (2 * np.pi * SLOTS_PER_BEAT)
    return replace(piece, start_s=piece.time_at(piece.start_beat - off_beats))


def _ticks_of_beats(score: MidiScore) -> tuple[list[int], list[int], int]:
    """The ticks of all beats and downbeats up to the last note's end, and of the last bar's end."""
    alone = len(set(score.metres.values())) == 1
    beats: list[int] = []
    downbeats: list[int] = []
    end = 0
    for (numerator, denominator), first, end in score.bars():
        unit = max(score.ticks_per_quarter * 4 // denominator, 1)
        # A bar of 3/8 among others is one dotted beat.
        compound = denominator >= 8 and numerator % 3 == 0 and (numerator > 3 or not alone)
        downbeats.append(first)
        beats += range(first, end, 3 * unit if compound else unit)
        if len(beats) > MOST_BEATS:
            raise PieceError(f"{score.path}: its metres make over {MOST_BEATS} beats: damaged, or no music")
    return beats, downbeats, end
