"""Targets → beat grid: the tempo, phase and metre whose beats meet the picture, by dynamic programming.

The recursion is that of Ellis (2007), "Beat tracking by dynamic programming", with the tempo and the
place in the bar as part of the state (Whiteley, Cemgil & Godsill 2006, "Bayesian modelling of temporal
structure in musical audio"), so that downbeats seek section boundaries and no tempo has to be tried
apart. What it may do is what a film composer's click track does:

* drift by at most 4 % around a base tempo, and by 1 % from one beat to the next, which no listener hears as
  a jolt (the just-noticeable tempo change is 2–4 %, Drake & Botte 1993), or on to a neighbouring base, for
  a price;
* take another base tempo, and hold the last beat for a breath, where a section begins;
* take a near one, at most 8.5 % away, at a cut that stands alone, on any beat of the bar;
* cut a bar short, to 2/4 or by one beat, for a price;
* put in a bar of 3/8, which moves what follows by half a beat, for a price and where the style has it.

What falls on an eighth or a sixteenth inside a beat is rewarded too, less. The optimum is exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from generators.beat_paths import NEVER, BeatPath, Gaits, Terrain, best_path, make_gaits
from generators.grid import DOTTED_SLOTS, Bar, BeatGrid
from generators.targets import Targets

STEPS = 100  # in a beat of the fastest base tempo; one step is then one per cent of it
DEVIATION = 0.04  # of the base period, at most
MEET_S = 0.020  # standard deviation of "meeting" a target
# An edit is also met, somewhat less, where the ensemble has to lean to it (`hits`: by about 45 ms).
LEAN_TO_S, LEAN_TO_SHARE = 0.050, 0.75
PREFERENCE = 0.25  # what an octave from the preferred tempo costs, in shares of the targets' weight
LEAST_WEIGHT = 2.0  # a picture that asks for less still lets a tempo be preferred
TEMPO_STEP = 0.04  # between base tempi; the drift reaches from one to the next
LAST_BEAT_S = 0.05  # no beat falls on the very last frame
# Another metre than the style's own must meet this much more of the targets' weight.
METRE_PREFERENCE = 0.1
SEARCH_S = 120.0  # metre and home tempo are chosen on this much of a long clip
AROUND_HOME = 0.15  # base tempi of one piece lie within this of its home tempo
TURN_S = 0.030  # a section's downbeat may lie this far from its boundary
SIMPLE, COMPOUND = (0.5, 0.25, 0.75), (1 / 3, 2 / 3)

# How well a target is served by each place in the metre: downbeat, middle of the bar, other beat,
# eighth, sixteenth. Sections want the downbeat; a dancer's beat wants a beat; a motion accent is
# content with any place on which something can sound.
SERVICE: dict[str, tuple[float, float, float, float, float]] = {
    "section": (1.00, 0.50, 0.35, 0.20, 0.10),
    "cut": (1.00, 0.95, 0.90, 0.20, 0.05),
    "fade": (1.00, 0.95, 0.90, 0.20, 0.05),
    "beat": (1.00, 1.00, 1.00, 0.30, 0.00),
    "accent": (1.00, 1.00, 0.90, 0.80, 0.60),
    "onset": (1.00, 1.00, 0.90, 0.90, 0.80),
}
EDITED = ("section", "cut", "fade")


@dataclass(frozen=True)
class Costs:
    """What freedom costs, in units of one clean cut met on a downbeat.

    Attributes:
        drift: one interval's squared deviation from the base period, per (1 %)².
        turn: changing the interval by 1 % from one beat to the next.
        handover: passing from one base tempo to its neighbour while drifting.
        change: taking another base tempo where a section begins, and `change_octave` for how far.
        most_change: the largest such change, as a ratio less 1.
        breath: holding the last beat before a section, and `breath_beat` for a whole beat more.
        longest_breath: as a share of a beat.
        most_yield: the largest change at a lone cut, as a ratio less 1; 0 for none.
        short_bar: dropping one beat, or two, of a bar.
        dotted_bar: a bar of 3/8 among bars of quarters.
        pickup: beginning in mid-bar.
        late: beginning after the first frame instead of on it.
        idle_beat: a beat that meets no movement (dance: keeps double time from winning).
    """

    drift: float = 0.0007
    turn: float = 0.01
    handover: float = 0.05
    change: float = 0.08
    change_octave: float = 1.5
    most_change: float = 0.15
    breath: float = 0.15
    breath_beat: float = 0.6
    longest_breath: float = 0.5
    most_yield: float = 0.085
    short_bar: float = 0.30
    dotted_bar: float = 0.40
    pickup: float = 0.4
    late: float = 0.3
    idle_beat: float = 0.0


FILM = Costs()
# A dance floor wants whole bars and a steady tempo, but need not start on the first frame.
DANCE = Costs(
    drift=0.0015,
    turn=0.02,
    handover=0.02,
    most_change=0.0,
    longest_breath=0.0,
    most_yield=0.0,
    short_bar=2.0,
    dotted_bar=2.0,
    pickup=0.15,
    late=0.05,
    idle_beat=0.04,
)
MODE_COSTS = {"film": FILM, "dance": DANCE}


def find_grid(
    targets: Targets,
    duration_s: float,
    *,
    tempo_bpm: tuple[float, float],
    prefer_bpm: float,
    metres: tuple[int, ...],
    dotted_bars: bool = False,
    costs: Costs,
) -> BeatGrid:
    """The beat grid that best meets the targets.

    Args:
        targets: what the picture asks for.
        duration_s: length of the picture.
        tempo_bpm: slowest and fastest base tempo allowed.
        prefer_bpm: the tempo chosen when the picture does not care.
        metres: beats a bar: the usual one first, then those that the picture may prefer; 6 is 6/8, two
            beats of three.
        dotted_bars: whether a single bar of 3/8 may stand among bars of quarters.
        costs: `FILM` or `DANCE`.
    """
    if duration_s < 2.5 * 60.0 / prefer_bpm:
        return _gesture(duration_s, prefer_bpm)
    if not dotted_bars:
        costs = replace(costs, dotted_bar=np.inf)
    scale = _Scale(duration_s, tempo_bpm, prefer_bpm)
    head = replace(scale, duration_s=min(duration_s, SEARCH_S))
    near = _within(targets, head.duration_s)
    total = max(float(near.weights.sum()), LEAST_WEIGHT)
    tried = [_search(near, head, beats, costs) for beats in metres]
    merits = [path.score - METRE_PREFERENCE * total * (n > 0) for n, path in enumerate(tried)]
    chosen = int(np.argmax(merits))
    home = float(np.median(np.diff(tried[chosen].steps))) if len(tried[chosen].steps) > 1 else 0.0
    around = replace(scale, home_steps=home)
    return _to_grid(_search(targets, around, metres[chosen], costs), around, metres[chosen])


@dataclass(frozen=True)
class _Scale:
    """How time and tempo are divided; `home_steps`, where it is known, is the period to stay around."""

    duration_s: float
    tempo_bpm: tuple[float, float]
    prefer_bpm: float
    home_steps: float = 0.0

    @property
    def step_s(self) -> float:
        return 60.0 / self.tempo_bpm[1] / STEPS

    @property
    def steps(self) -> int:
        return int((self.duration_s - LAST_BEAT_S) / self.step_s) + 1

    @property
    def bases(self) -> NDArray[np.int64]:
        """Base periods in steps, rising."""
        low, high = self.tempo_bpm
        count = max(1, round(np.log(high / low) / TEMPO_STEP) + 1)
        bases = np.unique(np.round(np.geomspace(STEPS, STEPS * high / low, count)).astype(np.int64))
        if not self.home_steps:
            return bases
        return bases[np.abs(np.log(bases / self.home_steps)) <= max(AROUND_HOME, TEMPO_STEP)]


def _search(targets: Targets, scale: _Scale, metre: int, costs: Costs) -> BeatPath:
    """The best path in one metre."""
    rewards = _rewards(targets, scale.steps, scale.step_s)
    compound = metre == 6
    places = 2 if compound else metre
    if compound:
        # Three eighths at the pace of two: a dotted beat is longer.
        scale = replace(scale, prefer_bpm=max(scale.tempo_bpm[0], scale.prefer_bpm / 1.5))
    return best_path(
        _gaits(targets, scale, places, compound, costs),
        _terrain(targets, rewards, scale, places, compound, costs),
    )


def _gaits(targets: Targets, scale: _Scale, places: int, compound: bool, costs: Costs) -> Gaits:
    """The intervals between beats, each with what chance would earn it and what its tempo costs.

    More beats meet more by luck; paying for luck keeps the fastest tempo from always winning.
    """
    luck = 0.0
    for kind, weight in zip(targets.kinds, targets.weights, strict=True):
        down, _, other, eighth, sixteenth = SERVICE[kind]
        served = (
            down / places + other * (1 - 1 / places) + (2 * eighth if compound else eighth + 2 * sixteenth)
        )
        luck += float(weight) * served * _reach_s(kind)
    luck /= scale.duration_s
    bases = scale.bases
    away = np.log2(60.0 / (bases * scale.step_s) / scale.prefer_bpm)
    total = max(float(targets.weights.sum()), LEAST_WEIGHT)
    dislike = PREFERENCE * total * away**2 * bases * scale.step_s / scale.duration_s
    return make_gaits(bases, DEVIATION, costs.drift, costs.turn, costs.handover, luck + dislike)


def _terrain(
    targets: Targets, rewards: NDArray[np.float64], scale: _Scale, places: int, compound: bool, costs: Costs
) -> Terrain:
    earns = np.repeat(rewards[2][:, None], places, axis=1)
    earns[:, 0] = rewards[0]
    if places % 2 == 0 and places > 2:
        earns[:, places // 2] = rewards[1]
    if costs.idle_beat:
        earns = earns - costs.idle_beat * np.exp(-rewards[2] / 0.2)[:, None]
    rows = (3, 3) if compound else (3, 4, 4)
    ends_bar = np.full(places, -NEVER)
    ends_bar[places - 1] = 0.0
    for dropped in range(1, places - (0 if compound else 1)):
        ends_bar[places - 1 - dropped] = costs.short_bar * (1.0 if dropped == places // 2 else 1.5)
    bases = scale.bases
    ratio = bases[:, None] / bases[None, :]
    far = np.maximum(ratio, 1 / ratio)
    turn_cost = np.where(far == 1.0, 0.0, costs.change + costs.change_octave * np.log2(far))
    turn_cost[far > 1.0 + costs.most_change + 1e-9] = -NEVER
    held = np.arange(int(costs.longest_breath * bases.mean()) + 1) / bases.mean()
    stretch_cost = np.where(held > 0, costs.breath + costs.breath_beat * held, 0.0)
    return Terrain(
        earns=earns.astype(np.float32),
        within=np.ascontiguousarray(rewards[list(rows)].T.astype(np.float32)),
        fractions=np.array(COMPOUND if compound else SIMPLE),
        begins=np.where(np.arange(places) > 0, costs.pickup, 0.0).astype(np.float32),
        late=costs.late,
        ends_bar=ends_bar.astype(np.float32),
        turns=_steps_near(targets.turns_s, scale),
        yields=_steps_near(targets.lone_cuts_s if costs.most_yield else np.zeros(0), scale),
        most_yield=costs.most_yield,
        turn_cost=turn_cost.astype(np.float32),
        stretch_cost=stretch_cost.astype(np.float32),
        dotted_bar=np.inf if compound else costs.dotted_bar,
    )


def _steps_near(times_s: NDArray[np.float64], scale: _Scale) -> NDArray[np.int64]:
    """The steps, sorted, on which a beat is on one of the times: int64 `[N]`."""
    reach = int(TURN_S / scale.step_s)
    near = {round(time / scale.step_s) + off for time in times_s for off in range(-reach, reach + 1)}
    return np.array(sorted(step for step in near if 0 <= step < scale.steps), dtype=np.int64)


def _within(targets: Targets, window_s: float) -> Targets:
    n = int(np.searchsorted(targets.times_s, window_s))
    return Targets(targets.times_s[:n], targets.weights[:n], targets.kinds[:n])


def _gesture(duration_s: float, bpm: float) -> BeatGrid:
    """A clip too short for a metre: one bar of as many even beats as fit."""
    beats = max(1, int(duration_s * bpm / 60.0))
    return BeatGrid((Bar(tuple(duration_s * k / beats for k in range(beats))),), duration_s)


def _reach_s(kind: str) -> float:
    """The integral of `_met` over time."""
    narrow, wide = MEET_S * np.sqrt(2 * np.pi), LEAN_TO_S * np.sqrt(2 * np.pi)
    return float((1 - LEAN_TO_SHARE) * narrow + LEAN_TO_SHARE * wide if kind in EDITED else narrow)


def _met(off_s: NDArray[np.float64], kind: str) -> NDArray[np.float64]:
    """How well a target is met that is missed by so much: 1 on the instant."""
    narrow: NDArray[np.float64] = np.exp(-0.5 * (off_s / MEET_S) ** 2)
    if kind not in EDITED:
        return narrow
    wide = np.exp(-0.5 * (off_s / LEAN_TO_S) ** 2)
    return (1 - LEAN_TO_SHARE) * narrow + LEAN_TO_SHARE * wide


def _rewards(targets: Targets, steps: int, step_s: float) -> NDArray[np.float64]:
    """`[5, steps]`: what each place in the metre earns if it falls on each step of the time axis."""
    rewards = np.zeros((5, steps))
    half = int(np.ceil(3 * LEAN_TO_S / step_s))
    for time, weight, kind in zip(targets.times_s, targets.weights, targets.kinds, strict=True):
        centre = round(time / step_s)
        lo, hi = max(0, centre - half), min(steps, centre + half + 1)
        bump = weight * _met(np.arange(lo, hi) * step_s - time, kind)
        rewards[:, lo:hi] += np.outer(SERVICE[kind], bump)
    return rewards


def _to_grid(path: BeatPath, scale: _Scale, metre: int) -> BeatGrid:
    """Group beats into bars at each place 0; the grid ends one period after the last beat."""
    first_of: list[int] = [k for k, place in enumerate(path.places) if place == 0 or k == 0]
    beats_s = [step * scale.step_s for step in path.steps]
    slots = 3 if metre == 6 else 4
    bars = tuple(
        Bar(tuple(beats_s[first:end]), DOTTED_SLOTS if first in path.dotted else slots)
        for first, end in pairwise([*first_of, len(beats_s)])
    )
    last = beats_s[-1] - beats_s[-2] if len(beats_s) > 1 else 60.0 / scale.prefer_bpm
    if len(path.steps) - 2 in path.dotted:
        last /= 1.5
    return BeatGrid(bars, beats_s[-1] + last)
