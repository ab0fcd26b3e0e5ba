"""What a visitor may choose, and how their choices become the words that a session takes.

Everything is looked up in what is known: nothing that a visitor says goes on as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from encoders.errors import V2MError
from generators.key import MODES as SCALES
from generators.key import Key
from generators.wishes import GENERATORS, MODES, MOODS

FROM_PICTURE = "From the picture"
FOLLOWS = {"Auto": "auto", "Cuts": "film", "Dancer": "dance"}
WRITERS = {"Auto": "auto", "Songs": "rhythm", "Transformer": "affective"}
TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
MOST_SEED = 999_999
_SAME = 0.03


class ChoiceError(V2MError):
    """A choice that is none."""


@dataclass(frozen=True)
class Choices:
    """What was chosen; None is left to the picture.

    Attributes:
        mode: film, dance or auto.
        style: a style that ships.
        mood: the named mood that is nearest.
        feeling: valence and arousal, −1 to 1, where they are not those of the named mood.
        key, tempo_bpm: as `v2m.session.open_session` takes them.
        generator: who writes the chords.
        keep_audio: whether the clip's own sound stays.
        seed: of the first candidate.
        candidates: how many are made; the best is kept.

    Raises:
        ChoiceError: naming what is not understood.
    """

    mode: str = "auto"
    style: str | None = None
    mood: str | None = None
    feeling: tuple[float, float] | None = None
    key: str | None = None
    tempo_bpm: float | None = None
    generator: str = "auto"
    keep_audio: bool = False
    seed: int = 0
    candidates: int = 1

    def __post_init__(self) -> None:
        if self.mode not in MODES or self.generator not in GENERATORS:
            raise ChoiceError("That is not among the choices.")
        if self.style is not None and self.style not in known_styles():
            raise ChoiceError("That style is not among those that ship.")
        if self.mood is not None and self.mood not in MOODS:
            raise ChoiceError("That mood is not among those that are known.")
        if self.feeling is not None and not all(-1.0 <= value <= 1.0 for value in self.feeling):
            raise ChoiceError("Valence and arousal lie between −1 and 1.")
        if self.key is not None:
            Key.parse(self.key)
        if self.tempo_bpm is not None and not 40 <= self.tempo_bpm <= 240:
            raise ChoiceError("A tempo lies between 40 and 240 beats a minute; 0 lets it choose.")
        if not (0 <= self.seed <= MOST_SEED and 1 <= self.candidates <= 4):
            raise ChoiceError(f"A seed lies between 0 and {MOST_SEED}; there are 1 to 4 candidates.")

    @classmethod
    def of_form(
        cls,
        follow: Any,
        style: Any,
        mood: Any,
        valence: Any,
        arousal: Any,
        key: Any,
        tempo: Any,
        writer: Any,
        keep_audio: Any,
        seed: Any,
        candidates: Any,
    ) -> Choices:
        """The choices of the form's values, in its order.

        Raises:
            ChoiceError: for a value that no form of ours sends.
        """
        named, feeling = None, None
        if mood != FROM_PICTURE:
            feeling = (_number(valence), _number(arousal))
            named = nearest_mood(*feeling)
            if math.dist(MOODS[named], feeling) < _SAME:
                feeling = None
        return cls(
            mode=_among(FOLLOWS, follow),
            style=None if style == FROM_PICTURE else str(style),
            mood=named,
            feeling=feeling,
            key=None if key == FROM_PICTURE else str(key),
            tempo_bpm=None if tempo in (None, 0) else _number(tempo),
            generator=_among(WRITERS, writer),
            keep_audio=bool(keep_audio),
            seed=int(_number(seed or 0)),
            candidates=int(_number(candidates or 1)),
        )

    def wishes(self, duration_s: float) -> dict[str, Any]:
        """The arguments of `v2m.session.open_session` that the choices are."""
        at: tuple[str, ...] = ()
        if self.feeling is not None:
            valence, arousal = self.feeling
            at = (f"0:{duration_s:.3f} valence={valence:.3f},arousal={arousal:.3f}",)
        return {
            "mode": self.mode,
            "style": self.style,
            "mood": self.mood,
            "key": self.key,
            "tempo": self.tempo_bpm,
            "generator": self.generator,
            "keep_audio": self.keep_audio,
            "seed": self.seed,
            "at": at,
        }


def nearest_mood(valence: float, arousal: float) -> str:
    """The named mood that lies nearest on the circumplex."""
    return min(MOODS, key=lambda name: math.dist(MOODS[name], (valence, arousal)))


def known_styles() -> tuple[str, ...]:
    """The names of the styles that ship."""
    from generators.style import style_names

    return tuple(style_names())


def known_keys() -> list[str]:
    """Every key that can be asked for, major and minor first."""
    first = [f"{tonic}{kind}" for kind in (" major", " minor") for tonic in TONICS]
    return first + [
        f"{tonic} {scale}" for scale in SCALES if scale not in ("major", "minor") for tonic in TONICS
    ]


def _among(known: dict[str, str], said: Any) -> str:
    if said not in known:
        raise ChoiceError("That is not among the choices.")
    return known[said]


def _number(said: Any) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
        raise ChoiceError("A number was expected.")
    return float(said)
