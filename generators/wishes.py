"""What the person asked for; whatever is left None is decided from the picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from generators.chord_names import parse_chord
from generators.drawn import DrawnCurve
from generators.grid import PlanError
from generators.key import MODES as SCALES
from generators.key import Key
from generators.region import Region

GENERATORS = ("auto", "rhythm", "affective", "vqgan")
# What `auto` takes. The transformer's harmony is farther from people's (`weights/affective.md`), the VQ-GAN's
# sound is farther from recordings (`weights/measured.json`).
BEST = "rhythm"
SILENCES = ("stills", "all", "none")
METRES = {"3/4": 3, "4/4": 4, "6/8": 6}
"""Beats a bar, as styles say them: 6 is two dotted beats."""
MODES = ("auto", "film", "dance")

# Named moods as points of the circumplex (Russell 1980): valence, arousal in −1..1.
MOODS: dict[str, tuple[float, float]] = {
    "joyful": (0.8, 0.5),
    "exciting": (0.5, 0.8),
    "triumphant": (0.7, 0.7),
    "playful": (0.6, 0.3),
    "romantic": (0.5, -0.2),
    "relaxing": (0.5, -0.6),
    "dreamy": (0.3, -0.5),
    "neutral": (0.0, 0.0),
    "mysterious": (-0.2, -0.2),
    "melancholic": (-0.4, -0.5),
    "sad": (-0.7, -0.5),
    "tense": (-0.5, 0.5),
    "fearful": (-0.7, 0.6),
    "angry": (-0.6, 0.8),
}


# Dynamics as players read them → how loud a bar is, 0 to 1.
DYNAMICS = {"pp": 0.2, "p": 0.35, "mp": 0.47, "mf": 0.6, "f": 0.78, "ff": 0.95}


@dataclass(frozen=True)
class Stretch:
    """The person's choices for a part of the music; what is None there stays as it was.

    Attributes:
        at: which part.
        mood: a name in `MOODS`: its valence, arousal and tension, and all that follows from them.
        energy: 0 to 1, density and loudness together, and with them who plays.
        density: 0 to 1, how full its bars are.
        loudness: 0 to 1.
        tension: 0 to 1.
        valence, arousal: −1 to 1.
        key: its key.
        scale: major, minor or another mode, on the tonic that it has.

    Raises:
        PlanError: naming what is not understood, out of range or said twice.
    """

    at: Region
    mood: str | None = None
    energy: float | None = None
    density: float | None = None
    loudness: float | None = None
    tension: float | None = None
    valence: float | None = None
    arousal: float | None = None
    key: Key | None = None
    scale: str | None = None

    def __post_init__(self) -> None:
        if self.mood is not None and self.mood not in MOODS:
            raise PlanError(f"mood {self.mood!r} is none of {', '.join(MOODS)}")
        if self.scale is not None and self.scale not in SCALES:
            raise PlanError(f"scale {self.scale!r} is none of {', '.join(SCALES)}")
        if self.scale is not None and self.key is not None:
            raise PlanError("a key says its scale: give one of the two")
        if self.energy is not None and (self.density is not None or self.loudness is not None):
            raise PlanError("energy is density and loudness together: give it, or these")
        for name, low in _LEAST.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= 1:
                raise PlanError(f"{name} {value:g} is outside {low:g} to 1")
        if all(getattr(self, f.name) is None for f in fields(self) if f.name != "at"):
            raise PlanError(f"nothing is asked for at {self.at}; known: {', '.join(CONTROLS)}")

    @classmethod
    def parse(cls, text: str) -> Stretch:
        """Read `12.5:20 mood=tense,density=0.8` or `bars 5-8 key=D minor`.

        Raises:
            PlanError: for anything else.
        """
        head, equals, rest = text.partition("=")
        at, space, first = head.rstrip().rpartition(" ")
        if not equals or not space:
            raise PlanError(
                f"{text!r} is not understood; write where and what, as '12.5:20 mood=tense,density=0.8'"
            )
        said: dict[str, Any] = {}
        for entry in f"{first}={rest}".split(","):
            name, equals, value = (part.strip() for part in entry.partition("="))
            if not equals or name in said:
                raise PlanError(f"{entry.strip()!r} is not one key=value, said once")
            said[name] = value
        return cls.of(at, said)

    @classmethod
    def of(cls, at: str, said: Mapping[str, Any]) -> Stretch:
        """A stretch of its words: numbers may be text, loudness one of `DYNAMICS`.

        Raises:
            PlanError: for what is not understood.
        """
        unknown = [name for name in said if name not in CONTROLS]
        if unknown:
            raise PlanError(f"{unknown[0]!r} is none of {', '.join(CONTROLS)}")
        values: dict[str, Any] = {name: said[name] for name in ("mood", "scale") if name in said}
        if "key" in said:
            values["key"] = Key.parse(str(said["key"]))
        for name in _LEAST:
            if name in said:
                values[name] = _number(name, said[name])
        return cls(Region.parse(at), **values)


_LEAST = {"energy": 0.0, "density": 0.0, "loudness": 0.0, "tension": 0.0, "valence": -1.0, "arousal": -1.0}
CONTROLS = tuple(f.name for f in fields(Stretch) if f.name != "at")


def _number(name: str, value: Any) -> float:
    if name == "loudness" and isinstance(value, str) and value in DYNAMICS:
        return DYNAMICS[value]
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if math.isfinite(number):
        return number
    words = f", nor one of {', '.join(DYNAMICS)}" if name == "loudness" else ""
    raise PlanError(f"{name} {value!r} is no number{words}")


@dataclass(frozen=True)
class Wishes:
    """The person's choices for one soundtrack.

    Attributes:
        mode: auto, film or dance.
        style: the name of a style file, or None.
        key: or None.
        tempo_bpm: 40-240, or None.
        mood: a name in `MOODS`, or None.
        seed: every random choice follows from it.
        stretches: choices for parts of the music.
        metre: one of `METRES`, or None.
        generator: one of `GENERATORS`: who writes the harmony, or makes the sound itself.
        primer: chord names in the home key that the affective generator hears before it begins.
        silences: one of `SILENCES`: where the picture stands still, before strong turns too, or nowhere.
        curves: drawn by hand, for the stretches that they cover.

    Raises:
        PlanError: naming what is not understood and what is known.
    """

    mode: str = "auto"
    style: str | None = None
    key: Key | None = None
    tempo_bpm: float | None = None
    mood: str | None = None
    seed: int = 0
    stretches: tuple[Stretch, ...] = ()
    metre: str | None = None
    silences: str = "stills"
    generator: str = "auto"
    primer: tuple[str, ...] = ()
    curves: tuple[DrawnCurve, ...] = ()

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise PlanError(f"mode {self.mode!r} is none of {', '.join(MODES)}")
        if self.mood is not None and self.mood not in MOODS:
            raise PlanError(f"mood {self.mood!r} is none of {', '.join(MOODS)}")
        if self.metre is not None and self.metre not in METRES:
            raise PlanError(f"metre {self.metre!r} is none of {', '.join(METRES)}")
        if self.generator not in GENERATORS:
            raise PlanError(f"generator {self.generator!r} is none of {', '.join(GENERATORS)}")
        if self.primer and self.generator != "affective":
            raise PlanError("a primer is what the affective generator begins from: ask for that one")
        for name in self.primer:
            parse_chord(name)
        if self.silences not in SILENCES:
            raise PlanError(f"silences {self.silences!r} is none of {', '.join(SILENCES)}")
        if self.tempo_bpm is not None and not 40 <= self.tempo_bpm <= 240:
            raise PlanError(f"tempo {self.tempo_bpm:g} bpm is outside 40 to 240")
        if self.seed < 0:
            raise PlanError(f"seed {self.seed} is negative")

    @property
    def names_a_key(self) -> bool:
        """Whether a key or a scale is asked for, for the whole or for a part."""
        return self.key is not None or any(s.key is not None or s.scale is not None for s in self.stretches)
