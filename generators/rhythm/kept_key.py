"""Kept notes → the key of each section."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from generators.kept import KeptTracks
from generators.key import MODES, Key
from generators.plan import Plan
from generators.rhythm.kept_notes import Heard

# How well each degree of a scale fits, and a note that is none of it (after Temperley 2001, "The Cognition
# of Basic Musical Structures", ch. 7; his profiles of major and minor, carried over to the other modes).
DEGREES = (5.0, 3.5, 4.5, 4.0, 4.5, 3.5, 4.0)
FOREIGN = 1.8
USUAL = ("major", "minor")
UNUSUAL_COST = 1.5
AS_PLANNED, AS_HOME = 2.0, 3.0  # what speaks for the key that the plan says, and against leaving home
MOST = 24.0  # beats of evidence: more does not make the choice surer
LEAST = 2.0  # with less nothing is said of a section
BASS_SHARE = 1.0


def in_kept_keys(plan: Plan, kept: KeptTracks) -> Plan:
    """The plan in the keys of the kept tracks: the home key, and another where a section is clearly in it.

    Where the tracks say as much for the plan's own key, it stays; where they say nothing, a section is
    at home.
    """
    tracks = [(track, 0.0) for track in kept.pitched]
    sounding, bass = Heard.of(tracks).in_cells(plan.grid.knots_s)
    evidence = sounding + BASS_SHARE * bass
    if evidence.sum() < LEAST:
        return plan
    keys = [Key(tonic, mode) for mode in MODES for tonic in range(12)]
    fits = _fits(keys)
    home = keys[int(np.argmax(_score(evidence.sum(axis=0), fits) + AS_PLANNED * _is(keys, plan.key)))]
    sections = []
    for section in plan.sections:
        first, end = (int(plan.grid.first_beat[b]) for b in (section.start_bar, section.end_bar))
        here = evidence[first:end].sum(axis=0)
        key = home
        if here.sum() >= LEAST:
            bonus = AS_HOME * _is(keys, home) + AS_PLANNED * _is(keys, section.key)
            key = keys[int(np.argmax(_score(here, fits) + bonus))]
        sections.append(replace(section, key=key))
    return replace(plan, key=home, sections=tuple(sections))


def _fits(keys: list[Key]) -> NDArray[np.float64]:
    """float64 `[K, 13]`: log odds of each pitch class in each key, and what speaks against the key."""
    rows = []
    for key in keys:
        profile = np.full(12, FOREIGN)
        profile[list(key.scale)] = DEGREES
        if key.mode == "minor":
            # The raised leading note is as much of minor as the lowered.
            profile[(key.tonic + 11) % 12] = profile[(key.tonic + 10) % 12] = 3.0
        rows.append([*np.log(profile / profile.sum()), 0.0 if key.mode in USUAL else -UNUSUAL_COST])
    return np.array(rows)


def _score(evidence: NDArray[np.float64], fits: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64 `[K]`: how well each key explains what sounds, `[12]` in beats."""
    total = float(evidence.sum())
    scores: NDArray[np.float64] = fits[:, :12] @ (evidence * min(MOST / total, 1.0)) + fits[:, 12]
    return scores


def _is(keys: list[Key], wanted: Key) -> NDArray[np.float64]:
    return np.array([float(key == wanted) for key in keys])
