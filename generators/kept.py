"""Kept tracks: music that is there already and stays as it is, while the rest is written around it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from generators.grid import BeatGrid, PlanError

if TYPE_CHECKING:
    from generators.music import SymbolicMusic

PAN, REVERB = 10, 91  # controllers that say where a voice stands
AGREED = 0.5  # how closely onsets keep to a grid (1 exactly, 0 not at all) for it to be theirs
FEW = 8  # so few onsets tell nothing


@dataclass(frozen=True)
class Control:
    """A controller (`number` 0-127) or, with `number` None, the bend wheel (−8192 to 8191) at a time."""

    time_s: float
    number: int | None
    value: int


@dataclass(frozen=True, eq=False)
class KeptTrack:
    """One track, as it is to sound.

    Attributes:
        name: what its file calls it.
        program: General MIDI program, 0-127.
        is_drum: plays the General MIDI percussion map.
        start_s, duration_s: float64 `[N]`, seconds on the clip's clock, sorted by start.
        pitch, velocity: int64 `[N]`.
        controls: controllers and bends, in order of time.

    Raises:
        PlanError: if the arrays disagree, or a note begins before 0.
    """

    name: str
    program: int
    is_drum: bool
    start_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    pitch: NDArray[np.int64]
    velocity: NDArray[np.int64]
    controls: tuple[Control, ...] = field(default=())

    def __post_init__(self) -> None:
        if len({len(a) for a in (self.start_s, self.duration_s, self.pitch, self.velocity)}) != 1:
            raise PlanError(f"track {self.name}: its notes' arrays are not of one length")
        if len(self.start_s) and (self.start_s.min() < 0 or (np.diff(self.start_s) < 0).any()):
            raise PlanError(f"track {self.name}: notes begin before 0, or are out of order")

    @property
    def end_s(self) -> NDArray[np.float64]:
        """float64 `[N]`."""
        return self.start_s + self.duration_s

    def only(self, which: NDArray[np.bool_]) -> KeptTrack:
        """The track with those of its notes for which `which` `[N]` is true."""
        return replace(
            self,
            start_s=self.start_s[which],
            duration_s=self.duration_s[which],
            pitch=self.pitch[which],
            velocity=self.velocity[which],
        )

    def setting(self, number: int) -> int | None:
        """What a controller is set to before the first note, or None."""
        first = float(self.start_s[0]) if len(self.start_s) else 0.0
        said = [c.value for c in self.controls if c.number == number and c.time_s <= first]
        return said[-1] if said else None


@dataclass(frozen=True, eq=False)
class KeptTracks:
    """Everything that is kept.

    Attributes:
        tracks: each with a note at least, in the file's order.
        grid: the file's own bars, from its tempo map and metres, up to its last note; None where they
            are not bars that music could be written on.

    Raises:
        PlanError: if no track has a note.
    """

    tracks: tuple[KeptTrack, ...]
    grid: BeatGrid | None

    def __post_init__(self) -> None:
        if not self.tracks or not all(len(track.start_s) for track in self.tracks):
            raise PlanError("kept tracks have a note each, and there is one at least")

    @property
    def end_s(self) -> float:
        """When the last note ends."""
        return max(float(track.end_s.max()) for track in self.tracks)

    @property
    def pitched(self) -> tuple[KeptTrack, ...]:
        """All but the drums."""
        return tuple(track for track in self.tracks if not track.is_drum)

    def until(self, duration_s: float) -> KeptTracks:
        """The same, each note ending by `duration_s`; all must begin before."""
        tracks = (
            replace(track, duration_s=np.minimum(track.duration_s, duration_s - track.start_s))
            for track in self.tracks
        )
        return replace(self, tracks=tuple(tracks))

    @property
    def last_start_s(self) -> float:
        """When the last note begins."""
        return max(float(track.start_s[-1]) for track in self.tracks)

    def onsets_s(self) -> NDArray[np.float64]:
        """float64 `[N]`: every note's start, sorted."""
        return np.sort(np.concatenate([track.start_s for track in self.tracks]))


def tracks_of(music: SymbolicMusic, grid: BeatGrid | None = None) -> KeptTracks:
    """Music as tracks that are kept: every voice that plays, note for note, with its controllers.

    Raises:
        PlanError: if nobody plays.
    """
    tracks = []
    for voice, track in zip(music.voices, music.score.tracks, strict=True):
        notes = track.notes.numpy()
        if not len(notes["time"]):
            continue
        controls = [Control(float(c.time), int(c.number), int(c.value)) for c in track.controls]
        controls += [Control(float(bend.time), None, int(bend.value)) for bend in track.pitch_bends]
        tracks.append(
            KeptTrack(
                voice.name,
                voice.program,
                voice.is_drum,
                notes["time"].astype(np.float64),
                notes["duration"].astype(np.float64),
                notes["pitch"].astype(np.int64),
                notes["velocity"].astype(np.int64),
                tuple(sorted(controls, key=lambda control: control.time_s)),
            )
        )
    return KeptTracks(tuple(tracks), grid)


def keeps_to(grid: BeatGrid, onsets_s: NDArray[np.float64]) -> bool:
    """Whether onsets fall on a grid's slots, or all beside them by as much.

    Measured as the mean resultant length of their phases (Fisher 1993), on the sixteenths and on the
    triplets of the beat: music that was played freely, over a tempo map that nobody set, has about 0.
    """
    if len(onsets_s) < FEW:
        return True
    beat = grid.beat_at(onsets_s)
    return max(float(abs(np.mean(np.exp(2j * np.pi * parts * beat)))) for parts in (3, 4)) >= AGREED
