"""Plan + stretches → the plan with other moods, energies and keys for parts of the music.

A stretch begins and ends on bar lines, and a section begins where it does: its own players, phrases and
key. Curves are moved, not flattened: what the picture does within the stretch is still heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from generators.choices import mode_of
from generators.curves import Curves
from generators.form import Section
from generators.key import Key
from generators.region import check_apart
from generators.wishes import MOODS, Stretch

if TYPE_CHECKING:
    from generators.plan import Plan

KEPT_SHAPE = 0.4  # of a curve's own ups and downs, around where it is moved to
LOUD_OF_AROUSAL, DENSE_OF_AROUSAL = 0.15, 0.225  # for each 1 of arousal, as the curves were drawn
DARK_MODES = ("dorian", "minor", "phrygian")


def steer(plan: Plan, stretches: Sequence[Stretch]) -> Plan:
    """The plan as it is asked for in some stretches, and as it was elsewhere.

    Raises:
        PlanError: if a stretch lies outside the music, or overlaps another.
    """
    spans = [(stretch, stretch.at.bars(plan.grid, plan.duration_s)) for stretch in stretches]
    check_apart([(stretch.at, bars) for stretch, bars in spans])
    for stretch, bars in spans:
        plan = _steered(plan, stretch, bars)
    return plan


def _steered(plan: Plan, stretch: Stretch, bars: range) -> Plan:
    curves = _curves(plan.curves, stretch, bars)
    energy = (np.array(curves.density) + np.array(curves.loudness)) / 2
    sections: list[Section] = []
    for section in plan.sections:
        first, end = max(section.start_bar, bars.start), min(section.end_bar, bars.stop)
        if first >= end:
            sections.append(section)
            continue
        inside = replace(
            section,
            start_bar=first,
            end_bar=end,
            key=_key(section.key, stretch),
            energy=round(float(energy[first:end].mean()), 4),
            role="theme" if section.role == "intro" and _decides_who_plays(stretch) else section.role,
        )
        before, after = replace(section, end_bar=first), replace(section, start_bar=end)
        sections += [s for s in (before, inside, after) if s.start_bar < s.end_bar]
    counted = _counted(sections) if len(sections) != len(plan.sections) else tuple(sections)
    return replace(plan, curves=curves, sections=counted)


def _decides_who_plays(stretch: Stretch) -> bool:
    """Whether an energy is asked for: then an intro is no longer for those alone who play in intros."""
    return any(value is not None for value in (stretch.energy, stretch.density, stretch.loudness))


def _counted(sections: list[Section]) -> tuple[Section, ...]:
    """Sections with their labels counted anew: what was one may have become two."""
    heard: dict[str, int] = {}
    counted = []
    for section in sections:
        counted.append(replace(section, variation=heard.get(section.label, 0)))
        heard[section.label] = heard.get(section.label, 0) + 1
    return tuple(counted)


def _key(key: Key, stretch: Stretch) -> Key:
    """The section's key: the one asked for; or its tonic in a mode of the mood's kind."""
    if stretch.key is not None:
        return stretch.key
    if stretch.scale is not None:
        return Key(key.tonic, stretch.scale)
    if stretch.mood is None:
        return key
    wanted = mode_of(MOODS[stretch.mood][0])
    alike = (wanted in DARK_MODES) == (key.mode in DARK_MODES)
    return key if alike else Key(key.tonic, wanted)


def _curves(curves: Curves, stretch: Stretch, bars: range) -> Curves:
    rows = {name: np.array(curve, dtype=np.float64) for name, curve in vars(curves).items()}
    here = slice(bars.start, bars.stop)
    goals: dict[str, float | None] = {
        name: getattr(stretch, name) for name in ("density", "loudness", "tension", "valence", "arousal")
    }
    if stretch.mood is not None:
        valence, arousal = MOODS[stretch.mood]
        mood = {
            "valence": valence,
            "arousal": arousal,
            "tension": float(np.clip((arousal - valence) / 2, 0, 1)),
        }
        goals |= {name: value for name, value in mood.items() if goals[name] is None}
    if stretch.energy is not None:
        goals |= {"density": stretch.energy, "loudness": stretch.energy}
    roused = goals["arousal"]
    if roused is not None:
        change = roused - float(rows["arousal"][here].mean())
        for name, share in (("density", DENSE_OF_AROUSAL), ("loudness", LOUD_OF_AROUSAL)):
            if goals[name] is None:
                rows[name][here] = _within(name, rows[name][here] + share * change)
    for name, goal in goals.items():
        if goal is not None:
            old = rows[name][here]
            rows[name][here] = _within(name, goal + KEPT_SHAPE * (old - old.mean()))
    return Curves(**{name: tuple(row.tolist()) for name, row in rows.items()})


def _within(name: str, row: NDArray[np.float64]) -> NDArray[np.float64]:
    """The numbers within their curve's range, in thousandths as in a plan's file."""
    within: NDArray[np.float64] = np.clip(row, -1.0 if name in ("valence", "arousal") else 0.0, 1.0)
    return within.round(3)
