"""What leads into a section, and what becomes of the arrival when the picture darkens."""

from __future__ import annotations

from generators.key import Key
from generators.rhythm.chord_space import MAJOR_MODES, kind_of, root_of, symbol, symbol_of
from generators.rhythm.chords import parse_numeral

# What leads home in each mode: chords that stand before the tonic at a section's end.
LEADING = {
    "major": ("V",),
    "lydian": ("V", "II"),
    "mixolydian": ("bVII", "v"),
    "dorian": ("bVII", "v"),
    "minor": ("V", "V", "bVII"),
    "phrygian": ("bvii", "bII"),
}
APPLIED_CHANCE = 0.35
APPLIED_TENSION = 0.5
DARKENS = 0.3  # a fall of valence into a section that turns its arrival into a deception


def leading_chord(mode: str) -> int:
    """The symbol that leads to the tonic as plainly as a mode can."""
    return _symbol(LEADING[mode][0], mode)


def lead_in(goal: int, key: Key, here: Key, tension: float, draws: tuple[float, float]) -> int:
    """The chord before a section, as a symbol in the section's key.

    Home is reached by its dominant or what stands for it in the mode (an authentic cadence across the
    boundary). A section that begins elsewhere in the same key is left open by a half cadence, or, where
    the picture is tense, pointed at by a dominant of its own.

    Args:
        goal: the section's first chord, in `key`.
        key: the section's.
        here: the key that is left.
        tension: of the picture before the section.
        draws: two numbers, 0 to 1.
    """
    options = LEADING[key.mode]
    home = _symbol(options[int(draws[0] * len(options))], key.mode)
    applied = symbol(root_of(goal) + 7, "dom")
    if root_of(goal) == 0:
        return home
    pointed = tension > APPLIED_TENSION or draws[1] < APPLIED_CHANCE
    if key == here and pointed and kind_of(goal) in ("maj", "min"):
        return applied
    return applied if root_of(home) == root_of(goal) else home


def arrival(goal: int, mode: str, darker: float) -> int:
    """The first chord of a section: what it is, or where the picture has darkened, a deceptive arrival.

    Args:
        goal: the section's own first chord.
        darker: how far valence has fallen.
    """
    if darker < DARKENS or root_of(goal) != 0 or kind_of(goal) not in ("maj", "min"):
        return goal
    return symbol(9, "min") if mode in MAJOR_MODES and darker < 2 * DARKENS else symbol(8, "maj")


def _symbol(numeral: str, mode: str) -> int:
    return symbol_of(parse_numeral(numeral, Key(0, mode)), Key(0, mode))
