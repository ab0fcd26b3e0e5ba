"""Tracks as they were + tracks written anew → the new ones in some bars, the old ones everywhere else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from generators.grid import BeatGrid
from generators.kept import Control, KeptTrack
from generators.region import ON_BEAT_S

SHORTEST_S = 0.03
GAP_S = 0.001


def bars_of(track: KeptTrack, grid: BeatGrid) -> NDArray[np.int64]:
    """The bar of each note, int64 `[N]`, from 0; what is played just ahead of a bar line is beyond it."""
    found = np.searchsorted(grid.downbeats_s, track.start_s + ON_BEAT_S, side="right") - 1
    bars: NDArray[np.int64] = np.maximum(found, 0)
    return bars


def spliced(
    old: Sequence[KeptTrack], new: Sequence[KeptTrack], grid: BeatGrid, bars: Collection[int]
) -> tuple[KeptTrack, ...]:
    """Each track of either, by its name: `new` in `bars`, `old` in the others.

    Every note of `old` that begins elsewhere stays as it is; a new one waits until the same key is free, and
    ends before it is struck again.
    """
    was = {track.name: track for track in old}
    now = {track.name: track for track in new}
    rows = (_joined(was.get(name), now.get(name), grid, bars) for name in dict.fromkeys([*was, *now]))
    return tuple(track for track in rows if len(track.start_s))


def _joined(old: KeptTrack | None, new: KeptTrack | None, grid: BeatGrid, bars: Collection[int]) -> KeptTrack:
    like = old or new
    assert like is not None
    wanted = np.array(sorted(bars), dtype=np.int64)
    stays = None if old is None else old.only(~np.isin(bars_of(old, grid), wanted))
    comes = None if new is None else new.only(np.isin(bars_of(new, grid), wanted))
    if comes is None or stays is None:
        return comes if stays is None and comes is not None else stays or like
    comes = _fitting(stays, comes)
    order = np.argsort(np.concatenate([stays.start_s, comes.start_s]), kind="stable")
    return replace(
        like,
        start_s=np.concatenate([stays.start_s, comes.start_s])[order],
        duration_s=np.concatenate([stays.duration_s, comes.duration_s])[order],
        pitch=np.concatenate([stays.pitch, comes.pitch])[order],
        velocity=np.concatenate([stays.velocity, comes.velocity])[order],
        controls=_controls(old, new, grid, bars),
    )


def _fitting(stays: KeptTrack, comes: KeptTrack) -> KeptTrack:
    """The new notes in what the old ones leave free of their keys."""
    start, end = comes.start_s.copy(), comes.end_s.copy()
    for i, pitch in enumerate(comes.pitch):
        same = stays.pitch == pitch
        rings = same & (stays.start_s <= start[i]) & (stays.end_s > start[i])
        if rings.any():
            start[i] = stays.end_s[rings].max() + GAP_S
        ahead = stays.start_s[same & (stays.start_s > start[i])]
        if len(ahead):
            end[i] = min(end[i], float(ahead.min()) - GAP_S)
    fits = end - start >= np.minimum(SHORTEST_S, comes.duration_s)
    order = np.flatnonzero(fits)[np.argsort(start[fits], kind="stable")]
    return replace(
        comes,
        start_s=start[order],
        duration_s=(end - start)[order],
        pitch=comes.pitch[order],
        velocity=comes.velocity[order],
    )


def _controls(
    old: KeptTrack | None, new: KeptTrack | None, grid: BeatGrid, bars: Collection[int]
) -> tuple[Control, ...]:
    if old is None or new is None:
        return () if old is None and new is None else (old or new).controls  # type: ignore[union-attr]
    spans = [(grid.bars[bar].start_s, grid.bar_end_s(bar)) for bar in sorted(bars)]

    def inside(control: Control) -> bool:
        return any(a <= control.time_s < b for a, b in spans) and control.time_s > 0

    kept = [c for c in old.controls if not inside(c)] + [c for c in new.controls if inside(c)]
    return tuple(sorted(kept, key=lambda c: c.time_s))
