"""Movement of a phrase → the light attacks of its bars: a figure that holds, and bends to the picture.

A figuration that answered each bar by itself would play another rhythm in every bar, which people do not:
they keep a figure for a phrase. So what moves in a bar is weighed together with what moves in the
phrase's bars on the same place: the figure stays, strong movement beside it is still answered, and a place
of the figure on which nothing moves this time is played softly rather than left out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from generators.form import Section
from generators.rhythm.motif import phrases
from generators.rhythm.timeline import Timeline

# Attacks a second, at density 0 and at density 1, with the light ones, which only the figuration plays.
WITH_LIGHT_PER_S = {"film": (0.8, 9.0), "dance": (1.2, 7.0)}
# How much of a slot's claim is what moves there in the phrase, the rest being what moves in the bar: a dancer
# is answered to the letter.
HOLD = {"film": 0.75, "dance": 0.3}
# Density from which it has all of that claim: the few notes of an emptier bar are all answers.
KEPT_FROM = 0.2
NIMBLE_S = 0.11  # neighbouring slots are played only if they are this far apart


def usual_movement(
    sections: Sequence[Section], moves: Sequence[NDArray[np.float64]]
) -> list[NDArray[np.float64]]:
    """For each bar the mean movement of its phrase's bars of the same length, slot by slot.

    Args:
        sections: of the piece, in order, without gaps.
        moves: per bar `[slots]`, 0 to 1.

    Returns:
        Per bar `[slots]`, 0 to 1.
    """
    usual: list[NDArray[np.float64]] = []
    for section in sections:
        for start, end in phrases(section.start_bar, section.end_bar):
            phrase = moves[start:end]
            usual += [np.mean([m for m in phrase if len(m) == len(bar)], axis=0) for bar in phrase]
    return usual


def light_slots(
    timeline: Timeline,
    b: int,
    moves: NDArray[np.float64],
    usual: NDArray[np.float64],
    chosen: Collection[int],
    barred: Collection[int],
) -> list[int]:
    """The slots of a bar that only the figuration plays, the foremost first.

    There are as many as what moves in the bar alone would have.

    Args:
        moves: `[slots]`, what moves in the bar.
        usual: `[slots]`, what moves in its phrase.
        chosen: the slots on which the ensemble attacks.
        barred: the slots that are left free.
    """
    plan = timeline.plan
    low, high = WITH_LIGHT_PER_S[plan.mode]
    length_s = timeline.bar_length_s(b)
    room = round((low + (high - low) * plan.curves.density[b]) * length_s) - len(chosen)
    apart = 1 if length_s / len(moves) >= NIMBLE_S else 2
    hold = HOLD[plan.mode] * min(plan.curves.density[b] / KEPT_FROM, 1.0)
    # No more than what moves would have by itself: a bar in which little moves stays empty.
    count = len(_foremost(moves, room, apart, chosen, barred))
    return _foremost((1 - hold) * moves + hold * usual, count, apart, chosen, barred)


def _foremost(
    claim: NDArray[np.float64], room: int, apart: int, chosen: Collection[int], barred: Collection[int]
) -> list[int]:
    """The slots with most claim that lie free of one another and of those chosen."""
    found: list[int] = []
    for slot in np.argsort(-claim, kind="stable"):
        if len(found) >= room or claim[slot] <= 0:
            break
        if slot not in barred and all(abs(slot - other) >= apart for other in [*chosen, *found]):
            found.append(int(slot))
    return found
