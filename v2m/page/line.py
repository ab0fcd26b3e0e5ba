"""Who waits for whom: one piece of work at a time, in the order in which they came."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from v2m.page.limits import LimitError
from v2m.page.work import StoppedError

MOST_EACH = 2
"""How many pieces of work one visitor may have waiting or under way."""
_GONE_S = 60.0


class Place:
    """One's place in the line."""

    def __init__(self, line: Line, owner: str) -> None:
        self.owner = owner
        self.seen_s = time.monotonic()
        self._line = line

    def before(self) -> int:
        """How many are before this one; 0 when it is its turn.

        Raises:
            StoppedError: if it has been taken out of the line.
        """
        self.seen_s = time.monotonic()
        return self._line.before(self)


class Line:
    """A line of places; whoever does not ask for their place any more loses it.

    Args:
        most: how many may stand in it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._places: list[Place] = []
        self._guard = threading.Lock()

    @contextmanager
    def place(self, owner: str) -> Iterator[Place]:
        """A place at the end, kept until the block ends; `owner` is a visitor, `:` and one of their pages.

        Raises:
            LimitError: if the line is full, or the visitor has enough in it.
        """
        place = Place(self, owner)
        with self._guard:
            self._drop_the_gone()
            visitor = owner.partition(":")[0]
            if sum(one.owner.partition(":")[0] == visitor for one in self._places) >= MOST_EACH:
                raise LimitError(
                    "Two pieces of yours are being made already; wait for one of them, or stop it."
                )
            if len(self._places) >= self._most:
                raise LimitError("Many pieces are waiting already; please come again in a few minutes.")
            self._places.append(place)
        try:
            yield place
        finally:
            with self._guard:
                if place in self._places:
                    self._places.remove(place)

    def before(self, place: Place) -> int:
        """See `Place.before`."""
        with self._guard:
            self._drop_the_gone()
            if place not in self._places:
                raise StoppedError
            return self._places.index(place)

    def leave(self, owner: str) -> None:
        """Take all of somebody's places out of the line."""
        with self._guard:
            self._places = [place for place in self._places if place.owner != owner]

    def _drop_the_gone(self) -> None:
        oldest_s = time.monotonic() - _GONE_S
        self._places = [place for place in self._places if place.seen_s > oldest_s]
