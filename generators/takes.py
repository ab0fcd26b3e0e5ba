"""What is done again once a plan has been composed: bars of some voices written anew, and levels.

Both stand in the plan, so that the same plan still gives the same music: the composer writes everything
with the plan's seed, then each take over it in order (`generators.rhythm.compose`), and sets the levels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from generators.grid import PlanError
from generators.region import Region

MOST_DB = 6.0


@dataclass(frozen=True)
class Take:
    """Some bars of some voices, written with a seed of their own; all else stays note for note.

    Attributes:
        at: which bars.
        voices: whose, by name; all if empty. A name that nobody has changes nothing.
        seed: what they are written with.

    Raises:
        PlanError: if `at` is not in bars, or the seed is negative.
    """

    at: Region
    voices: tuple[str, ...]
    seed: int

    def __post_init__(self) -> None:
        if not self.at.in_bars:
            raise PlanError(f"a take is of bars, as 'bars 5-8', not of {self.at}")
        if self.seed < 0:
            raise PlanError(f"a take's seed {self.seed} is negative")

    def __str__(self) -> str:
        return f"{', '.join(self.voices) or 'all'}, {self.at}, seed {self.seed}"


@dataclass(frozen=True)
class Level:
    """How much louder than its style has it a voice is mixed.

    Raises:
        PlanError: if it is more than `MOST_DB` either way.
    """

    voice: str
    gain_db: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.gain_db) and abs(self.gain_db) <= MOST_DB):
            raise PlanError(f"level of {self.voice}: {self.gain_db:g} dB is more than {MOST_DB:g} either way")


def check_takes(takes: Sequence[Take], levels: Sequence[Level], bars: int) -> None:
    """Refuse takes of bars that there are not, and a voice that has two levels.

    Raises:
        PlanError: naming the take or the voice.
    """
    for take in takes:
        if take.at.end > bars:
            raise PlanError(f"take {take.at}: the music has {bars} bars")
    names = [level.voice for level in levels]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise PlanError(f"{twice} has two levels")
