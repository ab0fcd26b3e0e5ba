"""The chord vocabulary of MuVi-Sync (Kang, Poria and Herremans 2023): 12 roots × 13 qualities and no chord.

Words are numbered as in the corpus: 0 is no chord, then root by root from C, the qualities in the order
of `QUALITIES`. Roots are relative to a key of C major or A minor.
"""

from __future__ import annotations

import torch

from generators.rhythm.chords import QUALITIES as TONES_OF

QUALITIES = (
    "maj", "dim", "sus4", "min7", "min", "sus2", "aug", "dim7", "maj6", "hdim7", "7", "min6", "maj7",
)  # fmt: skip
WORDS = 1 + 12 * len(QUALITIES)
NO_CHORD = 0
# What the music's own modules call the qualities that are named otherwise there.
SOUNDS_AS = {"maj6": "6"}
MAJOR_TYPE = frozenset({"maj", "maj6", "maj7", "7"})

# How bright a chord is taken to be, −1 to 1: by its third, less for a tritone in it; a chord without a third
# says little. Set by hand.
BRIGHTNESS = {
    "maj": 1.0, "maj6": 1.0, "maj7": 0.8, "7": 0.5, "sus2": 0.2, "sus4": 0.1, "aug": -0.3,
    "min7": -0.7, "min6": -0.8, "min": -1.0, "hdim7": -1.0, "dim": -1.0, "dim7": -1.0,
}  # fmt: skip
# What a feeling allows (Video2Music, affective correspondence).
ALLOWED = {
    "exciting": frozenset({"maj", "sus4", "7"}),
    "fearful": frozenset({"dim", "min7", "dim7", "hdim7"}),
    "tense": frozenset({"dim", "sus4", "min7", "7"}),
    "sad": frozenset({"min7", "min", "sus2"}),
    "relaxing": frozenset({"maj", "maj6", "maj7"}),
}
# From this probability on a feeling says which qualities it allows.
SURE = 0.8
EMOTIONS = ("exciting", "fearful", "tense", "sad", "relaxing", "neutral")


def transposition(tonic: int, major: bool) -> int:
    """Semitones, 0 to 11, up to a key from the one that words are in: C major or A minor."""
    return (tonic - (0 if major else 9)) % 12


def home(major: bool) -> int:
    """The tonic chord: C or Am."""
    return word(0, "maj") if major else word(9, "min")


def word(root: int, quality: str) -> int:
    """The number of a chord whose root lies `root` semitones above C.

    Raises:
        ValueError: if the quality is none of `QUALITIES`.
    """
    return 1 + root % 12 * len(QUALITIES) + QUALITIES.index(quality)


def root_of(number: int) -> int:
    """Semitones above C, 0 to 11; 12 for no chord."""
    return 12 if number == NO_CHORD else (number - 1) // len(QUALITIES)


def quality_of(number: int) -> str:
    """One of `QUALITIES`; `""` for no chord."""
    return "" if number == NO_CHORD else QUALITIES[(number - 1) % len(QUALITIES)]


def tones_of(number: int) -> frozenset[int]:
    """Pitch classes of the chord."""
    quality = quality_of(number)
    steps = TONES_OF[SOUNDS_AS.get(quality, quality)] if quality else ()
    return frozenset((root_of(number) + step) % 12 for step in steps)


def table(of_quality: dict[str, float], no_chord: float = 0.0) -> torch.Tensor:
    """float32 `[WORDS]`: a number for every word by its quality."""
    return torch.tensor([no_chord, *(of_quality[quality] for _ in range(12) for quality in QUALITIES)])


ROOTS = torch.tensor([root_of(number) for number in range(WORDS)])
QUALITY_NUMBERS = torch.tensor(
    [QUALITIES.index(quality_of(n)) if n != NO_CHORD else len(QUALITIES) for n in range(WORDS)]
)
# bool `[6, WORDS]`: which chords each of `EMOTIONS` allows; neutral allows all.
ALLOWED_WORDS = torch.stack(
    [
        torch.tensor([emotion == "neutral" or quality_of(n) in ALLOWED[emotion] for n in range(WORDS)])
        for emotion in EMOTIONS
    ]
)


def surely_felt(emotion: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Where a feeling other than neutral is sure, bool `[...]`, and which is the likeliest, int64 `[...]`.

    Args:
        emotion: float32 `[..., 6]`, probabilities of `EMOTIONS`.
    """
    likeliest = emotion.max(-1)
    sure = (likeliest.values >= SURE) & (likeliest.indices != EMOTIONS.index("neutral"))
    return sure, likeliest.indices
