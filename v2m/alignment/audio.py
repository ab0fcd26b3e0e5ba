"""A media file → its sound as scoring hears it, on the clock of the picture that it is to go with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.errors import ClipError
from v2m.alignment.levels import LEAST_RATE_HZ, LevelMeter, Levels
from v2m.alignment.onsets import SAMPLE_RATE
from v2m.sound_blocks import sound_blocks


@dataclass(frozen=True, eq=False)
class Track:
    """A sound track.

    Attributes:
        samples: float32 `[samples]`, ±1 full scale: the mean of the channels at 22,050 Hz.
        levels: of all of it, channel by channel at its own rate.
        source: the file's name.
    """

    samples: NDArray[np.float32]
    levels: Levels
    source: str

    @property
    def duration_s(self) -> float:
        """How long all of it is."""
        return self.levels.duration_s


def begin_track(
    path: Path | str, *, zero_s: float | None = None, keep_s: float | None = None
) -> Callable[[], Track]:
    """As `read_track`, but only begun: what cannot be read is told at once, and the call reads on."""
    blocks = sound_blocks(path, zero_s=zero_s)
    first = next(blocks, None)
    if first is None:
        raise ClipError(f"{path}: has no sound that decodes")
    channels, rate_hz = len(first[0]), first[1]
    if rate_hz < LEAST_RATE_HZ:
        raise ClipError(f"{path}: its sound has {rate_hz} samples a second, too few to be heard")

    def read_on() -> Track:
        kept = _Mono(None if keep_s is None else max(1, round(keep_s * SAMPLE_RATE)))
        meter = LevelMeter(channels, rate_hz)
        for block, rate in chain([first], blocks):
            meter.add(block)
            kept.add(block.mean(axis=0), rate)
        return Track(kept.close(), meter.close(), Path(path).name)

    return read_on


def read_track(path: Path | str, *, zero_s: float | None = None, keep_s: float | None = None) -> Track:
    """The first audio track of any media file, decoded once and held only as scoring hears it.

    Args:
        path: the file.
        zero_s: the instant of the file's own clock that is to be 0; where the file begins if None.
        keep_s: how long the samples are to be: cut, or led on by silence; all of them if None. The levels
            are always of all.

    Raises:
        ClipError: if the file cannot be read or has no sound.
    """
    return begin_track(path, zero_s=zero_s, keep_s=keep_s)()


def read_sound(path: Path | str) -> NDArray[np.float32]:
    """The first audio track mixed to mono at 22,050 Hz, float32 `[samples]`; see `read_track`."""
    kept = _Mono(None)
    for block, rate in sound_blocks(path):
        kept.add(block.mean(axis=0), rate)
    return kept.close()


def fitted(samples: NDArray[np.float32], duration_s: float) -> NDArray[np.float32]:
    """Samples `[n]` at 22,050 Hz cut, or led on by silence, to a length; copied only if silence is needed."""
    count = max(1, round(duration_s * SAMPLE_RATE))
    return samples[:count] if len(samples) >= count else np.pad(samples, (0, count - len(samples)))


class _Mono:
    """Takes mono blocks of one rate and holds them at 22,050 Hz (soxr, high quality), up to a length."""

    def __init__(self, count: int | None) -> None:
        self._count = count
        self._held = np.zeros(SAMPLE_RATE if count is None else count, np.float32)
        self._done = 0
        self._resample: Callable[..., NDArray[np.float32]] | None = None

    def add(self, block: NDArray[np.float32], rate: int) -> None:
        if rate == SAMPLE_RATE:
            self._append(block)
            return
        if self._resample is None:
            import soxr

            self._resample = soxr.ResampleStream(rate, SAMPLE_RATE, 1, "float32", "HQ").resample_chunk
        self._append(self._resample(block))

    def close(self) -> NDArray[np.float32]:
        if self._resample is not None:
            self._append(self._resample(np.zeros(0, np.float32), last=True))
        if self._count is None:
            self._held.resize(self._done, refcheck=False)
        return self._held

    def _append(self, block: NDArray[np.float32]) -> None:
        if self._count is None and self._done + len(block) > len(self._held):
            # In place: an hour's samples are not to be held twice.
            self._held.resize(2 * (self._done + len(block)), refcheck=False)
        room = self._held[self._done : self._done + len(block)]
        room[:] = block[: len(room)]
        self._done += len(room)
