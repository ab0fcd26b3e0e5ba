"""Music: what every generator gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from encoders.errors import V2MError
from generators.desk import Desk, Strip

if TYPE_CHECKING:
    import symusic

ROLES = ("drums", "bass", "chords", "pad", "melody", "counter", "arpeggio", "accents", "band")
"""What voices do; `band` is a waveform in which all of them are."""


class MusicError(V2MError, ValueError):
    """A generator's music breaks its own contract."""


@dataclass(frozen=True)
class Voice:
    """Who plays a track, and where it sits in the room.

    Attributes:
        name: unique among the voices; the stem's and the MIDI track's name.
        role: one of `ROLES`.
        program: General MIDI program, 0-127 (ignored for drums).
        is_drum: plays the General MIDI percussion map.
        gain_db: level relative to the style's reference, before mixing.
        pan: −1 (left) to 1 (right).
        reverb: send to the room, 0 (dry) to 1.
        synth: the synthesizer's patch that plays it, or the path of a patch file; the General MIDI
            program if empty.
        strip: its channel on the mixing desk.
    """

    name: str
    role: str
    program: int
    is_drum: bool = False
    gain_db: float = 0.0
    pan: float = 0.0
    reverb: float = 0.3
    synth: str = ""
    strip: Strip = field(default_factory=Strip)

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise MusicError(f"voice {self.name}: role {self.role!r} is none of {', '.join(ROLES)}")
        if not 0 <= self.program <= 127 or not -1 <= self.pan <= 1 or not 0 <= self.reverb <= 1:
            raise MusicError(f"voice {self.name}: program, pan or reverb out of range")


@dataclass(frozen=True, eq=False)
class SymbolicMusic:
    """Multi-track music in seconds on the clip's clock.

    Attributes:
        score: a `symusic` score in seconds; `score.tracks[i]` is played by `voices[i]`
            and carries its name. Notes lie in `[0, duration_s]`; a note may ring to the end.
        voices: one a track.
        duration_s: length of the picture the music was written for.
        desk: how it is mixed.
        seed: of what players and synthesizers leave to chance.
        silences_s: (start, end) of stretches in which nothing is to be heard, once what rang has died away.
    """

    score: symusic.core.ScoreSecond
    voices: tuple[Voice, ...]
    duration_s: float
    desk: Desk = field(default_factory=Desk)
    seed: int = 0
    silences_s: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        names = [track.name for track in self.score.tracks]
        if names != [voice.name for voice in self.voices] or len(set(names)) != len(names):
            raise MusicError(f"tracks {names} are not the voices, one each and named alike")
        for track in self.score.tracks:
            notes = track.notes.numpy()
            if len(notes["time"]) and (
                notes["time"].min() < 0 or (notes["time"] + notes["duration"]).max() > self.duration_s + 1e-3
            ):
                raise MusicError(f"track {track.name} has notes outside 0 to {self.duration_s:.3f} s")

    @property
    def last_start_s(self) -> float:
        """When the last note begins; 0 where there is none."""
        starts = [float(track.notes.numpy()["time"].max()) for track in self.score.tracks if len(track.notes)]
        return max(starts, default=0.0)


@dataclass(frozen=True, eq=False)
class WaveMusic:
    """Music as sound, on the clip's clock.

    Attributes:
        samples: float32 `[channels, n]`, −1 to 1 about; one channel or two.
        sample_rate: Hz.
        voice: who plays it: the stem's name, its level and its place in the room.
        duration_s: length of the picture the music was made for.
        last_start_s: when the last chord is struck.
        desk: how it is mixed.
        silences_s: (start, end) of stretches in which nothing is to be heard, once what rang has died away.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    voice: Voice
    duration_s: float
    last_start_s: float
    desk: Desk = field(default_factory=Desk)
    silences_s: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or not 1 <= len(self.samples) <= 2 or self.samples.dtype != np.float32:
            shape = self.samples.shape
            raise MusicError(f"a waveform is float32 [1 or 2, n], not {self.samples.dtype} {shape}")
        if not np.isfinite(self.samples).all():
            raise MusicError("a waveform has samples that are no numbers")
        length_s = self.samples.shape[1] / self.sample_rate
        if abs(length_s - self.duration_s) > 1 / self.sample_rate + 1e-6:
            raise MusicError(f"a waveform of {length_s:.3f} s is not {self.duration_s:.3f} s long")

    @property
    def voices(self) -> tuple[Voice, ...]:
        return (self.voice,)


Music = SymbolicMusic | WaveMusic
"""What every generator gives."""
