"""Cues of music → how pleasant and how stirred it sounds: a linear model with published signs.

Listeners' ratings of expressed emotion are close to a sum of the cues' contributions, each linear in its
cue (Eerola, Friberg & Bresin, "Emotional expression in music: contribution, linearity, and additivity of
primary musical cues", Frontiers in Psychology 4:487, 2013: 77–89 % of the variance, no interactions; mode
counts most, then tempo, register, dynamics, articulation, timbre). So valence and arousal are each a
weighted mean of standardised cues. The signs are those on which the literature agrees (Gabrielsson &
Lindström, "The role of structure in the musical expression of emotions", in Handbook of Music and
Emotion, 2010, and, measured in audio, Eerola, Lartillot & Toiviainen, "Prediction of multidimensional
emotional ratings in music from audio using multivariate regression models", ISMIR 2009):

* arousal rises with loudness, with the rate of events, with brightness, with how much the sound changes,
  and with short, detached notes;
* valence rises with major against minor mode, far above all, and with the rate of events and with
  register.

The sizes are this module's own and fitted to no ratings: equal for arousal, halved for detached notes; for
valence mode thrice the others. Means and deviations, by which cues are standardised, are those over the
seconds of 160 pieces of two corpora, POP909 (piano arrangements of pop songs) and the Freedoom soundtrack
(dark and fast game music): `python -m benchmarks.affect --spread` prints them. What the model is worth on
pieces whose emotion people judged, `python -m benchmarks.affect` prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Cue:
    """One cue of one model.

    Attributes:
        mean, deviation: over music at large.
        arousal, valence: its weight in either; 0 if it has no say.
    """

    mean: float
    deviation: float
    arousal: float = 0.0
    valence: float = 0.0

    def __post_init__(self) -> None:
        if not self.deviation > 0:
            raise ValueError("a cue's deviation must be positive")


@dataclass(frozen=True, eq=False)
class Affect:
    """How music feels, second by second; every curve is float64 `[T]`, nan where nothing sounds.

    Attributes:
        valence, arousal: −1 to 1, 0 for the middle of music at large.
        tension: tonal tension, 0 to 1; nan throughout where it cannot be told.
        source: which model, from what.
    """

    valence: NDArray[np.float64]
    arousal: NDArray[np.float64]
    tension: NDArray[np.float64]
    source: str

    def __post_init__(self) -> None:
        shapes = {self.valence.shape, self.arousal.shape, self.tension.shape}
        if len(shapes) != 1 or self.valence.ndim != 1:
            raise ValueError(f"affect's curves are of one length, not of shapes {sorted(shapes)}")

    def __len__(self) -> int:
        return len(self.valence)


# Loudness and rate of events over a few seconds; mode needs a phrase, and a key two.
FEW_S, PHRASE_S, TWO_PHRASES_S = 3, 8, 16

SOUND: Mapping[str, Cue] = {
    "level_db": Cue(-18.3, 3.4, arousal=1.0),
    "rate": Cue(2.19, 0.53, arousal=1.0, valence=1.0),
    "bright": Cue(10.15, 0.68, arousal=1.0),
    "change_db": Cue(1.5, 0.65, arousal=1.0),
    "majorness": Cue(0.02, 0.17, valence=3.0),
    "register": Cue(72.7, 3.5, valence=1.0),
}
NOTES: Mapping[str, Cue] = {
    "velocity": Cue(89.7, 15.5, arousal=1.0),
    "rate": Cue(2.43, 0.62, arousal=1.0, valence=1.0),
    "detached": Cue(1.53, 0.93, arousal=0.5),
    "majorness": Cue(0.0, 0.18, valence=3.0),
    "register": Cue(56.4, 7.1, valence=1.0),
}


def feel(cues: Mapping[str, NDArray[np.float64]], model: Mapping[str, Cue], of: str) -> NDArray[np.float64]:
    """Valence or arousal from cues, float64 `[T]`, −1 to 1; nan where no cue says anything.

    Args:
        cues: name → `[T]`, the names those of the model; nan where a cue says nothing, which counts
            as the middle.
        model: `SOUND` or `NOTES`.
        of: `valence` or `arousal`.

    Raises:
        ValueError: if the cues are not the model's, or not of one length.
    """
    if set(cues) != set(model):
        raise ValueError(f"the model asks for {', '.join(model)}, not {', '.join(cues)}")
    if len({curve.shape for curve in cues.values()}) != 1:
        raise ValueError("cues must be of one length")
    weights = {name: float(getattr(cue, of)) for name, cue in model.items()}
    total = sum(weights.values())
    mixed = np.zeros(next(iter(cues.values())).shape)
    for name, cue in model.items():
        mixed += weights[name] / total * np.nan_to_num((cues[name] - cue.mean) / cue.deviation)
    silent = np.all([np.isnan(curve) for curve in cues.values()], axis=0)
    return np.where(silent, np.nan, np.tanh(mixed))
