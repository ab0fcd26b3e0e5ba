"""Curves that are drawn: what they do to a plan's bars, and to nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from generators.drawn import DrawnCurve, draw
from generators.grid import PlanError
from tests.generators import plans


def test_bars_are_as_drawn_and_others_as_they_were() -> None:
    plan = plans.make(plans.bars_of([4] * 8, 120), [("A", "theme", 4), ("B", "theme", 4)], tail_s=1.0)
    drawn = draw(plan, [DrawnCurve.parse("loudness=0:0.2,8:1.0")])
    # Bars of 2 s: their middles are at 1, 3, 5 and 7 s; from 8 s on nothing is drawn.
    assert drawn.curves.loudness[:4] == pytest.approx((0.3, 0.5, 0.7, 0.9))
    assert drawn.curves.loudness[4:] == plan.curves.loudness[4:]
    assert drawn.curves.density == plan.curves.density
    energy = np.mean([np.array(drawn.curves.density[:4]), np.array(drawn.curves.loudness[:4])])
    assert drawn.sections[0].energy == pytest.approx(energy, abs=1e-3)
    assert drawn.sections[1] == plan.sections[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("loudness", "is not understood"),
        ("loudness=0:0.2", "two points"),
        ("loudness=4:0.2,1:0.3", "in order of time"),
        ("loudness=0:0.2,4:1.5", "between 0 and 1"),
        ("noise=0:0.2,4:0.5", "is none of density"),
        ("loudness=a:0.2,4:0.5", "is not understood"),
    ],
)
def test_what_is_no_curve_is_one_line(text: str, said: str) -> None:
    with pytest.raises(PlanError, match=said) as caught:
        DrawnCurve.parse(text)
    assert "\n" not in str(caught.value)


def test_a_curve_outside_the_clip_is_refused() -> None:
    plan = plans.make(plans.bars_of([4] * 4, 120), [("A", "theme", 4)], tail_s=1.0)
    with pytest.raises(PlanError, match="begins after the clip"):
        draw(plan, [DrawnCurve.parse("density=60:0.2,80:0.4")])
