"""Chords → voicings: which octave each note is in, so that the voices move little and well.

Viterbi search over each chord's candidates. Costs follow the part-writing rules that Huron
(2001, "Tone and Voice") derives from perception: move by the least, no parallel fifths or
octaves, no voice where another just was, wide below and close above, sevenths fall and leading
notes rise. How low an interval may lie before it is mud is what arrangers go by.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from generators.rhythm.chords import QUALITIES, Chord

# Beside semitones: to keep two voices from moving in fifths or octaves the others may go that much farther.
OUTER_PARALLEL_COST, INNER_PARALLEL_COST = 25.0, 20.0
DIRECT_COST = 2.0  # outer voices leap together into a fifth or an octave
OVERLAP_COST = 5.0
TOP_LEAP_COST = 3.0  # the top voice by more than a fifth
UNRESOLVED_COST = 2.0
THIRD_COST, OMITTED_COST = 2.0, 2.0  # the third doubled; the fifth left out
UNISON_COST = 3.0  # two voices on one note
GAP_COST = 4.0
MUD_COST = 5.0
RUB_COST = 10.0
NINTH_COST = 4.0  # a minor ninth, which a major seventh turns into, is as harsh, but wide
CENTRE_COST = 0.12
MAX_GAP = 12
MAX_CANDIDATES = 60

# Interval in semitones → the lowest MIDI pitch on which it is clear; wider ones are clear anywhere.
CLEAR_FROM = np.array([0, 52, 51, 48, 46, 46, 46, 34, 43, 41, 41, 41, 0])


def voice_chords(
    chords: list[Chord],
    basses: list[int],
    low: int,
    high: int,
    voices: int = 4,
    beside: Sequence[Sequence[tuple[int, ...]]] = (),
    ceilings: Sequence[int] = (),
) -> list[tuple[int, ...]]:
    """One voicing (MIDI pitches between `low` and `high`, none below the one before it) a chord.

    In a narrow range two voices may meet on one note, as part-writing has it: else there would be no
    choice of how to go on.

    Args:
        chords: in order.
        basses: the bass notes that sound below; they count as the lowest voice.
        low, high: the range.
        voices: how many.
        beside: how other players voice the same chords, each a voicing a chord: two instruments a
            semitone apart beat where one player's two notes only colour.
        ceilings: the highest note of each chord, where that is not `high`.
    """
    if not chords:
        return []
    highs = ceilings or [high] * len(chords)
    sets = [
        candidates(chord, low, top, voices, freely=True) for chord, top in zip(chords, highs, strict=True)
    ]
    own = [
        _own_cost(sets[i], basses[i], (low + highs[i]) / 2)
        + _doubling_cost(sets[i], chords[i])
        + _rub_cost(sets[i], [p for other in beside for p in other[i]])
        for i in range(len(chords))
    ]
    costs = [own[0]]
    origins: list[NDArray[np.int64]] = []
    for i in range(1, len(chords)):
        move = _move_cost(sets[i - 1], sets[i], basses[i - 1], basses[i])
        move += _unresolved_cost(sets[i - 1], sets[i], chords[i - 1], chords[i])
        total = costs[-1][:, None] + move
        origins.append(total.argmin(axis=0))
        costs.append(total.min(axis=0) + own[i])
        costs[-1] -= costs[-1].min()
    path = [int(costs[-1].argmin())]
    for origin in reversed(origins):
        path.append(int(origin[path[-1]]))
    return [tuple(int(p) for p in sets[i][k]) for i, k in enumerate(reversed(path))]


@cache
def candidates(chord: Chord, low: int, high: int, voices: int, freely: bool = False) -> NDArray[np.int64]:
    """int `[N, voices]`: close and open positions of the chord within the range, ascending.

    Holds the chord's most telling notes; where the chord has fewer notes than there are voices, the root or
    the fifth is doubled.

    Args:
        freely: with what part-writing allows besides, for the sake of how voices move: a doubled third, a
            perfect fifth left out for a second root, two voices on one note.
    """
    found: set[tuple[int, ...]] = set()
    for pitch_classes in _shared_out(chord, voices, freely):
        places = [[p for p in range(low, high + 1) if p % 12 == pc] for pc in pitch_classes]
        for pitches in product(*places):
            ordered = tuple(sorted(pitches))
            gaps = np.diff(ordered)
            doubled = gaps == 0
            # A second is colour in the middle of the keyboard and mud below it.
            lowest = gaps[~doubled][:1]
            if doubled.sum() > int(freely) or (gaps > MAX_GAP).any() or (lowest < 3).any():
                continue
            found.add(ordered)
    if not found:
        tones = chord.tones[:voices]
        close = sorted({min((p for p in range(low, high + 1) if p % 12 == t), default=low) for t in tones})
        close += [close[-1]] * (voices - len(close))
        found.add(tuple(close))
    centre = (low + high) / 2
    ranked = sorted(found, key=lambda v: (abs(sum(v) / voices - centre) + (v[-1] - v[0]) / 8, v))
    return np.array(ranked[:MAX_CANDIDATES])


def _shared_out(chord: Chord, voices: int, freely: bool) -> list[list[int]]:
    """The ways in which a chord's pitch classes may be given to so many voices."""
    tones = list(chord.tones[:voices])
    third, fifth = chord.tones[1], (chord.root + 7) % 12
    ways = [tones]
    if len(tones) < voices:
        doubled = [t for t in (chord.root, chord.tones[2]) if t in chord.triad] or [chord.root]
        doubled += [third] if freely and third in chord.triad else []
        ways = [tones + [d] * (voices - len(tones)) for d in doubled]
    if freely and voices > 3 and fifth in tones:
        rest = [tone for tone in tones if tone != fifth]
        ways.append(rest + [chord.root] * (voices - len(rest)))
    return ways


def is_muddy(lower: NDArray[np.int64], upper: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where an interval lies lower than it is clear (`CLEAR_FROM`)."""
    return np.asarray(lower < CLEAR_FROM[np.clip(upper - lower, 0, 12)])


def _own_cost(voicings: NDArray[np.int64], bass: int, centre: float) -> NDArray[np.float64]:
    """float64 `[N]`: how each voicing lies over its bass."""
    gaps = np.diff(voicings, axis=1)
    cost = CENTRE_COST * (voicings.mean(axis=1) - centre) ** 2 + 1.5 * (gaps == 1).sum(axis=1)
    cost += NINTH_COST * _minor_ninths(voicings)
    cost += np.clip(gaps[:, 1:] - 9, 0, None).sum(axis=1) * GAP_COST / 3
    below = np.column_stack([np.full(len(voicings), bass), voicings])
    cost += MUD_COST * is_muddy(below[:, :-1], below[:, 1:]).sum(axis=1)
    return np.asarray(cost, dtype=np.float64)


def _minor_ninths(voicings: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64 `[N]`: how many pairs of each voicing's notes are a minor ninth apart."""
    apart = np.abs(voicings[:, :, None] - voicings[:, None, :])
    return np.asarray((apart == 13).sum(axis=(1, 2)) // 2)


def _doubling_cost(voicings: NDArray[np.int64], chord: Chord) -> NDArray[np.float64]:
    """float64 `[N]`: what it costs to double the third, to leave out the fifth, and to be in unison.

    A doubled third weighs a major chord down, and is usual in a minor one.
    """
    classes = voicings % 12
    third, fifth = (chord.root + 4) % 12, (chord.root + 7) % 12
    cost = THIRD_COST * ((classes == third).sum(axis=1) > 1)
    if fifth in chord.tones:
        cost = cost + OMITTED_COST * ~(classes == fifth).any(axis=1)
    return np.asarray(cost + UNISON_COST * (np.diff(voicings, axis=1) == 0).sum(axis=1), dtype=np.float64)


def _rub_cost(voicings: NDArray[np.int64], others: Sequence[int]) -> NDArray[np.float64]:
    """float64 `[N]`: for each pair of a voicing's note and another player's that are a semitone or a minor
    ninth apart, or muddy."""
    mine, theirs = voicings[:, :, None], np.array(others, dtype=np.int64)
    lower, upper = np.minimum(mine, theirs), np.maximum(mine, theirs)
    apart = upper - lower
    cost = RUB_COST * ((apart == 1) | is_muddy(lower, upper)) + NINTH_COST * (apart == 13)
    return np.asarray(cost.sum(axis=(1, 2)), dtype=np.float64)


def _move_cost(
    before: NDArray[np.int64], after: NDArray[np.int64], bass_before: int, bass_after: int
) -> NDArray[np.float64]:
    """float64 `[N before, N after]`: how the voices go from one chord to the next."""
    moved = np.abs(before[:, None, :] - after[None, :, :])
    cost = moved.sum(axis=2) + 0.5 * np.clip(moved - 4, 0, None).sum(axis=2)
    cost = cost + TOP_LEAP_COST * (moved[:, :, -1] > 7)
    overlap = (after[None, :, :-1] > before[:, None, 1:]) | (after[None, :, 1:] < before[:, None, :-1])
    cost = cost + OVERLAP_COST * overlap.sum(axis=2)
    was = np.column_stack([np.full(len(before), bass_before), before])
    now = np.column_stack([np.full(len(after), bass_after), after])
    outer = was.shape[1] - 1
    for i, j in combinations(range(was.shape[1]), 2):
        together, perfect, same = _motion(was, now, i, j)
        price = OUTER_PARALLEL_COST if (i, j) == (0, outer) else INNER_PARALLEL_COST
        cost = cost + price * (together & perfect & same)
        if (i, j) == (0, outer):
            cost = cost + DIRECT_COST * (together & perfect & ~same & (moved[:, :, -1] > 2))
    return np.asarray(cost, dtype=np.float64)


def _motion(
    was: NDArray[np.int64], now: NDArray[np.int64], i: int, j: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """For two voices, bool `[N before, N after]` each.

    Whether they go the same way, whether they come to a fifth or an octave, whether they were at the same.
    """
    lower = now[None, :, i] - was[:, None, i]
    upper = now[None, :, j] - was[:, None, j]
    together = np.sign(lower) * np.sign(upper) > 0
    here = (now[None, :, j] - now[None, :, i]) % 12
    there = (was[:, None, j] - was[:, None, i]) % 12
    return together, (here == 0) | (here == 7), here == there


def _unresolved_cost(
    before: NDArray[np.int64], after: NDArray[np.int64], chord: Chord, following: Chord
) -> NDArray[np.float64]:
    """float64 `[N before, N after]`: sevenths that do not fall by step, leading notes that do not rise."""
    steps = QUALITIES[chord.quality]
    move = after[None, :, :] - before[:, None, :]
    cost = np.zeros(move.shape[:2])
    for step in {10, 11} & set(steps):
        is_seventh = (before - chord.root) % 12 == step
        falls = (move <= 0) & (move >= -2)
        cost += UNRESOLVED_COST * (is_seventh[:, None, :] & ~falls).sum(axis=2)
    if 4 in steps and (chord.root - following.root) % 12 == 7:
        leads = (before - chord.root) % 12 == 4
        cost += UNRESOLVED_COST * (leads[:, None, -1] & (move[:, :, -1] != 1) & (move[:, :, -1] != 0))
    return np.asarray(cost, dtype=np.float64)


def bass_line(chords: list[Chord], low: int, high: int) -> list[int]:
    """The bass's notes: each chord's bass in the octave nearest to the last, held in the range's middle."""
    centre = low + (high - low) * 0.4
    line: list[int] = []
    for chord in chords:
        places = [p for p in range(low, high + 1) if p % 12 == chord.bass]
        last = line[-1] if line else centre
        line.append(min(places, key=lambda p: (abs(p - last) + 0.35 * abs(p - centre), p)))
    return line
