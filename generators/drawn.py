"""Curves drawn by hand: `loudness=0:0.2,12:0.9` → what the bars of that stretch are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from generators.grid import PlanError

if TYPE_CHECKING:
    from generators.plan import Plan

RANGES: dict[str, tuple[float, float]] = {
    "density": (0.0, 1.0),
    "loudness": (0.0, 1.0),
    "valence": (-1.0, 1.0),
    "arousal": (-1.0, 1.0),
    "tension": (0.0, 1.0),
}
"""Curve → its least and its greatest number."""


@dataclass(frozen=True)
class DrawnCurve:
    """One curve by its points; between them it goes straight, before the first and after the last it is the
    picture's.

    Attributes:
        name: one of `RANGES`.
        times_s, values: the points, two at least, in order of time.

    Raises:
        PlanError: for a name that is none, points out of order, or a value out of its range.
    """

    name: str
    times_s: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.name not in RANGES:
            raise PlanError(f"curve {self.name!r} is none of {', '.join(RANGES)}")
        low, high = RANGES[self.name]
        if len(self.times_s) < 2 or any(a >= b for a, b in pairwise(self.times_s)) or self.times_s[0] < 0:
            raise PlanError(f"curve {self.name}: give two points or more, in order of time from 0 on")
        if not all(low <= value <= high for value in self.values):
            raise PlanError(f"curve {self.name} lies between {low:g} and {high:g}")

    @classmethod
    def parse(cls, text: str) -> DrawnCurve:
        """Read `loudness=0:0.2,12:0.9`: seconds and values.

        Raises:
            PlanError: for anything else.
        """
        name, _, points = text.partition("=")
        try:
            pairs = [point.split(":") for point in points.split(",")]
            times, values = zip(*((float(time), float(value)) for time, value in pairs), strict=True)
        except ValueError:
            raise PlanError(
                f"curve {text!r} is not understood; write points, second:value, as loudness=0:0.2,12:0.9"
            ) from None
        return cls(name.strip(), times, values)


def draw(plan: Plan, drawn: Sequence[DrawnCurve]) -> Plan:
    """The plan with curves as they were drawn; sections are as full as their bars then are.

    A bar has what was drawn at its middle. A curve drawn twice for a bar has there what was drawn last.

    Raises:
        PlanError: if a curve lies outside the clip.
    """
    if not drawn:
        return plan
    rows = {name: np.array(curve) for name, curve in vars(plan.curves).items()}
    edges = np.append(plan.grid.downbeats_s, min(plan.grid.end_s, plan.duration_s))
    middle_s = (edges[:-1] + edges[1:]) / 2
    touched = np.zeros(len(middle_s), dtype=bool)
    for curve in drawn:
        if curve.times_s[0] >= plan.duration_s:
            raise PlanError(f"curve {curve.name}: begins after the clip's {plan.duration_s:.2f} s")
        here = (middle_s >= curve.times_s[0]) & (middle_s <= curve.times_s[-1])
        rows[curve.name][here] = np.interp(middle_s[here], curve.times_s, curve.values).round(3)
        touched |= here & (curve.name in ("density", "loudness"))
    energy = (rows["density"] + rows["loudness"]) / 2
    sections = tuple(
        replace(s, energy=round(float(energy[s.start_bar : s.end_bar].mean()), 4))
        if touched[s.start_bar : s.end_bar].any()
        else s
        for s in plan.sections
    )
    curves = replace(plan.curves, **{name: tuple(row.tolist()) for name, row in rows.items()})
    return replace(plan, curves=curves, sections=sections)
