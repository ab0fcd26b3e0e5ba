"""Instants with strengths, and how much two such trains overlap once blurred by a Gaussian."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Beyond this many standard deviations a Gaussian is nothing.
_REACH_SIGMAS = 5.0


@dataclass(frozen=True, eq=False)
class Train:
    """Instants, each with a strength.

    Attributes:
        times_s: float64 `[N]`, seconds, finite and non-decreasing.
        strengths: float64 `[N]`, finite and not negative.

    Raises:
        ValueError: if they are anything else.
    """

    times_s: NDArray[np.float64]
    strengths: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.times_s.ndim != 1:
            raise ValueError(f"events must be one-dimensional, not of shape {self.times_s.shape}")
        if not np.isfinite(self.times_s).all():
            raise ValueError("event times must be finite")
        if (np.diff(self.times_s) < 0).any():
            raise ValueError("event times must not decrease")
        if self.strengths.shape != self.times_s.shape:
            raise ValueError(f"{len(self.times_s)} events need as many strengths")
        if not np.isfinite(self.strengths).all() or (self.strengths < 0).any():
            raise ValueError("strengths must be finite and not negative")

    @classmethod
    def of(cls, times_s: ArrayLike, strengths: ArrayLike | None) -> Train:
        """From anything like arrays; all strengths are 1 if there are none."""
        times = np.asarray(times_s, dtype=np.float64)
        if strengths is None:
            return cls(times, np.ones(times.shape))
        return cls(times, np.asarray(strengths, dtype=np.float64))

    def overlap(self, other: Train, sigma_s: float) -> float:
        """Σ over all pairs of strength · strength · exp(−d² / 2σ²)."""
        i, j, apart = pairs(self.times_s, other.times_s, _REACH_SIGMAS * sigma_s)
        return float(np.sum(self.strengths[i] * other.strengths[j] * _gauss(apart, sigma_s)))

    def cosine(self, other: Train, sigma_s: float) -> float:
        """The overlap over what each has with itself, 0 to 1; 0 if one is empty."""
        norm = np.sqrt(self.overlap(self, sigma_s) * other.overlap(other, sigma_s))
        return float(min(self.overlap(other, sigma_s) / norm, 1.0)) if norm > 0 else 0.0

    def local_cosine(
        self, other: Train, sigma_s: float, middles_s: NDArray[np.float64], window_s: float
    ) -> NDArray[np.float64]:
        """The cosine in each window, float64 `[windows]`; nan where one train has nothing."""
        here = _windowed_overlap(self, other, sigma_s, middles_s, window_s)
        mine = _windowed_overlap(self, self, sigma_s, middles_s, window_s)
        theirs = _windowed_overlap(other, other, sigma_s, middles_s, window_s)
        said = (mine > _NOTHING) & (theirs > _NOTHING)
        norm = np.sqrt(np.where(said, mine * theirs, 1.0))
        return np.asarray(np.where(said, np.minimum(here / norm, 1.0), np.nan), dtype=np.float64)

    def lags(self, other: Train, grid: LagGrid) -> NDArray[np.float64]:
        """Overlap with `other` moved later by each lag of the grid, float64 `[lags]`."""
        i, j, apart = pairs(self.times_s, other.times_s, grid.reach_s)
        places, shares = grid.places(apart)
        weight = self.strengths[i] * other.strengths[j]
        sums = [
            np.bincount(place, weight * share, minlength=grid.bins)
            for place, share in zip(places, shares, strict=True)
        ]
        return np.asarray(grid.blurred(np.sum(sums, axis=0)[None])[0])

    def local_lags(
        self, other: Train, grid: LagGrid, middles_s: NDArray[np.float64], window_s: float
    ) -> NDArray[np.float64]:
        """Fine correlation at each lag in each window, float64 `[windows, lags]`; 0 where nothing is."""
        i, j, apart = pairs(self.times_s, other.times_s, grid.reach_s)
        places, shares = grid.places(apart)
        weight = self.strengths[i] * other.strengths[j]
        found = np.zeros(len(middles_s) * grid.bins)
        for window, fade, held in _windows(self.times_s[i], other.times_s[j], middles_s, window_s):
            for place, share in zip(places, shares, strict=True):
                into = window * grid.bins + place[held]
                found += np.bincount(into, (weight * share)[held] * fade, minlength=len(found))
        mine = _windowed_overlap(self, self, grid.sigma_s, middles_s, window_s)
        theirs = _windowed_overlap(other, other, grid.sigma_s, middles_s, window_s)
        norm = np.sqrt(mine * theirs)[:, None]
        blurred = grid.blurred(found.reshape(len(middles_s), grid.bins))
        return np.divide(blurred, norm, out=np.zeros_like(blurred), where=norm > _NOTHING)


# A window in which an event has all but faded away holds nothing.
_NOTHING = 1e-6


class LagGrid:
    """Evenly spaced lags, and the finer bins beyond their ends that a blur needs.

    Attributes:
        lags_s: float64 `[lags]`, −most to most.
        sigma_s: of the Gaussian by which correlations over the grid are blurred.
        reach_s: pairs farther apart than this touch no lag.
        bins: number of bins.

    Raises:
        ValueError: if a length is not positive.
    """

    def __init__(self, most_s: float, step_s: float, sigma_s: float) -> None:
        if not (most_s > 0 and step_s > 0 and sigma_s > 0):
            raise ValueError("the farthest lag, the step and the blur must be positive")
        self.sigma_s, self._step_s = sigma_s, step_s
        half = int(np.ceil(most_s / step_s - 1e-9))
        self.lags_s = step_s * np.arange(-half, half + 1, dtype=np.float64)
        beyond = int(np.ceil(_REACH_SIGMAS * sigma_s / step_s))
        self._kernel = _gauss(step_s * np.arange(-beyond, beyond + 1, dtype=np.float64), sigma_s)
        self._first_s = -(half + beyond) * step_s
        self.bins = 2 * (half + beyond) + 1
        self.reach_s = (half + beyond - 1) * step_s

    def places(
        self, apart_s: NDArray[np.float64]
    ) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """The two bins beside each distance, and the share of each: their mean stays where it was."""
        at = (apart_s - self._first_s) / self._step_s
        low = np.floor(at).astype(np.int64)
        share = at - low
        return (low, low + 1), (1.0 - share, share)

    def blurred(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """`[rows, bins]` → `[rows, lags]`."""
        around = np.lib.stride_tricks.sliding_window_view(rows, len(self._kernel), axis=1)
        return np.asarray(around @ self._kernel)


def turned_train(train: Train, by_s: float, duration_s: float) -> Train:
    """The train later by `by_s`, what falls off the end coming back at the start."""
    times = (train.times_s + by_s) % duration_s
    order = np.argsort(times, kind="stable")
    return Train(times[order], train.strengths[order])


def pairs(
    first_s: NDArray[np.float64], second_s: NDArray[np.float64], reach_s: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """All pairs at most `reach_s` apart: indices into both, and first − second in seconds, `[pairs]`."""
    low = np.searchsorted(second_s, first_s - reach_s, side="left")
    count = np.searchsorted(second_s, first_s + reach_s, side="right") - low
    i = np.repeat(np.arange(len(first_s)), count)
    j = np.arange(len(i)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)
    return i, j, first_s[i] - second_s[j]


def _gauss(apart_s: NDArray[np.float64], sigma_s: float) -> NDArray[np.float64]:
    return np.asarray(np.exp(-0.5 * (apart_s / sigma_s) ** 2))


def _windowed_overlap(
    first: Train, second: Train, sigma_s: float, middles_s: NDArray[np.float64], window_s: float
) -> NDArray[np.float64]:
    i, j, apart = pairs(first.times_s, second.times_s, _REACH_SIGMAS * sigma_s)
    value = first.strengths[i] * second.strengths[j] * _gauss(apart, sigma_s)
    total = np.zeros(len(middles_s))
    for window, fade, held in _windows(first.times_s[i], second.times_s[j], middles_s, window_s):
        total += np.bincount(window, value[held] * fade, minlength=len(total))
    return total


def _windows(
    first_s: NDArray[np.float64],
    second_s: NDArray[np.float64],
    middles_s: NDArray[np.float64],
    window_s: float,
) -> list[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]]:
    """For pairs of instants: which window, both faded by it, and which of the pairs, over and over.

    Windows overlap, so that every pair lies in several; each entry of the list holds one of them
    for every pair. The middles are evenly spaced.
    """
    hop_s = float(middles_s[1] - middles_s[0]) if len(middles_s) > 1 else window_s
    first_window = np.ceil(((first_s + second_s) / 2 - window_s / 2 - middles_s[0]) / hop_s).astype(np.int64)
    entries = []
    for k in range(int(np.ceil(window_s / hop_s)) + 1):
        window = first_window + k
        held = np.flatnonzero((window >= 0) & (window < len(middles_s)))
        middle = middles_s[window[held]]
        fade = _raised(first_s[held] - middle, window_s) * _raised(second_s[held] - middle, window_s)
        entries.append((window[held], fade, held))
    return entries


def _raised(off_s: NDArray[np.float64], window_s: float) -> NDArray[np.float64]:
    """A raised cosine over the window, 1 in its middle and 0 from its ends on."""
    return np.where(np.abs(off_s) < window_s / 2, 0.5 + 0.5 * np.cos(2 * np.pi * off_s / window_s), 0.0)
