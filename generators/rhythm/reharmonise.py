"""A section's chords → the same, bent to the picture: to its cuts, and to where it is tense."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from itertools import zip_longest

from generators.rhythm.chord_draft import Draft, in_key
from generators.rhythm.chord_odds import ChordOdds
from generators.rhythm.chord_space import kind_of, root_of, symbol
from generators.rhythm.progressions import START
from generators.rhythm.timeline import Timeline

HIT_WEIGHT = 0.5  # cuts as heavy as this change the harmony
APPLIED_FROM = 0.45  # tension from which chords are approached by dominants of their own
APPLIED_SLOPE = 1.2
SHORTEST_BEATS = 2

OddsOf = Callable[[str], ChordOdds]


def meet_hits(drafts: list[Draft], timeline: Timeline, odds_of: OddsOf) -> list[Draft]:
    """Change the harmony on every heavy cut.

    A change that was to come within half a bar comes now; elsewhere the chord gives way to one that
    stands in for it and shares a note, so that what is heard is a turn and not a jump.
    """
    plan = timeline.plan
    strong = sorted(
        int(timeline.first_slot[h.bar]) + h.slot
        for h in plan.planned_hits
        if h.kind in ("section", "cut", "fade") and h.weight >= HIT_WEIGHT
    )
    out: list[Draft] = []
    early: int | None = None
    for i, draft in enumerate(drafts):
        rest = draft if early is None else replace(draft, start=early)
        early = None
        following = drafts[i + 1] if i + 1 < len(drafts) else None
        k = bisect_left(strong, rest.start + 1)
        if k < len(strong) and strong[k] < rest.end and not rest.cadence:
            slot = strong[k]
            bar = plan.grid.bars[timeline.bar_of(slot)]
            if rest.end - slot <= bar.slots // 2 and following is not None and not following.opens:
                early = slot
                rest = replace(rest, end=slot)
            elif rest.start + bar.slots_per_beat <= slot <= rest.end - bar.slots_per_beat:
                out.append(replace(rest, end=slot))
                rest = replace(rest, start=slot, symbol=_another(out, following, odds_of), opens=False)
        out.append(rest)
    return out


def _another(drafts: list[Draft], following: Draft | None, odds_of: OddsOf) -> int:
    """What the last of the drafts gives way to."""
    here = drafts[-1]
    then = None if following is None else in_key(following.symbol, following.key, here.key)
    before = START
    if len(drafts) > 1:
        before = in_key(drafts[-2].symbol, drafts[-2].key, here.key)
    return odds_of(here.key.mode).stand_in((before, here.symbol), here.symbol, then, another=True)


def point_at(drafts: list[Draft], timeline: Timeline) -> list[Draft]:
    """Where the picture is tense, give the second half of a long chord to the dominant of the next."""
    out: list[Draft] = []
    for draft, following in zip_longest(drafts, drafts[1:]):
        bar = timeline.plan.grid.bars[timeline.bar_of(draft.start)]
        tension = timeline.plan.curves.tension[timeline.bar_of(draft.start)]
        draw = timeline.random("applied", draft.start).random()
        half = (draft.end - draft.start) // 2 // bar.slots_per_beat * bar.slots_per_beat
        if (
            following is not None
            and not (draft.cadence or following.opens)
            and following.key == draft.key
            and kind_of(following.symbol) in ("maj", "min")
            and root_of(following.symbol) != 0
            and half >= SHORTEST_BEATS * bar.slots_per_beat
            and draw < APPLIED_SLOPE * (tension - APPLIED_FROM)
        ):
            applied = symbol(root_of(following.symbol) + 7, "dom")
            if root_of(applied) != root_of(draft.symbol):
                middle = draft.end - half
                out += [replace(draft, end=middle), replace(draft, start=middle, symbol=applied, opens=False)]
                continue
        out.append(draft)
    return out
