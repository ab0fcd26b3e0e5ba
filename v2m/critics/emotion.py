"""Emotion: does the music's feeling rise and fall as the picture's, or as it was asked for?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from generators.chord_names import parse_chord
from generators.key import Key
from generators.rhythm import outline
from generators.rhythm.chords import Chord
from generators.written import WrittenChord
from v2m.alignment.affect_of_notes import affect_of_notes
from v2m.alignment.curves import spearman
from v2m.alignment.measure import quiet
from v2m.alignment.notes import Notes
from v2m.critics.assessment import Assessment
from v2m.critics.brief import FEELINGS
from v2m.critics.changes import Change, ChordsChange, CurveChange, KeyChange, bars_of
from v2m.critics.critic import Critic
from v2m.critics.work import Request, Work, in_turn

BY = {"valence": 0.4, "arousal": 0.15, "tension": 0.3}
"""How far the curve behind a feeling is moved."""
SEEDS = 3
IN_PLACE = 0.05
"""A phrase whose feeling ranks so near to where it should is left alone."""
BRIGHTER = {"phrygian": "minor", "minor": "major", "dorian": "mixolydian"}
DARKER = {"lydian": "major", "mixolydian": "dorian", "major": "minor"}


def score(assessment: Assessment) -> float:
    """Mean of the rank correlations of valence, arousal and tension that are defined."""
    found = np.array([assessment.score(f"affect.{name}_midi") for name in FEELINGS])
    return float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")


def ask(work: Work, asked: int) -> Iterator[Request]:
    """What moves the feeling that follows least, in the phrases in which it is farthest from what is asked.

    Of feelings that hang on chords first other chords, the most promising of a few seeds'; then the curve
    behind the feeling, or the mode.
    """
    scores = {name: work.assessment.score(f"affect.{name}_midi") for name in FEELINGS}
    told = sorted((name for name in FEELINGS if scores[name] == scores[name]), key=lambda name: scores[name])
    bars_at = work.brief.second_bars()
    for name in told:
        off = _off(work.assessment.affect[name], work.brief.feelings[name])
        phrases = [p for p in work.phrases() if _mean(off, bars_at, p) is not None]
        ranked = sorted(phrases, key=lambda p: (-abs(_mean(off, bars_at, p) or 0.0), p.start))
        for number, bars in enumerate(in_turn(ranked[:2], asked // 2)):
            lack = _mean(off, bars_at, bars) or 0.0
            if abs(lack) < IN_PLACE:
                continue
            at = bars_of(bars)
            found = (
                f"{name.capitalize()} follows what is asked for with a rank correlation of "
                f"{scores[name]:.2f}; in {at} it ranks {abs(lack):.2f} too {'low' if lack > 0 else 'high'}."
            )
            if name != "arousal" and (asked + number) % 2 == 0:
                change: Change | None = _other_chords(work, bars, asked)
                if change is not None:
                    yield Request(found, change)
            yield Request(found, _change(work, name, bars, 1.0 if lack > 0 else -1.0, asked + number))


def _other_chords(work: Work, bars: range, asked: int) -> Change | None:
    """Of some seeds' chords for a phrase those that promise most; None if none promises more than it has."""
    if not work.may_rechord(bars):
        return None
    here = outline(work.plan).chords
    outside = [chord for chord in here if chord.bar not in bars]
    best, most = None, _promise(work, here)
    for number in range(SEEDS):
        other = replace(work.plan, seed=work.seed("emotion", bars.start, asked, number))
        chords = tuple(chord for chord in outline(other).chords if chord.bar in bars)
        sheet = sorted([*outside, *chords], key=lambda chord: (chord.bar, chord.beat))
        promise = _promise(work, sheet)
        if chords and promise > most:
            best, most = ChordsChange(bars_of(bars), chords), promise
    return best


def _promise(work: Work, sheet: Sequence[WrittenChord]) -> float:
    """How valence and tension would follow if nothing but the chords sounded: the sum of correlations."""
    grid, rows = work.brief.grid, []
    starts = [float(grid.beats_s[int(grid.first_beat[chord.bar]) + chord.beat]) for chord in sheet]
    for chord, start_s, end_s in zip(sheet, starts, [*starts[1:], work.brief.duration_s], strict=True):
        root, quality, bass = parse_chord(chord.name)
        pitches = [48 + bass, *(60 + tone for tone in Chord(root, quality, bass).tones)]
        rows += [(start_s, max(end_s, start_s), pitch) for pitch in pitches]
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    pitch = table[:, 2].astype(np.int64)
    notes = Notes(table[:, 0], table[:, 1], pitch, np.full(len(pitch), 64), np.zeros(len(pitch), bool))
    felt = affect_of_notes(notes, work.brief.seconds)
    with quiet():
        wanted = work.brief.feelings
        found = [spearman(getattr(felt, name), wanted[name]) for name in ("valence", "tension")]
    return float(np.nansum(found))


def _change(work: Work, name: str, bars: range, way: float, asked: int) -> Change:
    """What moves a feeling that way: a curve; of valence, where it is free, every other time the mode."""
    if name == "valence" and asked % 2 == 1 and not work.brief.key_is_asked_for:
        index = next(i for i, s in enumerate(work.plan.sections) if bars.start < s.end_bar)
        key = work.plan.sections[index].key
        mode = (BRIGHTER if way > 0 else DARKER).get(key.mode)
        if mode is not None:
            return KeyChange(index, Key(key.tonic, mode))
    curve = name if name != "arousal" else ("loudness", "density")[asked % 2]
    return CurveChange(bars_of(bars), curve, way * BY[name])


def _off(heard: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much higher each second should rank than it does, as a share of the seconds, `[seconds]`."""
    both = ~(np.isnan(heard) | np.isnan(wanted))
    off = np.full(len(heard), np.nan)
    count = max(int(both.sum()) - 1, 1)
    ranks = [np.argsort(np.argsort(curve[both], kind="stable")) for curve in (wanted, heard)]
    off[both] = (ranks[0] - ranks[1]) / count
    return off


def _mean(off: NDArray[np.float64], bars_at: NDArray[np.int64], bars: range) -> float | None:
    inside = off[(bars_at >= bars.start) & (bars_at < bars.stop)]
    inside = inside[~np.isnan(inside)]
    return float(inside.mean()) if len(inside) else None


CRITIC = Critic("emotion", "mean rank correlation of valence, arousal and tension", score, ask)
