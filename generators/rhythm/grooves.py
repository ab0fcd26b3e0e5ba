"""Human drumming, by family of styles: grooves, fills and feel, as `datasets.groove` found them.

`generators/weights/grooves.json` holds, for each family:

    tempo_bpm           the slow, the middle and the fast tempo at which it was played
    swing               mean swing of eighths and of sixteenths in it, which was taken out
    sizes               hits a bar that each of the eight levels plays
    feel_ms             drum → `middle` and `spread`, one number a sixteenth of a 4/4 bar: ms after the grid
    grooves             `beats` a bar, the `tempo_bpm` it was played at, and two or three `bars`: the
                        groove's two and its variation; each drum → [velocities, levels]
    fills               one-bar fills: drum → velocities

One character is a sixteenth: velocities are `.` or 1 to 9 (times 14), levels 1 to 8, from which level up
the hit is played.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.grid import PlanError

LIBRARY = "grooves.json"
# General MIDI keys of what the library's drums are called, for what a style's own `sounds` do not name.
DRUM_KEYS = {
    "kick": 36,
    "snare": 38,
    "rim": 37,
    "hat": 42,
    "open": 46,
    "pedal": 44,
    "ride": 51,
    "bell": 53,
    "low": 43,
    "mid": 47,
    "high": 50,
    "crash": 49,
}
DRUMS = tuple(DRUM_KEYS)
LEVELS = 8
VELOCITY_STEP = 14
# Strays grow with the beat, less than in proportion: fitted over all performances, ms ~ beat ** 0.41.
STRAY_POWER = 0.4


@dataclass(frozen=True)
class Hit:
    """One stroke of a bar: the drum, its slot (sixteenths), velocity 1 to 127, and from which level on."""

    drum: str
    slot: int
    velocity: int
    level: int = 1


@dataclass(frozen=True)
class Groove:
    """What a drummer kept up.

    Attributes: `beats` a bar; `tempo_bpm` it was played at; `bars`, its two bars and perhaps a variation.
    """

    beats: int
    tempo_bpm: float
    bars: tuple[tuple[Hit, ...], ...]

    def fullness(self) -> float:
        """Hits a bar."""
        return sum(len(bar) for bar in self.bars[:2]) / 2


@dataclass(frozen=True, eq=False)
class Family:
    """What drummers do in one family of styles.

    Attributes:
        tempo_bpm, swing, sizes: as in the file.
        lean_ms, spread_ms: drum → float64 `[16]`, median and robust standard deviation of its strays.
        grooves, fills: fills are of four beats.
    """

    name: str
    tempo_bpm: tuple[float, float, float]
    swing: tuple[float, float]
    sizes: tuple[int, ...]
    lean_ms: Mapping[str, NDArray[np.float64]]
    spread_ms: Mapping[str, NDArray[np.float64]]
    grooves: tuple[Groove, ...]
    fills: tuple[tuple[Hit, ...], ...]

    def lean_s(self, drum: str, slot: int, beat_s: float, draw: float) -> float:
        """How late a stroke is, at a tempo; `draw` is standard normal. A drum it never plays is on time."""
        if drum not in self.lean_ms:
            return 0.0
        at = slot % len(self.lean_ms[drum])
        scale = (beat_s * self.tempo_bpm[1] / 60) ** STRAY_POWER / 1000
        return float((self.lean_ms[drum][at] + draw * self.spread_ms[drum][at]) * scale)


@cache
def load_families() -> Mapping[str, Family]:
    """Every family by name.

    Raises:
        PlanError: if the library that ships is broken.
    """
    text = (resources.files("generators") / "weights" / LIBRARY).read_text(encoding="utf-8")
    try:
        return {name: _family(name, table) for name, table in json.loads(text)["families"].items()}
    except (KeyError, TypeError, ValueError) as error:
        raise PlanError(f"the groove library: {error!r}") from error


def _family(name: str, table: Mapping[str, Any]) -> Family:
    slow, middle, fast = (float(t) for t in table["tempo_bpm"])
    feel = table["feel_ms"]
    return Family(
        name=name,
        tempo_bpm=(slow, middle, fast),
        swing=(float(table["swing"][0]), float(table["swing"][1])),
        sizes=tuple(int(size) for size in table["sizes"]),
        lean_ms={drum: np.array(row["middle"], dtype=np.float64) for drum, row in feel.items()},
        spread_ms={drum: np.array(row["spread"], dtype=np.float64) for drum, row in feel.items()},
        grooves=tuple(
            Groove(int(g["beats"]), float(g["tempo_bpm"]), tuple(_bar(bar) for bar in g["bars"]))
            for g in table["grooves"]
        ),
        fills=tuple(_bar({drum: (row, "") for drum, row in fill.items()}) for fill in table["fills"]),
    )


def _bar(drums: Mapping[str, tuple[str, str]]) -> tuple[Hit, ...]:
    """The strokes of a bar, in order of time and then of the kit."""
    hits = [
        Hit(drum, slot, int(char) * VELOCITY_STEP, int(levels[slot]) if levels else 1)
        for drum, (velocities, levels) in drums.items()
        for slot, char in enumerate(velocities)
        if char != "."
    ]
    return tuple(sorted(hits, key=lambda hit: (hit.slot, DRUMS.index(hit.drum))))
