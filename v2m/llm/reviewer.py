"""A language model among the critics: what it asks for is tried, measured, and kept only if it helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from generators.grid import PlanError
from v2m.critics.changes import change_of
from v2m.critics.critic import Critic
from v2m.critics.reward import reward, terms
from v2m.critics.work import Request, Work
from v2m.llm.endpoint import Endpoint, NoAnswerError
from v2m.llm.questions import MOST_REQUESTS, arrangement, review

MOST_PLAYERS = 12
"""Sections whose players a model may change."""

Question = Callable[[Endpoint, Work], list[tuple[str, dict[str, Any]]]]


class Reviewer:
    """A model at an address. Once it has failed to answer it is not asked again.

    Attributes:
        notes: sentences for the person: what it did not answer, or asked for that cannot be.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.notes: list[str] = []
        self._endpoint = endpoint
        self._gone = False

    def critics(self, weights: Mapping[str, float]) -> tuple[Critic, ...]:
        """The two that it plays: who arranges, asked once, and who reviews, asked in every round.

        Args:
            weights: of the reward, which is what both are judged by.
        """

        def whole(assessment: Any) -> float:
            return reward(terms(assessment), weights)

        def arranges(work: Work, asked: int) -> Iterator[Request]:
            return iter(()) if asked else self._ask(arrangement, work, MOST_PLAYERS)

        def reviews(work: Work, asked: int) -> Iterator[Request]:
            return self._ask(review, work, MOST_REQUESTS)

        return (
            Critic("model, arranging", "reward", whole, arranges, tries=MOST_PLAYERS, goes_on=True),
            Critic("model, reviewing", "reward", whole, reviews, tries=MOST_REQUESTS, goes_on=True),
        )

    def _ask(self, question: Question, work: Work, most: int) -> Iterator[Request]:
        if self._gone:
            return
        try:
            rows = question(self._endpoint, work)
        except NoAnswerError as error:
            self._gone = True
            self.notes.append(
                f"The language model gave no answer that can be used: {error}. v2m's own critics went on."
            )
            return
        voices = [voice.name for voice in work.music.voices]
        refused = []
        for found, row in rows[:most]:
            try:
                yield Request(" ".join(found.split()), change_of(row, work.plan, voices))
            except PlanError as error:
                refused.append(str(error))
        if refused:
            self.notes.append(f"The language model asked for what cannot be: {'; '.join(refused[:3])}.")
