"""Speech → restraint: how a plan's music keeps out of the way of words.

What film composers do under dialogue (Karlin and Wright 2004, "On the Track", on scoring under dialogue):
fewer players, fewer notes, no tune and no fill that asks to be listened to, nothing in the register of the
voice that need not be; and the music comes forward where nobody speaks for as long as a phrase. The
plan holds the spoken phrases; all else follows from them when the music is written, so that whoever
edits them gets other music.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from generators.speech import held_back_s

if TYPE_CHECKING:
    from generators.plan import Plan

# Density and loudness of a bar that is spoken over from end to end, as shares of what they were.
THIN, SOFT = 0.4, 0.75


def spoken_shares(plan: Plan) -> NDArray[np.float64]:
    """How much of each bar, `[bars]`, 0 to 1, the music holds back in."""
    edges = np.append(plan.grid.downbeats_s, plan.grid.end_s)
    covered = np.zeros(len(edges) - 1)
    for start, end in held_back_s(plan.speech):
        covered += np.clip(np.minimum(edges[1:], end) - np.maximum(edges[:-1], start), 0.0, None)
    return np.clip(covered / np.diff(edges), 0.0, 1.0)


def under_speech(plan: Plan) -> Plan:
    """The plan with the bars under words thinner and softer; itself where nobody speaks."""
    if not plan.speech:
        return plan
    share = spoken_shares(plan)
    curves = {
        name: tuple((np.array(getattr(plan.curves, name)) * (1 - (1 - left) * share)).round(3).tolist())
        for name, left in (("density", THIN), ("loudness", SOFT))
    }
    return replace(plan, curves=replace(plan.curves, **curves))
