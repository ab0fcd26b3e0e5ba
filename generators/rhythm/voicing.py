"""Chords → voicings: which octave each note is in, so that the voices move little and well.

Viterbi search over each chord's candidates. Costs follow the part-writing rules that Huron
(2001, "Tone and Voice") derives from perception: move by the least, no parallel fifths or
octaves between the outer voices, wide below and close above, no lone gap.
"""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np

from generators.rhythm.chords import Chord

PARALLEL_COST = 12.0
GAP_COST = 4.0
CENTRE_COST = 0.12
MAX_GAP = 12
MAX_CANDIDATES = 60


def voice_chords(
    chords: list[Chord], basses: list[int], low: int, high: int, voices: int = 4
) -> list[tuple[int, ...]]:
    """One voicing (ascending MIDI pitches between `low` and `high`) a chord.

    `basses` are the bass notes that sound below, against which outer voices are checked.
    """
    if not chords:
        return []
    sets = [candidates(chord, low, high, voices) for chord in chords]
    centre = (low + high) / 2
    costs = [_own_cost(sets[0], centre)]
    origins: list[np.ndarray] = []
    for i in range(1, len(chords)):
        move = _move_cost(sets[i - 1], sets[i], basses[i - 1], basses[i])
        total = costs[-1][:, None] + move
        origins.append(total.argmin(axis=0))
        costs.append(total.min(axis=0) + _own_cost(sets[i], centre))
        costs[-1] -= costs[-1].min()
    path = [int(costs[-1].argmin())]
    for origin in reversed(origins):
        path.append(int(origin[path[-1]]))
    return [tuple(int(p) for p in sets[i][k]) for i, k in enumerate(reversed(path))]


@cache
def candidates(chord: Chord, low: int, high: int, voices: int) -> np.ndarray:
    """int `[N, voices]`: close and open positions of the chord within the range, ascending.

    Holds the chord's most telling notes; where the chord has fewer notes than there are voices,
    the root or the fifth is doubled, never the third.
    """
    tones = list(chord.tones[:voices])
    doublings = [tones]
    if len(tones) < voices:
        doubled = [t for t in (chord.root, chord.tones[2]) if t in chord.triad] or [chord.root]
        doublings = [tones + [d] * (voices - len(tones)) for d in doubled]
    found: set[tuple[int, ...]] = set()
    for pitch_classes in doublings:
        places = [[p for p in range(low, high + 1) if p % 12 == pc] for pc in pitch_classes]
        for pitches in product(*places):
            ordered = tuple(sorted(pitches))
            gaps = np.diff(ordered)
            # A second is colour in the middle of the keyboard and mud below it.
            if (gaps == 0).any() or (gaps > MAX_GAP).any() or (gaps[:1] < 3).any() or (gaps < 1).any():
                continue
            found.add(ordered)
    if not found:
        close = sorted({min((p for p in range(low, high + 1) if p % 12 == t), default=low) for t in tones})
        close += [close[-1]] * (voices - len(close))
        found.add(tuple(close))
    centre = (low + high) / 2
    ranked = sorted(found, key=lambda v: (abs(sum(v) / voices - centre) + (v[-1] - v[0]) / 8, v))
    return np.array(ranked[:MAX_CANDIDATES])


def _own_cost(voicings: np.ndarray, centre: float) -> np.ndarray:
    gaps = np.diff(voicings, axis=1)
    clusters = (gaps == 1).sum(axis=1) * 1.5
    wide = np.clip(gaps[:, 1:] - 9, 0, None).sum(axis=1) * GAP_COST / 3 if gaps.shape[1] > 1 else 0.0
    return np.asarray(clusters + wide + CENTRE_COST * (voicings.mean(axis=1) - centre) ** 2, dtype=np.float64)


def _move_cost(before: np.ndarray, after: np.ndarray, bass_before: int, bass_after: int) -> np.ndarray:
    """float `[N before, N after]`."""
    moved = np.abs(before[:, None, :] - after[None, :, :])
    cost = moved.sum(axis=2).astype(np.float64) + 0.5 * np.clip(moved - 4, 0, None).sum(axis=2)
    top_before, top_after = before[:, -1][:, None], after[:, -1][None, :]
    was, now = (top_before - bass_before) % 12, (top_after - bass_after) % 12
    same_way = np.sign(top_after - top_before) == np.sign(bass_after - bass_before)
    parallel = (was == now) & np.isin(now, (0, 7)) & same_way & (bass_after != bass_before)
    return np.asarray(cost + PARALLEL_COST * parallel, dtype=np.float64)


def bass_line(chords: list[Chord], low: int, high: int) -> list[int]:
    """The bass's notes: each chord's bass in the octave nearest to the last, held in the range's middle."""
    centre = low + (high - low) * 0.4
    line: list[int] = []
    for chord in chords:
        places = [p for p in range(low, high + 1) if p % 12 == chord.bass]
        last = line[-1] if line else centre
        line.append(min(places, key=lambda p: (abs(p - last) + 0.35 * abs(p - centre), p)))
    return line
