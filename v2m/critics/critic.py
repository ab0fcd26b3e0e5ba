"""What a critic is: a measure of its own, and what it asks for where that is poor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from v2m.critics.assessment import Assessment
from v2m.critics.work import Request, Work


@dataclass(frozen=True)
class Critic:
    """One of them.

    Attributes:
        name: what it assesses.
        measure: what its own number is, in words.
        score: that number of a version, higher is better; nan where it cannot be told.
        ask: what it asks for, the most pressing first. It is told how often it has asked before, so that
            it asks for something else.
        tries: how much of that is tried in a round; None for what the rounds allow.
        goes_on: whether it goes on once one of its changes has been kept.
    """

    name: str
    measure: str
    score: Callable[[Assessment], float]
    ask: Callable[[Work, int], Iterator[Request]]
    tries: int | None = None
    goes_on: bool = False
