"""What a critic asks for → another plan. Every change stands in the plan, so the plan still tells all.

As JSON, a change is its kind and what belongs to it; `change_of` reads what `Change.to_json` gives, from a
log or from a language model, and refuses what does not fit the plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from generators.curves import Curves
from generators.grid import PlanError
from generators.key import Key
from generators.plan import Plan
from generators.region import Region
from generators.takes import MOST_DB, Level, Take
from generators.written import WrittenChord

KINDS = ("take", "chords", "curve", "key", "players", "level")
MOVABLE = ("density", "loudness", "valence", "arousal", "tension")


@dataclass(frozen=True)
class TakeChange:
    """Bars of some voices written once more."""

    take: Take

    def of(self, plan: Plan) -> Plan:
        """The plan with the change."""
        return replace(plan, takes=(*plan.takes, self.take))

    def __str__(self) -> str:
        return f"write {self.take.at} of {' and '.join(self.take.voices) or 'all voices'} anew"

    def to_json(self) -> dict[str, Any]:
        """As a log keeps it."""
        take = self.take
        return {"kind": "take", "bars": str(take.at), "voices": list(take.voices), "seed": take.seed}


@dataclass(frozen=True)
class ChordsChange:
    """Other chords in some bars.

    Attributes:
        at: the bars.
        chords: all that is played in them, in order.
    """

    at: Region
    chords: tuple[WrittenChord, ...]

    def of(self, plan: Plan) -> Plan:
        """The plan with the change."""
        bars = self.at.bars(plan.grid, plan.duration_s)
        others = [chord for chord in plan.chords if chord.bar not in bars]
        chords = sorted([*others, *self.chords], key=lambda chord: (chord.bar, chord.beat))
        return replace(plan, chords=tuple(chords))

    def __str__(self) -> str:
        return f"play {' '.join(chord.name for chord in self.chords)} in {self.at}"

    def to_json(self) -> dict[str, Any]:
        """As a log keeps it."""
        chords = [[chord.bar + 1, chord.beat + 1, chord.name] for chord in self.chords]
        return {"kind": "chords", "bars": str(self.at), "chords": chords}


@dataclass(frozen=True)
class CurveChange:
    """A curve of the plan moved up or down in some bars, within its range.

    Attributes:
        at: the bars.
        curve: one of `MOVABLE`.
        by: how far; a curve's range is 1, or 2 for valence and arousal.
    """

    at: Region
    curve: str
    by: float

    def of(self, plan: Plan) -> Plan:
        """The plan with the change; a section's energy follows density and loudness."""
        bars = self.at.bars(plan.grid, plan.duration_s)
        rows = {name: np.array(row, dtype=np.float64) for name, row in vars(plan.curves).items()}
        low = -1.0 if self.curve in ("valence", "arousal") else 0.0
        row = rows[self.curve]
        row[bars.start : bars.stop] = np.clip(row[bars.start : bars.stop] + self.by, low, 1.0)
        curves = Curves(**{name: tuple(row.round(4).tolist()) for name, row in rows.items()})
        if self.curve not in ("density", "loudness"):
            return replace(plan, curves=curves)
        change = (np.array(curves.density) + np.array(curves.loudness)) / 2
        change -= (np.array(plan.curves.density) + np.array(plan.curves.loudness)) / 2
        sections = tuple(
            replace(
                s, energy=round(float(np.clip(s.energy + change[s.start_bar : s.end_bar].mean(), 0, 1)), 4)
            )
            for s in plan.sections
        )
        return replace(plan, curves=curves, sections=sections)

    def __str__(self) -> str:
        return f"{'raise' if self.by > 0 else 'lower'} {self.curve} by {abs(self.by):.2f} in {self.at}"

    def to_json(self) -> dict[str, Any]:
        """As a log keeps it."""
        return {"kind": "curve", "bars": str(self.at), "curve": self.curve, "by": self.by}


@dataclass(frozen=True)
class KeyChange:
    """Another key for a section, counted from 0."""

    section: int
    key: Key

    def of(self, plan: Plan) -> Plan:
        """The plan with the change."""
        sections = list(plan.sections)
        sections[self.section] = replace(sections[self.section], key=self.key)
        return replace(plan, sections=tuple(sections))

    def __str__(self) -> str:
        return f"put section {self.section + 1} into {self.key}"

    def to_json(self) -> dict[str, Any]:
        """As a log keeps it."""
        return {"kind": "key", "section": self.section + 1, "key": str(self.key)}


@dataclass(frozen=True)
class PlayersChange:
    """Other players for a section, counted from 0."""

    section: int
    players: tuple[str, ...]

    def of(self, plan: Plan) -> Plan:
        """The plan with the change."""
        sections = list(plan.sections)
        sections[self.section] = replace(sections[self.section], players=self.players)
        return replace(plan, sections=tuple(sections))

    def __str__(self) -> str:
        return f"have {', '.join(self.players)} play section {self.section + 1}"

    def to_json(self) -> dict[str, Any]:
        """As a log keeps it."""
        return {"kind": "players", "section": self.section + 1, "players": list(self.players)}


@dataclass(frozen=True)
class LevelChange:
    """A voice mixed louder or softer than it is, in dB."""

    voice: str
    by_db: float

    def of(self, plan: Plan) -> Plan:
        """The plan with the change."""
        levels = {level.voice: level.gain_db for level in plan.levels}
        levels[self.voice] = round(levels.get(self.voice, 0.0) + self.by_db, 2)
        kept = (Level(voice, gain_db) for voice, gain_db in levels.items() if gain_db)
        return replace(plan, levels=tuple(kept))

    def __str__(self) -> str:
        return f"mix {self.voice} {abs(self.by_db):g} dB {'louder' if self.by_db > 0 else 'softer'}"

    def to_json(self) -> dict[str, Any]:
        """As a log keeps it."""
        return {"kind": "level", "voice": self.voice, "by_db": self.by_db}


Change = TakeChange | ChordsChange | CurveChange | KeyChange | PlayersChange | LevelChange


def bars_of(bars: range) -> Region:
    """Bars counted from 0 as a region, which counts from 1."""
    return Region(bars.start + 1, bars.stop, in_bars=True)


def change_of(row: Mapping[str, Any], plan: Plan, voices: Sequence[str]) -> Change:
    """Read a change.

    Args:
        row: as `to_json` gives it, its types checked.
        plan: that it is for.
        voices: who there is.

    Raises:
        PlanError: if it names what the plan has not, or is out of range.
    """
    change = _change(row, plan, voices)
    change.of(plan)  # refuses bars that there are not
    return change


def _change(row: Mapping[str, Any], plan: Plan, voices: Sequence[str]) -> Change:
    kind = row.get("kind")
    try:
        if kind == "take":
            named = tuple(_voice(name, voices) for name in row["voices"])
            return TakeChange(Take(Region.parse(row["bars"]), named, int(row["seed"])))
        if kind == "chords":
            chords = tuple(
                WrittenChord(int(bar) - 1, int(beat) - 1, name) for bar, beat, name in row["chords"]
            )
            at = Region.parse(row["bars"])
            if not at.in_bars or any(not at.start <= chord.bar + 1 <= at.end for chord in chords):
                raise PlanError(f"chords outside {row['bars']}")
            return ChordsChange(at, chords)
        if kind == "curve":
            if row["curve"] not in MOVABLE or not abs(row["by"]) <= 1:
                raise PlanError(
                    f"curve {row['curve']!r} by {row['by']!r}: {', '.join(MOVABLE)}, by 1 at most"
                )
            return CurveChange(Region.parse(row["bars"]), row["curve"], float(row["by"]))
        if kind == "key":
            return KeyChange(_section(row["section"], plan), Key.parse(row["key"]))
        if kind == "players":
            players = tuple(_voice(name, voices) for name in row["players"])
            if not players:
                raise PlanError("somebody has to play")
            return PlayersChange(_section(row["section"], plan), players)
        if kind == "level":
            if not abs(row["by_db"]) <= MOST_DB:
                raise PlanError(f"{row['by_db']:g} dB is more than {MOST_DB:g}")
            return LevelChange(_voice(row["voice"], voices), float(row["by_db"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, PlanError):
            raise
        raise PlanError(
            f"change {kind!r} lacks something, or has it otherwise than it should ({error})"
        ) from error
    raise PlanError(f"change {kind!r} is none of {', '.join(KINDS)}")


def _section(number: int, plan: Plan) -> int:
    if not 1 <= number <= len(plan.sections):
        raise PlanError(f"there is no section {number}, of {len(plan.sections)}")
    return number - 1


def _voice(name: str, voices: Sequence[str]) -> str:
    if name not in voices:
        raise PlanError(f"nobody is called {name!r}; there are {', '.join(voices)}")
    return name
