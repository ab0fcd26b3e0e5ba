"""Pulse + style → drums: a groove that keeps time, or strokes that mark what moves."""

from __future__ import annotations

from generators.rhythm.band import STRENGTHS, Band
from generators.rhythm.meter import fit_pattern
from generators.rhythm.notes import Note
from generators.rhythm.pulse import Pulse
from generators.rhythm.timeline import Timeline, metric_weight

LENGTH = 1.0


def write_drums(timeline: Timeline, band: Band, pulse: Pulse, bars: range, fill: bool) -> list[Note]:
    """The drums of a run of bars; `fill` plays the style's fill in the last of them."""
    keeps_time = band.groove or timeline.plan.mode == "dance"
    notes: list[Note] = []
    for b in bars:
        density = timeline.plan.curves.density[b]
        level = band.drum_levels[min(int(density * len(band.drum_levels)), len(band.drum_levels) - 1)]
        filled = fill and b == bars[-1] and bool(band.drum_fill) and len(bars) > 1
        if keeps_time and filled:
            notes += _pattern(timeline, band, band.drum_fill, b)
        elif keeps_time:
            notes += _pattern(timeline, band, level, b) + _colour(timeline, band, level, pulse, b)
        else:
            # What marks the picture does not leave it for a fill: it plays more of what moves.
            notes += _strokes(timeline, band, band.drum_fill if filled else level, pulse, b)
    return [n for n in notes if n.slot < timeline.final_slot]


def _pattern(timeline: Timeline, band: Band, level: dict[str, str], b: int) -> list[Note]:
    bar, first = timeline.plan.grid.bars[b], int(timeline.first_slot[b])
    return [
        Note(first + slot, LENGTH, band.drum_sounds[sound], STRENGTHS[char])
        for sound, pattern in level.items()
        for slot, char in enumerate(fit_pattern(pattern, bar.beats, bar.slots_per_beat))
        if char != "."
    ]


def _colour(timeline: Timeline, band: Band, level: dict[str, str], pulse: Pulse, b: int) -> list[Note]:
    """What moves between the pattern's strokes, on its lightest sound."""
    played = {n.slot for n in _pattern(timeline, band, level, b)}
    light = band.drum_sounds[list(level)[-1]]
    return [
        Note(a.at, LENGTH, light, 0.55 + 0.45 * a.moved)
        for a in pulse.bars[b]
        if a.moved >= 0.25 and a.at not in played
    ]


def _strokes(timeline: Timeline, band: Band, level: dict[str, str], pulse: Pulse, b: int) -> list[Note]:
    """As many strokes as the level has, on the bar's strongest attacks: low where the bar is strong."""
    bar, first = timeline.plan.grid.bars[b], int(timeline.first_slot[b])
    count = sum(len(pattern) - pattern.count(".") for pattern in level.values())
    count = max(1, round(count * bar.slots / max(len(p) for p in level.values())))
    sounds = [band.drum_sounds[sound] for sound in level]
    notes = []
    for attack in pulse.strongest(b, count):
        weight = metric_weight(attack.slot, bar.beats, bar.slots_per_beat)
        low = weight >= 0.7 or attack.moved >= 0.7 or len(sounds) == 1
        sound = sounds[0] if low else sounds[1 + attack.slot % (len(sounds) - 1)]
        notes.append(
            Note(first + attack.slot, LENGTH, sound, 0.4 + 0.6 * max(0.5 * attack.strength, attack.moved))
        )
    return notes
