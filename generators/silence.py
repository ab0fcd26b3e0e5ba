"""Silences that are meant: where the music has not come in yet, breathes, or has stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from generators.grid import PlanError
from generators.hits import Hit

KINDS = ("entry", "breath", "stop")
# A hit this close to an edge is at the edge, and sounds.
AT_EDGE_S = 0.03


@dataclass(frozen=True)
class Silence:
    """A stretch in which nothing begins to sound, and what sounded before it dies away.

    Attributes:
        start_s: when the players let go.
        end_s: when the music is there again.
        kind: one of `KINDS`: the music comes in late, breathes before it turns, or stops with the picture.
        why: one sentence for the person who reads the plan.

    Raises:
        PlanError: if it ends before it begins, or is of no known kind.
    """

    start_s: float
    end_s: float
    kind: str
    why: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.start_s < self.end_s:
            raise PlanError(
                f"a silence from {self.start_s:g} to {self.end_s:g} s: it must end after it begins"
            )
        if self.kind not in KINDS:
            raise PlanError(f"a silence's kind {self.kind!r} is none of {', '.join(KINDS)}")

    def covers(self, time_s: float) -> bool:
        """Whether what would begin at a time is not played."""
        return self.start_s - AT_EDGE_S < time_s < self.end_s - AT_EDGE_S


def check_silences(silences: Sequence[Silence], final_s: float) -> None:
    """Refuse silences that overlap, or that the last chord would not be heard in.

    Raises:
        PlanError: naming the silence.
    """
    for before, after in pairwise(silences):
        if after.start_s < before.end_s:
            raise PlanError(f"the silence at {after.start_s:g} s begins before the one ahead of it has ended")
    for silence in silences:
        if silence.end_s > final_s + AT_EDGE_S:
            raise PlanError(
                f"the silence from {silence.start_s:g} to {silence.end_s:g} s lies over the last chord, "
                f"at {final_s:g} s"
            )


def let_go_within(hits: Sequence[Hit], silences: Sequence[Silence]) -> tuple[Hit, ...]:
    """The hits, those that a silence covers let go; those that another one covered are taken up again."""
    heard = []
    for hit in hits:
        if hit.why_heard is not None:
            hit = replace(hit, planned=True, why=hit.why_heard, why_heard=None)
        over = next((silence for silence in silences if silence.covers(hit.played_s)), None)
        if hit.planned and over is not None:
            why = f"in the silence from {over.start_s:g} to {over.end_s:g} s"
            hit = replace(hit, planned=False, why=why, why_heard=hit.why)
        heard.append(hit)
    return tuple(heard)
