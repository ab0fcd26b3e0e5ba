"""Streams written by hand, for plans whose right answer is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from encoders.stream import Stream, Streams


def events(name: str, times_s: Sequence[float], **columns: Sequence[float]) -> Stream:
    """An event stream; each column is a list as long as the times."""
    times = np.asarray(times_s, dtype=np.float64)
    values = np.stack([np.asarray(c, dtype=np.float32) for c in columns.values()], axis=1)
    return Stream(name, times, values, np.ones(len(times), bool), tuple(columns), "1", "by hand")


def cuts(times_s: Sequence[float]) -> Stream:
    n = len(times_s)
    if not n:
        return Stream.silent("cuts", ("strength", "fade", "length_s"), "1", "by hand")
    return events("cuts", times_s, strength=[1] * n, fade=[0] * n, length_s=[0] * n)


def beats(times_s: Sequence[float]) -> Stream:
    return events("kinematic_beats", times_s, strength=[1] * len(times_s))


def curve(name: str, duration_s: float, hop_s: float, **columns: float | Sequence[float]) -> Stream:
    """A curve sampled every `hop_s`; a number is held, a list is spread over the clip."""
    times = np.arange(0, duration_s, hop_s)
    rows = [
        np.full(len(times), c)
        if isinstance(c, int | float)
        else np.interp(times, np.linspace(0, duration_s, len(c)), c)
        for c in columns.values()
    ]
    values = np.stack(rows, axis=1).astype(np.float32)
    return Stream(name, times, values, np.ones(len(times), bool), tuple(columns), "1", "by hand")


def clip(duration_s: float, *streams: Stream) -> Streams:
    return Streams({s.name: s for s in streams}, duration_s, "hash-by-hand")
