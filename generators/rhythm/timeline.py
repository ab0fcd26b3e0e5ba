"""Plan → Timeline: every slot of the whole piece counted from 0, and when it sounds."""

from __future__ import annotations

import zlib
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from generators.plan import Plan
from generators.spotting import spoken_shares

SWING_UNITS = {"eighth": 2, "sixteenth": 1}


@dataclass(frozen=True, eq=False)
class Timeline:
    """All slots of a plan end to end; the composer counts in these, not in bars and slots.

    Attributes:
        plan: the plan.
        swing: 0 straight to 1 triplet feel; slots on which the picture moves do not swing.
        swing_unit: the note value that swings, `eighth` or `sixteenth`.
    """

    plan: Plan
    swing: float = 0.0
    swing_unit: str = "eighth"

    @cached_property
    def first_slot(self) -> NDArray[np.int64]:
        """int64 `[bars + 1]`: the number of slots before each bar, and in all."""
        return np.cumsum([0] + [bar.slots for bar in self.plan.grid.bars])

    @property
    def bars(self) -> int:
        return len(self.plan.grid.bars)

    @cached_property
    def played_s(self) -> NDArray[np.float64]:
        """float64 `[slots + 1]`: when each slot sounds; the last is the end of the grid.

        The same as `BeatGrid.played_time_s`, with swing added to slots that have no accent and
        planned hits at their own instants.
        """
        grid, plan = self.plan.grid, self.plan
        knots, times = grid.knots_s, np.empty(int(self.first_slot[-1]) + 1)
        for b, bar in enumerate(grid.bars):
            per = bar.slots_per_beat
            unit = SWING_UNITS[self.swing_unit]
            delay = np.zeros(per)
            if per == 4 and self.swing:
                # A swung pair is 2:1 instead of 1:1: its second half starts a third of a unit late.
                delay[unit :: 2 * unit] = self.swing * unit / 3
                delay[3] = max(delay[3], delay[2] / 2)
            for beat in range(bar.beats):
                k = int(grid.first_beat[b]) + beat
                at = int(self.first_slot[b]) + beat * per
                times[at : at + per] = knots[k] + (np.arange(per) + delay) / per * (knots[k + 1] - knots[k])
            for accent in bar.accents:
                if 0 <= accent.slot < bar.slots:
                    times[int(self.first_slot[b]) + accent.slot] = accent.time_s
        times[-1] = grid.end_s
        for hit in plan.planned_hits:
            if 0 <= hit.slot < grid.bars[hit.bar].slots:
                times[int(self.first_slot[hit.bar]) + hit.slot] = hit.played_s
        return np.maximum.accumulate(times)

    def seconds(self, slot: float) -> float:
        """When a slot (a fraction lies between its neighbours) sounds; negative slots are before the grid."""
        last = len(self.played_s) - 1
        k = int(np.clip(np.floor(slot), 0, last - 1))
        step = self.played_s[k + 1] - self.played_s[k]
        return float(self.played_s[k] + (slot - k) * step)

    def slot_near(self, time_s: float) -> int:
        """The slot that sounds nearest to a time."""
        k = int(np.clip(np.searchsorted(self.played_s, time_s), 1, len(self.played_s) - 1))
        return k if self.played_s[k] - time_s < time_s - self.played_s[k - 1] else k - 1

    def bar_of(self, slot: float) -> int:
        """The bar in which a slot lies."""
        return int(np.clip(np.searchsorted(self.first_slot, slot, side="right") - 1, 0, self.bars - 1))

    def section_at(self, slot: float) -> int:
        """The index of the section in which a slot lies."""
        starts = [section.start_bar for section in self.plan.sections]
        return bisect_right(starts, self.bar_of(slot)) - 1

    @cached_property
    def spoken(self) -> NDArray[np.float64]:
        """float64 `[bars]`, 0 to 1: how much of each bar the music holds back in, for words."""
        return spoken_shares(self.plan)

    def within_bar(self, slot: float) -> tuple[int, float]:
        """(bar, slots since its downbeat)."""
        bar = self.bar_of(slot)
        return bar, slot - float(self.first_slot[bar])

    def bar_length_s(self, bar: int) -> float:
        return self.plan.grid.bar_end_s(bar) - self.plan.grid.bars[bar].start_s

    @cached_property
    def final_slot(self) -> int:
        """The slot on which the last chord is struck."""
        return self.slot_near(self.plan.final_s)

    def random(self, *purpose: str | int) -> np.random.Generator:
        """A generator of its own for each decision, so that one more draw here moves nothing there.

        The clip has its say beside the seed: two clips do not get one piece.
        """
        words = [zlib.crc32(str(part).encode()) for part in (self.plan.clip_hash, *purpose)]
        return np.random.default_rng([self.plan.seed, *words])


def metric_weight(slot: int, beats: int, slots_per_beat: int) -> float:
    """How strong a slot is by its place in the bar: 1 the downbeat, 0 the weakest.

    The hierarchy of Lerdahl and Jackendoff (1983): bar, half bar, beat, eighth, rest. A dotted beat has
    three eighths.
    """
    if slot == 0:
        return 1.0
    beat, rest = divmod(slot, slots_per_beat)
    if rest:
        divided = 3 if slots_per_beat % 3 == 0 else 2
        return 0.25 if rest * divided % slots_per_beat == 0 else 0.05
    return 0.7 if beats % 2 == 0 and beat * 2 == beats else 0.5
