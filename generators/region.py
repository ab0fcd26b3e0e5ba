"""A stretch of the music that a person names: in seconds, or in bars as the plan counts them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from generators.grid import BeatGrid, PlanError

# An edge this close to a beat means that beat: music is played up to so much ahead of it.
ON_BEAT_S = 0.06
_BARS = re.compile(r"bars?\s*(\d+)\s*(?:-\s*(\d+))?", re.IGNORECASE)


@dataclass(frozen=True)
class Region:
    """One stretch.

    Attributes:
        start, end: seconds from `start` to before `end` (infinite: to the end); or, if `in_bars`, the
            first and the last bar, both included, counted from 1.
        in_bars: which of the two.

    Raises:
        PlanError: if it is empty, or begins before the music.
    """

    start: float
    end: float
    in_bars: bool = False

    def __post_init__(self) -> None:
        if self.in_bars and not (1 <= self.start <= self.end and self.start == int(self.start)):
            raise PlanError(f"{self}: bars are counted from 1, the first before the last")
        if not self.in_bars and not (0 <= self.start < self.end and math.isfinite(self.start)):
            raise PlanError(f"{self} s: a stretch begins at 0 or later and ends after that")

    def __str__(self) -> str:
        if not self.in_bars:
            return f"{self.start:g}:" + (f"{self.end:g}" if math.isfinite(self.end) else "")
        return f"bar {self.start:g}" if self.start == self.end else f"bars {self.start:g}-{self.end:g}"

    @classmethod
    def parse(cls, text: str) -> Region:
        """Read `12.5:20`, `:8`, `20:` (seconds), `bars 5-8` (both included) or `bar 5`.

        Raises:
            PlanError: if it is none of these forms.
        """
        named = _BARS.fullmatch(text.strip())
        if named:
            first = int(named.group(1))
            return cls(first, int(named.group(2) or first), in_bars=True)
        start, colon, end = text.partition(":")
        try:
            if not colon:
                raise ValueError
            seconds = float(start or 0.0), float(end) if end.strip() else math.inf
        except ValueError:
            raise PlanError(
                f"stretch {text!r} is not understood; write seconds, as 12.5:20, or bars, as 'bars 5-8'"
            ) from None
        return cls(*seconds)

    def bars(self, grid: BeatGrid, duration_s: float) -> range:
        """The bars that it means: those it names, or from the bar line nearest to each of its edges.

        At least one bar.

        Raises:
            PlanError: if it lies outside the music.
        """
        self._check(grid, duration_s)
        if self.in_bars:
            return range(int(self.start) - 1, int(self.end))
        lines = np.append(grid.downbeats_s, grid.end_s)
        first, end = (int(np.argmin(np.abs(lines - min(t, grid.end_s)))) for t in (self.start, self.end))
        if first == end:
            first = grid.bar_at(self.start)
            end = first + 1
        return range(min(first, len(grid.bars) - 1), max(end, 1))

    def beats(self, grid: BeatGrid, duration_s: float) -> range:
        """The beats that it means, counted from 0 through the grid; music is cut at beats.

        Those of the bars it names; of seconds, the beats that begin within them: what lies outside is
        not touched.

        Raises:
            PlanError: if it lies outside the music, or holds no beat.
        """
        self._check(grid, duration_s)
        if self.in_bars:
            return range(int(grid.first_beat[int(self.start) - 1]), int(grid.first_beat[int(self.end)]))
        first = int(np.searchsorted(grid.beats_s, self.start - ON_BEAT_S))
        end = len(grid.beats_s)
        if self.end < duration_s - ON_BEAT_S:
            end = max(int(np.searchsorted(grid.beats_s, self.end + ON_BEAT_S, side="right")) - 1, 0)
        if end <= first:
            raise PlanError(f"{self} s: holds no whole beat of the music")
        return range(first, end)

    def _check(self, grid: BeatGrid, duration_s: float) -> None:
        if self.in_bars and self.end > len(grid.bars):
            raise PlanError(f"{self}: the music has {len(grid.bars)} bars")
        if not self.in_bars and self.start >= duration_s:
            raise PlanError(f"{self} s: begins after the clip's {duration_s:.2f} s")
        if not self.in_bars and math.isfinite(self.end) and self.end > duration_s + 1.0:
            raise PlanError(f"{self} s: ends after the clip's {duration_s:.2f} s")


@dataclass(frozen=True)
class Marked:
    """Which notes of a region are meant: those of some voices, on some keys.

    Attributes:
        voices: their names, or None for all.
        low, high: the lowest and the highest key, MIDI numbers; drums are meant whole.

    Raises:
        PlanError: if no key lies between them.
    """

    voices: frozenset[str] | None = None
    low: int = 0
    high: int = 127

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= 127:
            raise PlanError(f"pitches {self.low}-{self.high}: keys go from 0 to 127, the lower one first")

    def means(self, voice: str) -> bool:
        """Whether any note of a voice may be meant."""
        return self.voices is None or voice in self.voices

    @property
    def all_keys(self) -> bool:
        return (self.low, self.high) == (0, 127)


EVERYTHING = Marked()


def check_apart(spans: Sequence[tuple[Region, range]]) -> None:
    """Check that stretches do not overlap.

    Args:
        spans: each with the bars or beats it means.

    Raises:
        PlanError: naming two that do.
    """
    ordered = sorted(spans, key=lambda row: row[1].start)
    for (one, before), (other, after) in pairwise(ordered):
        if after.start < before.stop:
            raise PlanError(f"{one} and {other} overlap")
