"""Plan → pulse: the few slots of each bar on which the ensemble attacks together.

The picture chooses the rhythm. Every slot is weighed by what moves on it, by its place in the
bar and by the label's own groove; the best are taken, as many as the bar's density asks for.
All attacking voices draw their onsets from this one set, so that attacks coincide and are clear.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.form import Section
from generators.rhythm.band import Band
from generators.rhythm.figuration import light_slots, usual_movement
from generators.rhythm.meter import fit_pattern, onsets
from generators.rhythm.timeline import Timeline, metric_weight

# Attacks of the ensemble a second, at density 0 and at density 1.
ATTACKS_PER_S = {"film": (0.7, 4.4), "dance": (1.6, 5.2)}
ACCENT_SHARE = {"film": 1.35, "dance": 1.7}
METRE_SHARE = {"film": 0.42, "dance": 0.7}
GROOVE_SHARE = {"film": 0.33, "dance": 0.4}
# Plans weigh a cut 1, a motion accent about 0.3, a lesser onset under 0.1; the ear and the measures of
# alignment want all of them, so weights are bent towards one another.
MOVED_POWER = 0.4
MOVES_AT_ALL = 0.5  # what a slot is given for moving, however little, beside a 1 for a clean cut
LEAST = 0.22  # a slot that matters less than this is left free, however full the bar may be
SPACE_BEFORE_HIT = 0.5  # in a film, hits this heavy have a slot of silence before them
SIDE_BY_SIDE = {"film": 0.4, "dance": 0.25}  # two neighbouring slots both attack if both move this much


@dataclass(frozen=True)
class Attack:
    """A slot on which the ensemble attacks.

    Attributes:
        slot: in the bar.
        at: in the piece (a `Timeline`'s count).
        strength: 0 to 1.
        moved: 0 to 1, how much of that the picture asks for.
        light: only the figuration plays it; the ensemble does not. What the figuration keeps from the bars
            around it though nothing moves there has `moved` 0, and is soft.
    """

    slot: int
    at: int
    strength: float
    moved: float
    light: bool = False


@dataclass(frozen=True)
class Pulse:
    """Attributes: `bars`, the attacks of each bar, in order; `grooves`, label → the label's template."""

    bars: tuple[tuple[Attack, ...], ...]
    grooves: dict[str, str]

    def strongest(self, bar: int, count: int) -> tuple[Attack, ...]:
        """The `count` strongest of the ensemble's attacks in a bar, in order of time."""
        heavy = (a for a in self.bars[bar] if not a.light)
        best = sorted(heavy, key=lambda a: (-a.strength, a.slot))[:count]
        return tuple(sorted(best, key=lambda a: a.slot))


def find_pulse(timeline: Timeline, band: Band) -> Pulse:
    """The attacks of every bar, up to the last chord."""
    plan = timeline.plan
    grooves: dict[str, str] = {}
    hits: dict[int, dict[int, float]] = {}
    for hit in plan.planned_hits:
        slots = hits.setdefault(hit.bar, {})
        slots[hit.slot] = max(slots.get(hit.slot, 0.0), hit.weight)
    moves = [_movement(timeline, b, hits.get(b, {})) for b in range(timeline.bars)]
    usual = usual_movement(plan.sections, moves)
    bars: list[tuple[Attack, ...]] = []
    owed = 0.0
    for section in plan.sections:
        if section.label not in grooves:
            grooves[section.label] = _groove(timeline, band, section)
        for b in range(section.start_bar, section.end_bar):
            low, high = ATTACKS_PER_S[plan.mode]
            rate = low + (high - low) * plan.curves.density[b]
            owed = rate * timeline.bar_length_s(b) + float(np.clip(owed, -0.5, 0.5))
            upcoming = hits.get(b + 1, {}).get(0, 0.0)
            struck = hits.get(b, {})
            attacks = _bar(
                timeline, b, grooves[section.label], round(owed), struck, upcoming, moves[b], usual[b]
            )
            owed -= round(owed)
            bars.append(tuple(a for a in attacks if a.at < timeline.final_slot))
    return Pulse(tuple(bars), grooves)


def _groove(timeline: Timeline, band: Band, first: Section) -> str:
    """The template which best agrees with what the picture does in the label's bars.

    As full as the section's density asks for, and never so sure that the seed has no say.
    """
    plan = timeline.plan
    same = [s for s in plan.sections if s.label == first.label]
    bars = [b for s in same for b in range(s.start_bar, s.end_bar)]
    low, high = ATTACKS_PER_S[plan.mode]
    wanted = float(
        np.mean([(low + (high - low) * plan.curves.density[b]) * timeline.bar_length_s(b) for b in bars])
    )
    rng = timeline.random("groove", first.label)
    scores = []
    for template in band.rhythms:
        gained, notes = 0.0, 0
        for b in bars:
            bar = plan.grid.bars[b]
            slots = set(onsets(fit_pattern(template, bar.beats, bar.slots_per_beat)))
            gained += sum(a.weight**MOVED_POWER for a in bar.accents if a.slot in slots)
            notes += len(slots)
        fit = gained / max(notes, 1)
        mean = notes / len(bars)
        scores.append(fit - 0.12 * abs(mean - min(wanted, 7.0)) + 0.2 * rng.random())
    return band.rhythms[int(np.argmax(scores))]


def _movement(timeline: Timeline, b: int, hits: dict[int, float]) -> NDArray[np.float64]:
    """How much the picture moves on each slot of a bar, `[slots]`, 0 to 1; `hits`, slot → weight."""
    bar = timeline.plan.grid.bars[b]
    moves = np.zeros(bar.slots)
    asked = [(accent.slot, accent.weight) for accent in bar.accents]
    for slot, weight in [*asked, *hits.items()]:
        if 0 <= slot < bar.slots:
            moves[slot] = max(moves[slot], weight**MOVED_POWER)
    return np.clip(moves, 0, 1)


def _bar(
    timeline: Timeline,
    b: int,
    groove: str,
    wanted: int,
    hits: dict[int, float],
    upcoming: float,
    moves: NDArray[np.float64],
    usual: NDArray[np.float64],
) -> list[Attack]:
    plan = timeline.plan
    bar, mode, first = plan.grid.bars[b], plan.mode, int(timeline.first_slot[b])
    struck = {slot: weight for slot, weight in hits.items() if 0 <= slot < bar.slots}
    pull = np.where(moves > 0, MOVES_AT_ALL + (1 - MOVES_AT_ALL) * moves, 0.0)
    template = fit_pattern(groove, bar.beats, bar.slots_per_beat)
    metre = np.array([metric_weight(s, bar.beats, bar.slots_per_beat) for s in range(bar.slots)])
    in_groove = np.array([char != "." for char in template])
    score = ACCENT_SHARE[mode] * pull + METRE_SHARE[mode] * metre + GROOVE_SHARE[mode] * in_groove
    chosen: list[int] = sorted(struck)
    barred: set[int] = set()
    if mode == "dance":
        chosen = sorted({*chosen, *range(0, bar.slots, bar.slots_per_beat)})
    else:
        barred = {slot - 1 for slot, weight in struck.items() if weight >= SPACE_BEFORE_HIT}
        if upcoming >= SPACE_BEFORE_HIT:
            barred.add(bar.slots - 1)
        if 0 not in chosen:
            chosen.append(0)
    for slot in np.argsort(-score, kind="stable"):
        if len(chosen) >= max(wanted, 1) or score[slot] < LEAST:
            break
        if slot in chosen or slot in barred:
            continue
        near = [other for other in chosen if abs(other - slot) < 2]
        least = SIDE_BY_SIDE[mode]
        if near and (moves[slot] < least or max(moves[other] for other in near) < least):
            continue
        chosen.append(int(slot))
    light = light_slots(timeline, b, moves, usual, chosen, barred)
    top = max(float(score.max()), 1.0)
    return [
        Attack(
            slot=slot,
            at=first + slot,
            strength=float(np.clip(score[slot] / top, 0.1, 1.0)),
            moved=float(moves[slot]),
            light=slot in light,
        )
        for slot in sorted([*chosen, *light])
    ]
