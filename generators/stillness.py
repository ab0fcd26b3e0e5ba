"""Streams → when the picture shows nothing that moves: black, a title card, a still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.stream import Streams

STEP_S = 0.1
# Mean brightness, and spread of lightness, of black with a camera's or a codec's noise in it. A lit thing in
# the dark spreads more; a title on black is still.
BLACK, PLAIN = 0.04, 0.01
# Mean flow, pixels a frame at 180 lines, of a picture in which nothing moves: what a codec alone stirs.
STILL = 0.03
# A sample of colour may be taken this long before or after a cut; the flow is blind for a frame there.
BLUR_S = 0.25
# What a stretch may hold of other things: a flicker.
FLICKER = 0.05


@dataclass(frozen=True, eq=False)
class Stillness:
    """Attributes: `blank`, bool `[T]`, whether the picture is black or still, every `STEP_S`."""

    blank: NDArray[np.bool_]

    def share(self, start_s: float, end_s: float) -> float:
        """How much of a stretch is blank, 0 to 1, leaving out what its edges blur; 0 for one too short."""
        first, last = round((start_s + BLUR_S) / STEP_S), round((end_s - BLUR_S) / STEP_S)
        here = self.blank[max(first, 0) : max(last, 0)]
        return float(here.mean()) if len(here) else 0.0

    def lasts(self, start_s: float, end_s: float) -> bool:
        """Whether the picture is blank all through a stretch."""
        return self.share(start_s, end_s) >= 1 - FLICKER

    @property
    def opening_s(self) -> float:
        """How long the picture is blank from its beginning; infinite for one that never is anything else."""
        seen = np.flatnonzero(~self.blank)
        return float(seen[0]) * STEP_S if len(seen) else np.inf


def find_stillness(streams: Streams) -> Stillness:
    """What colour and motion tell; a sense that is absent or silent calls nothing blank."""
    times = np.arange(0.0, streams.duration_s, STEP_S)
    blank = np.zeros(len(times), np.bool_)
    colour, motion = streams.get("colour"), streams.get("motion")
    if colour is not None and colour.says_something and "brightness" in colour.columns:
        blank |= (colour.sample(times, "brightness") < BLACK) & (colour.sample(times, "contrast") < PLAIN)
    if motion is not None and motion.says_something and "raw" in motion.columns:
        blank |= motion.sample(times, "raw") < STILL
    return Stillness(blank)
