"""Effects that a whole voice goes through: chorus and tremolo, block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from v2m.instrument import Insert
from v2m.synth.errors import SynthError

STRETCH = 1 << 13  # samples at once, in a core's cache


@dataclass(frozen=True)
class Chorus:
    """The voice beside itself, a little late by a time that sways, differently left and right.

    Attributes:
        wet: how much of it, 0 to 1 (1: as loud as the voice).
        delay_ms, depth_ms: how late on average, and how far that sways either way.
        hz: how fast.
    """

    wet: float = 0.5
    delay_ms: float = 14.0
    depth_ms: float = 3.0
    hz: float = 0.4

    def __post_init__(self) -> None:
        if not 0 <= self.wet <= 1 or not 0 <= self.depth_ms < self.delay_ms <= 50 or not 0 < self.hz <= 10:
            raise SynthError("a chorus has wet 0 to 1, depth_ms below delay_ms below 50, and hz to 10")

    def begin(self, rate: int) -> Insert:
        """The effect, with nothing in its delay line."""
        return _Chorus(self, rate)


@dataclass(frozen=True)
class Tremolo:
    """A level that sways; `stereo` sways it from side to side.

    Attributes:
        depth: 0 to 1, how much of the level goes at the lowest.
        hz: how fast.
        stereo: left and right in opposite phase.
    """

    depth: float = 0.3
    hz: float = 4.5
    stereo: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.depth <= 1 or not 0 < self.hz <= 20:
            raise SynthError("a tremolo has a depth of 0 to 1 and hz to 20")

    def begin(self, rate: int) -> Insert:
        """The effect, at the beginning of its cycle."""
        return _Tremolo(self, rate)


class InsertChain:
    """One effect after another."""

    def __init__(self, inserts: Sequence[Insert]) -> None:
        self._inserts = tuple(inserts)

    def feed(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        for insert in self._inserts:
            block = insert.feed(block)
        return block


class _Chorus:
    def __init__(self, settings: Chorus, rate: int) -> None:
        self._s, self._rate, self._at = settings, rate, 0
        self._longest = int((settings.delay_ms + settings.depth_ms) * rate / 1000) + 3
        self._past = np.zeros((2, self._longest), np.float32)

    def feed(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        n, s = block.shape[1], self._s
        line = np.concatenate([self._past, block], axis=1)
        self._past = line[:, n:].copy()
        out = block.copy()
        wet = np.float32(s.wet)
        for first in range(0, n, STRETCH):
            last = min(first + STRETCH, n)
            times = (self._at + np.arange(first, last)) / self._rate
            for channel in range(2):
                sway = np.sin(2 * np.pi * ((s.hz * times) % 1 + channel / 4))
                late = (s.delay_ms + s.depth_ms * sway) * (self._rate / 1000)
                place = np.arange(first, last) + self._longest - late
                whole = place.astype(np.intp)
                part = (place - whole).astype(np.float32)
                tapped = line[channel].take(whole)
                tapped += (line[channel].take(whole + 1) - tapped) * part
                out[channel, first:last] += tapped * wet
        self._at += n
        return out


class _Tremolo:
    def __init__(self, settings: Tremolo, rate: int) -> None:
        self._s, self._rate, self._at = settings, rate, 0

    def feed(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        times = (self._at + np.arange(block.shape[1])) / self._rate
        self._at += block.shape[1]
        sway = (0.5 * self._s.depth * np.sin(2 * np.pi * ((self._s.hz * times) % 1))).astype(np.float32)
        left = 1 - np.float32(self._s.depth / 2) + sway
        right = 1 - np.float32(self._s.depth / 2) + (-sway if self._s.stereo else sway)
        return block * np.stack([left, right])
