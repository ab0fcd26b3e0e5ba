"""Plans of a picture written by hand, for critics to look at."""

from __future__ import annotations

import numpy as np

from encoders.stream import Streams
from generators.plan import Plan, make_plan
from generators.wishes import Wishes
from tests.generators.streams_by_hand import clip, curve, cuts, events

DURATION_S = 16.0


def streams() -> Streams:
    """16 s: still and dark, from a cut at 8 s on quick and bright, with movement on every half second."""
    moves = np.arange(8.5, 15.5, 0.5)
    return clip(
        DURATION_S,
        cuts([4.0, 8.0, 12.0]),
        curve("motion", DURATION_S, 0.1, energy=[0.02, 0.03, 0.05, 0.3, 0.35, 0.4], raw=0.1),
        events("visual_onsets", moves, strength=[0.8] * len(moves), accent=[1] * len(moves)),
        curve(
            "affect",
            DURATION_S,
            0.5,
            valence=[-0.4, -0.3, 0.2, 0.5],
            arousal=[-0.5, -0.4, 0.4, 0.6],
            tension=[0.5, 0.6, 0.2, 0.1],
        ),
    )


def plan(seed: int = 0, style: str = "cinematic") -> Plan:
    return make_plan(streams(), Wishes(seed=seed, style=style))
