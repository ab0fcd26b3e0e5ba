"""The best chain of beats under a picture: the recursion of `tempo_map`, compiled.

Time runs in whole steps. A state is (step of the beat, gait, place in the bar); a gait is a base tempo
and the interval, in steps, that the last beat kept. The next interval is as long, or one step shorter or
longer; a gait may be handed to a neighbouring base that has the same interval; a downbeat may follow a
downbeat after a beat and a half, in the same gait; at the few steps where a section may begin, the last
interval may be stretched and any base may take over; and where a lone cut is, a near base may, on any beat of
the bar. Arrays of beats and of choices are kept for one stretch of the clip at a time: the first pass keeps
what each stretch begins with, the second goes back through the stretches and computes each anew, so that an
hour needs no more memory than some minutes do, and the optimum is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.compiled import compiled

STRETCH = 32_768  # steps computed at a time: two or three minutes
NEVER = np.float32(-1e30)
# Choices beside 8 · place before + which predecessor.
_DOTTED, _BEGINS, _TURNS = 253, 254, 255
_MOST_PREDECESSORS = 5

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Gaits:
    """Every interval that a beat may keep.

    Attributes:
        length: int64 `[G]`, steps.
        base: int64 `[G]`, which base tempo it belongs to.
        home: int64 `[B]`, the gait of each base that keeps its very tempo.
        cost: float32 `[G]`, of one beat.
        before: int64 `[G, 5]`, the gaits that it may follow, −1 where there are fewer.
        before_cost: float32 `[G, 5]`.
    """

    length: Ints
    base: Ints
    home: Ints
    cost: Floats
    before: Ints
    before_cost: Floats


@dataclass(frozen=True, eq=False)
class Terrain:
    """What the picture gives on every step, and what the metre asks.

    Attributes:
        earns: float32 `[T, P]`, what a beat earns by its place in the bar.
        within: float32 `[T, F]`, what each fraction of a beat earns.
        fractions: float64 `[F]`, where in an interval those lie, 0 to 1.
        begins: float32 `[P]`, what beginning at each place costs, and
        late: beginning after the first step.
        ends_bar: float32 `[P]`, what a downbeat costs that follows a beat at each place.
        turns: int64, sorted: the steps on which a section may begin.
        turn_cost: float32 `[B, B]`, of going from one base to another there, or where a lone cut is.
        yields: int64, sorted: the steps on which a lone cut may be met by a change of tempo.
        most_yield: how far, as a share, the interval after such a step may be from the one before.
        stretch_cost: float32 `[S]`, of stretching the last interval by 0, 1, … steps.
        dotted_bar: what a bar of a single beat and a half costs (3/8 among bars of quarters); infinite
            where there is to be none.
    """

    earns: Floats
    within: Floats
    fractions: NDArray[np.float64]
    begins: Floats
    late: float
    ends_bar: Floats
    turns: Ints
    turn_cost: Floats
    yields: Ints
    most_yield: float
    stretch_cost: Floats
    dotted_bar: float = np.inf


@dataclass(frozen=True)
class BeatPath:
    """The beats found.

    Attributes:
        steps, places, gaits: step, place in the bar and gait of each beat.
        dotted: the numbers of the beats that are dotted, each a bar of its own.
        score: the sum of what was earned and paid.
    """

    steps: tuple[int, ...]
    places: tuple[int, ...]
    gaits: tuple[int, ...]
    dotted: tuple[int, ...]
    score: float


def make_gaits(
    bases: Ints, deviation: float, drift: float, turn: float, handover: float, beat_cost: NDArray[np.float64]
) -> Gaits:
    """Gaits around the bases.

    Args:
        bases: int64 `[B]`, steps, rising.
        deviation: how far from its base an interval may be, as a share of it.
        drift: cost of one beat that is 1 % from its base (it grows with the square).
        turn: cost of an interval 1 % longer or shorter than the one before.
        handover: cost of passing to a neighbouring base.
        beat_cost: float64 `[B]`, of any beat of a base.
    """
    length: list[int] = []
    base: list[int] = []
    for b, steps in enumerate(bases):
        reach = int(deviation * steps)
        length += range(int(steps) - reach, int(steps) + reach + 1)
        base += [b] * (2 * reach + 1)
    at = {(b, n): g for g, (b, n) in enumerate(zip(base, length, strict=True))}
    before = np.full((len(length), _MOST_PREDECESSORS), -1, dtype=np.int64)
    before_cost = np.zeros((len(length), _MOST_PREDECESSORS), dtype=np.float32)
    cost = np.empty(len(length), dtype=np.float32)
    for (b, n), g in at.items():
        step_cost = turn * 100.0 / float(bases[b])
        near = [((b, n), 0.0), ((b, n - 1), step_cost), ((b, n + 1), step_cost)]
        near += [((b - 1, n), handover), ((b + 1, n), handover)]
        known = [(at[key], price) for key, price in near if key in at]
        for k, (source, price) in enumerate(known):
            before[g, k], before_cost[g, k] = source, price
        cost[g] = drift * (100.0 * (n - bases[b]) / bases[b]) ** 2 + beat_cost[b]
    return Gaits(
        length=np.array(length, dtype=np.int64),
        base=np.array(base, dtype=np.int64),
        home=np.array([at[(b, int(steps))] for b, steps in enumerate(bases)], dtype=np.int64),
        cost=cost,
        before=before,
        before_cost=before_cost,
    )


def best_path(gaits: Gaits, terrain: Terrain) -> BeatPath:
    """The chain of beats that earns most, from near the first step to within an interval of the last."""
    steps, places = terrain.earns.shape
    n_gaits = len(gaits.length)
    dotted_length = np.round(1.5 * gaits.length).astype(np.int64)
    longest = max(int(gaits.length.max()) + len(terrain.stretch_cost), int(dotted_length.max()))
    offsets = np.array(
        [[n - round(f * n) for f in terrain.fractions] for n in gaits.length.tolist()], dtype=np.int64
    ).reshape(n_gaits, len(terrain.fractions))
    # Sections first, cuts after them; a step that is both is a section's.
    turn_at = np.full(steps, -1, dtype=np.int64)
    turn_at[terrain.yields] = len(terrain.turns) + np.arange(len(terrain.yields))
    turn_at[terrain.turns] = np.arange(len(terrain.turns))
    n_turns = len(terrain.turns) + len(terrain.yields)
    turned = np.zeros((max(n_turns, 1), len(gaits.home), places, 3), dtype=np.int64)
    fixed = (
        gaits.length, gaits.base, gaits.home, gaits.cost, gaits.before, gaits.before_cost,
        terrain.earns, terrain.within, offsets, terrain.begins, np.float32(terrain.late), terrain.ends_bar,
        turn_at, len(terrain.turns), terrain.turn_cost, terrain.stretch_cost, terrain.most_yield, turned,
        dotted_length, np.float32(terrain.dotted_bar),
    )  # fmt: skip

    best = np.full((longest + 1, n_gaits, places), NEVER, dtype=np.float32)
    choices = np.empty((min(STRETCH, steps), n_gaits, places), dtype=np.uint8)
    starts = list(range(0, steps, STRETCH))
    kept = []
    for start in starts:
        if start < starts[-1]:
            kept.append(best.copy())
        _advance(start, min(start + STRETCH, steps), best, choices, *fixed)

    step, gait, place, score = _last(best, steps, int(gaits.length.min()))
    found: list[tuple[int, int, int]] = []
    dotted_ends: list[int] = []  # how many beats, from the end, follow each dotted one
    for number in range(len(starts) - 1, -1, -1):
        start = starts[number]
        if number < len(starts) - 1:
            best = kept[number]
            _advance(start, min(start + STRETCH, steps), best, choices, *fixed)
        while step >= start:
            found.append((step, place, gait))
            choice = int(choices[step - start, gait, place])
            if choice == _BEGINS:
                step = -1
                break
            if choice == _TURNS:
                before, place_before, extra = turned[turn_at[step], gaits.base[gait], place].tolist()
                step -= int(gaits.length[before]) + extra
                gait, place = before, place_before
            elif choice == _DOTTED:
                dotted_ends.append(len(found))
                step -= int(dotted_length[gait])
            else:
                place, k = divmod(choice, 8)
                step -= int(gaits.length[gait])
                gait = int(gaits.before[gait, k])
    rows = found[::-1]
    dotted = tuple(len(rows) - 1 - after for after in reversed(dotted_ends))
    return BeatPath(
        tuple(r[0] for r in rows), tuple(r[1] for r in rows), tuple(r[2] for r in rows), dotted, score
    )


def _last(best: Floats, steps: int, shortest: int) -> tuple[int, int, int, float]:
    """The best last beat: step, gait, place and score."""
    tail = range(max(0, steps - shortest), steps)
    rows = np.stack([best[t % len(best)] for t in tail])
    at, gait, place = (int(x) for x in np.unravel_index(int(np.argmax(rows)), rows.shape))
    return tail[at], gait, place, float(rows[at, gait, place])


@compiled
def _advance(
    start: int,
    stop: int,
    best: Floats,
    choices: NDArray[np.uint8],
    length: Ints,
    base: Ints,
    home: Ints,
    cost: Floats,
    before: Ints,
    before_cost: Floats,
    earns: Floats,
    within: Floats,
    offsets: Ints,
    begins: Floats,
    late: np.float32,
    ends_bar: Floats,
    turn_at: Ints,
    n_sections: int,
    turn_cost: Floats,
    stretch_cost: Floats,
    most_yield: float,
    turned: NDArray[np.int64],
    dotted_length: Ints,
    dotted_bar: np.float32,
) -> None:
    """Fill `best` (a ring over the last steps) and `choices` for the steps from `start` to `stop`."""
    ring, n_gaits, places = best.shape
    arrive = np.empty(places, dtype=np.float32)
    came = np.empty(places, dtype=np.int64)
    n_bases = len(home)
    by_base = np.empty(n_bases, dtype=np.float32)
    by_base_from = np.empty((n_bases, 3), dtype=np.int64)
    for t in range(start, stop):
        row = best[t % ring]
        for g in range(n_gaits):
            source = t - length[g]
            if source < 0:
                for p in range(places):
                    row[g, p] = NEVER
                    choices[t - start, g, p] = 254
                if g == home[base[g]]:
                    for p in range(places):
                        row[g, p] = earns[t, p] - begins[p] - (late if t > 0 else np.float32(0.0))
                continue
            earlier = best[source % ring]
            inside = -cost[g]
            for f in range(offsets.shape[1]):
                inside += within[t - offsets[g, f], f]
            for p in range(places):
                arrive[p] = NEVER
                came[p] = 0
            for k in range(before.shape[1]):
                q = before[g, k]
                if q < 0:
                    break
                for p in range(places):
                    value = earlier[q, p] - before_cost[g, k]
                    if value > arrive[p]:
                        arrive[p] = value
                        came[p] = k
            for p in range(1, places):
                row[g, p] = arrive[p - 1] + inside + earns[t, p]
                choices[t - start, g, p] = 8 * (p - 1) + came[p - 1]
            last = 0
            for p in range(1, places):
                if arrive[p] - ends_bar[p] > arrive[last] - ends_bar[last]:
                    last = p
            row[g, 0] = arrive[last] - ends_bar[last] + inside + earns[t, 0]
            choices[t - start, g, 0] = 8 * last + came[last]
            source = t - dotted_length[g]
            if source < 0 or dotted_bar == np.inf:
                continue
            # Its eighths earn what is the first column of `within` among bars of quarters.
            third = dotted_length[g] // 3
            inside = within[t - third, 0] + within[t - 2 * third, 0] - np.float32(1.5) * cost[g]
            value = best[source % ring, g, 0] + inside + earns[t, 0] - dotted_bar
            if value > row[g, 0]:
                row[g, 0] = value
                choices[t - start, g, 0] = 253
        turn = turn_at[t]
        if turn < 0:
            continue
        if turn >= n_sections:
            for g in range(n_gaits):
                source = t - length[g]
                if source < 0:
                    continue
                for b in range(n_bases):
                    if abs(length[g] - length[home[b]]) > most_yield * length[home[b]]:
                        continue
                    for p in range(places):
                        value = best[source % ring, g, p] - cost[g] - turn_cost[base[g], b]
                        # The next beat of the bar, or the first of a new one.
                        for on in (0, (p + 1) % places):
                            met = value + earns[t, on] - (ends_bar[p] if on == 0 else np.float32(0.0))
                            if met > row[home[b], on]:
                                row[home[b], on] = met
                                choices[t - start, home[b], on] = 255
                                turned[turn, b, on, 0] = g
                                turned[turn, b, on, 1] = p
            continue
        for b in range(n_bases):
            by_base[b] = NEVER
        for g in range(n_gaits):
            b = base[g]
            for extra in range(len(stretch_cost)):
                source = t - length[g] - extra
                if source < 0:
                    break
                for p in range(places):
                    value = best[source % ring, g, p] - ends_bar[p] - stretch_cost[extra] - cost[g]
                    if value > by_base[b]:
                        by_base[b] = value
                        by_base_from[b, 0] = g
                        by_base_from[b, 1] = p
                        by_base_from[b, 2] = extra
        for b in range(n_bases):
            for a in range(n_bases):
                value = by_base[a] - turn_cost[a, b] + earns[t, 0]
                if value > row[home[b], 0]:
                    row[home[b], 0] = value
                    choices[t - start, home[b], 0] = 255
                    for c in range(3):
                        turned[turn, b, 0, c] = by_base_from[a, c]
