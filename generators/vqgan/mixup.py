"""Two pieces at once, beat on beat: an augmentation that still sounds like music (Chen et al. 2024).

The second piece is played a little faster or slower so that its beats are as long as the first one's, or half
or twice as long, and a beat of it falls on a beat of the first.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from generators.vqgan.controls import SAMPLE_RATE
from generators.vqgan.corpus import Piece

MOST_SHIFT = 0.12  # of the second piece's speed, and with it of its pitch
SHARES = (0.25, 0.75)  # of the second piece in the mixture's amplitude


def beat_mixup(
    one: Piece, start: int, samples: int, other: Piece, rng: torch.Generator
) -> NDArray[np.float32] | None:
    """A cut of one piece with another one under it.

    Args:
        one, start, samples: the piece, and which of its samples are cut.
        other: the second piece.
        rng: draws where the second one is cut, and its share.

    Returns:
        float32 `[samples]`, or None where a piece's beats are not known, the tempi are too far from each
        other, or the second piece is too short.
    """
    beats, theirs = one.told.beats_s, other.told.beats_s
    if len(beats) < 2 or len(theirs) < 2:
        return None
    speed = _speed(float(np.median(np.diff(beats))), float(np.median(np.diff(theirs))))
    # Of the other piece: how much is needed, and a lead so that its beat can be shifted onto ours.
    needed = samples * speed / SAMPLE_RATE
    first = beats[np.searchsorted(beats, start / SAMPLE_RATE) % len(beats)] - start / SAMPLE_RATE
    begins = theirs - first * speed
    fits = begins[(begins >= 0) & (begins + needed < len(other.sound) / SAMPLE_RATE - 0.01)]
    if abs(math.log(speed)) > MOST_SHIFT or not len(fits):
        return None
    begin = float(fits[int(torch.randint(len(fits), (1,), generator=rng))])
    at = begin * SAMPLE_RATE + speed * np.arange(samples)
    low, high = int(at[0]), int(at[-1]) + 2
    second = np.interp(at, np.arange(low, high), other.sound[low:high] / 32768.0)
    share = SHARES[0] + (SHARES[1] - SHARES[0]) * float(torch.rand(1, generator=rng))
    mixed = (1 - share) * one.sound[start : start + samples] / 32768.0 + share * second
    return np.asarray(mixed, np.float32)


def _speed(beat_s: float, other_s: float) -> float:
    """How much faster the other piece must go, its beat counted once, twice or half."""
    return min((other_s * times / beat_s for times in (0.5, 1.0, 2.0)), key=lambda s: abs(math.log(s)))
