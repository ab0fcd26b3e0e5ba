"""Sound → how the music feels second by second, from what is heard: see `v2m.alignment.affect_model`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from v2m.alignment.affect_model import FEW_S, PHRASE_S, SOUND, Affect, feel
from v2m.alignment.curves import events_per_second, per_second
from v2m.alignment.spectra import SILENCE_DB, Chroma, Timbre
from v2m.alignment.tonality import majorness, over_context

# Bands this far below full scale are noise between the notes.
_QUIET_BAND_DB = -60.0


def affect_of_sound(sound: Timbre, harmony: Chroma, onsets_s: ArrayLike, duration_s: float) -> Affect:
    """How sound feels in each second. Tension is not told: what is a tone and what a harmonic is unsure.

    Args:
        sound, harmony: of mono samples, see `v2m.alignment.spectra`.
        onsets_s: detected onsets.
        duration_s: of the clip; a last second of less than half its length is left out.

    Raises:
        ValueError: if the length is not positive or the onsets are not one-dimensional.
    """
    cues = cues_of_sound(sound, harmony, onsets_s, duration_s)
    valence = feel(cues, SOUND, "valence")
    return Affect(
        valence,
        feel(cues, SOUND, "arousal"),
        np.full(len(valence), np.nan),
        "additive cues (Eerola et al. 2013), from sound",
    )


def cues_of_sound(
    sound: Timbre, harmony: Chroma, onsets_s: ArrayLike, duration_s: float
) -> Mapping[str, NDArray[np.float64]]:
    """The model's cues, each float64 `[seconds]`, nan in silence.

    `level_db`: RMS re full scale; `rate`: log2(1 + onsets a second); `bright`: log2 of the spectral
    centroid in Hz; `change_db`: mean rise of the levels in bands from window to window; `majorness`;
    `register`: mean MIDI pitch of the spectral peaks.

    Raises:
        ValueError: as `affect_of_sound`.
    """
    rate = events_per_second(onsets_s, duration_s)
    bands = np.maximum(sound.bands_db, _QUIET_BAND_DB)
    rise = np.maximum(np.diff(bands, axis=0, prepend=bands[:1]), 0.0).mean(axis=1)
    loud = sound.level_db > SILENCE_DB

    def over_few(times_s: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
        each = per_second(times_s, values, duration_s)
        some = ~np.isnan(each)
        total, count = over_context(np.where(some, each, 0.0), FEW_S), over_context(some * 1.0, FEW_S)
        mean = np.divide(total, count, out=np.full(len(each), np.nan), where=count > 0)
        return np.asarray(mean, dtype=np.float64)

    centroid = np.where(loud, np.log2(np.maximum(sound.centroid_hz, 20.0)), np.nan)
    classes = np.stack([per_second(harmony.times_s, harmony.whole[:, k], duration_s) for k in range(12)], 1)
    span_s = over_context(np.ones(len(rate)), FEW_S)
    cues = {
        "level_db": over_few(sound.times_s, np.where(loud, sound.level_db, np.nan)),
        "rate": np.log2(1 + over_context(rate, FEW_S) / span_s),
        "bright": over_few(sound.times_s, centroid),
        "change_db": over_few(sound.times_s, np.where(loud, rise, np.nan)),
        "majorness": majorness(over_context(np.nan_to_num(classes), PHRASE_S)),
        "register": over_few(harmony.times_s, harmony.register),
    }
    silent = np.isnan(cues["level_db"])
    return {name: np.where(silent, np.nan, curve) for name, curve in cues.items()}
