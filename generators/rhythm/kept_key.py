"""Kept notes → the key of each section.

Tonic and major or minor by the correlation of what sounds with the profile of each key (Krumhansl 1990,
"Cognitive Foundations of Musical Pitch", ch. 4, with the profiles of Krumhansl and Kessler 1982); the mode
by the degrees in which modes differ. What is lowest counts twice.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from generators.kept import KeptTracks
from generators.key import Key
from generators.plan import Plan
from generators.rhythm.chord_space import MAJOR_MODES
from generators.rhythm.kept_notes import Heard

# Krumhansl & Kessler 1982, from the tonic up.
PROFILES = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
# (mode, the degree that tells it, the one that it has not), semitones above the tonic.
TELLING = {
    "major": (("lydian", 6, 5), ("mixolydian", 10, 11)),
    "minor": (("dorian", 9, 8), ("phrygian", 1, 2)),
}
TELLS = 2.5  # times as much as the other degree, and
TELLS_SHARE = 0.03  # of all that sounds
AS_PLANNED, AS_HOME = 0.4, 0.15  # of correlation: what speaks for a plan's own key, and for staying at home
LEAST = 2.0  # beats of evidence; with less nothing is said of a section


def in_kept_keys(plan: Plan, kept: KeptTracks, trusted: bool = False) -> Plan:
    """The plan in the keys of the kept tracks: the home key, and another where a section is clearly in it.

    A section in which the tracks say nothing is at home.

    Args:
        plan: a plan.
        kept: the tracks.
        trusted: the plan's own keys are somebody's word: they stay unless others fit plainly better.
    """
    sounding, bass = Heard.of([(track, 0.0) for track in kept.pitched]).in_cells(plan.grid.knots_s)
    evidence = sounding + bass
    if evidence.sum() < LEAST:
        return plan
    home = _key(evidence.sum(axis=0), ((plan.key, AS_PLANNED),) if trusted else ())
    sections = []
    for section in plan.sections:
        first, end = (int(plan.grid.first_beat[b]) for b in (section.start_bar, section.end_bar))
        here = evidence[first:end].sum(axis=0)
        favoured = ((home, AS_HOME), *(((section.key, AS_PLANNED),) if trusted else ()))
        sections.append(replace(section, key=_key(here, favoured) if here.sum() >= LEAST else home))
    return replace(plan, key=home, sections=tuple(sections))


def _key(evidence: NDArray[np.float64], favoured: tuple[tuple[Key, float], ...]) -> Key:
    """The key of what sounds, `[12]`; some keys are favoured by so much correlation."""
    merits: dict[Key, float] = {}
    for tonality, profile in PROFILES.items():
        for tonic in range(12):
            from_tonic = np.roll(evidence, -tonic)
            key = Key(tonic, _mode(tonality, from_tonic))
            merits[key] = float(np.corrcoef(from_tonic, profile)[0, 1]) if np.ptp(evidence) else 0.0
    for favourite, merit in favoured:
        same = [k for k in merits if k.tonic == favourite.tonic and _major(k) == _major(favourite)]
        for key in same:
            merits[key] += merit
    best = max(merits, key=lambda key: merits[key])
    for favourite, _ in favoured:
        # Where the notes do not tell the mode, it is that of the key that was expected.
        undecided = best.mode in PROFILES and _consistent(favourite, evidence)
        if favourite.tonic == best.tonic and _major(favourite) == _major(best) and undecided:
            return favourite
    return best


def _major(key: Key) -> bool:
    return key.mode in MAJOR_MODES


def _mode(tonality: str, from_tonic: NDArray[np.float64]) -> str:
    """The mode whose telling degree sounds, and the other one hardly does."""
    least = TELLS_SHARE * float(from_tonic.sum())
    for mode, telling, other in TELLING[tonality]:
        if from_tonic[telling] > max(TELLS * from_tonic[other], least):
            return mode
    return tonality


def _consistent(key: Key, evidence: NDArray[np.float64]) -> bool:
    """Whether no degree that the key's mode lacks sounds far more than the one that tells it."""
    from_tonic = np.roll(evidence, -key.tonic)
    rows = [row for modes in TELLING.values() for row in modes if row[0] == key.mode]
    return all(from_tonic[other] <= TELLS * from_tonic[telling] for _, telling, other in rows)
