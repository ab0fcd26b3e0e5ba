"""Kept tracks → the grid that the rest is planned on: their file's own bars, or what their notes ask for."""

from __future__ import annotations

import numpy as np

from generators.grid import Bar, BeatGrid
from generators.kept import KeptTracks, keeps_to
from generators.targets import Targets

LAST_BEAT_S = 0.05  # no beat falls on the very last frame
TOGETHER_S = 0.03  # notes this close are struck together
FREE_BPM = (55.0, 180.0)  # the tempi at which people play


def own_grid(kept: KeptTracks, duration_s: float) -> BeatGrid | None:
    """The bars of the kept tracks' file, going on to the clip's end as they last were.

    None where the file has none, or its notes do not keep to them: a performance recorded over a tempo
    that nobody set.
    """
    if kept.grid is None or not keeps_to(kept.grid, kept.onsets_s()):
        return None
    bars = list(kept.grid.bars)
    end_s = kept.grid.end_s
    last = bars[-1]
    beat_s = (end_s - last.start_s) / last.beats
    while end_s < duration_s:
        bars.append(Bar(tuple(end_s + beat_s * k for k in range(last.beats)), last.slots_per_beat))
        end_s += beat_s * last.beats
    within: list[Bar] = []
    for bar in bars:
        beats_s = tuple(t for t in bar.beats_s if t < duration_s - LAST_BEAT_S)
        if beats_s:
            within.append(Bar(beats_s, bar.slots_per_beat))
    if not within:
        return None
    knots = BeatGrid(tuple(bars), end_s).knots_s
    beyond = knots[knots > within[-1].beats_s[-1] + 1e-6]
    return BeatGrid(tuple(within), float(beyond[0]))


def targets_of(kept: KeptTracks, duration_s: float) -> Targets:
    """The kept notes as what a grid should meet: where more begin, and louder, a beat is likelier."""
    rows = sorted(
        (float(at), float(velocity) / 127)
        for track in kept.tracks
        for at, velocity in zip(track.start_s, track.velocity, strict=True)
        if at < duration_s
    )
    groups: list[list[tuple[float, float]]] = []
    for row in rows:
        if groups and row[0] - groups[-1][0][0] < TOGETHER_S:
            groups[-1].append(row)
        else:
            groups.append([row])
    times = [round(float(np.mean([t for t, _ in group])), 4) for group in groups]
    weights = [0.2 + 0.3 * min(sum(w for _, w in group), 3.0) for group in groups]
    return Targets(
        np.array(times, dtype=np.float64), np.array(weights, dtype=np.float64), ("beat",) * len(times)
    )
