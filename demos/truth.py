"""What is known of a made clip, since it was made so: cuts, fades, beats, moods, speech."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fade:
    """A fade from or to black.

    Attributes:
        start_s, end_s: when the picture begins and ends to change.
        kind: `in` (from black) or `out` (to black).
    """

    start_s: float
    end_s: float
    kind: str


@dataclass(frozen=True)
class Mood:
    """What a stretch of the clip means to feel like; valence and arousal from −1 to 1."""

    start_s: float
    end_s: float
    name: str
    place: str
    valence: float
    arousal: float


@dataclass(frozen=True)
class Truth:
    """The ground truth of one made clip; every time is in seconds from its first frame.

    Attributes:
        name: which clip.
        seed, width, height, fps: what it was made with.
        duration_s: length of the picture.
        cuts_s: the first frame of each new shot.
        fades: from and to black.
        tempo_bpm: the tempo that is danced to, None where nobody dances.
        beats_s: every beat at that tempo.
        kinematic_beats_s: the instants at which the body comes to rest between two moves,
            a subset of `beats_s` (some moves take two beats).
        moods: in order, covering the clip.
        speech: (start_s, end_s) of each spoken phrase.
    """

    name: str
    seed: int
    width: int
    height: int
    fps: float
    duration_s: float
    cuts_s: tuple[float, ...] = ()
    fades: tuple[Fade, ...] = ()
    tempo_bpm: float | None = None
    beats_s: tuple[float, ...] = ()
    kinematic_beats_s: tuple[float, ...] = ()
    moods: tuple[Mood, ...] = ()
    speech: tuple[tuple[float, float], ...] = ()

    def save(self, path: Path) -> Path:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: Path) -> Truth:
        """Read what `save` wrote."""
        data = json.loads(path.read_text(encoding="utf-8"))
        for name in ("cuts_s", "beats_s", "kinematic_beats_s"):
            data[name] = tuple(data[name])
        data["speech"] = tuple((start, end) for start, end in data["speech"])
        data["fades"] = tuple(Fade(**fade) for fade in data["fades"])
        data["moods"] = tuple(Mood(**mood) for mood in data["moods"])
        return cls(**data)
