"""Does the music feel as the picture feels?

How music feels is estimated second by second from its sound (`v2m.alignment.affect_of_sound`) and, where
there is a score, from its notes (`v2m.alignment.affect_of_notes`), by the additive model of
`v2m.alignment.affect_model`; how the picture feels is `encoders.affect`. Neither is a listener. What is
compared is how they rise and fall, not where they stand: the two scales are not one.

Conventions
-----------
Curves have one number a second, nan where there is nothing to say, which is left out. Correlations are
Spearman's (see `v2m.alignment.curves`), with the lag of the best within ±2 s; chance turns the
music's curve by whole seconds.

Metrics
-------
* `valence`, `arousal`: of the sound, against the picture's.
* `valence_midi`, `arousal_midi`, `tension_midi`: of the notes, against the picture's; tension is the
  spiral array's (`v2m.alignment.tension`).
* `correspondence`, `correspondence_midi`: Video2Music's affective correspondence between the picture's
  emotions and the chords' qualities (`v2m.alignment.chord_quality`), from sound and from notes; chance
  turns the chords.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from v2m.alignment.affect_model import Affect
from v2m.alignment.chance import compare, draw_shifts
from v2m.alignment.chord_quality import CERTAIN, affective_correspondence, certain_seconds
from v2m.alignment.chord_quality import validate as validate_chords
from v2m.alignment.curves import correlation
from v2m.alignment.defaults import SHIFTS
from v2m.alignment.measure import Measure, undefined


def validate(music: Affect, curve: ArrayLike, name: str) -> NDArray[np.float64]:
    """One of the picture's curves, checked to be of the music's clock.

    Raises:
        ValueError: if it is not `[T]` of the music's length.
    """
    values = np.asarray(curve, dtype=np.float64)
    if values.shape != (len(music),):
        raise ValueError(
            f"the picture's {name} has shape {list(values.shape)}, the music {len(music)} seconds"
        )
    return values


def evaluate(
    *,
    sound: Affect | None = None,
    notes: Affect | None = None,
    valence: ArrayLike | None = None,
    arousal: ArrayLike | None = None,
    tension: ArrayLike | None = None,
    emotions: ArrayLike | None = None,
    qualities: Sequence[str] | None = None,
    qualities_midi: Sequence[str] | None = None,
    shifts: int = SHIFTS,
    seed: int = 0,
) -> tuple[Measure, ...]:
    """Every metric whose inputs are given, each with what chance gives.

    Args:
        sound, notes: how the music feels, from either.
        valence, arousal, tension: of the picture, `[T]`, one a second.
        emotions: of the picture, `[T, 6]`, in the order of `v2m.alignment.chord_quality.EMOTIONS`.
        qualities, qualities_midi: of the chord in each second, from sound and from notes.
        shifts, seed: see `v2m.alignment.chance`; no shifts, no chance level.

    Raises:
        ValueError: if curves are not of one length, or chords or emotions are not what they must be.
    """
    measures = []
    picture = {"valence": valence, "arousal": arousal, "tension": tension}
    for music, suffix, names in (
        (sound, "", ("valence", "arousal")),
        (notes, "_midi", ("valence", "arousal", "tension")),
    ):
        for name in names:
            seen = picture[name]
            if music is None or seen is None:
                continue
            curve = validate(music, seen, name)
            heard = getattr(music, name)
            measures.append(correlation("affect", name + suffix, heard, curve, shifts=shifts, seed=seed))
    for chords, suffix in ((qualities, ""), (qualities_midi, "_midi")):
        if emotions is not None and chords is not None:
            measures.append(_correspondence(f"correspondence{suffix}", emotions, chords, shifts, seed))
    return tuple(measures)


def _correspondence(
    name: str, emotions: ArrayLike, qualities: Sequence[str], shifts: int, seed: int
) -> Measure:
    chances, chords = validate_chords(emotions, qualities)
    count = len(certain_seconds(chances))
    details = {"certain": CERTAIN}
    if not count:
        none = "the picture's emotion is nowhere certain but neutral"
        return undefined("affect", name, none, count=0, details=details)
    score = affective_correspondence(chances, chords)
    if not shifts:
        return Measure("affect", name, score, count=count, details=details)
    steps = np.rint(draw_shifts(float(len(chords)), shifts=shifts, seed=seed)).astype(np.int64)
    order = np.arange(len(chords))
    turned = [affective_correspondence(chances, [chords[k] for k in np.roll(order, step)]) for step in steps]
    chance = compare(score, np.array(turned))
    return Measure("affect", name, score, count=count, chance=chance, details=details)
