"""What every sense looks like to `encode`: it sees the frames as they pass, then says what it saw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from encoders.frames import FrameBatch
from encoders.stream import Stream


class Sense(Protocol):
    """One way of looking at a clip.

    Attributes:
        name: what it is called, unique among the senses.
        notes: sentences for the run report (what was missing, what to install).
    """

    name: str
    notes: list[str]

    def see(self, batch: FrameBatch) -> None:
        """Take in the next frames; called with every batch, in order, always on one thread."""
        ...

    def finish(self, streams: Mapping[str, Stream]) -> list[Stream]:
        """Say what was seen; `streams` are those of the senses that finished before."""
        ...
