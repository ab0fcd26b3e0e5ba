"""Hit points: the instants of the picture that the music means to meet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hit:
    """One instant of the picture, and how the grid meets it.

    Attributes:
        time_s: the event in the picture.
        kind: section, cut, fade, beat (kinematic), accent.
        weight: 0 to 1.
        planned: true if the music is to meet it, false if it was let go (`why` says why).
        played_s: when the music sounds it (a grid position, leaned by at most 30 ms).
        bar, slot: that position in the grid.
        why: one sentence for the person who reads the plan.
    """

    time_s: float
    kind: str
    weight: float
    planned: bool
    played_s: float
    bar: int
    slot: int
    why: str = ""

    @property
    def error_s(self) -> float:
        """How late (+) or early (−) the music is."""
        return self.played_s - self.time_s
