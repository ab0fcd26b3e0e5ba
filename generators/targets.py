"""Streams → targets: the instants of the picture that a beat could meet, and how much each asks for it.

This is the composer's spotting session. Weights are relative to one clean, isolated cut (1.0).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.stream import Stream, Streams

KINDS = ("section", "cut", "fade", "beat", "accent", "onset")

# A cut this close to another belongs to dense editing: no listener expects each to be hit.
LONE_CUT_S = 1.0
# A section that begins with an edit, and one that begins where the picture only wanders on.
EDITED_SECTION, SOFT_SECTION = 2.0, 1.0
# Two events of different senses closer than this are one event seen twice (two frames at 25 fps).
SAME_EVENT_S = 0.08


@dataclass(frozen=True, eq=False)
class Targets:
    """What a beat could meet.

    Attributes:
        times_s: float64 `[N]`, sorted.
        weights: float64 `[N]`, positive.
        kinds: a name in `KINDS` for each.
    """

    times_s: NDArray[np.float64]
    weights: NDArray[np.float64]
    kinds: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.times_s)

    @property
    def turns_s(self) -> NDArray[np.float64]:
        """float64 `[K]`: sections that begin with an edit, where the music may turn too."""
        return self.of("section").times_s[self.of("section").weights > SOFT_SECTION]

    @property
    def lone_cuts_s(self) -> NDArray[np.float64]:
        """float64 `[K]`: cuts within sections that stand `LONE_CUT_S` from every other edit."""
        edits, cuts = self.of("section", "cut", "fade").times_s, self.of("cut").times_s
        crowd = (np.abs(cuts[:, None] - edits[None, :]) < LONE_CUT_S).sum(axis=1)
        lone: NDArray[np.float64] = cuts[crowd == 1]
        return lone

    def of(self, *kinds: str) -> Targets:
        """Only those of the given kinds."""
        keep = [i for i, kind in enumerate(self.kinds) if kind in kinds]
        return Targets(self.times_s[keep], self.weights[keep], tuple(self.kinds[i] for i in keep))


def find_targets(streams: Streams, mode: str, boundaries_s: NDArray[np.float64]) -> Targets:
    """Everything worth meeting, strongest sense first where two tell of one event.

    Args:
        streams: of the clip; absent or silent streams simply add nothing.
        mode: film or dance. A dancer's kinematic beats lead in dance and only colour a film.
        boundaries_s: `[K]` instants at which a section of the music begins.
    """
    rows: list[tuple[float, float, str]] = []
    cuts = _events(streams, "cuts")
    cut_times = cuts.times_s if cuts is not None else np.zeros(0)
    if cuts is not None:
        for time, strength, fade in zip(cut_times, cuts.column("strength"), cuts.column("fade"), strict=True):
            near = np.abs(boundaries_s - time) < SAME_EVENT_S
            crowd = np.count_nonzero(np.abs(cut_times - time) < LONE_CUT_S) - 1
            weight = (0.6 + 0.4 * float(strength)) / (1.0 + 0.5 * crowd)
            if near.any():
                rows.append((float(time), EDITED_SECTION, "section"))
            else:
                rows.append((float(time), weight * (0.7 if fade else 1.0), "fade" if fade else "cut"))
    for turn in boundaries_s.tolist():
        if not len(cut_times) or np.abs(cut_times - turn).min() >= SAME_EVENT_S:
            rows.append((turn, SOFT_SECTION, "section"))

    beats = _events(streams, "kinematic_beats")
    if beats is not None:
        base = 0.8 if mode == "dance" else 0.15
        rows += [
            (float(t), base * (0.25 + 0.75 * float(s)), "beat")
            for t, s in zip(beats.times_s, beats.column("strength"), strict=True)
        ]
    onsets = _events(streams, "visual_onsets")
    if onsets is not None:
        columns = (onsets.times_s, onsets.column("strength"), onsets.column("accent"))
        for t, s, accent in zip(*columns, strict=True):
            pull = (0.15 + 0.25 * float(s)) if accent else 0.08 * float(s)
            if pull > 0:
                rows.append((float(t), pull, "accent" if accent else "onset"))
    return _without_echoes(rows, streams.duration_s)


def _events(streams: Streams, name: str) -> Stream | None:
    stream = streams.get(name)
    return stream if stream is not None and stream.says_something else None


def _without_echoes(rows: list[tuple[float, float, str]], duration_s: float) -> Targets:
    """Drop weaker tellings of an event that a stronger sense has told already.

    Cuts and sections never silence one another (dense editing is real); motion peaks within
    `SAME_EVENT_S` of a cut are the cut itself leaking into the flow.
    """
    edits = np.sort([t for t, _, kind in rows if kind in ("section", "cut", "fade")])
    kept = []
    for time, weight, kind in rows:
        if not 0 <= time < duration_s:
            continue
        if kind in ("beat", "accent", "onset") and len(edits) and np.abs(edits - time).min() < SAME_EVENT_S:
            continue
        # To a tenth of a millisecond, so that a plan read back from its file is the same plan.
        kept.append((round(time, 4), weight, kind))
    kept.sort(key=lambda row: row[0])
    return Targets(
        np.array([t for t, _, _ in kept], dtype=np.float64),
        np.array([w for _, w, _ in kept], dtype=np.float64),
        tuple(kind for _, _, kind in kept),
    )
