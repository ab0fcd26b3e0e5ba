"""Drafts → chords that sound: the style's sevenths and ninths, suspensions, pedal points, inversions."""

from __future__ import annotations

from dataclasses import replace

from generators.key import Key
from generators.rhythm.band import Band
from generators.rhythm.chord_space import MAJOR_MODES, kind_of, root_of
from generators.rhythm.chords import QUALITIES, Chord

TENSE = 0.55  # from here on dominants have their seventh and leading notes their diminished one
BARE_BELOW = 0.4  # below this a style of triads leaves a dominant's seventh out
RICH_SHARE, NINTH_SHARE = 0.4, 0.3  # of sevenths that have a ninth as well


def sound(sym: int, key: Key, band: Band, tension: float, draws: tuple[float, float]) -> Chord:
    """The chord of a symbol, in the style's colours.

    Args:
        draws: two numbers, 0 to 1: which colour, and how rich.
    """
    root, kind = root_of(sym), kind_of(sym)
    pitch = (key.tonic + root) % 12
    minor = key.mode not in MAJOR_MODES
    sevenths = band.colour.get("seventh", 0.0) > 0 or "blues" in band.colour
    if kind == "dim":
        quality = "dim7" if tension > TENSE and root != 2 else "hdim7" if root == 2 else "dim"
        return Chord(pitch, quality, pitch)
    if kind == "sus":
        return Chord(pitch, "7sus4" if root == 7 and (sevenths or tension > TENSE) else "sus4", pitch)
    if kind == "aug":
        return Chord(pitch, "aug", pitch)
    if kind == "dom" or (root == 7 and kind == "maj" and tension > TENSE):
        if tension > TENSE and root == 7:
            return Chord(pitch, "7b9" if minor else "7", pitch)
        if sevenths or tension > BARE_BELOW or root not in (0, 5, 7):
            return Chord(pitch, "7", pitch)
        kind = "maj"
    return _coloured(Chord(pitch, kind, pitch), key, band, draws, dominant=root == 7)


def _coloured(chord: Chord, key: Key, band: Band, draws: tuple[float, float], dominant: bool) -> Chord:
    """Add the style's colour (a seventh, ninth, sixth or suspended second) if the key has the note.

    A minor chord keeps its third, which is what is dark about it.
    """
    names = list(band.colour)
    total = sum(band.colour.values())
    at, name = draws[0] * total, names[-1]
    for candidate in names:
        at -= band.colour[candidate]
        if at < 0:
            name = candidate
            break
    has = {step for step in range(12) if (chord.root + step) % 12 in key.scale}
    major = chord.quality == "maj"
    quality = chord.quality
    if name == "blues" and major:
        quality = "7"
    elif name == "seventh" and dominant and major:
        quality = "9" if draws[1] < NINTH_SHARE and 2 in has else "7"
    elif name == "seventh" and (11 if major else 10) in has:
        rich = draws[1] < RICH_SHARE and 2 in has
        quality = ("maj9" if rich else "maj7") if major else ("min9" if rich else "min7")
    elif name == "seventh" and major and 10 in has:
        quality = "7"
    elif name == "ninth" and 2 in has:
        quality = "add9" if major else "minadd9"
    elif name == "sixth" and 9 in has:
        quality = "6" if major else "min6"
    elif name == "sus2" and major and 2 in has:
        quality = "sus2"
    return replace(chord, quality=quality)


def suspended(chord: Chord) -> Chord | None:
    """The chord with its third held up by the fourth, which then falls; None if it has no major third."""
    if chord.bass != chord.root or chord.quality not in ("maj", "7", "9", "7b9", "add9"):
        return None
    return replace(chord, quality="7sus4" if chord.quality in ("7", "9", "7b9") else "sus4")


def over_pedal(chord: Chord, pedal: int) -> Chord:
    """The chord over a held bass note, unless one of its notes would rub against it."""
    if any((tone - pedal) % 12 in (1, 11) for tone in chord.tones):
        return chord
    return replace(chord, bass=pedal)


def stepwise(before: Chord, chord: Chord, after: Chord) -> Chord:
    """The chord in first inversion where that makes the bass go by step between its neighbours."""
    steps = QUALITIES[chord.quality]
    if chord.bass != chord.root or len(steps) < 3 or steps[1] not in (3, 4):
        return chord
    third = (chord.root + steps[1]) % 12
    down, up = (before.bass - third) % 12, (third - after.bass) % 12
    passing = (down in (1, 2) and up in (1, 2)) or (12 - down in (1, 2) and 12 - up in (1, 2))
    return replace(chord, bass=third) if passing else chord
