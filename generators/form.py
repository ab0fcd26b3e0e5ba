"""Form: which stretch of the clip is which section, and which sections share a theme."""

from __future__ import annotations

from dataclasses import dataclass

from generators.key import Key


@dataclass(frozen=True)
class Section:
    """A run of bars that carries one musical thought.

    Attributes:
        label: A, B, C …; sections with one label share a theme. A return is varied (A').
        role: intro, theme, outro.
        start_bar, end_bar: half-open range of bars.
        variation: 0 the first time the label is heard, then 1, 2 …
        key: the section's key.
        energy: 0 to 1, mean density-and-loudness level, what the arrangement is chosen by.
    """

    label: str
    role: str
    start_bar: int
    end_bar: int
    variation: int
    key: Key
    energy: float

    @property
    def title(self) -> str:
        """A, A', A'' …"""
        return self.label + "'" * self.variation
