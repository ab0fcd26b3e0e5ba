"""What the person asked for; whatever is left None is decided from the picture."""

from __future__ import annotations

from dataclasses import dataclass

from generators.grid import PlanError
from generators.key import Key

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

    Raises:
        PlanError: naming what is not understood and what is known.
    """

    mode: str = "auto"
    style: str | None = None
    key: Key | None = None
    tempo_bpm: float | None = None
    mood: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise PlanError(f"mode {self.mode!r} is none of {', '.join(MODES)}")
        if self.mood is not None and self.mood not in MOODS:
            raise PlanError(f"mood {self.mood!r} is none of {', '.join(MOODS)}")
        if self.tempo_bpm is not None and not 40 <= self.tempo_bpm <= 240:
            raise PlanError(f"tempo {self.tempo_bpm:g} bpm is outside 40 to 240")
        if self.seed < 0:
            raise PlanError(f"seed {self.seed} is negative")
