"""Written notes → played notes: when exactly, how hard, for how long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.rhythm.notes import Note
from generators.rhythm.rests import sounding
from generators.rhythm.timeline import Timeline, metric_weight

SHORTEST_S = 0.04
LATEST_START_S = 0.06  # before the end of the picture
HUMANISE_LIMIT_S = 0.008
# In a full mix an attack is heard this much after its note begins; hits alone are placed to the millisecond.
BLOOM_S = 0.030
EARLIEST_S = 0.048  # however slowly an instrument speaks: from here on it is heard as early
CLEAR_BEFORE_FINAL_S = 0.05  # nothing else starts this close before the last chord

# MIDI velocity from how loud the bar is and how strong the note is within its line.
QUIETEST, LOUDEST = 30.0, 118.0
LOUDNESS_SHARE = 0.72


@dataclass(frozen=True, eq=False)
class Played:
    """One track's notes as arrays `[N]`, sorted by time: float64 seconds, int pitches and velocities."""

    start_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    pitch: NDArray[np.int64]
    velocity: NDArray[np.int64]


def perform(
    timeline: Timeline,
    notes: list[Note],
    rng: np.random.Generator,
    humanise_s: float,
    stress: float,
    attack_s: float = 0.0,
    bloom_s: float = BLOOM_S,
) -> Played:
    """Play one part.

    Every time comes from the timeline, strays by at most 8 ms or leans as its note says (never on a
    hit, nor where the picture moves), and lies within the picture; nothing but what rings sounds after
    `final_s` unless it is a hit; nothing begins in a silence of the plan; one pitch never overlaps itself.
    All are played `bloom_s` early, and an instrument that speaks late is `attack_s` earlier still.
    """
    plan = timeline.plan
    end_s = plan.duration_s
    moved = _moments(timeline)
    rows: list[tuple[float, float, int, int]] = []
    for note in sorted(notes, key=lambda n: (n.slot, n.pitch)):
        exact = note.exact_s is not None
        draw = float(rng.standard_normal())
        written = note.exact_s if note.exact_s is not None else timeline.seconds(note.slot)
        body = not exact and not note.rings
        if body and written > plan.final_s - CLEAR_BEFORE_FINAL_S:
            continue
        shift = 0.0
        if body:
            shift -= min(attack_s + bloom_s, EARLIEST_S)
        if body and note.slot not in moved:
            stray = float(np.clip(draw * humanise_s, -HUMANISE_LIMIT_S, HUMANISE_LIMIT_S))
            shift += stray if note.lean_s is None else note.lean_s
        stop = end_s if note.rings else timeline.seconds(note.end)
        if exact and not note.rings:
            stop = written + max(stop - timeline.seconds(note.slot), SHORTEST_S)
        if body:
            stop = min(stop, plan.final_s)
        for from_s, to_s in sounding(written, stop, plan.silences, again=body):
            start = float(np.clip(from_s + shift, 0.0, max(end_s - LATEST_START_S, 0.0)))
            to_s = min(max(to_s, start + SHORTEST_S), end_s)
            rows.append((start, to_s - start, note.pitch, _velocity(timeline, note, stress)))
    return _without_overlaps(rows)


def _moments(timeline: Timeline) -> frozenset[int]:
    """Slots on which the picture moves, or is hit: there everyone is together."""
    slots = {
        int(timeline.first_slot[b]) + a.slot
        for b, bar in enumerate(timeline.plan.grid.bars)
        for a in bar.accents
    }
    return frozenset(slots | {int(timeline.first_slot[h.bar]) + h.slot for h in timeline.plan.planned_hits})


def _velocity(timeline: Timeline, note: Note, stress: float) -> int:
    bar, within = timeline.within_bar(note.slot)
    grid, loudness = timeline.plan.grid, timeline.plan.curves.loudness
    here = loudness[bar]
    ahead = loudness[bar + 1] if bar + 1 < timeline.bars else here
    # Within a bar players lean towards the next one; the curve itself is met on the downbeat.
    level = here + 0.35 * (ahead - here) * within / grid.bars[bar].slots
    place = metric_weight(round(within), grid.bars[bar].beats, grid.bars[bar].slots_per_beat)
    own = 0.55 * note.stress + 0.25 * stress + 0.2 * place
    share = (
        LOUDNESS_SHARE * level + (1 - LOUDNESS_SHARE) * own
        if note.exact_s is None
        else 0.35 * level + 0.65 * own
    )
    return int(np.clip(round((QUIETEST + (LOUDEST - QUIETEST) * share) * note.touch), 1, 127))


def _without_overlaps(rows: list[tuple[float, float, int, int]]) -> Played:
    """End each note before its own pitch is struck again; of two at one instant keep the louder."""
    kept: list[tuple[float, float, int, int]] = []
    last: dict[int, int] = {}
    for start, duration, pitch, velocity in sorted(rows, key=lambda r: (r[0], r[2], -r[3], -r[1])):
        if pitch in last:
            earlier = kept[last[pitch]]
            if start - earlier[0] < SHORTEST_S / 2:
                kept[last[pitch]] = (
                    earlier[0],
                    max(earlier[1], start + duration - earlier[0]),
                    pitch,
                    max(earlier[3], velocity),
                )
                continue
            if earlier[0] + earlier[1] > start - 0.001:
                kept[last[pitch]] = (earlier[0], start - earlier[0] - 0.001, pitch, earlier[3])
        last[pitch] = len(kept)
        kept.append((start, duration, pitch, velocity))
    return Played(
        np.array([row[0] for row in kept], dtype=np.float64),
        np.array([row[1] for row in kept], dtype=np.float64),
        np.array([row[2] for row in kept], dtype=np.int64),
        np.array([row[3] for row in kept], dtype=np.int64),
    )
