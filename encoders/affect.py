"""Streams → affect: how pleasant, how stirred and how tense the picture feels, twice a second.

It reads what the other senses said; it looks at no frame itself. Three sources:

* **Colour.** Valdez & Mehrabian 1994, "Effects of color on emotions" (J. Exp. Psychol. General 123):
  from brightness B and saturation S, in standard scores, pleasure = 0.69 B + 0.22 S and
  arousal = −0.31 B + 0.60 S. Standard scores are taken against the spread of B and S over videos (a
  constant here), not over the clip: a clip that is dark throughout is dark.
* **Movement and cutting.** Hanjalic & Xu 2005, "Affective video content representation and modeling"
  (IEEE Trans. Multimedia 7(1)): arousal is the mean of curves that each follow a stimulus, smoothed by
  a long Kaiser window (β = 5). Motion is the mean flow magnitude; here through a logarithm, as movement
  is felt, where they scale by the clip's maximum, so that a calm clip stays calm. A person who fills
  little of the picture moves few pixels but holds the eye: where limbs move more, they count. Cut
  density is their c(k) = exp((1 − (n(k) − p(k))) / δ) with n and p the next and previous cut and δ =
  300 frames: 12 s. Their third stimulus, the energy of the sound, is left out: this is about the picture.
* **Meaning**, where CLIP has seen it: the six emotions of Video2Music (Kang, Poria & Herremans 2024),
  each a place in the plane of valence and arousal after Russell 1980, "A circumplex model of affect".

Tension is this module's own definition: darkness, lack of colour, and arousal that isn't pleasant,

    tension = 0.35 dark + 0.15 grey + 0.40 · a · (1 − valence)   with a = (arousal + 1) / 2,

dark = 1 − B / 0.5 and grey = 1 − S / 0.3, each kept within 0–1. It follows the low-key lighting by which
film makes unease (Rasheed, Sheikh & Shah 2005 tell horror and drama from comedy so) and the quadrant of
the circumplex in which fear and distress lie.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from encoders.frames import FrameBatch
from encoders.stream import Stream

STEP_S = 0.5
COLUMNS = ("valence", "arousal", "tension")

# Mean and standard deviation of B and S over videos of many kinds (film, street, studio, animation).
_BRIGHTNESS = (0.45, 0.17)
_SATURATION = (0.28, 0.15)
# Pleasure of this many standard scores is as far as colour alone takes valence, nearly.
_PLEASURE_SCALE = 1.2
# Less colourful than this all through is a film in black and white: that its saturation is low says
# nothing about how it feels.
_MONOCHROME = 0.04

# Full motion: four fifths of the picture's height a second, everywhere. The camera's part stirs half as much.
_FULL_MOTION = 0.8
_MOTION_CURVE = 75.0
_CAMERA_SHARE = 0.5
# Joint speeds summed, in body heights a second: a speaker has a quarter, a dancer three and more.
_LIMB_SCALE = 3.0
# Beyond its ends a clip is taken to go on without a cut for this long.
_SHOT_GOES_ON_S = 10.0
_CUT_DECAY_S = 12.0
_WEIGHTS = {"motion": 0.55, "cuts": 0.25, "colour": 0.20}
# Mixed so, clips range between these two.
_CALM, _STIRRED = 0.08, 0.82

_WINDOW_S = 5.0
_KAISER_BETA = 5.0

# Valence, arousal and tension of the emotions.
_EMOTIONS = {
    "exciting": (0.65, 0.85, 0.35),
    "fearful": (-0.75, 0.65, 0.90),
    "tense": (-0.45, 0.60, 1.00),
    "sad": (-0.75, -0.45, 0.35),
    "relaxing": (0.65, -0.65, 0.00),
    "neutral": (0.0, -0.05, 0.20),
}
# The most that meaning counts, where one emotion is certain.
_MEANING_SHARE = 0.6


class AffectSense:
    """Gives `affect`, a curve of 2 Hz: `valence` and `arousal` (−1 to 1), `tension` (0 to 1)."""

    name = "affect"

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._last_s = 0.0
        self._frames = 0

    def see(self, batch: FrameBatch) -> None:
        if len(batch.times_s):
            self._last_s = float(batch.times_s[-1])
            self._frames += len(batch.times_s)

    def finish(self, streams: Mapping[str, Stream]) -> list[Stream]:
        return [feel(streams, self._last_s)]


def feel(streams: Mapping[str, Stream], end_s: float) -> Stream:
    """The affect of a clip from its other streams; those that are absent or silent don't count.

    Args:
        streams: any of `colour`, `motion`, `cuts`, `limbs`, `emotion`.
        end_s: the last instant of the picture.
    """
    times_s = np.arange(0.0, max(end_s, 0.0) + STEP_S / 2, STEP_S)
    units = "valence, arousal -1 to 1; tension 0-1"
    colour, motion, emotion = (_heard(streams, name) for name in ("colour", "motion", "emotion"))
    limbs = _heard(streams, "limbs")
    heard = [stream.name for stream in (colour, motion, limbs, emotion) if stream is not None]
    if not heard:
        return Stream.silent("affect", COLUMNS, units, "nothing seen", times_s)
    brightness, saturation = _light(colour, times_s)
    pleasure = 0.69 * brightness + 0.22 * saturation
    stimuli = {
        "motion": np.maximum(_motion(motion, times_s), _limbs(limbs, times_s)),
        "cuts": _cutting(streams.get("cuts"), times_s, end_s),
        "colour": 0.5 + 0.5 * np.tanh(-0.31 * brightness + 0.60 * saturation),
    }
    mixed = sum((_WEIGHTS[name] * curve for name, curve in stimuli.items()), np.zeros(len(times_s)))
    arousal = 2.0 * (_smooth(mixed) - _CALM) / (_STIRRED - _CALM) - 1.0
    valence = _smooth(np.tanh(pleasure / _PLEASURE_SCALE))
    valence, arousal = np.clip(valence, -1, 1), np.clip(arousal, -1, 1)
    tension = _tension(brightness, saturation, valence, arousal)
    if emotion is not None:
        valence, arousal, tension = _with_meaning(emotion, times_s, valence, arousal, tension)
    values = np.column_stack([valence, arousal, tension]).astype(np.float32)
    source = "Valdez & Mehrabian 1994, Hanjalic & Xu 2005, Russell 1980; from " + ", ".join(heard)
    return Stream("affect", times_s, values, np.ones(len(times_s), dtype=np.bool_), COLUMNS, units, source)


def _heard(streams: Mapping[str, Stream], name: str) -> Stream | None:
    stream = streams.get(name)
    return stream if stream is not None and stream.says_something else None


def _light(
    colour: Stream | None, times_s: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Brightness and saturation in standard scores, `[T]` each."""
    if colour is None:
        return np.zeros(len(times_s)), np.zeros(len(times_s))
    brightness = (_held(colour, "brightness", times_s) - _BRIGHTNESS[0]) / _BRIGHTNESS[1]
    if float(np.percentile(colour.column("colourfulness")[colour.mask], 90)) < _MONOCHROME:
        return brightness, np.zeros(len(times_s))
    return brightness, (_held(colour, "saturation", times_s) - _SATURATION[0]) / _SATURATION[1]


def _motion(motion: Stream | None, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Felt motion, 0–1, `[T]`."""
    if motion is None:
        return np.zeros(len(times_s))
    moved = _held(motion, "energy", times_s) + _CAMERA_SHARE * _held(motion, "camera", times_s)
    felt = np.asarray(np.log1p(_MOTION_CURVE * moved) / np.log1p(_MOTION_CURVE * _FULL_MOTION))
    return np.asarray(np.minimum(felt, 1.0), dtype=np.float64)


def _limbs(limbs: Stream | None, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Felt motion of a person's limbs, 0–1, `[T]`; 0 where nobody is seen."""
    if limbs is None:
        return np.zeros(len(times_s))
    nearest = np.clip(np.searchsorted(limbs.times_s, times_s), 0, len(limbs) - 1)
    felt = 1.0 - np.exp(-_held(limbs, "speed", times_s) / _LIMB_SCALE)
    return np.asarray(np.where(limbs.mask[nearest], felt, 0.0), dtype=np.float64)


def _cutting(cuts: Stream | None, times_s: NDArray[np.float64], end_s: float) -> NDArray[np.float64]:
    """Cut density, 0–1, `[T]`: 1 for the fastest cutting, falling with the length of the shot around."""
    inner = cuts.times_s if cuts is not None else np.zeros(0)
    edges = np.concatenate([[-_SHOT_GOES_ON_S], inner, [end_s + _SHOT_GOES_ON_S]])
    after = np.clip(np.searchsorted(edges, times_s, side="right"), 1, len(edges) - 1)
    shot_s = edges[after] - edges[after - 1]
    return np.asarray(np.exp(-shot_s / _CUT_DECAY_S), dtype=np.float64)


def _held(stream: Stream, column: str, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of a curve around each instant, within half a step to either side; interpolated where empty."""
    times, values = stream.times_s[stream.mask], stream.column(column)[stream.mask].astype(np.float64)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    lo, hi = np.searchsorted(times, times_s - STEP_S / 2), np.searchsorted(times, times_s + STEP_S / 2)
    means = np.asarray((sums[hi] - sums[lo]) / np.maximum(hi - lo, 1), dtype=np.float64)
    return np.asarray(np.where(hi > lo, means, np.interp(times_s, times, values)), dtype=np.float64)


def _smooth(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """Through a Kaiser window, normalised where it hangs over the clip's ends."""
    window = np.kaiser(2 * round(_WINDOW_S / STEP_S / 2) + 1, _KAISER_BETA)
    half = len(window) // 2
    inside = np.convolve(np.ones(len(curve)), window)[half : half + len(curve)]
    smooth: NDArray[np.float64] = np.convolve(curve, window)[half : half + len(curve)] / inside
    return smooth


def _tension(
    brightness: NDArray[np.float64],
    saturation: NDArray[np.float64],
    valence: NDArray[np.float64],
    arousal: NDArray[np.float64],
) -> NDArray[np.float64]:
    """As defined above, from standard scores of light."""
    dark = np.clip(1.0 - (_BRIGHTNESS[0] + _BRIGHTNESS[1] * brightness) / 0.5, 0, 1)
    grey = np.clip(1.0 - (_SATURATION[0] + _SATURATION[1] * saturation) / 0.3, 0, 1)
    uneasy = (arousal + 1) / 2 * (1 - valence)
    return np.clip(_smooth(0.35 * dark + 0.15 * grey) + 0.4 * uneasy, 0, 1)


def _with_meaning(
    emotion: Stream,
    times_s: NDArray[np.float64],
    valence: NDArray[np.float64],
    arousal: NDArray[np.float64],
    tension: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Draw the curves towards what CLIP reads, the more the less it hesitates between emotions."""
    names = [name for name in emotion.columns if name in _EMOTIONS]
    chance = np.stack([emotion.sample(times_s, name) for name in names], axis=1)
    chance /= np.maximum(chance.sum(axis=1, keepdims=True), 1e-9)
    doubt = -(chance * np.log(np.maximum(chance, 1e-9))).sum(axis=1) / np.log(max(len(names), 2))
    share = _smooth(_MEANING_SHARE * np.clip(1.0 - doubt**2, 0.0, 1.0))
    places = chance @ np.array([_EMOTIONS[name] for name in names])
    drawn = [
        curve + share * (_smooth(places[:, k]) - curve) for k, curve in enumerate((valence, arousal, tension))
    ]
    return np.clip(drawn[0], -1, 1), np.clip(drawn[1], -1, 1), np.clip(drawn[2], 0, 1)
