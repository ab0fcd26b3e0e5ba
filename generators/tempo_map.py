"""Targets → beat grid: the tempo, phase and metre whose beats meet the picture, by dynamic programming.

Beats are placed on a fine time axis of `STEPS` steps a beat. A path is a chain of beats; each
interval may differ from the base period by up to 4 %, and from its neighbour by 1 %: a drift no
listener hears as a jolt (the just-noticeable tempo change is 2–4 %, Drake & Botte 1993). The
recursion is that of Ellis (2007), "Beat tracking by dynamic programming", with three things added:
the place in the bar is part of the state, so that downbeats seek section boundaries; what falls on
an eighth or a sixteenth inside an interval is rewarded too, less; and a bar may be cut short by a
beat or two, for a price, as film composers do. For a given base tempo the optimum is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.grid import Bar, BeatGrid
from generators.targets import Targets

STEPS = 100  # a beat; one step is then one per cent of the period
SEARCH_STEPS = 50  # while the base tempo is searched for
DEVIATION = 0.04  # of the base period, at most
MEET_S = 0.020  # standard deviation of "meeting" a target
PREFERENCE = 0.25  # what an octave from the preferred tempo costs, in shares of the targets' weight
TEMPO_STEP = 0.035  # between base tempi tried; the drift reaches from one to the next
LAST_BEAT_S = 0.05  # no beat falls on the very last frame
# Another metre than the style's own must meet this much more of the targets' weight.
METRE_PREFERENCE = 0.1
SEARCH_S = 120.0  # the base tempo is chosen on this much of a long clip

# How well a target is served by each place in the metre: downbeat, middle of the bar, other beat,
# eighth, sixteenth. Sections want the downbeat; a dancer's beat wants a beat; a motion accent is
# content with any place on which something can sound.
SERVICE: dict[str, tuple[float, float, float, float, float]] = {
    "section": (1.00, 0.50, 0.35, 0.20, 0.10),
    "cut": (1.00, 0.85, 0.75, 0.45, 0.25),
    "fade": (1.00, 0.85, 0.75, 0.45, 0.25),
    "beat": (1.00, 1.00, 1.00, 0.30, 0.00),
    "accent": (1.00, 1.00, 0.90, 0.80, 0.60),
    "onset": (1.00, 1.00, 0.90, 0.90, 0.80),
}


@dataclass(frozen=True)
class Costs:
    """What freedom costs, in units of one clean cut met on a downbeat.

    Attributes:
        drift: one interval's squared deviation from the base period, per (1 %)².
        turn: changing the interval by 1 % from one beat to the next.
        short_bar: dropping one beat, or two, of a bar.
        pickup: beginning in mid-bar.
        late: beginning after the first frame instead of on it.
        idle_beat: a beat that meets no movement (dance: keeps double time from winning).
    """

    drift: float = 0.0015
    turn: float = 0.02
    short_bar: float = 0.45
    pickup: float = 0.6
    late: float = 0.8
    idle_beat: float = 0.0


FILM = Costs()
# A dance floor wants whole bars and a steady tempo, but need not start on the first frame.
DANCE = Costs(short_bar=2.0, pickup=0.15, late=0.05, idle_beat=0.04)


def find_grid(
    targets: Targets,
    duration_s: float,
    *,
    tempo_bpm: tuple[float, float],
    prefer_bpm: float,
    metres: tuple[int, ...],
    costs: Costs,
) -> BeatGrid:
    """The beat grid that best meets the targets.

    Args:
        targets: what the picture asks for.
        duration_s: length of the picture.
        tempo_bpm: slowest and fastest base tempo allowed.
        prefer_bpm: the tempo chosen when the picture does not care.
        metres: beats a bar: the usual one first, then those that the picture may prefer.
        costs: `FILM` or `DANCE`.
    """
    low, high = tempo_bpm
    if duration_s < 2.5 * 60.0 / prefer_bpm:
        return _gesture(duration_s, prefer_bpm)
    window = min(duration_s, SEARCH_S)
    head = _within(targets, window)
    count = max(1, round(np.log(high / low) / TEMPO_STEP) + 1)
    tempi = np.geomspace(low, high, count)
    scores = [
        _merit(head, window, bpm, metres[0], costs) - PREFERENCE * np.log2(bpm / prefer_bpm) ** 2
        for bpm in tempi
    ]
    best = float(tempi[int(np.argmax(scores))])

    def metre_merit(beats: int) -> float:
        return _merit(head, window, best, beats, costs) - METRE_PREFERENCE * (beats != metres[0])

    beats_per_bar = max(metres, key=metre_merit) if len(metres) > 1 else metres[0]
    beats_s, places, period_s, _ = _best_path(targets, duration_s, best, beats_per_bar, costs, STEPS)
    return _to_grid(beats_s, places, period_s)


def _merit(targets: Targets, duration_s: float, bpm: float, beats_per_bar: int, costs: Costs) -> float:
    """Share of the targets' weight that this tempo meets, above what a tempo meets by chance."""
    total = float(targets.weights.sum())
    if total == 0:
        return 0.0
    *_, score = _best_path(targets, duration_s, bpm, beats_per_bar, costs, SEARCH_STEPS)
    reach_s = MEET_S * np.sqrt(2 * np.pi)
    chance = 0.0
    for kind, weight in zip(targets.kinds, targets.weights, strict=True):
        down, _, other, eighth, sixteenth = SERVICE[kind]
        served = down / beats_per_bar + other * (1 - 1 / beats_per_bar) + eighth + 2 * sixteenth
        chance += weight * served * reach_s * bpm / 60.0
    return (score - chance) / total


def _within(targets: Targets, window_s: float) -> Targets:
    n = int(np.searchsorted(targets.times_s, window_s))
    return Targets(targets.times_s[:n], targets.weights[:n], targets.kinds[:n])


def _gesture(duration_s: float, bpm: float) -> BeatGrid:
    """A clip too short for a metre: one bar of as many even beats as fit."""
    beats = max(1, int(duration_s * bpm / 60.0))
    return BeatGrid((Bar(tuple(duration_s * k / beats for k in range(beats))),), duration_s)


def _rewards(targets: Targets, steps: int, step_s: float) -> NDArray[np.float64]:
    """`[5, steps + 1]`: what each place in the metre earns if it falls on each step of the time axis."""
    rewards = np.zeros((5, steps + 1))
    half = int(np.ceil(3 * MEET_S / step_s))
    for time, weight, kind in zip(targets.times_s, targets.weights, targets.kinds, strict=True):
        centre = round(time / step_s)
        lo, hi = max(0, centre - half), min(steps, centre + half) + 1
        bump = weight * np.exp(-0.5 * ((np.arange(lo, hi) * step_s - time) / MEET_S) ** 2)
        rewards[:, lo:hi] += np.outer(SERVICE[kind], bump)
    return rewards


def _best_path(
    targets: Targets, duration_s: float, bpm: float, beats_per_bar: int, costs: Costs, per_beat: int
) -> tuple[list[float], list[int], float, float]:
    """The best chain of beats at one base tempo.

    Returns beat times, each beat's place in its bar, the base period and the path's score.
    """
    period_s = 60.0 / bpm
    step_s = period_s / per_beat
    steps = int((duration_s - LAST_BEAT_S) / step_s)
    reach = round(DEVIATION * per_beat)
    deviations = np.arange(-reach, reach + 1)
    lengths = [per_beat + int(d) for d in deviations]
    percent = deviations * 100.0 / per_beat
    n_dev, n_place = len(deviations), beats_per_bar
    rewards = _rewards(targets, steps, step_s)

    # What a beat earns where it stands, by its place in the bar: [steps + 1, places].
    earns = np.repeat(rewards[2][:, None], n_place, axis=1)
    earns[:, 0] = rewards[0]
    if n_place % 2 == 0:
        earns[:, n_place // 2] = rewards[1]
    if costs.idle_beat:
        earns = earns - costs.idle_beat * np.exp(-rewards[2] / 0.2)[:, None]

    # What lies on the eighth and the sixteenths inside an interval that ends at each step: [dev, steps + 1].
    inside = np.zeros((n_dev, steps + 1))
    for j, length in enumerate(lengths):
        for fraction, row in ((0.5, rewards[3]), (0.25, rewards[4]), (0.75, rewards[4])):
            back = length - round(fraction * length)
            inside[j, back:] += row[: steps + 1 - back]
        inside[j] -= costs.drift * percent[j] ** 2

    best = np.full((steps + 1, n_dev, n_place), -np.inf)
    from_dev = np.full((steps + 1, n_dev, n_place), -1, dtype=np.int8)
    from_place = np.zeros((steps + 1, n_dev, n_place), dtype=np.int8)
    first = min(per_beat, steps + 1)
    begin = earns[:first] - costs.late * (np.arange(first) > 0)[:, None] * 1.0
    begin[:, 1:] -= costs.pickup
    best[:first] = begin[:, None, :]

    shortest = per_beat - reach
    for start in range(shortest, steps + 1, shortest):
        stop = min(start + shortest, steps + 1)
        for j, length in enumerate(lengths):
            lo = max(start, length)
            if lo >= stop:
                continue
            # Arrive with deviation j from an interval that deviated by one step less, as much, or more.
            sources = range(max(0, j - 1), min(n_dev, j + 2))
            choices = np.stack(
                [
                    best[lo - length : stop - length, s] - costs.turn * abs(percent[s] - percent[j])
                    for s in sources
                ]
            )
            pick = choices.argmax(axis=0)
            arrive = np.take_along_axis(choices, pick[None], axis=0)[0]
            came = (pick + sources[0]).astype(np.int8)
            score = np.roll(arrive, 1, axis=1)
            dev_of = np.roll(came, 1, axis=1)
            place_of = np.broadcast_to((np.arange(n_place) - 1) % n_place, score.shape).astype(np.int8).copy()
            for dropped in range(1, n_place - 1):
                last = n_place - 1 - dropped
                early = arrive[:, last] - costs.short_bar * (1.0 if dropped == n_place // 2 else 1.5)
                better = early > score[:, 0]
                score[better, 0] = early[better]
                dev_of[better, 0] = came[better, last]
                place_of[better, 0] = last
            score = score + inside[j, lo:stop, None] + earns[lo:stop]
            better = score > best[lo:stop, j]
            best[lo:stop, j][better] = score[better]
            from_dev[lo:stop, j][better] = dev_of[better]
            from_place[lo:stop, j][better] = place_of[better]

    tail = best[max(0, steps + 1 - shortest) :]
    step, dev_i, place = (int(x) for x in np.unravel_index(int(np.argmax(tail)), tail.shape))
    step += max(0, steps + 1 - shortest)
    score_end = float(best[step, dev_i, place])
    beats, places = [], []
    while True:
        beats.append(step * step_s)
        places.append(place)
        before = int(from_dev[step, dev_i, place])
        if before < 0:
            break
        place_before = int(from_place[step, dev_i, place])
        step -= lengths[dev_i]
        dev_i, place = before, place_before
    return beats[::-1], places[::-1], period_s, score_end


def _to_grid(beats_s: list[float], places: list[int], period_s: float) -> BeatGrid:
    """Group beats into bars at each place 0; the grid ends one period after the last beat."""
    bars: list[list[float]] = []
    for time, place in zip(beats_s, places, strict=True):
        if place == 0 or not bars:
            bars.append([])
        bars[-1].append(time)
    last = beats_s[-1] - beats_s[-2] if len(beats_s) > 1 else period_s
    return BeatGrid(tuple(Bar(tuple(bar)) for bar in bars), beats_s[-1] + last)
