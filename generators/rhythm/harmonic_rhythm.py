"""Density → when chords change, in patterns of four bars that songs use."""

from __future__ import annotations

import numpy as np

from generators.form import Section
from generators.rhythm.band import Band
from generators.rhythm.motif import PHRASE_BARS, phrases
from generators.rhythm.progressions import PHRASE_HALF_BARS, load_progressions
from generators.rhythm.timeline import Timeline

# How far, in octaves of the rate of change, a pattern may be from the one wanted before it becomes rare.
RATE_SPREAD = 0.35
MOST_CHANGES = 8


def choose_rhythm(timeline: Timeline, band: Band, section: Section, which: str) -> tuple[bool, ...]:
    """Which half bars of a phrase of four bars bring a new chord, bool `[8]`; the first always does.

    The fuller a label's first section (given), the sooner its chords change. Metres without a half
    bar change on bars only.

    Args:
        which: what it is for, such as `statement`: another purpose, another draw.
    """
    bars = range(section.start_bar, section.end_bar)
    density = float(np.mean([timeline.plan.curves.density[b] for b in bars]))
    bar_s = float(np.median([timeline.bar_length_s(b) for b in bars]))
    slow, fast = band.seconds_per_chord
    wanted = PHRASE_BARS * bar_s / (slow + (fast - slow) * density)  # changes a phrase
    # Most bars decide: one that is cut short for the picture does not slow the harmony of all.
    halves = float(np.mean([timeline.plan.grid.bars[b].beats >= 4 for b in bars])) > 0.5
    odds = load_progressions().rhythms(halves, band.corpora)
    steps = PHRASE_HALF_BARS if halves else PHRASE_BARS
    patterns = [_bits(code, steps) for code in range(2**steps)]
    changes = np.array([sum(p) for p in patterns])
    off = np.log2(np.maximum(changes, 1) / np.clip(wanted, 1.0, MOST_CHANGES))
    odds = odds * np.exp(-0.5 * (off / RATE_SPREAD) ** 2) * [p[0] for p in patterns]
    rng = timeline.random("harmonic rhythm", section.label, which)
    chosen = patterns[int(rng.choice(len(odds), p=odds / odds.sum()))]
    return chosen if halves else tuple(bit for on in chosen for bit in (on, False))


def _bits(code: int, steps: int) -> tuple[bool, ...]:
    return tuple(bool(code >> (steps - 1 - k) & 1) for k in range(steps))


def place_chords(
    timeline: Timeline, section: Section, rhythms: list[tuple[bool, ...]]
) -> list[list[tuple[int, int]]]:
    """For each phrase of a section the slots at which its chords start, with their place in the pattern.

    Args:
        rhythms: the pattern of each phrase.

    Returns:
        Per phrase, (slot, which half bar of the phrase) of each change. A section's last bar starts a
        chord of its own, to lead on.
    """
    placed = []
    for (start, end), rhythm in zip(phrases(section.start_bar, section.end_bar), rhythms, strict=True):
        mine = []
        for b in range(start, end):
            bar, at = timeline.plan.grid.bars[b], int(timeline.first_slot[b])
            half = 2 * (b - start)
            leads = b == section.end_bar - 1 and section.end_bar - section.start_bar > 1
            if b == start or leads or rhythm[half % PHRASE_HALF_BARS]:
                mine.append((at, half))
            if rhythm[(half + 1) % PHRASE_HALF_BARS] and bar.beats >= 4:
                mine.append((at + bar.beats // 2 * bar.slots_per_beat, half + 1))
        placed.append(mine)
    return placed
