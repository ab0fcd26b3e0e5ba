"""Grid and hits → what the music paid, in tempo and metre, to be where each hit is.

All that happened to the tempo and the bars since the hit before was done to arrive at this one. It is
read off the grid, so that a plan edited by hand is priced as well.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from generators.grid import BeatGrid
from generators.hits import Hit
from generators.tempo_map import Costs

# A neighbouring interval that differs by more is a turn or a breath, not drift.
DRIFT = 0.018
SAME_BEAT_S = 0.15


def price_hits(grid: BeatGrid, hits: tuple[Hit, ...], costs: Costs) -> tuple[Hit, ...]:
    """The hits, each planned one with its cost, and with what was done for it added to its words."""
    paid = _Paid(grid, costs)
    priced = []
    beat = 0
    for hit in hits:
        if not hit.planned:
            priced.append(hit)
            continue
        arrived = int(np.searchsorted(grid.beats_s, hit.played_s + SAME_BEAT_S))
        cost, words = paid.between(beat, max(arrived, beat))
        beat = max(arrived, beat)
        priced.append(replace(hit, cost=round(cost, 3), why="; ".join([hit.why, *words])))
    return tuple(priced)


class _Paid:
    """What each beat of a grid cost, and what can be said of it."""

    def __init__(self, grid: BeatGrid, costs: Costs) -> None:
        self.lengths_s = grid.plain_beats_s
        self.cost = np.zeros(len(grid.beats_s))
        self.said: dict[int, str] = {}
        self._price_tempo(grid, costs)
        self._price_bars(grid, costs)

    def between(self, first: int, end: int) -> tuple[float, list[str]]:
        """The sum over beats `first` to `end`, and the sentences; drift is told as one."""
        words = [self.said[beat] for beat in range(first, end) if beat in self.said]
        if end - first >= 3:
            intervals = self.lengths_s[max(first - 1, 0) : end - 1]
            steady = intervals[np.abs(intervals / np.median(intervals) - 1) < 0.1]
            drifted = steady[0] / steady[-1] - 1
            if abs(drifted) > DRIFT and not any("bpm" in word for word in words):
                words.append(f"the tempo drifts by {100 * drifted:+.0f} % on the way")
        return float(self.cost[first:end].sum()), words

    def _price_tempo(self, grid: BeatGrid, costs: Costs) -> None:
        intervals = grid.plain_beats_s[:-1]
        downbeats = set(grid.first_beat[:-1].tolist())
        for k in range(1, len(intervals)):
            change = float(intervals[k] / intervals[k - 1] - 1)
            if abs(change) <= DRIFT:
                self.cost[k + 1] += costs.turn * 100 * abs(change)
            elif k in downbeats and k >= 2:
                self._price_turn(k, intervals[k - 2 : k + 1].tolist(), costs)
            elif k + 1 not in downbeats:
                self.cost[k + 1] += costs.change + costs.change_octave * abs(np.log2(1 + change))
                bar = int(np.searchsorted(grid.first_beat, k, side="right")) - 1
                place = f"beat {k - int(grid.first_beat[bar]) + 1} of bar {bar + 1}"
                before, after = (round(60 / float(s)) for s in intervals[k - 1 : k + 1])
                self.said[k + 1] = f"the tempo gives way from {before} to {after} bpm on {place}"

    def _price_turn(self, downbeat: int, intervals_s: list[float], costs: Costs) -> None:
        before_s, held_s, after_s = intervals_s
        words = []
        if held_s / before_s - 1 > DRIFT:
            self.cost[downbeat] += costs.breath + costs.breath_beat * (held_s / before_s - 1)
            words.append(f"the beat before it is held {1000 * (held_s - before_s):.0f} ms longer")
        if abs(after_s / before_s - 1) > DRIFT:
            self.cost[downbeat] += costs.change + costs.change_octave * abs(np.log2(after_s / before_s))
            words.append(f"the tempo turns from {60 / before_s:.0f} to {60 / after_s:.0f} bpm")
        if words:
            self.said[downbeat] = "; ".join(words)

    def _price_bars(self, grid: BeatGrid, costs: Costs) -> None:
        quarters = [bar.beats for bar in grid.bars if not bar.dotted]
        usual = int(np.bincount(quarters).argmax()) if quarters else 1
        for b, bar in enumerate(grid.bars[:-1]):
            arrives = int(grid.first_beat[b + 1])
            if bar.dotted:
                self.cost[arrives] += costs.dotted_bar
                words = f"bar {b + 1} is a beat and a half"
            elif b > 0 and bar.beats < usual:
                self.cost[arrives] += costs.short_bar * (1.0 if 2 * bar.beats == usual else 1.5)
                words = f"bar {b + 1} is cut to {bar.beats} beat{'s' * (bar.beats > 1)}"
            else:
                continue
            self.said[arrives] = "; ".join(filter(None, [self.said.get(arrives), words]))
