"""Loudness curve → controller 11: held notes that grow and fade, and a last chord that dies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from generators.rhythm.timeline import Timeline

CONTROLLER = 11
SOFTEST, FULL = 72.0, 120.0
STEP_BEATS = 0.5
DYING_DB, DYING_FROM_S, DYING_STEP_S = 10.0, 1.0, 0.1  # how far a last chord fades that rings so long
BUILD = 0.35  # the last bar before a fuller section grows by this much of what is left to grow


def swells(timeline: Timeline) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(seconds `[N]`, values 0 to 127 `[N]`): the curve between bar centres, a step at each section.

    The bar before a louder section swells towards it, so that the new section is announced.
    """
    plan = timeline.plan
    grid, loudness = plan.grid, np.array(plan.curves.loudness)
    times: list[float] = []
    values: list[float] = []
    for index, section in enumerate(plan.sections):
        bars = range(section.start_bar, section.end_bar)
        centres = [(float(grid.first_beat[b]) + float(grid.first_beat[b + 1])) / 2 for b in bars]
        last = float(grid.first_beat[section.end_bar])
        at = np.arange(float(grid.first_beat[section.start_bar]), last, STEP_BEATS)
        level = np.interp(at, centres, loudness[section.start_bar : section.end_bar])
        louder = index + 1 < len(plan.sections) and loudness[section.end_bar] > loudness[section.end_bar - 1]
        if louder:
            begin = float(grid.first_beat[section.end_bar - 1])
            rise = np.clip((at - begin) / max(last - begin, 1e-9), 0, 1) ** 2
            level = level + BUILD * rise * (1 - level)
        times += [float(t) for t in grid.time_s(at)]
        values += list(SOFTEST + (FULL - SOFTEST) * level)
    inside = [(max(t, 0.0), round(v)) for t, v in zip(times, values, strict=True) if t < plan.final_s]
    inside.append((plan.final_s, round(SOFTEST + (FULL - SOFTEST) * float(loudness[-1]))))
    kept = [row for i, row in enumerate(inside) if i == 0 or row[1] != inside[i - 1][1]]
    return np.array([t for t, _ in kept]), np.array([v for _, v in kept], dtype=np.int64)


def dying(timeline: Timeline, level: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(seconds `[N]`, values `[N]`): the last chord from a level at `final_s` down, as players let it die.

    Bowed and blown it would stand at one loudness until the picture ends, and be cut off. The first quarter
    is held. Nothing where it rings for less than `DYING_FROM_S`.
    """
    plan = timeline.plan
    ring_s = plan.duration_s - plan.final_s
    if ring_s < DYING_FROM_S:
        return np.zeros(0), np.zeros(0, dtype=np.int64)
    share = np.arange(0.25, 1.0, DYING_STEP_S / ring_s)
    down_db = DYING_DB * (share - 0.25) / 0.75
    # The controller's law: 40 dB a decade (General MIDI 2, expression).
    values = np.round(level * 10 ** (-down_db / 40)).astype(np.int64)
    return plan.final_s + np.append(0.0, share * ring_s), np.append(level, values)
