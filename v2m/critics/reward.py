"""Measures → one number by which versions of the music are compared: the reward.

It is a weighted sum of terms, each between −1 and 1 and 0 where chance, or nothing at all, is:

| term       | group     | what it is                                                              |
|------------|-----------|-------------------------------------------------------------------------|
| `accents`  | alignment | `accent_alignment` over its chance level, as a share of what is left    |
| `cuts`     | alignment | `cut_hits_apart` over its chance level, as a share of what is left      |
| `loudness` | alignment | rank correlation of estimated loudness with how much moves              |
| `density`  | alignment | rank correlation of attacks a second with how much moves                |
| `valence`  | affect    | rank correlation with the valence that is asked for; so the two others  |
| `arousal`  | affect    |                                                                         |
| `tension`  | affect    |                                                                         |
| `likeness` | music     | 2 − `human_distance`: 1 for people's own music, −1 at thrice its distance |
| `key`      | music     | `key_lead` over `CLEAR_LEAD`                                            |
| `lead`     | music     | twice `lead_heard`, less 1                                              |

A term whose measure is undefined counts 0, as chance does; a clip has the same ones undefined in every
version of its music. The weights are this module's own: four tenths for the picture, three each for
feeling and music, until a person's ratings say otherwise (`v2m.critics.ratings`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from v2m.critics.assessment import Assessment

CLEAR_LEAD = 0.3
WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "accents": 0.15,
        "cuts": 0.10,
        "loudness": 0.10,
        "density": 0.05,
        "valence": 0.10,
        "arousal": 0.10,
        "tension": 0.10,
        "likeness": 0.15,
        "key": 0.10,
        "lead": 0.05,
    }
)
GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "alignment": ("accents", "cuts", "loudness", "density"),
        "affect": ("valence", "arousal", "tension"),
        "music": ("likeness", "key", "lead"),
    }
)


def terms(assessment: Assessment) -> dict[str, float]:
    """Every term of the reward, −1 to 1."""
    found = {
        "accents": _over_chance(assessment, "sync.accent_alignment"),
        "cuts": _over_chance(assessment, "sync.cut_hits_apart"),
        "loudness": assessment.score("curves.loudness_motion"),
        "density": assessment.score("curves.density_motion"),
        "valence": assessment.score("affect.valence_midi"),
        "arousal": assessment.score("affect.arousal_midi"),
        "tension": assessment.score("affect.tension_midi"),
        "likeness": 2.0 - assessment.score("music.human_distance"),
        "key": assessment.score("mode.key_lead") / CLEAR_LEAD,
        "lead": 2.0 * assessment.score("balance.lead_heard") - 1.0,
    }
    return {name: 0.0 if math.isnan(value) else min(max(value, -1.0), 1.0) for name, value in found.items()}


def reward(found: Mapping[str, float], weights: Mapping[str, float] = WEIGHTS) -> float:
    """The weighted sum of terms.

    Raises:
        KeyError: if a weighed term is missing.
    """
    return sum(weight * found[name] for name, weight in weights.items())


def _over_chance(assessment: Assessment, name: str) -> float:
    """How much of what chance leaves over is reached; nan where it leaves nothing."""
    measure = assessment.measures[name]
    if not measure.defined or measure.chance is None or math.isnan(measure.chance.mean):
        return math.nan
    left = 1.0 - measure.chance.mean
    return measure.chance.gain / left if left > 1e-9 else math.nan
