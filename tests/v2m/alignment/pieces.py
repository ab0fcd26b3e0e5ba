"""Hand-made pieces for the tests of the music measures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from v2m.alignment.piece import Piece, make_piece

Row = tuple[float, float, int]
"""A note: the beat it begins on, how many beats it lasts, its pitch."""

CHORDS = {"C": (48, 60, 64, 67), "F": (41, 60, 65, 69), "G": (43, 59, 62, 67), "Am": (45, 60, 64, 69)}


def piece(rows: Sequence[Row], *, beats: int, beat_s: float = 0.5, per_bar: int = 4, tune: int = 0) -> Piece:
    """A piece of even beats; the first `tune` rows are its melody."""
    columns = np.array(rows, dtype=np.float64).reshape(-1, 3)
    times = np.arange(beats) * beat_s
    return make_piece(
        columns[:, 0] * beat_s,
        columns[:, 1] * beat_s,
        columns[:, 2],
        is_melody=np.arange(len(columns)) < tune,
        beats_s=times,
        downbeats_s=times[::per_bar],
        end_s=beats * beat_s,
    )


def song(bars: int = 32, *, seed: int = 0) -> Piece:
    """Four chords round and round, a tune of stepwise eighths over them that comes back every eight bars."""
    rng = np.random.default_rng(seed)
    scale = [60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 77, 79]
    steps = rng.choice([-2, -1, -1, 0, 1, 1, 2], 64)
    tune: list[Row] = []
    at = 5
    for k in range(8 * bars):
        at = 5 if k % 64 == 0 else int(np.clip(at + steps[k % 64], 0, len(scale) - 1))
        if k % 8 not in (5, 7):
            tune.append((k / 2, 0.5, scale[at]))
    chords: list[Row] = []
    for bar in range(bars):
        low, *upper = CHORDS[("C", "Am", "F", "G")[bar % 4]]
        chords += [(4 * bar + beat, 2.0, low) for beat in (0, 2)]
        chords += [(4 * bar + beat, 1.0, pitch) for beat in (1, 3) for pitch in upper]
    return piece([*tune, *chords], beats=4 * bars, tune=len(tune))
