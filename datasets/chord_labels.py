"""Chord labels as corpora write them (Harte 2010) → root and kind; the mode that a song's chords make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generators.key import LETTERS, MODES
from generators.rhythm.chord_space import MAJOR_MODES, kind_of, root_of, symbol, tones_of

# Of two modes that hold a song's chords equally well, the tonic's third decides, then custom.
THIRD_SHARE = 0.3
CUSTOM = {"major": 0.01, "minor": 0.01}


def pitch_class(name: str) -> int:
    """`Bb` → 10.

    Raises:
        ValueError: if it is not a note name.
    """
    if not name or name[0] not in LETTERS or set(name[1:]) - {"#", "b"}:
        raise ValueError(f"{name!r} is not a note name")
    return (LETTERS[name[0]] + name.count("#") - name.count("b")) % 12


def parse_key(line: str) -> tuple[float, float, int, bool]:
    """(start, end, tonic, is major) of a line such as `2.67 191.98 Gb:maj`."""
    start, end, name = line.split()
    tonic, _, quality = name.partition(":")
    return float(start), float(end), pitch_class(tonic), quality == "maj"


def key_at(areas: Sequence[tuple[float, float, int, bool]], time_s: float) -> tuple[int, bool]:
    """(tonic, is major) of the area, as `parse_key` reads it, that holds a time or is nearest to it."""
    _, _, tonic, major = min(areas, key=lambda area: max(area[0] - time_s, time_s - area[1], 0.0))
    return tonic, major


def mostly_major(areas: Sequence[tuple[float, float, int, bool]]) -> bool:
    """Whether a song is in major for at least as long as in minor."""
    lasts = [sum(end - start for start, end, _, major in areas if major == mode) for mode in (False, True)]
    return lasts[1] >= lasts[0]


def parse_label(label: str) -> tuple[int, str] | None:
    """(pitch class of the root, kind) of a label; None for no chord.

    The kind is one of `chord_space.KINDS`, or `bare` for a chord without a third (`5`, `1`).

    Raises:
        ValueError: for what is not such a label.
    """
    if label in ("N", "X"):
        return None
    root, _, rest = label.partition(":")
    quality = rest.partition("/")[0]
    name, _, extras = quality.partition("(")
    return pitch_class(root), _kind(name or "maj", extras)


def _kind(name: str, extras: str) -> str:
    if name in ("1", "5"):
        return "dom" if "b7" in extras else "bare"
    if name.startswith("sus") or name == "11":
        return "sus"
    if name.startswith(("dim", "hdim")) or (name.startswith("min") and "b5" in extras):
        return "dim"
    if name.startswith("aug"):
        return "aug"
    if name.startswith("min"):
        return "min"
    if name in ("7", "9", "13"):
        return "dom"
    if name.startswith("maj") or name == "6":
        return "dom" if "b7" in extras else "maj"
    raise ValueError(f"{name!r} is not a quality")


def to_symbol(root: int, kind: str, tonic: int, mode: str) -> int:
    """The symbol relative to the tonic; a chord without a third gets the scale's."""
    above = (root - tonic) % 12
    if kind == "bare":
        scale = MODES[mode]
        kind = "min" if (above + 3) % 12 in scale and (above + 4) % 12 not in scale else "maj"
    return symbol(above, kind)


def find_mode(beats: Mapping[int, float], modes: tuple[str, ...] = tuple(MODES)) -> str:
    """The mode whose scale holds most of a song's chord notes and whose third the tonic chord has.

    Args:
        beats: symbol → how long it is heard.
        modes: those to choose from.
    """
    total = sum(beats.values()) or 1.0
    tonic_major = sum(b for s, b in beats.items() if root_of(s) == 0 and kind_of(s) in ("maj", "dom"))
    tonic_minor = sum(b for s, b in beats.items() if root_of(s) == 0 and kind_of(s) == "min")

    def fit(mode: str) -> float:
        scale = frozenset(MODES[mode])
        held = sum(b * len(tones_of(s) & scale) / len(tones_of(s)) for s, b in beats.items()) / total
        third = tonic_major if mode in MAJOR_MODES else tonic_minor
        share = third / (tonic_major + tonic_minor) if tonic_major + tonic_minor else 0.5
        return held + THIRD_SHARE * share + CUSTOM.get(mode, 0.0)

    return max(modes, key=fit)
