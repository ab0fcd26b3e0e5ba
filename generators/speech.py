"""Spoken phrases, and where music holds back for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generators.grid import PlanError

# The music does not come forward in a pause that is shorter than a musical phrase can be.
ANSWER_S = 2.0


@dataclass(frozen=True)
class Speech:
    """A spoken phrase.

    Attributes: `start_s`, `end_s`, seconds of the picture.

    Raises:
        PlanError: if it ends before it begins.
    """

    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        if not 0 <= self.start_s < self.end_s:
            raise PlanError(f"speech from {self.start_s:g} to {self.end_s:g} s: it must end after it begins")


def held_back_s(speech: Sequence[Speech]) -> list[tuple[float, float]]:
    """Where the music holds back, (start, end) in seconds: phrases, and the pauses too short to answer in."""
    spans: list[tuple[float, float]] = []
    for phrase in sorted(speech, key=lambda phrase: phrase.start_s):
        if spans and phrase.start_s - spans[-1][1] < ANSWER_S:
            spans[-1] = (spans[-1][0], max(spans[-1][1], phrase.end_s))
        else:
            spans.append((phrase.start_s, phrase.end_s))
    return spans


def words_over(time_s: float, speech: Sequence[Speech]) -> tuple[float, float] | None:
    """The stretch of words (start, end) under which a time lies, or None."""
    return next(((a, b) for a, b in held_back_s(speech) if a <= time_s < b), None)
