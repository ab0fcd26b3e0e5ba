"""Kept tracks + grid → how far ahead of it they are played, and the accents of the drums that are kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from generators.grid import Accent, BeatGrid
from generators.kept import KeptTrack
from generators.plan import Plan
from generators.rhythm.timeline import Timeline

EARLY_SLOTS, LATE_SLOTS = 0.75, 0.25  # a note this far from a slot is still meant for it
STEADY_SLOTS = 0.35  # quartiles of what notes are off their slots; less steady players have no lead
LONGEST_LEAD_S = 0.06
SOFTEST = 8  # MIDI velocity: less is not heard beside others
KICKS = (35, 36)
# How much a stroke asks of the others, full strength, by what is struck.
STRONG = dict.fromkeys((*KICKS, 38, 40), 0.35) | dict.fromkeys((39, 41, 43, 45, 47, 48, 50), 0.25)
STRONG |= dict.fromkeys((49, 52, 55, 57), 0.4)
LIGHT = 0.03


def slots_of(
    timeline: Timeline, times_s: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The slot that each time is meant for, and how late the slot sounds after it: int64, float64 `[N]`.

    Players are ahead of the beat rather than behind it: so much that instruments which speak slowly are
    heard on it.
    """
    played = timeline.played_s
    step = np.diff(played)
    k = np.clip(np.searchsorted(played, times_s, side="right") - 1, 0, len(step) - 1)
    late = times_s - played[k] > LATE_SLOTS * np.maximum(step[k], 1e-3)
    slot = np.minimum(k + late, len(played) - 1)
    return slot.astype(np.int64), played[slot] - times_s


def lead_s(timeline: Timeline, track: KeptTrack) -> float:
    """How far ahead of the grid a track is played; 0 where its notes do not agree on it."""
    slot, ahead = slots_of(timeline, track.start_s)
    step = np.diff(timeline.played_s)[np.minimum(slot, len(timeline.played_s) - 2)]
    early, middle, late = np.percentile(ahead, [25, 50, 75])
    if late - early > STEADY_SLOTS * float(np.median(step)):
        return 0.0
    return float(np.clip(middle, 0.0, LONGEST_LEAD_S))


def with_strokes(plan: Plan, timeline: Timeline, drums: list[tuple[KeptTrack, float]]) -> Plan:
    """The plan with accents where kept drums strike, when they strike: so everyone plays with the drummer.

    What the picture asks for stays where it is.

    Args:
        plan: the plan.
        timeline: its slots.
        drums: tracks, each with its lead.
    """
    strokes: dict[int, tuple[float, float]] = {}
    for track, lead in drums:
        slots, ahead = slots_of(timeline, track.start_s)
        for slot, off, at, key, velocity in zip(
            slots, ahead, track.start_s, track.pitch, track.velocity, strict=True
        ):
            if velocity < SOFTEST or abs(off - lead) > LONGEST_LEAD_S:
                continue
            weight = STRONG.get(int(key), LIGHT) * float(velocity) / 127
            if weight > strokes.get(int(slot), (0.0, 0.0))[0]:
                strokes[int(slot)] = weight, float(at) + lead
    bars = []
    for b, bar in enumerate(plan.grid.bars):
        first = int(timeline.first_slot[b])
        seen = {accent.slot for accent in bar.accents}
        own = [
            Accent(slot, round(strokes[first + slot][1], 4), round(strokes[first + slot][0], 3), "kept")
            for slot in range(bar.slots)
            if slot not in seen and first + slot in strokes and strokes[first + slot][1] < plan.duration_s
        ]
        bars.append(replace(bar, accents=tuple(sorted([*bar.accents, *own], key=lambda a: a.slot))))
    return replace(plan, grid=BeatGrid(tuple(bars), plan.grid.end_s))


def kicks_of(
    timeline: Timeline, drums: list[tuple[KeptTrack, float]], keys: frozenset[int]
) -> frozenset[int]:
    """The slots of the kick, which is what the bass plays with."""
    found: set[int] = set()
    for track, _ in drums:
        struck = np.isin(track.pitch, list(keys)) & (track.velocity >= SOFTEST)
        found |= {int(slot) for slot in slots_of(timeline, track.start_s[struck])[0]}
    return frozenset(found)
