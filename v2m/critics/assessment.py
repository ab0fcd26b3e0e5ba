"""Music + brief → every measure the critics go by, and the terms of the reward.

All are measures of `v2m.alignment`, taken from notes. A note is begun up to 48 ms before it is heard, as
instruments speak late; that is within the tolerance of each measure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from generators.music import SymbolicMusic
from generators.plan import Plan
from v2m.alignment import affect, balance, curves, mode, music
from v2m.alignment.affect_of_notes import affect_of_notes
from v2m.alignment.chance import Chance, compare, draw_shifts
from v2m.alignment.local import SIGMA_S
from v2m.alignment.measure import Measure, measure_events, quiet, undefined
from v2m.alignment.notes import Notes
from v2m.alignment.piece import Piece, from_music
from v2m.alignment.sync import CUT_TOLERANCE_S, cut_hits, well_apart
from v2m.alignment.trains import Train, turned_train
from v2m.critics.brief import FEELINGS, Brief

if TYPE_CHECKING:
    from symusic.core import TrackSecond

SHIFTS = 30
"""Turns from which a chance level is taken: half of what scoring takes, since every try pays for them."""
TOGETHER_S = 0.03
"""Notes that begin this close together are one attack."""
CLEAR_DB = -12.0
"""Beside the strongest attack of the seconds around it, what is softer than this is not heard as one."""
AROUND_S = 1.0


@dataclass(frozen=True, eq=False)
class Assessment:
    """What is measured of one version of the music.

    Attributes:
        measures: `task.name` → measure.
        piece: the notes and their bars.
        notes: the same notes with their velocities.
        attacks: instants at which something begins, with how strong it is.
        voices_db: how loud each voice is in each second, float64 `[voices, seconds]`.
        margins_db: the tune over what others play beside it, float64 `[seconds]`; nan where not both sound.
        affect: how it feels in each second, by name, float64 `[seconds]`.
    """

    measures: Mapping[str, Measure]
    piece: Piece
    notes: Notes
    attacks: Train
    voices_db: NDArray[np.float64]
    margins_db: NDArray[np.float64]
    affect: Mapping[str, NDArray[np.float64]]

    def __post_init__(self) -> None:
        for name in ("measures", "affect"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def loudness_db(self) -> NDArray[np.float64]:
        """All voices together in each second, float64 `[seconds]`."""
        return balance.together_db(self.voices_db)

    def score(self, name: str) -> float:
        """The number of a measure; nan where it is undefined."""
        return self.measures[name].score


def assess(
    made: SymbolicMusic, plan: Plan, brief: Brief, *, shifts: int = SHIFTS, seed: int = 0
) -> Assessment:
    """Measure one version of the music.

    Args:
        made: what was composed.
        plan: what it was composed from.
        brief: what it is to answer.
        shifts, seed: see `v2m.alignment.chance`.
    """
    seconds = brief.seconds
    notes = Notes.of_score(made.score)
    piece = from_music(made, plan.grid)
    tracks = zip(made.voices, made.score.tracks, strict=True)
    voices = [notes_of(track, voice.is_drum) for voice, track in tracks]
    gains_db = [voice.gain_db for voice in made.voices]
    lead = [voice.role == "melody" for voice in made.voices]
    levels = [balance.level_db(*voice, seconds) for voice in zip(voices, gains_db, strict=True)]
    voices_db = np.array(levels).reshape(-1, seconds)
    attacks = attacks_of(made)
    felt = affect_of_notes(notes, seconds)
    events = attacks.times_s[(attacks.times_s >= 0) & (attacks.times_s < brief.duration_s)]
    with quiet():
        measures = [
            _cuts(attacks, brief, shifts, seed),
            _accents(attacks, brief, shifts, seed),
            *curves.evaluate(
                loudness=balance.together_db(voices_db),
                density=curves.events_per_second(events, brief.duration_s),
                motion=brief.motion,
                shifts=0,
            ),
            *affect.evaluate(
                notes=felt,
                valence=brief.feelings["valence"],
                arousal=brief.feelings["arousal"],
                tension=brief.feelings["tension"],
                shifts=0,
            ),
            *mode.evaluate(notes, spans_of(plan)),
            *music.evaluate(piece, straw=False),
            *balance.evaluate(voices, gains_db, lead, seconds),
        ]
    named = {f"{measure.task}.{measure.name}": measure for measure in measures}
    feelings = {name: getattr(felt, name) for name in FEELINGS}
    margins_db = balance.margins_db(voices, gains_db, lead, seconds)
    return Assessment(named, piece, notes, attacks, voices_db, margins_db, feelings)


def spans_of(plan: Plan) -> list[mode.Span]:
    """The plan's sections for `v2m.alignment.mode`; one that begins as the picture ends is left out."""
    spans = []
    for section in plan.sections:
        start_s = plan.grid.bars[section.start_bar].start_s
        end_s = min(plan.grid.bar_end_s(section.end_bar - 1), plan.duration_s)
        if start_s < end_s:
            spans.append(mode.Span(start_s, end_s, section.key.tonic, frozenset(section.key.scale)))
    return spans


def attacks_of(made: SymbolicMusic) -> Train:
    """Instants at which something is heard to begin, with its strength: the root of the notes' power there.

    What begins beside much stronger attacks is not heard as one.
    """
    starts, powers = [np.zeros(0)], [np.zeros(0)]
    for voice, track in zip(made.voices, made.score.tracks, strict=True):
        columns = track.notes.numpy()
        starts.append(columns["time"].astype(np.float64))
        powers.append((columns["velocity"].astype(np.float64) / 127) ** 4 * 10 ** (voice.gain_db / 10))
    start, power = np.concatenate(starts), np.concatenate(powers)
    order = np.argsort(start, kind="stable")
    start, power = start[order], power[order]
    if not len(start):
        return Train(start, power)
    first = np.flatnonzero(np.diff(start, prepend=-np.inf) > TOGETHER_S)
    times, total = start[first], np.add.reduceat(power, first)
    low = np.searchsorted(times, times - AROUND_S)
    high = np.searchsorted(times, times + AROUND_S, side="right")
    peak = np.array([total[a:b].max() for a, b in zip(low, high, strict=True)])
    clear = total >= peak * 10 ** (CLEAR_DB / 10)
    return Train(times[clear], np.sqrt(total[clear]))


def notes_of(track: TrackSecond, is_drum: bool) -> Notes:
    """The notes of one voice."""
    columns = track.notes.numpy()
    start = columns["time"].astype(np.float64)
    return Notes(
        start,
        start + np.maximum(columns["duration"].astype(np.float64), 0.0),
        columns["pitch"].astype(np.int64),
        columns["velocity"].astype(np.int64),
        np.full(len(start), is_drum),
    )


def _cuts(attacks: Train, brief: Brief, shifts: int, seed: int) -> Measure:
    """Cuts at least a second from both neighbours that an attack meets."""
    apart = well_apart(brief.cuts_s)
    told: dict[str, Any] = {"count": len(apart), "details": {"tolerance_s": CUT_TOLERANCE_S}}
    if not len(apart):
        return undefined("sync", "cut_hits_apart", "no cut stands at least a second from the others", **told)
    events = attacks.times_s[attacks.times_s < brief.duration_s]
    return measure_events(
        "sync",
        "cut_hits_apart",
        lambda turned: cut_hits(turned, apart),
        events,
        brief.duration_s,
        shifts=shifts,
        seed=seed,
        **told,
    )


def _accents(attacks: Train, brief: Brief, shifts: int, seed: int) -> Measure:
    """`local.accent_alignment` of the whole clip; windows and lags are not asked for."""
    count = len(brief.accents.times_s)
    if not count or not len(attacks.times_s):
        why = "the picture has no accents" if not count else "the music has no attacks"
        return undefined("sync", "accent_alignment", why, count=count)
    score = attacks.cosine(brief.accents, SIGMA_S)
    chance: Chance | None = None
    if shifts:
        turned = [
            turned_train(attacks, float(by_s), brief.duration_s).cosine(brief.accents, SIGMA_S)
            for by_s in draw_shifts(brief.duration_s, shifts=shifts, seed=seed)
        ]
        chance = compare(score, np.array(turned))
    return Measure("sync", "accent_alignment", score, count=count, chance=chance)
