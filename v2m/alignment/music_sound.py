"""What sound alone tells of the music's make: descriptions, with no human distance.

A chromagram is not a score: partials, reverberation and drums fill pitch classes that nobody plays,
and an onset envelope has no slots. So these numbers have names of their own, stand in no column with
those of `v2m.alignment.music`, and, there being no corpus of human recordings behind them, say
nothing of better or worse. They serve to compare two pieces of music for one picture.

Metrics
-------
* `audio_chroma_entropy_2s`, `audio_chroma_entropy_8s`: entropy (bits) of the chroma summed over
  windows of 2 and 8 s, half a window on from each other, the mean over those in which something
  sounds; a bar and four at 120 bpm. After the pitch-class histogram entropy of Wu & Yang (ISMIR 2020).
* `audio_si_short`, `_mid`, `_long`: the structureness indicator of `v2m.alignment.music_form`, of
  chroma averaged over 2.1 s.
* `audio_groove_correlation`: Pearson's correlation of the onset envelopes of two neighbouring
  bars, each read at 16 even places; the mean over the pairs in which both vary. 1 is the same
  pattern every bar, 0 none.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from v2m.alignment.measure import Measure, undefined
from v2m.alignment.music_form import BLUR_S, RANGES_S, frame_s_of, structureness
from v2m.alignment.music_pitch import entropy
from v2m.alignment.onsets import HOP_S, SAMPLE_RATE, onset_envelope
from v2m.alignment.spectra import Chroma, chroma

TASK = "music"
WINDOWS_S = (2.0, 8.0)
SLOTS = 16
NO_CORPUS = "of sound: a description, with no human corpus to be near to"


def validate(samples: NDArray[np.float32], downbeats_s: ArrayLike) -> NDArray[np.float64]:
    """The downbeats as an array, the samples checked.

    Raises:
        ValueError: if the samples are not mono or not finite, or the downbeats not finite and increasing.
    """
    if samples.ndim != 1 or not np.isfinite(samples).all():
        raise ValueError("music is described from mono, finite samples")
    downbeats = np.asarray(downbeats_s, dtype=np.float64)
    if downbeats.ndim != 1 or not np.isfinite(downbeats).all() or (np.diff(downbeats) <= 0).any():
        raise ValueError("downbeats are finite seconds that increase")
    return downbeats


def chroma_entropy(tones: Chroma, window_s: float) -> float:
    """Mean entropy of the chroma in windows of `window_s`, bits; nan where nothing sounds."""
    if not len(tones.times_s):
        return math.nan
    length_s = float(tones.times_s[-1])
    starts = np.arange(0.0, max(length_s - window_s, 0.0) + 1e-9, window_s / 2)
    found = [
        entropy(tones.whole[(tones.times_s >= s) & (tones.times_s < s + window_s)].sum(axis=0))
        for s in starts
    ]
    known = [h for h in found if not math.isnan(h)]
    return float(np.mean(known)) if known else math.nan


def blurred(tones: Chroma, length_s: float) -> tuple[NDArray[np.float64], float]:
    """Chroma averaged over 2.1 s, `[frames, 12]`, and the seconds a frame: what `structureness` takes."""
    frame_s = frame_s_of(length_s)
    middle = np.arange(max(int(length_s / frame_s), 1)) * frame_s
    running = np.concatenate([np.zeros((1, 12)), np.cumsum(tones.whole, axis=0)])
    low = np.searchsorted(tones.times_s, middle - BLUR_S / 2)
    high = np.searchsorted(tones.times_s, middle + BLUR_S / 2)
    return np.maximum(running[high] - running[low], 0.0), frame_s


def groove_correlation(envelope: NDArray[np.float32], downbeats_s: NDArray[np.float64]) -> float:
    """Mean correlation of the onset envelopes of neighbouring bars; nan where there are no two.

    Args:
        envelope: `[F]`, entry k at k · `HOP_S` seconds.
        downbeats_s: `[bars + 1]`, the last one being the end of the last bar.
    """
    clock = np.arange(len(envelope)) * HOP_S
    rows = []
    for begin, end in pairwise(downbeats_s):
        # Each slot hears half a slot to either side, so that a player may be early.
        edges = np.searchsorted(clock, begin + (end - begin) * (np.arange(SLOTS + 1) - 0.5) / SLOTS)
        rows.append([envelope[a : max(b, a + 1)].max(initial=0.0) for a, b in pairwise(edges)])
    found = [
        float(np.corrcoef(a, b)[0, 1]) for a, b in pairwise(rows) if np.ptp(a) > 1e-6 and np.ptp(b) > 1e-6
    ]
    return float(np.mean(found)) if found else math.nan


def evaluate(
    samples: NDArray[np.float32],
    *,
    downbeats_s: ArrayLike = (),
    tones: Chroma | None = None,
    envelope: NDArray[np.float32] | None = None,
) -> tuple[Measure, ...]:
    """Describe sound.

    Args:
        samples: mono `[samples]` at 22,050 Hz.
        downbeats_s: of the music, for the groove; undefined with fewer than three.
        tones, envelope: of the samples, where they have been taken already.

    Raises:
        ValueError: see `validate`.
    """
    downbeats = validate(samples, downbeats_s)
    length_s = len(samples) / SAMPLE_RATE
    tones = tones if tones is not None else chroma(samples)
    silent = not tones.whole.any()
    found: dict[str, tuple[float, str]] = {}
    for window_s in WINDOWS_S:
        found[f"audio_chroma_entropy_{window_s:g}s"] = (chroma_entropy(tones, window_s), "bits")
    form = dict.fromkeys(RANGES_S, math.nan) if silent else structureness(*blurred(tones, length_s))
    for name, value in form.items():
        found[f"audio_si_{name}"] = (value, "")
    groove = math.nan
    if len(downbeats) > 2:
        groove = groove_correlation(envelope if envelope is not None else onset_envelope(samples), downbeats)
    found["audio_groove_correlation"] = (groove, "")
    return tuple(_described(name, value, unit, silent, downbeats) for name, (value, unit) in found.items())


def _described(name: str, value: float, unit: str, silent: bool, downbeats: NDArray[np.float64]) -> Measure:
    if not math.isnan(value):
        return Measure(TASK, name, value, unit, "none", note=NO_CORPUS)
    if name == "audio_groove_correlation" and len(downbeats) < 3:
        why = "no two bars are known"
    elif silent:
        why = "nothing with a pitch sounds"
    else:
        why = "the sound is too short, or does not vary"
    return undefined(TASK, name, why, unit=unit, better="none")
