"""Picture and plan → the strokes that the VQ-GAN is to play: when, how hard, how deep.

Two hands. One plays what moves: the plan's hits and the accents it has laid on the bars, and of the picture's
own streams the kinematic beats and visual onsets that neither of them tells of. The other keeps the
beat softly on the plan's grid where nothing moves, as full as the bar is to be. Where they meet the
picture's hand has it: one instant, one stroke.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.stream import Streams
from generators.plan import Plan
from generators.rhythm.timeline import Timeline

SAME_S = 0.07  # nearer than this, two are heard as one
LEAST_SEEN = 0.2  # of a kinematic beat or visual onset that the plan has no accent for
MOVED_POWER = 0.5  # weights of the picture are bent towards one another, as in `generators.rhythm.pulse`
HARDEST = 0.95
# How many of the picture's own instants are played a second, the strongest first, at density 0 and 1.
MOVED_PER_S = {"film": (0.8, 3.0), "dance": (1.5, 4.0)}


@dataclass(frozen=True)
class Stroke:
    """One attack.

    Attributes:
        time_s: when.
        low, mid, high: how hard in each band, 0 to 1.
        moved: 0 to 1, how much the picture asks for it; 0 for one that keeps the beat.
    """

    time_s: float
    low: float
    mid: float
    high: float
    moved: float = 0.0

    @property
    def strength(self) -> float:
        return max(self.low, self.mid, self.high)


def find_strokes(timeline: Timeline, streams: Streams | None, *, drums: bool) -> list[Stroke]:
    """The strokes of a plan, in order, up to its last chord, which is one of them.

    Args:
        timeline: of the plan.
        streams: of the picture; None where only its plan is at hand.
        drums: whether the style has any; without them the beat is kept by tones alone.
    """
    plan = timeline.plan
    moved = [stroke_of(t, w) for t, w in _fewest(plan, _instants(plan, streams)) if t < plan.final_s - SAME_S]
    beat = [s for s in _beat(timeline, drums) if s.time_s < plan.final_s - SAME_S]
    at = np.array([s.time_s for s in moved])
    free = [s for s in beat if not len(at) or np.abs(at - s.time_s).min() > SAME_S]
    last = Stroke(plan.final_s, 0.8, 0.6, 0.4, 1.0)
    played = sorted([*moved, *free, last], key=lambda s: s.time_s)
    return [s for s in played if not any(silence.covers(s.time_s) for silence in plan.silences)]


def _instants(plan: Plan, streams: Streams | None) -> list[tuple[float, float]]:
    """(time in s, weight) of everything that moves; of two at one instant the plan's."""
    found = [(hit.played_s, hit.weight) for hit in plan.planned_hits]
    found = _with(found, [(a.time_s, a.weight) for bar in plan.grid.bars for a in bar.accents])
    for name in ("kinematic_beats", "visual_onsets"):
        stream = None if streams is None else streams.get(name)
        if stream is not None:
            strength = stream.column("strength") * stream.mask
            found = _with(
                found,
                [
                    (float(t), float(w))
                    for t, w in zip(stream.times_s, strength, strict=True)
                    if w >= LEAST_SEEN
                ],
            )
    return sorted(found)


def _with(known: list[tuple[float, float]], others: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The instants known, and those of others that lie apart from all."""
    kept = list(known)
    for time, weight in sorted(others, key=lambda one: -one[1]):
        if all(abs(time - t) > SAME_S for t, _ in kept):
            kept.append((time, weight))
    return kept


def _fewest(plan: Plan, instants: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """As many as each bar is full, the weightiest."""
    grid = plan.grid
    low, high = MOVED_PER_S[plan.mode]
    kept: list[tuple[float, float]] = []
    owed = 0.0
    for b in range(len(grid.bars)):
        start, end = (0.0 if b == 0 else grid.bars[b].start_s), grid.bar_end_s(b)
        inside = [one for one in instants if start - SAME_S <= one[0] < end - SAME_S]
        rate = low + (high - low) * plan.curves.density[b]
        owed = rate * (end - start) + float(np.clip(owed, -0.5, 0.5))
        kept += sorted(inside, key=lambda one: -one[1])[: max(round(owed), 1)]
        owed -= round(owed)
    return sorted(kept)


def stroke_of(time_s: float, weight: float) -> Stroke:
    """The stroke that the picture asks for: the weightier the deeper."""
    hard = float(np.clip(weight, 0, 1)) ** MOVED_POWER
    return Stroke(
        time_s, HARDEST * hard if weight > 0.25 else 0.0, HARDEST * hard, 0.55 + 0.3 * hard, max(weight, 0.05)
    )


def _beat(timeline: Timeline, drums: bool) -> list[Stroke]:
    """The beat, softly: its depth by the place in the bar, its fineness by how full the bar is."""
    plan, grid = timeline.plan, timeline.plan.grid
    strokes = []
    share = 1.0 if drums else 0.5
    for b, bar in enumerate(grid.bars):
        full = plan.curves.density[b]
        for slot in range(bar.slots):
            beat, within = divmod(slot, bar.slots_per_beat)
            low = mid = high = 0.0
            if within == 0:
                low = 0.5 if beat == 0 else 0.35 if full > 0.4 and beat % 2 == 0 else 0.0
                mid = 0.35 if beat % 2 == 1 and full > 0.25 else 0.0
                high = 0.3 if full > 0.2 else 0.0
            elif within % bar.eighth_slots == 0 and full > 0.45:
                high = 0.2
            if max(low, mid, high) > 0:
                time_s = float(timeline.played_s[int(timeline.first_slot[b]) + slot])
                strokes.append(Stroke(time_s, share * low, share * mid, share * high))
    return strokes


def as_events(strokes: list[Stroke]) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Strokes → (times, strengths) of each band, as `controls.draw_onsets` takes them."""
    events = []
    for band in ("low", "mid", "high"):
        heard = [(s.time_s, getattr(s, band)) for s in strokes if getattr(s, band) > 0]
        events.append((np.array([t for t, _ in heard]), np.array([w for _, w in heard])))
    return events
