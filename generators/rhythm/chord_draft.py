"""A chord on its way to the score: where it stands and what it is, without colour, register or bass."""

from __future__ import annotations

from dataclasses import dataclass

from generators.key import Key
from generators.rhythm.chord_space import kind_of, root_of, symbol


@dataclass(frozen=True)
class Draft:
    """One chord before it is coloured.

    Attributes:
        start, end: half-open range of slots.
        symbol: relative to the tonic of `key` (see `chord_space`).
        key: the key it is heard in.
        cadence: it leads to the next section.
        opens: it is a section's first.
    """

    start: int
    end: int
    symbol: int
    key: Key
    cadence: bool = False
    opens: bool = False

    @property
    def root(self) -> int:
        """Pitch class."""
        return (self.key.tonic + root_of(self.symbol)) % 12


def in_key(sym: int, key: Key, other: Key) -> int:
    """The symbol that a chord of one key has in another."""
    return symbol(root_of(sym) + key.tonic - other.tonic, kind_of(sym))
