"""Two pieces at once: their beats fall together."""

from __future__ import annotations

import numpy as np
import torch

from generators.vqgan.controls import SAMPLE_RATE
from generators.vqgan.corpus import Piece
from generators.vqgan.listening import Told
from generators.vqgan.mixup import beat_mixup


def ticking(bpm: float, first_s: float, level: float, seconds: float = 20.0) -> Piece:
    beats = np.arange(first_s, seconds, 60 / bpm)
    sound = np.zeros(round(seconds * SAMPLE_RATE), np.int16)
    for beat in beats[:-1]:
        at = round(beat * SAMPLE_RATE)
        sound[at : at + 20] = round(level * 32767)
    return Piece("ticks", "train", sound, Told(beats_s=beats))


def ticks_s(sound: np.ndarray, above: float) -> np.ndarray:
    at = np.flatnonzero(sound > above)
    return at[np.diff(at, prepend=-1000) > 500] / SAMPLE_RATE


def test_beats_fall_together() -> None:
    one, other = ticking(120, 0.1, 0.9), ticking(112, 0.33, 0.9)
    for seed in range(8):
        mixed = beat_mixup(one, 5000, 6 * SAMPLE_RATE, other, torch.Generator().manual_seed(seed))
        assert mixed is not None
        heard = ticks_s(mixed, 0.1)
        true = one.told.beats_s - 5000 / SAMPLE_RATE
        true = true[(true > 0.01) & (true < 5.99)]
        assert len(heard) == len(true)
        assert np.abs(heard - true).max() < 0.003


def test_half_the_tempo_fits_too() -> None:
    mixed = beat_mixup(ticking(120, 0.1, 0.9), 0, 2 * SAMPLE_RATE, ticking(60, 0.5, 0.9), torch.Generator())
    assert mixed is not None
    # Both on every other beat, one alone on the rest.
    assert len(ticks_s(mixed, 0.8)) == 2 or len(ticks_s(mixed, 0.1)) == 4


def test_tempi_too_far_apart_and_unknown_beats_are_not_mixed() -> None:
    one = ticking(120, 0.1, 0.9)
    assert beat_mixup(one, 0, SAMPLE_RATE, ticking(90, 0.0, 0.9), torch.Generator()) is None
    silent = Piece("unknown", "train", one.sound)
    assert beat_mixup(one, 0, SAMPLE_RATE, silent, torch.Generator()) is None
    assert beat_mixup(silent, 0, SAMPLE_RATE, one, torch.Generator()) is None
    assert beat_mixup(one, 0, 15 * SAMPLE_RATE, ticking(120, 0.0, 0.9, 8.0), torch.Generator()) is None
