"""Streams and wishes → `Plan`: the music's skeleton, laid on the picture, that a person can edit.

`make_plan` reads in the order a film composer works: spot the picture (`targets`), find the
tempo map that meets it (`tempo_map`), divide it into sections (`form`), say what is hit and
what is let go (`hits`), and draw how full and how bright each bar is (`curves`).
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from generators.form import Section
from generators.grid import Accent, Bar, BeatGrid, PlanError
from generators.hits import Hit
from generators.key import Key

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Curves:
    """One number a bar. density, loudness and tension 0 to 1; valence and arousal −1 to 1."""

    density: tuple[float, ...]
    loudness: tuple[float, ...]
    valence: tuple[float, ...]
    arousal: tuple[float, ...]
    tension: tuple[float, ...]


@dataclass(frozen=True)
class Plan:
    """Everything a generator needs to know of the picture.

    Attributes:
        duration_s: length of the picture.
        mode: film or dance.
        style: name of the style file.
        key: the home key; sections carry their own.
        grid: bars, beats, and the accents on them.
        sections: in order, covering all bars.
        hits: every important instant of the picture, planned or let go.
        curves: one number a bar.
        final_s: when the last chord is struck; it rings out to `duration_s`.
        seed: every random choice of the generators follows from it.
        clip_hash: the clip it was made for.
    """

    duration_s: float
    mode: str
    style: str
    key: Key
    grid: BeatGrid
    sections: tuple[Section, ...]
    hits: tuple[Hit, ...]
    curves: Curves
    final_s: float
    seed: int
    clip_hash: str

    def __post_init__(self) -> None:
        bars = len(self.grid.bars)
        for name, curve in vars(self.curves).items():
            low = -1.0 if name in ("valence", "arousal") else 0.0
            if len(curve) != bars:
                raise PlanError(f"curves.{name} has {len(curve)} numbers for {bars} bars")
            if not all(low <= value <= 1.0 for value in curve):
                raise PlanError(f"curves.{name} must lie between {low:g} and 1")
        edges = [s.start_bar for s in self.sections] + [bars]
        ends = [0] + [s.end_bar for s in self.sections]
        if edges != ends or any(s.start_bar >= s.end_bar for s in self.sections):
            raise PlanError("sections must cover all bars, one after the other")
        if not 0 <= self.final_s <= self.duration_s:
            raise PlanError(f"final_s {self.final_s:.3f} is outside the clip")

    @property
    def planned_hits(self) -> tuple[Hit, ...]:
        return tuple(hit for hit in self.hits if hit.planned)

    def section_at(self, bar: int) -> Section:
        return next(s for s in self.sections if s.start_bar <= bar < s.end_bar)
