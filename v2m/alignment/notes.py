"""The notes of a score as arrays, whatever their bars: what affect and harmony are read from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from symusic.core import ScoreSecond

    from generators.kept import KeptTrack


@dataclass(frozen=True, eq=False)
class Notes:
    """Notes, in any order.

    Attributes:
        start_s, end_s: float64 `[N]`.
        pitch: int64 `[N]`, MIDI numbers 0-127; of drums, which drum it is.
        velocity: int64 `[N]`, 0-127.
        is_drum: bool `[N]`.

    Raises:
        ValueError: if the arrays disagree, a time is not finite, a note ends before it starts, or a
            number is out of range.
    """

    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    pitch: NDArray[np.int64]
    velocity: NDArray[np.int64]
    is_drum: NDArray[np.bool_]

    def __post_init__(self) -> None:
        shapes = {values.shape for values in vars(self).values()}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise ValueError(f"notes are arrays of one length, not of shapes {sorted(shapes)}")
        if not (np.isfinite(self.start_s).all() and np.isfinite(self.end_s).all()):
            raise ValueError("a note's times must be finite")
        if (self.end_s < self.start_s).any():
            raise ValueError("a note must not end before it starts")
        for name in ("pitch", "velocity"):
            values = getattr(self, name)
            if values.size and (values.min() < 0 or values.max() > 127):
                raise ValueError(f"every {name} lies between 0 and 127")

    def __len__(self) -> int:
        return len(self.start_s)

    @classmethod
    def of_score(cls, score: ScoreSecond) -> Notes:
        """All notes of a `symusic` score in seconds."""
        tracks = [track for track in score.tracks if len(track.notes)]
        columns = [track.notes.numpy() for track in tracks]
        if not columns:
            none, nought = np.zeros(0), np.zeros(0, np.int64)
            return cls(none, none, nought, nought, np.zeros(0, bool))
        joined = {name: np.concatenate([column[name] for column in columns]) for name in columns[0]}
        start = joined["time"].astype(np.float64)
        return cls(
            start,
            start + np.maximum(joined["duration"].astype(np.float64), 0.0),
            joined["pitch"].astype(np.int64),
            joined["velocity"].astype(np.int64),
            np.concatenate([np.full(len(track.notes), track.is_drum) for track in tracks]),
        )

    @classmethod
    def of_tracks(cls, tracks: Sequence[KeptTrack]) -> Notes:
        """All notes of a MIDI file's tracks, `[N]` of one and more."""
        return cls(
            np.concatenate([track.start_s for track in tracks]),
            np.concatenate([track.end_s for track in tracks]),
            np.concatenate([track.pitch for track in tracks]),
            np.concatenate([track.velocity for track in tracks]),
            np.concatenate([np.full(len(track.start_s), track.is_drum) for track in tracks]),
        )

    def pitched(self) -> Notes:
        """Without the drums."""
        return self.only(~self.is_drum)

    def only(self, which: NDArray[np.bool_]) -> Notes:
        """Those for which `which` `[N]` is true."""
        return Notes(*(values[which] for values in vars(self).values()))


def sounding(
    notes: Notes, steps: int, *, rate_hz: float = 1.0
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Which note sounds in which step, and for how long.

    Args:
        notes: of a score.
        steps: how many steps of 1 / `rate_hz` seconds there are, from 0.
        rate_hz: steps a second.

    Returns:
        note `[pairs]`, step `[pairs]`, and seconds `[pairs]`, not negative; a note without length is
        in the step in which it starts.
    """
    first = np.clip(np.floor(notes.start_s * rate_hz).astype(np.int64), 0, steps)
    last = np.maximum(np.ceil(notes.end_s * rate_hz).astype(np.int64), first + 1)
    count = np.maximum(np.clip(last, 0, steps) - first, 0)
    note = np.repeat(np.arange(len(notes)), count)
    step = np.arange(len(note)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    held = np.minimum(notes.end_s[note], (step + 1) / rate_hz) - np.maximum(
        notes.start_s[note], step / rate_hz
    )
    return note, step, np.maximum(held, 0.0)


def pitch_classes(
    notes: Notes, steps: int, *, rate_hz: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds for which each pitch class sounds in each step, and the lowest one's.

    Returns:
        whole: float64 `[steps, 12]`, C first, drums left out.
        bass: float64 `[steps, 12]`, only of the notes within four semitones of the step's lowest.
    """
    tuned = notes.pitched()
    note, step, held = sounding(tuned, steps, rate_hz=rate_hz)
    pitch = tuned.pitch[note]
    lowest = np.full(steps, 128)
    np.minimum.at(lowest, step, pitch)
    low = pitch <= lowest[step] + 4
    cell = step * 12 + pitch % 12
    whole = np.bincount(cell, held, minlength=steps * 12).astype(np.float64)
    deep = np.bincount(cell[low], held[low], minlength=steps * 12).astype(np.float64)
    return whole.reshape(steps, 12), deep.reshape(steps, 12)
