"""Plan + picture → the silences that a film composer would leave.

Spotting decides where music is not, before it decides what it is (Karlin and Wright 2004, "On the Track",
on starting and stopping cues): it comes in with the first picture that moves, it stops with a picture that
stops, and now and then it holds its breath, so that what comes after is struck out of silence. Every silence
ends on something that the picture does and the music meets, and lies over no cut.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from encoders.stream import Streams
from generators.form import DROP_RISE
from generators.hits import EDITS, Hit
from generators.silence import Silence
from generators.stillness import Stillness, find_stillness
from generators.style import load_style
from generators.targets import SAME_EVENT_S

if TYPE_CHECKING:
    from generators.plan import Plan

# A clip shorter than this has no time to be silent in.
SHORTEST_CLIP_S = 10.0
# A late entry: no shorter than is noticed, and no longer than a spectator waits.
ENTRY_S, ENTRY_SHARE = (1.5, 10.0), 0.25
# When a picture that was still begins to move, the music comes in with a movement this near.
MOVES_S = 0.3
# A picture that stops for less is a blink; for longer, another scene.
STOP_S = (1.2, 8.0)
MOVED_BEFORE_S = 1.0
# A breath: its length; how far from one another; how much music is to be heard before and after, from the
# beginning, other silences and the end.
BREATH_S, BREATHS_APART_S, HEARD_S = (0.7, 2.5), 30.0, 6.0
# How much more must happen in the section that a breath is held for; under a pump it takes a drop.
RISE = 0.12


def find_silences(streams: Streams, plan: Plan, *, breaths: bool) -> tuple[Silence, ...]:
    """The silences of a plan that has none yet, in order; none in a dance, which never stops.

    Breaths are only where they are asked for: what is struck out of silence towers over the rest, and
    measures that take onsets relative to the strongest hear less of it.
    """
    if plan.mode != "film" or plan.duration_s < SHORTEST_CLIP_S:
        return ()
    stillness = find_stillness(streams)
    found = [*_entry(plan, stillness), *_stops(plan, stillness)]
    found += _breaths(plan, streams, found) if breaths else []
    return tuple(sorted(found, key=lambda silence: silence.start_s))


def _edits(plan: Plan) -> list[Hit]:
    return [hit for hit in plan.hits if hit.kind in EDITS]


def _fits(plan: Plan, start_s: float, end_s: float, kind: str, why: str) -> list[Silence]:
    """The silence, unless an edit is in its way or the last chord is."""
    silence = Silence(round(start_s, 4), round(end_s, 4), kind, why)
    covered = any(silence.covers(time) for hit in _edits(plan) for time in (hit.time_s, hit.played_s))
    return [] if covered or end_s > plan.final_s - MOVED_BEFORE_S else [silence]


def _entry(plan: Plan, stillness: Stillness) -> list[Silence]:
    """The wait for the first picture that moves, after black, a title or a still."""
    longest = min(ENTRY_S[1], ENTRY_SHARE * plan.duration_s)
    edits = [hit for hit in _edits(plan) if hit.time_s >= ENTRY_S[0]]
    end = edits[0] if edits else None
    if end is not None and end.planned and stillness.lasts(0.0, end.time_s):
        if not ENTRY_S[0] <= end.played_s <= longest or stillness.lasts(end.time_s, end.time_s + ENTRY_S[0]):
            return []
        return _fits(plan, 0.0, end.played_s, "entry", f"a still opening, up to the {end.kind} that ends it")
    opening = stillness.opening_s
    moves = [a.time_s for bar in plan.grid.bars for a in bar.accents]
    moves += [hit.played_s for hit in plan.planned_hits]
    near = [time for time in moves if abs(time - opening) <= MOVES_S and ENTRY_S[0] <= time <= longest]
    if not near:
        return []
    first = min(near, key=lambda time: abs(time - opening))
    return _fits(plan, 0.0, first, "entry", "a still opening, up to the first movement")


def _stops(plan: Plan, stillness: Stillness) -> list[Silence]:
    """Hard cuts to black or to a still, and back: struck, left to ring for a beat, then nothing."""
    stops: list[Silence] = []
    edits = _edits(plan)
    for stop, back in pairwise(edits):
        length = back.time_s - stop.time_s
        if not (stop.planned and back.planned and stop.kind != "fade" and STOP_S[0] <= length <= STOP_S[1]):
            continue
        before = stillness.share(stop.time_s - MOVED_BEFORE_S, stop.time_s)
        if not stillness.lasts(stop.time_s, back.time_s) or before > 0.5 or stop.time_s < MOVED_BEFORE_S:
            continue
        if stillness.lasts(back.time_s, back.time_s + MOVED_BEFORE_S):
            continue
        struck = float(plan.grid.beat_at(stop.played_s))
        start = float(plan.grid.time_s(struck + 1.0))
        if back.played_s - start >= BREATH_S[0]:
            why = f"the picture stops at {stop.time_s:.2f} s, and goes on at {back.time_s:.2f} s"
            stops += _fits(plan, start, back.played_s, "stop", why)
    return stops


def _breaths(plan: Plan, streams: Streams, others: list[Silence]) -> list[Silence]:
    """Half a bar to a bar before the strongest turns, far apart."""
    mix = load_style(plan.style).arrangement.get("mix", {})
    rise = DROP_RISE if "pump" in mix else RISE
    cuts_s = streams["cuts"].times_s if "cuts" in streams else np.zeros(0)
    rows: list[tuple[float, Silence]] = []
    for before, section in pairwise(plan.sections):
        more = section.energy - before.energy
        turn = [h for h in plan.planned_hits if (h.bar, h.slot, h.kind) == (section.start_bar, 0, "section")]
        if more < rise or not turn or not (np.abs(cuts_s - turn[0].time_s) < SAME_EVENT_S).any():
            continue
        title = f"before section {section.title}, in which more happens"
        rows += [(more, silence) for silence in _breath(plan, section.start_bar, turn[0].played_s, title)]
    kept: list[Silence] = []
    for _, breath in sorted(rows, key=lambda row: -row[0]):
        far = all(abs(breath.end_s - other.end_s) >= BREATHS_APART_S for other in kept)
        clear = all(
            breath.start_s - other.end_s >= HEARD_S or other.start_s - breath.end_s >= HEARD_S
            for other in others
        )
        if far and clear and breath.start_s >= HEARD_S and breath.end_s <= plan.final_s - HEARD_S:
            kept.append(breath)
    return kept


def _breath(plan: Plan, bar: int, end_s: float, why: str) -> list[Silence]:
    """The last beats of the bar before: half of them, or as many more as it takes to be heard as meant."""
    beats_s = plan.grid.bars[bar - 1].beats_s
    for start_s in reversed(beats_s[: len(beats_s) // 2 + 1]):
        if BREATH_S[0] <= end_s - start_s <= BREATH_S[1]:
            return _fits(plan, start_s, end_s, "breath", why)
    return []
