"""Kept notes → the chords that they are over, so that what is written around them agrees.

A hidden Markov model over beats (after Raphael & Stoddard 2004, "Functional harmonic analysis using
probabilistic models"): what sounds is drawn from the chord's notes, seldom from others; the lowest note
is most often the root; chords follow one another as they do in the style's songs (`chord_odds`), and
change on bar lines rather than within. Where nothing is kept the written harmony stands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from generators.key import Key
from generators.rhythm.band import Band
from generators.rhythm.chord_odds import chord_odds
from generators.rhythm.chord_space import KIND_OF_QUALITY, MAJOR_MODES, symbol_of
from generators.rhythm.chords import QUALITIES, Chord
from generators.rhythm.harmony import Harmony, Span
from generators.rhythm.kept_notes import Heard
from generators.rhythm.timeline import Timeline

VOCABULARY = ("maj", "min", "7", "maj7", "min7", "dim", "hdim7", "dim7", "aug", "sus2", "sus4")
CHORDS = tuple(Chord(root, quality, root) for quality in VOCABULARY for root in range(12))

OF_CHORD = 0.9  # how much of what sounds is of the chord
TONE_SHARES = (1.2, 1.0, 0.9, 0.8)  # of root, third, fifth and seventh in that
ROOT_IN_BASS, TONE_IN_BASS, OTHER_IN_BASS = 0.72, 0.22, 0.06
BELIEF = 2.0  # how much a beat of one sounding note says, beside the odds of progressions
MOST = 2.5  # notes sounding at once: more say no more
BASS_BELIEF = 1.0
FOLLOW_POWER = 0.5  # of the odds that one chord follows another
RECOLOUR_COST = 2.0  # another colour of the same chord
CHANGE_COST = {"bar": 0.5, "half": 1.5, "beat": 4.0}
SILENT = 0.15  # beats of sound in a beat: less says nothing
ENOUGH = 0.5  # with as much the written chord has no say
PIN = 8.0  # what speaks for the written chord where nothing is kept
PLAIN_COST = {"maj": 0.0, "min": 0.0, "7": 0.3, "maj7": 0.5, "min7": 0.5, "sus2": 0.8, "sus4": 0.8}
ODD_COST = 1.0  # of diminished and augmented chords
FINAL_BONUS = 2.0  # for the tonic as last chord


def hear_harmony(timeline: Timeline, band: Band, heard: Heard, written: Harmony) -> Harmony:
    """The harmony of the kept notes, and the written one where there are none.

    Args:
        timeline: of a plan in the keys of the kept notes (`kept_key`).
        heard: what is kept, on the grid's time.
        written: what `harmonise` would have.
    """
    cells = _Cells.of(timeline)
    sounding, bass = heard.in_cells(cells.edges_s)
    amount = sounding.sum(axis=1)
    if (amount < SILENT).all():
        return written
    path = _likeliest(timeline, band, cells, _scores(cells, sounding, bass, written))
    spans = _spans(timeline, cells, path, amount >= SILENT, bass, written)
    return Harmony(tuple(spans), _final(timeline, heard, written), written.final_key)


@dataclass(frozen=True, eq=False)
class _Cells:
    """The beats up to the last chord.

    Attributes:
        slots: int64 `[C + 1]`, where each begins, and the last chord's slot.
        edges_s: float64 `[C + 1]`, the same in seconds.
        places: bar, half or beat, for each: where in its bar it begins.
        keys: the key of each.
    """

    slots: NDArray[np.int64]
    edges_s: NDArray[np.float64]
    places: tuple[str, ...]
    keys: tuple[Key, ...]

    @classmethod
    def of(cls, timeline: Timeline) -> _Cells:
        slots: list[int] = []
        places: list[str] = []
        keys: list[Key] = []
        end = max(timeline.final_slot, 1)
        for section in timeline.plan.sections:
            for b in range(section.start_bar, section.end_bar):
                bar, first = timeline.plan.grid.bars[b], int(timeline.first_slot[b])
                for beat in range(bar.beats):
                    if first + beat * bar.slots_per_beat < end:
                        slots.append(first + beat * bar.slots_per_beat)
                        half = bar.beats % 2 == 0 and beat * 2 == bar.beats
                        places.append("bar" if beat == 0 else "half" if half else "beat")
                        keys.append(section.key)
        edges = [*slots, end]
        times = np.array([timeline.seconds(slot) for slot in edges])
        return cls(
            np.array(edges),
            np.maximum.accumulate(times + 1e-9 * np.arange(len(times))),
            tuple(places),
            tuple(keys),
        )


@cache
def _models() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """float64 `[S, 12]` each: log odds of each pitch class to sound, and to be lowest, over each chord."""
    tones = np.empty((len(CHORDS), 12))
    lowest = np.empty((len(CHORDS), 12))
    for s, chord in enumerate(CHORDS):
        steps = sorted(QUALITIES[chord.quality])
        shares = np.array(TONE_SHARES[: len(steps)])
        row = np.full(12, (1 - OF_CHORD) / (12 - len(steps)))
        deep = np.full(12, OTHER_IN_BASS / (12 - len(steps)))
        at = [(chord.root + step) % 12 for step in steps]
        row[at] = OF_CHORD * shares / shares.sum()
        deep[at] = TONE_IN_BASS / (len(steps) - 1)
        deep[chord.root] = ROOT_IN_BASS
        tones[s], lowest[s] = np.log(row), np.log(deep)
    return tones, lowest


def _evidence(sounding: NDArray[np.float64], bass: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64 `[C, S]`: how well each chord explains what sounds in each cell."""
    tones, lowest = _models()
    amount = sounding.sum(axis=1, keepdims=True)
    shares = sounding * np.minimum(1.0, MOST / np.maximum(amount, 1e-9))
    costs = np.array([PLAIN_COST.get(chord.quality, ODD_COST) for chord in CHORDS])
    score: NDArray[np.float64] = BELIEF * shares @ tones.T + BASS_BELIEF * bass @ lowest.T - costs
    return score


def _scores(
    cells: _Cells, sounding: NDArray[np.float64], bass: NDArray[np.float64], written: Harmony
) -> NDArray[np.float64]:
    """The evidence, and the written chord where there is little of it; float64 `[C, S]`."""
    score = _evidence(sounding, bass)
    missing = np.clip(1.0 - sounding.sum(axis=1) / ENOUGH, 0.0, 1.0)
    for c, slot in enumerate(cells.slots[:-1]):
        if missing[c] > 0:
            chord = written.at(int(slot)).chord
            kind = KIND_OF_QUALITY[chord.quality]
            alike = [o.root == chord.root and KIND_OF_QUALITY[o.quality] == kind for o in CHORDS]
            score[c] += PIN * missing[c] * np.array(alike)
    return score


def _likeliest(
    timeline: Timeline, band: Band, cells: _Cells, scores: NDArray[np.float64]
) -> NDArray[np.int64]:
    """The most likely chord of each cell, int64 `[C]` (Viterbi)."""

    @cache
    def follow(key: Key) -> NDArray[np.float64]:
        """float64 `[S, S]`: log odds that one chord follows another in a key."""
        odds = chord_odds(band, key.mode).after[:72].mean(axis=0)[:72]
        names = np.array([symbol_of(chord, key) for chord in CHORDS])
        likely = np.maximum(odds[np.ix_(names, names)].astype(np.float64), 1e-4)
        table: NDArray[np.float64] = FOLLOW_POWER * np.log(likely)
        table[names[:, None] == names[None, :]] = -RECOLOUR_COST
        return table

    best = scores[0].copy()
    came = np.zeros(scores.shape, dtype=np.int64)
    same = np.eye(len(CHORDS), dtype=bool)
    for c in range(1, len(scores)):
        move = np.where(same, 0.0, follow(cells.keys[c]) - CHANGE_COST[cells.places[c]])
        total = best[:, None] + move
        came[c] = total.argmax(axis=0)
        best = total.max(axis=0) + scores[c]
        best -= best.max()
    path = [int(best.argmax())]
    for c in range(len(scores) - 1, 0, -1):
        path.append(int(came[c, path[-1]]))
    return np.array(path[::-1])


def _spans(
    timeline: Timeline,
    cells: _Cells,
    path: NDArray[np.int64],
    sounds: NDArray[np.bool_],
    bass: NDArray[np.float64],
    written: Harmony,
) -> list[Span]:
    """Cells of one chord, joined; where nothing is kept and the path agrees, the written spans."""
    spans: list[Span] = []
    lows: list[NDArray[np.float64]] = []
    for c, state in enumerate(path):
        start, end = int(cells.slots[c]), int(cells.slots[c + 1])
        for span in _written_in(written, start, end, CHORDS[state], bool(sounds[c])):
            span = replace(span, key=cells.keys[c])
            last = spans[-1] if spans else None
            same = last is not None and (last.chord, last.key, last.cadence) == (
                span.chord,
                span.key,
                span.cadence,
            )
            if same and cells.places[c] != "bar":
                spans[-1] = replace(spans[-1], end=span.end)
                lows[-1] = lows[-1] + bass[c]
            else:
                spans.append(span)
                lows.append(bass[c])
    return [_over(span, low) for span, low in zip(spans, lows, strict=True)]


def _written_in(written: Harmony, start: int, end: int, heard: Chord, sounds: bool) -> list[Span]:
    """The written spans within a cell, if nothing is kept there and they are of the chord; else the chord."""
    here = [
        replace(span, start=max(span.start, start), end=min(span.end, end))
        for span in written.spans
        if span.start < end and span.end > start
    ]
    first = written.at(start).chord
    kind = KIND_OF_QUALITY[first.quality]
    if here and not sounds and (first.root, kind) == (heard.root, KIND_OF_QUALITY[heard.quality]):
        return here
    return [Span(start, end, heard, written.at(start).key)]


def _over(span: Span, bass: NDArray[np.float64]) -> Span:
    """The chord over the note that is kept below it, if that is one of its own."""
    if bass.sum() < SILENT:
        return span
    low = int(np.argmax(bass))
    return replace(span, chord=replace(span.chord, bass=low)) if low in span.chord.tones else span


def _final(timeline: Timeline, heard: Heard, written: Harmony) -> Chord:
    """The last chord: that of the notes that are kept under it, or home."""
    plan = timeline.plan
    rest = np.array([plan.final_s + 0.02, max(plan.duration_s, plan.final_s + 0.1)])
    late = heard.start_s >= plan.final_s - 0.1
    sounding, bass = Heard(
        heard.start_s[late], heard.end_s[late], heard.pitch[late], heard.weight[late]
    ).in_cells(rest)
    if sounding.sum() < SILENT:
        return written.final
    key = written.final_key
    home = [
        chord.root == key.tonic and (chord.quality == "maj") == (key.mode in MAJOR_MODES) for chord in CHORDS
    ]
    score = _evidence(np.minimum(sounding * 4, 1.0), np.minimum(bass * 4, 1.0))[0] + FINAL_BONUS * np.array(
        home
    )
    return CHORDS[int(np.argmax(score))]
