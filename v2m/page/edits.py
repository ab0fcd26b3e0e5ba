"""What a visitor may change of a version, checked against what is there."""

from __future__ import annotations

import math
from dataclasses import dataclass

from generators.wishes import MOODS
from v2m.page.choices import ChoiceError, known_styles
from v2m.page.sheet import Sheet
from v2m.score_page.text import instant


@dataclass(frozen=True)
class MoveHit:
    """A hit is to be met at another instant."""

    number: int
    to_s: float

    def check(self, sheet: Sheet) -> None:
        """Raises `ChoiceError` if there is no such hit, or the instant is outside the clip."""
        _there(self.number, sheet.hits, "hit")
        if not (math.isfinite(self.to_s) and 0 <= self.to_s < sheet.duration_s):
            raise ChoiceError(f"A hit lies within the clip, 0 to {sheet.duration_s:.2f} s.")

    def told(self, sheet: Sheet) -> str:
        """The change in a few words."""
        return f"hit moved to {instant(self.to_s, exact=True)}"


@dataclass(frozen=True)
class DeleteHit:
    """A hit is no longer to be met."""

    number: int

    def check(self, sheet: Sheet) -> None:
        """Raises `ChoiceError` if there is no such hit."""
        _there(self.number, sheet.hits, "hit")

    def told(self, sheet: Sheet) -> str:
        """The change in a few words."""
        return f"hit at {instant(sheet.hits[self.number].time_s, exact=True)} deleted"


@dataclass(frozen=True)
class ChangeSection:
    """A section gets another mood, the piece another style; what is None stays."""

    number: int
    mood: str | None
    style: str | None

    def check(self, sheet: Sheet) -> None:
        """Raises `ChoiceError` if there is no such section, mood or style, or nothing is asked for."""
        _there(self.number, sheet.sections, "section")
        if self.mood is None and self.style is None:
            raise ChoiceError("Choose another mood or another style first.")
        if self.mood is not None and self.mood not in MOODS:
            raise ChoiceError("That mood is not among those that are known.")
        if self.style is not None and self.style not in known_styles():
            raise ChoiceError("That style is not among those that ship.")

    def told(self, sheet: Sheet) -> str:
        """The change in a few words."""
        words = ", ".join(word for word in (self.mood, self.style) if word is not None)
        return f"section {sheet.sections[self.number].title} {words}"


@dataclass(frozen=True)
class Regenerate:
    """Bars are written anew, except in the tracks that are locked; bars are counted from 1, both included."""

    first: int
    last: int
    locked: tuple[str, ...]

    def check(self, sheet: Sheet) -> None:
        """Raises `ChoiceError` if there are no such bars or tracks, or every track is locked."""
        if not 1 <= self.first <= self.last <= len(sheet.downbeats_s):
            raise ChoiceError(f"Bars go from 1 to {len(sheet.downbeats_s)}, the first before the last.")
        names = {track.name for track in sheet.tracks}
        if not names.issuperset(self.locked):
            raise ChoiceError("There is no such track to lock.")
        if names.issubset(self.locked):
            raise ChoiceError("Every track is locked: leave one free to be written anew.")

    def told(self, sheet: Sheet) -> str:
        """The change in a few words."""
        bars = f"bar {self.first}" if self.first == self.last else f"bars {self.first}–{self.last}"
        return f"{bars} written anew"


Edit = MoveHit | DeleteHit | ChangeSection | Regenerate


def _there(number: int, among: tuple[object, ...], what: str) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < len(among):
        raise ChoiceError(f"Choose a {what} first.")
