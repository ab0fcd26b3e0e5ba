"""Kept notes → what sounds in each beat: the evidence from which keys and chords are read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.kept import KeptTrack

LOW_PITCH = 60  # only what lies below is heard as a bass


@dataclass(frozen=True, eq=False)
class Heard:
    """Pitched notes on the grid's own time, the players' lead taken off.

    Attributes: `start_s`, `end_s`, float64 `[N]`; `pitch`, int64 `[N]`; `weight`, float64 `[N]`, 0 to 1.
    """

    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    pitch: NDArray[np.int64]
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, tracks: list[tuple[KeptTrack, float]]) -> Heard:
        """The notes of pitched tracks, each with its players' lead in seconds."""
        columns = [
            (t.start_s + lead_s, t.end_s + lead_s, t.pitch, np.sqrt(t.velocity / 127)) for t, lead_s in tracks
        ]
        start, end, pitch, weight = (
            np.concatenate([np.zeros(0), *(row[k] for row in columns)]) for k in range(4)
        )
        return cls(start, np.maximum(end, start), pitch.astype(np.int64), weight)

    def without(self, spans_s: list[tuple[float, float]], tolerance_s: float) -> Heard:
        """What is left when the notes that begin in some spans are taken out.

        Of a note that is taken out and lasted beyond its span, the rest stays: it says what the music
        is over there.
        """
        start, keep = self.start_s.copy(), np.ones(len(self.start_s), dtype=bool)
        for a, b in spans_s:
            inside = (self.start_s >= a - tolerance_s) & (self.start_s < b - tolerance_s)
            keep &= ~inside | (self.end_s > b)
            start[inside] = np.minimum(b, self.end_s[inside])
        return Heard(start[keep], self.end_s[keep], self.pitch[keep], self.weight[keep])

    def in_cells(self, edges_s: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How much each pitch class sounds in each cell, and as the lowest note, both float64 `[C, 12]`.

        A note that sounds through a whole cell at full strength counts 1 there; a bass likewise.

        Args:
            edges_s: float64 `[C + 1]`, increasing.
        """
        cells = len(edges_s) - 1
        first = np.clip(np.searchsorted(edges_s, self.start_s, side="right") - 1, 0, cells)
        last = np.clip(np.searchsorted(edges_s, self.end_s, side="left"), 0, cells)
        count = np.maximum(last - first, 0)
        note = np.repeat(np.arange(len(count)), count)
        cell = np.arange(len(note)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
        over = np.minimum(self.end_s[note], edges_s[cell + 1]) - np.maximum(self.start_s[note], edges_s[cell])
        share = np.maximum(over, 0.0) / np.diff(edges_s)[cell]
        pitch = self.pitch[note]
        sounding = np.zeros((cells, 12))
        np.add.at(sounding, (cell, pitch % 12), share * self.weight[note])
        lowest = np.full(cells, 128)
        lasting = share >= 0.2
        np.minimum.at(lowest, cell[lasting], pitch[lasting])
        deep = lasting & (pitch == lowest[cell]) & (pitch < LOW_PITCH)
        bass = np.zeros((cells, 12))
        np.add.at(bass, (cell[deep], pitch[deep] % 12), share[deep])
        return sounding, np.minimum(bass, 1.0)
