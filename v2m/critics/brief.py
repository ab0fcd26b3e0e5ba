"""Plan + streams → what the music is to answer: the same, whatever the critics change in the plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.stream import Streams
from generators.grid import BeatGrid
from generators.hits import EDITS
from generators.plan import Plan
from v2m.alignment.curves import count_steps, per_second
from v2m.alignment.seen import accents_of, inside
from v2m.alignment.trains import Train

FEELINGS = ("valence", "arousal", "tension")


@dataclass(frozen=True, eq=False)
class Brief:
    """What the picture shows and the person asked for.

    Attributes:
        duration_s: of the picture.
        grid: the bars that all is written in.
        cuts_s: cuts and fades, float64 `[cuts]`.
        accents: instants that music might meet, with how strongly they show.
        motion: how much moves in each second, float64 `[seconds]`; nan where that is not known.
        feelings: valence, arousal and tension that each second should have, float64 `[seconds]`: the
            picture's, as the person's wishes have bent them.
        key_is_asked_for: whether the person has named a key.
        chords_asked_for: the bars, counted from 0, whose chords are written in the plan.
    """

    duration_s: float
    grid: BeatGrid
    cuts_s: NDArray[np.float64]
    accents: Train
    motion: NDArray[np.float64]
    feelings: dict[str, NDArray[np.float64]]
    key_is_asked_for: bool = False
    chords_asked_for: frozenset[int] = frozenset()

    @property
    def seconds(self) -> int:
        return len(self.motion)

    def second_bars(self) -> NDArray[np.int64]:
        """The bar in which the middle of each second lies, int64 `[seconds]`."""
        return np.array([self.grid.bar_at(second + 0.5) for second in range(self.seconds)], dtype=np.int64)


def make_brief(plan: Plan, streams: Streams | None, *, key_is_asked_for: bool = False) -> Brief:
    """What the music of a plan is to answer.

    Args:
        plan: as it was made, before any critic changed it.
        streams: of the clip; without them, cuts and accents are those that stand in the plan, and how
            much moves is not known.
        key_is_asked_for: whether the person has named a key: then none is changed.
    """
    seconds = count_steps(plan.duration_s)
    bars = [plan.grid.bar_at(second + 0.5) for second in range(seconds)]
    feelings = {
        name: np.array([getattr(plan.curves, name)[bar] for bar in bars], dtype=np.float64)
        for name in FEELINGS
    }
    motion = np.full(seconds, np.nan)
    if streams is None:
        cuts = np.array([hit.time_s for hit in plan.hits if hit.kind in EDITS], dtype=np.float64)
        marked = sorted((a.time_s, a.weight) for bar in plan.grid.bars for a in bar.accents)
        rows = np.array(marked, dtype=np.float64).reshape(-1, 2)
        accents = Train(rows[:, 0], rows[:, 1])
    else:
        cuts = streams["cuts"].times_s
        moves = streams["visual_onsets"]
        accents = accents_of(streams, moves.times_s, moves.column("strength").astype(np.float64))
        energy = streams["motion"]
        values = np.where(energy.mask, energy.column("energy"), np.nan).astype(np.float64)
        motion = per_second(energy.times_s, values, plan.duration_s)
    return Brief(
        plan.duration_s,
        plan.grid,
        inside(np.sort(cuts), plan.duration_s),
        accents,
        motion,
        feelings,
        key_is_asked_for,
        frozenset(chord.bar for chord in plan.chords),
    )
