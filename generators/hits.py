"""Hit points: the instants of the picture that the music means to meet, and those it lets go."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from generators.grid import Accent, BeatGrid
from generators.targets import LONE_CUT_S, Targets

# The ensemble leans at most this share of a slot from the even time; for movement also no farther
# than what passes for a player's timing (Repp 2005), while a cut at a slow tempo is worth more.
LEAN_SLOT = 0.3
LEAN_S = 0.045
# Farther than this from any place it could be played, an event is let go.
MISS_S = 0.060
# A movement nearer than this to what its slot sounds is heard as one with it.
MOVE_MISS_S = 0.025
# In dense editing only what falls this close to an eighth is part of the grid.
GRID_S = 0.040


EDITS = ("section", "cut", "fade")


@dataclass(frozen=True)
class Hit:
    """One instant of the picture, and how the grid meets it.

    Attributes:
        time_s: the event in the picture.
        kind: section, cut, fade, beat (kinematic).
        weight: 0 to 1.
        planned: true if the music is to meet it, false if it was let go (`why` says why).
        played_s: when the music sounds it (a grid position, leaned towards the picture).
        bar, slot: that position in the grid.
        why: one sentence for the person who reads the plan.
        cost: what tempo and metre paid to arrive there, in clean cuts met on a downbeat (`prices`).
        why_heard: of a hit that was let go for a silence, what `why` says without it; else None.
    """

    time_s: float
    kind: str
    weight: float
    planned: bool
    played_s: float
    bar: int
    slot: int
    why: str = ""
    cost: float = 0.0
    why_heard: str | None = None

    @property
    def error_s(self) -> float:
        """How late (+) or early (−) the music is."""
        return self.played_s - self.time_s


def place_hits(grid: BeatGrid, targets: Targets, duration_s: float) -> tuple[BeatGrid, tuple[Hit, ...]]:
    """Put every target on its grid position: the grid with accents, and the hits.

    Sections, cuts, fades and kinematic beats become hits; motion accents and onsets only colour
    the grid. One slot sounds once: of two events on one slot the heavier is planned.
    """
    places = _Places(grid, duration_s)
    edits = targets.of(*EDITS).times_s
    taken: dict[int, Accent] = {}
    hits: list[Hit] = []
    for i in np.argsort(-targets.weights, kind="stable"):
        time, kind = float(targets.times_s[i]), targets.kinds[i]
        weight = round(min(1.0, float(targets.weights[i])), 3)
        near, played = places.nearest(time, kind)
        bar, slot = places.slots[near]
        crowd = np.count_nonzero(np.abs(edits - time) < LONE_CUT_S) - 1 if kind in EDITS else 0
        why = ""
        if near in taken:
            other = taken[near]
            why = f"shares its place with {_a(other.source)} at {other.time_s:.2f} s, which is played"
        elif abs(played - time) > (MISS_S if kind in EDITS else MOVE_MISS_S):
            why = f"{1000 * abs(played - time):.0f} ms from any place in the bar on which it could be played"
        elif crowd > 0 and kind != "section" and not places.on_eighth(near, time):
            why = "between the beats of the grid that the neighbouring cuts share"
        if not why:
            taken[near] = Accent(slot, played, weight, kind)
        if kind in EDITS or kind == "beat":
            hits.append(Hit(time, kind, weight, not why, played, bar, slot, why or places.words(near)))
    return _with_accents(grid, places, taken), tuple(sorted(hits, key=lambda hit: hit.time_s))


def place_again(grid: BeatGrid, hits: tuple[Hit, ...], duration_s: float) -> tuple[BeatGrid, tuple[Hit, ...]]:
    """Put hits that a person may have edited onto a grid that carries only the motion accents.

    A planned hit is the person's word: it is played where the planner would have played it, or
    at its very time where the planner would have let it go.
    """
    places = _Places(grid, duration_s)
    own = {(b, a.slot): a for b, bar in enumerate(grid.bars) for a in bar.accents}
    taken = {near: own[place] for near, place in enumerate(places.slots) if place in own}
    claimed: dict[int, Hit] = {}
    placed: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: -hit.weight):
        near, played = places.nearest(hit.time_s, hit.kind)
        bar, slot = places.slots[near]
        hit = replace(hit, played_s=played, bar=bar, slot=slot)
        if hit.planned and near in claimed:
            other = claimed[near]
            why = f"shares its place with {_a(other.kind)} at {other.time_s:.2f} s, which is played"
            hit = replace(hit, planned=False, why=why)
        elif hit.planned:
            if abs(played - hit.time_s) > MISS_S:
                hit = replace(hit, played_s=hit.time_s)
            hit = replace(hit, why=places.words(near))
            taken[near] = Accent(slot, hit.played_s, hit.weight, hit.kind)
            claimed[near] = hit
        placed.append(hit)
    return _with_accents(grid, places, taken), tuple(sorted(placed, key=lambda hit: hit.time_s))


class _Places:
    """Every slot of a grid that sounds within the clip, in time."""

    def __init__(self, grid: BeatGrid, duration_s: float) -> None:
        self.grid = grid
        self.duration_s = duration_s
        slots = [(b, s) for b, bar in enumerate(grid.bars) for s in range(bar.slots)]
        even = [grid.slot_time_s(b, s) for b, s in slots]
        inside = max(1, int(np.searchsorted(even, duration_s)))
        self.slots = slots[:inside]
        self.even_s = np.array(even[:inside])

    def nearest(self, time_s: float, kind: str) -> tuple[int, float]:
        """The slot nearest to an event, and when the ensemble, leaning towards it, plays it."""
        right = int(np.searchsorted(self.even_s, time_s))
        near = min(
            range(max(0, right - 1), min(right + 1, len(self.slots))),
            key=lambda k: abs(self.even_s[k] - time_s),
        )
        bar, slot = self.slots[near]
        gap = self.grid.slot_time_s(bar, slot + 1) - self.even_s[near]
        lean = LEAN_SLOT * gap if kind in EDITS else min(LEAN_SLOT * gap, LEAN_S)
        off = float(np.clip(time_s - self.even_s[near], -lean, lean))
        return near, round(float(np.clip(self.even_s[near] + off, 0.0, self.duration_s)), 4)

    def on_eighth(self, near: int, time_s: float) -> bool:
        bar, slot = self.slots[near]
        eighth = self.grid.bars[bar].eighth_slots
        return slot % eighth == 0 and abs(self.even_s[near] - time_s) <= GRID_S

    def words(self, near: int) -> str:
        bar, slot = self.slots[near]
        per_beat = self.grid.bars[bar].slots_per_beat
        beat, part = divmod(slot, per_beat)
        if slot == 0:
            return f"on the downbeat of bar {bar + 1}"
        if part == 0:
            return f"on beat {beat + 1} of bar {bar + 1}"
        return f"{part}/{per_beat} of a beat after beat {beat + 1} of bar {bar + 1}"


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _with_accents(grid: BeatGrid, places: _Places, taken: dict[int, Accent]) -> BeatGrid:
    by_bar: dict[int, list[Accent]] = defaultdict(list)
    for near, accent in taken.items():
        by_bar[places.slots[near][0]].append(accent)
    bars = (
        replace(bar, accents=tuple(sorted(by_bar[b], key=lambda a: a.slot)))
        for b, bar in enumerate(grid.bars)
    )
    return BeatGrid(tuple(bars), grid.end_s)
