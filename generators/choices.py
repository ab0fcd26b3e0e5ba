"""Streams + wishes → what kind of music: mode, style, key and the tempo to prefer."""

from __future__ import annotations

import numpy as np

from encoders.stream import Streams
from generators.key import Key
from generators.pace import DANCE_BPM, dancer_pace_bpm
from generators.style import Style, load_style, style_names
from generators.wishes import MOODS, Wishes

# A dance is a person seen most of the time whose limbs travel. Joint speeds summed, in body
# heights a second, median over the clip: a person speaking 0.3, acting 1.3, two dancers 2.9 and 3.1.
PERSON_SHARE = 0.5
DANCE_SPEED = 1.7
# Kinematic beats a second of dance: half notes at 60 bpm to eighths at 120.
DANCE_BEATS_HZ = (0.5, 4.0)
DANCE_CUT_SPACING_S = 2.0
PREFERRED_DANCE_BPM = 118.0
NEAR_PACE = 1.1  # the tempo is searched within this of a dancer's pace: one who drifts is followed


def choose_mode(streams: Streams, wishes: Wishes) -> str:
    """Film or dance."""
    if wishes.mode != "auto":
        return wishes.mode
    limbs, beats = streams.get("limbs"), streams.get("kinematic_beats")
    if limbs is None or beats is None or float(limbs.mask.mean() if len(limbs) else 0.0) < PERSON_SHARE:
        return "film"
    speed = float(np.median(limbs.column("speed")[limbs.mask]))
    rate = len(beats) / streams.duration_s
    cuts = len(streams["cuts"]) if "cuts" in streams else 0
    dances = speed >= DANCE_SPEED and DANCE_BEATS_HZ[0] <= rate <= DANCE_BEATS_HZ[1]
    return "dance" if dances and cuts * DANCE_CUT_SPACING_S < streams.duration_s else "film"


def mean_affect(streams: Streams, wishes: Wishes) -> tuple[float, float]:
    """Valence and arousal of the whole clip, −1 to 1, or those of the wished mood."""
    if wishes.mood is not None:
        return MOODS[wishes.mood]
    affect = streams.get("affect")
    if affect is None or not affect.says_something:
        return 0.0, 0.0
    valence, arousal = (affect.column(name)[affect.mask].mean() for name in ("valence", "arousal"))
    return float(valence), float(arousal)


def choose_style(mode: str, affect: tuple[float, float], wishes: Wishes) -> Style:
    """The wished style, or the one that suits the mode best and whose range the affect lies in."""
    if wishes.style is not None:
        return load_style(wishes.style)
    valence, arousal = affect

    def merit(style: Style) -> float:
        outside = _outside(valence, style.valence) + _outside(arousal, style.arousal)
        tempo = 0.0 if wishes.tempo_bpm is None else _outside(wishes.tempo_bpm / 60, _per_second(style))
        return style.suits.get(mode, 0.0) - outside - tempo

    return max((load_style(name) for name in style_names()), key=merit)


def choose_key(affect: tuple[float, float], wishes: Wishes, rng: np.random.Generator) -> Key:
    """The wished key, or a mode as bright as the clip is (Temperley & Tan 2013 on modes and
    happiness) on a tonic that lies well for the instruments.
    """
    if wishes.key is not None:
        return wishes.key
    mode = mode_of(affect[0])
    tonics = (0, 2, 3, 5, 7, 9, 10) if mode in ("lydian", "major", "mixolydian") else (0, 2, 4, 5, 7, 9, 11)
    return Key(int(rng.choice(tonics)), mode)


def mode_of(valence: float) -> str:
    """The mode that is as bright as a valence."""
    ladder = ((0.55, "lydian"), (0.10, "major"), (-0.05, "mixolydian"), (-0.20, "dorian"), (-0.75, "minor"))
    return next((name for floor, name in ladder if valence >= floor), "phrygian")


def choose_tempo(
    streams: Streams, mode: str, style: Style, arousal: float, wishes: Wishes
) -> tuple[tuple[float, float], float]:
    """The range of base tempi to search, and the one to prefer, in bpm.

    A dancer's own pace counts first (`pace`), whatever the style. One who keeps none leaves the tempo
    to be found around the one people prefer to move to (120 to 130 bpm, Moelants 2002).
    """
    if wishes.tempo_bpm is not None:
        return (wishes.tempo_bpm, wishes.tempo_bpm), wishes.tempo_bpm
    low, high = style.tempo_bpm
    prefer = low * (high / low) ** ((arousal + 1) / 2)
    if mode == "dance":
        pace = dancer_pace_bpm(streams)
        if pace is None:
            return (min(low, DANCE_BPM[0]), max(high, DANCE_BPM[1])), PREFERRED_DANCE_BPM
        return (pace / NEAR_PACE, pace * NEAR_PACE), pace
    return (low, high), prefer


def _outside(value: float, span: tuple[float, float]) -> float:
    return max(span[0] - value, value - span[1], 0.0)


def _per_second(style: Style) -> tuple[float, float]:
    return style.tempo_bpm[0] / 60, style.tempo_bpm[1] / 60
