"""Sound, block by block → what is asked of it as a recording: energy, peak, silence, clipping, offset.

Nothing of the sound is kept but one number a hop of 0.7 ms: an hour takes as little memory as a minute.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from v2m.loudness import Meter

LEAST_RATE_HZ = 1000
SILENCE_DBFS = -60.0
SILENCE_WINDOW_S = 0.1
FULL_SCALE = 1.0 - 1.5 / 32768
"""A sample this large is at the end of a 16-bit range, or beyond it."""
CLIPPED_RUN = 3

# L, R, C, LFE, Ls, Rs; the low-frequency channel is left out.
_SURROUND = {5: (1.0, 1.0, 1.0, 1.41, 1.41), 6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41)}
_BLOCK = 1 << 18


@dataclass(frozen=True, eq=False)
class Levels:
    """A recording in numbers.

    Attributes:
        sample_rate: Hz.
        channels: how many.
        samples: how many a channel.
        energies: float64 `[hops]`, K-weighted, one a hop of `v2m.loudness.hop_samples`, channels weighed
            as BS.1770 does and summed.
        peak: largest magnitude between the samples, 4× oversampled.
        windows: of `SILENCE_WINDOW_S`; a last one that is cut short counts as much as any.
        silent_windows: in how many of them no channel's RMS reaches `SILENCE_DBFS`.
        clipped_samples, clipped_runs: in runs of `CLIPPED_RUN` or more at full scale, of all channels.
        offset: largest magnitude of a channel's mean.
    """

    sample_rate: int
    channels: int
    samples: int
    energies: NDArray[np.float64]
    peak: float
    windows: int
    silent_windows: int
    clipped_samples: int
    clipped_runs: int
    offset: float

    @property
    def duration_s(self) -> float:
        return self.samples / self.sample_rate


class LevelMeter:
    """Takes sound in blocks of any length; `close` gives its `Levels`.

    Args:
        channels: left and right; of five or six, left, right, centre(, low frequencies), left and right
            surround; any other number weighs alike.
        sample_rate: Hz.

    Raises:
        ValueError: if there is no channel, or the rate is below 1 kHz.
    """

    def __init__(self, channels: int, sample_rate: int) -> None:
        if channels < 1:
            raise ValueError("sound is [channels, samples] with at least one channel")
        if sample_rate < LEAST_RATE_HZ:
            raise ValueError(f"a sample rate of {sample_rate} Hz is none")
        self._rate, self._samples = sample_rate, 0
        weights = _SURROUND.get(channels, (1.0,) * channels)
        # The loudness meter takes two channels: those of one weight go together.
        self._meters: list[tuple[float, list[int], Meter]] = []
        for weight in sorted(set(weights)):
            alike = [k for k, w in enumerate(weights) if w == weight]
            self._meters += [(weight, alike[k : k + 2], Meter(sample_rate)) for k in range(0, len(alike), 2)]
        self._window = round(SILENCE_WINDOW_S * sample_rate)
        self._rest = np.zeros((channels, 0), np.float32)
        self._windows = self._silent = 0
        self._runs = [_Runs() for _ in range(channels)]
        self._sums = np.zeros(channels)

    def add(self, sound: NDArray[np.float32]) -> None:
        """`sound`: float32 `[channels, n]`, ±1 full scale.

        Raises:
            ValueError: if it has another shape or is not finite.
        """
        if sound.ndim != 2 or len(sound) != len(self._sums):
            raise ValueError(f"sound is [channels, samples], not {list(sound.shape)}")
        if not np.isfinite(sound).all():
            raise ValueError("sound must be finite")
        for first in range(0, sound.shape[1], _BLOCK):
            self._add(sound[:, first : first + _BLOCK])

    def _add(self, block: NDArray[np.float32]) -> None:
        self._samples += block.shape[1]
        for _, pair, meter in self._meters:
            two = np.zeros((2, block.shape[1]), np.float32)
            two[: len(pair)] = block[pair]
            meter.add(two)
        self._sums += block.sum(axis=1, dtype=np.float64)
        for runs, channel in zip(self._runs, block, strict=True):
            runs.add(np.abs(channel) >= FULL_SCALE)
        joined = np.concatenate([self._rest, block], axis=1)
        whole = joined.shape[1] // self._window * self._window
        self._count_silent(joined[:, :whole].reshape(len(joined), -1, self._window))
        self._rest = joined[:, whole:].copy()

    def _count_silent(self, windows: NDArray[np.float32]) -> None:
        power = (windows.astype(np.float64) ** 2).mean(axis=2).max(axis=0)
        self._windows += len(power)
        self._silent += int((power < 10 ** (SILENCE_DBFS / 10)).sum())

    def close(self) -> Levels:
        """What all of it came to; nothing may be added after."""
        energies = np.zeros(0)
        peak = 0.0
        for weight, _, meter in self._meters:
            meter.close()
            found = weight * meter.energies.astype(np.float64)
            energies = found if not energies.size else energies + found
            peak = max(peak, float(meter.peaks.max(initial=0.0)))
        if self._rest.shape[1]:
            self._count_silent(self._rest[:, None])
        for runs in self._runs:
            runs.close()
        return Levels(
            sample_rate=self._rate,
            channels=len(self._sums),
            samples=self._samples,
            energies=energies,
            peak=peak,
            windows=self._windows,
            silent_windows=self._silent,
            clipped_samples=sum(runs.samples for runs in self._runs),
            clipped_runs=sum(runs.runs for runs in self._runs),
            offset=float(np.abs(self._sums).max()) / max(self._samples, 1),
        )


def levels_of(sound: NDArray[np.float32], sample_rate: int) -> Levels:
    """The levels of a whole recording, float32 `[channels, samples]`.

    Raises:
        ValueError: see `LevelMeter`.
    """
    if sound.ndim != 2:
        raise ValueError(f"sound is [channels, samples], not {list(sound.shape)}")
    meter = LevelMeter(len(sound), sample_rate)
    meter.add(sound)
    return meter.close()


class _Runs:
    """Counts one channel's samples at full scale, in runs that may go on from block to block."""

    def __init__(self) -> None:
        self.samples = self.runs = self._open = 0

    def add(self, at_top: NDArray[np.bool_]) -> None:
        edges = np.flatnonzero(np.diff(at_top, prepend=False, append=False))
        starts, ends = edges[::2], edges[1::2]
        lengths = ends - starts
        if len(starts) and starts[0] == 0:
            lengths[0] += self._open
        else:
            self._count(np.array([self._open]))
        self._open = 0
        if len(ends) and ends[-1] == len(at_top):
            self._open, lengths = int(lengths[-1]), lengths[:-1]
        self._count(lengths)

    def close(self) -> None:
        self._count(np.array([self._open]))
        self._open = 0

    def _count(self, lengths: NDArray[np.int64]) -> None:
        long = lengths[lengths >= CLIPPED_RUN]
        self.samples += int(long.sum())
        self.runs += len(long)
