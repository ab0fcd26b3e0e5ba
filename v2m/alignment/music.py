"""Is it like music that people make? A score's numbers beside those of a human corpus.

Conventions
-----------
A piece is notes and the bars they stand in (`v2m.alignment.piece`); sound is measured by
`v2m.alignment.music_sound`, and the two are never put in one column. **Closer to the human
corpus is better, not higher**: an entropy, a repetition or a density has no good end. Pieces are
compared with human music of about their own length, since most of these numbers grow with it
(`v2m.alignment.reference`). Turning music in time changes none of them, so there is no chance
level; what stands beside each is what music that knows nothing gets in the same bars: silence,
noise, a metronome, and the piece itself with its pitches dealt out anew and its bars shuffled
(`v2m.alignment.music_straw`).

The corpus is pop songs arranged for piano. A band that doubles its parts is fuller than any piano,
and film music slower: where a piece is far from these people, it may be near to others.

Metrics of one piece (`evaluate`)
---------------------------------
* `human_distance`: root mean square of the z of all that follow, each taken as at most 5 so that no
  one number decides alone. A human piece has about 1.
* every number of `v2m.alignment.music_statistics`: its z, standard deviations from the human mean.
  The value itself, the corpus's mean and deviation and the percentile are among the details.
  What each number is and whose is said in `music_pitch`, `music_rhythm`, `music_melody`,
  `music_harmony` and `music_form`.
* every histogram: the z of its distance from the human mean histogram.

Metrics of a set of pieces (`evaluate_set`)
-------------------------------------------
Of every number and histogram NAME:
* `NAME_difference`: difference of means (of a histogram: total variation of the mean histograms).
* `NAME_overlap`: overlapped area of intra-set and inter-set distances (Yang & Lerch 2020), the
  overlap of the values themselves among its details.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from v2m.alignment import reference as human
from v2m.alignment.measure import Measure, beside_straw_men, undefined
from v2m.alignment.music_statistics import HISTOGRAMS, UNITS, Statistics, describe
from v2m.alignment.music_straw import STRAW_MEN
from v2m.alignment.piece import Piece
from v2m.alignment.reference import Corpus, Reference, load_reference

TASK = "music"
UNIT = "sd"
WILDEST_SD = 5.0
SHORTEST_SHARE = 0.5
"""Music shorter than this share of the shortest human excerpts is not compared."""
NO_CHANCE = "turning music in time changes nothing here, so there is no chance level"


def validate(pieces: Sequence[Statistics], corpora: Reference) -> Corpus:
    """The part of the reference that pieces of these lengths are compared with.

    Raises:
        ValueError: if there is no piece, or they are too short to be compared.
    """
    if not pieces:
        raise ValueError("there is no piece to compare")
    length_s = float(np.median([piece.length_s for piece in pieces]))
    if length_s < SHORTEST_SHARE * corpora.corpora[0].length_s:
        raise ValueError(too_short(length_s, corpora))
    return corpora.nearest(length_s)


def too_short(length_s: float, corpora: Reference) -> str:
    """Why music of this length is not compared."""
    least_s = corpora.corpora[0].length_s
    return f"{length_s:.1f} s of music is too short: the human excerpts are {least_s:g} s and more"


def evaluate(
    piece: Piece, *, reference: Reference | None = None, straw: bool = True, seed: int = 0
) -> tuple[Measure, ...]:
    """How far a piece is from human ones, metric by metric.

    Args:
        piece: the notes and their bars.
        reference: the human corpus; POP909 unless given.
        straw: put the straw men's scores beside each.
        seed: of the straw men.

    Raises:
        CorpusError: if the shipped reference cannot be read.
    """
    corpora = reference if reference is not None else load_reference()
    measures = compare(describe(piece), corpora)
    if not straw:
        return measures
    rng = np.random.default_rng(seed)
    men = {name: compare(describe(make(piece, rng)), corpora) for name, make in STRAW_MEN.items()}
    return beside_straw_men(measures, men)


def compare(piece: Statistics, corpora: Reference) -> tuple[Measure, ...]:
    """Every metric of one piece as its z among human pieces, and before them all their root mean square."""
    if piece.length_s < SHORTEST_SHARE * corpora.corpora[0].length_s:
        why = too_short(piece.length_s, corpora)
        names = ["human_distance", *UNITS, *HISTOGRAMS]
        return tuple(undefined(TASK, name, why, unit=UNIT, better="nearer") for name in names)
    corpus = corpora.nearest(piece.length_s)
    each = [_number(name, piece.numbers[name], corpus) for name in UNITS]
    each += [_histogram(name, piece.histograms[name], corpus) for name in HISTOGRAMS]
    told = sum(m.defined for m in each)
    if not told:
        overall = undefined(TASK, "human_distance", "no metric is defined", unit=UNIT, better="lower")
    else:
        note = f"root mean square of {told} metrics, beside {corpus.title} ({corpora.name}); {NO_CHANCE}"
        overall = Measure(TASK, "human_distance", distance(each), UNIT, "lower", count=told, note=note)
    return (overall, *each)


def distance(measures: Sequence[Measure]) -> float:
    """Root mean square of z's, each taken as at most `WILDEST_SD`; nan where none is defined."""
    away = np.array([m.score for m in measures if m.defined])
    return float(np.sqrt(np.mean(np.clip(away, -WILDEST_SD, WILDEST_SD) ** 2))) if len(away) else math.nan


def evaluate_set(pieces: Sequence[Statistics], *, reference: Reference | None = None) -> tuple[Measure, ...]:
    """How near a set of pieces comes to the human corpus: differences of means, overlapped areas.

    All are compared with human music of the set's median length.

    Raises:
        ValueError: see `validate`.
        CorpusError: if the shipped reference cannot be read.
    """
    corpora = reference if reference is not None else load_reference()
    corpus = validate(pieces, corpora)
    measures: list[Measure] = []
    for name, unit in UNITS.items():
        values = np.array([piece.numbers[name] for piece in pieces])
        measures += _number_of_set(name, unit, values[np.isfinite(values)], corpus)
    for name in HISTOGRAMS:
        shapes = np.array([piece.histograms[name] for piece in pieces])
        measures += _histogram_of_set(name, shapes[np.isfinite(shapes).all(axis=1)], corpus)
    return tuple(measures)


def _number(name: str, value: float, corpus: Corpus) -> Measure:
    spread = corpus.numbers.get(name)
    told = {"unit": UNIT, "better": "nearer"}
    if math.isnan(value):
        return undefined(TASK, name, "the piece has nothing to take it from, or is too short", **told)
    if spread is None:
        return undefined(TASK, name, f"{corpus.title} have no such number", details={"value": value}, **told)
    details = {
        "value": value,
        "human_mean": spread.mean,
        "human_sd": spread.sd,
        "percentile": spread.percentile(value),
    }
    z = spread.z(value)
    why = "the corpus does not vary in it" if math.isnan(z) else NO_CHANCE
    return Measure(TASK, name, z, UNIT, "nearer", details=details, note=why)


def _histogram(name: str, shares: NDArray[np.float64], corpus: Corpus) -> Measure:
    shape = corpus.histograms.get(name)
    told = {"unit": UNIT, "better": "nearer"}
    if np.isnan(shares).any():
        return undefined(TASK, name, "the piece has nothing to count", **told)
    if shape is None:
        return undefined(TASK, name, f"{corpus.title} have no such histogram", **told)
    value = float(human.total_variation(shares, shape.mean))
    details = {
        "value": value,
        "human_mean": shape.distance.mean,
        "human_sd": shape.distance.sd,
        "percentile": shape.distance.percentile(value),
    }
    return Measure(TASK, name, shape.distance.z(value), UNIT, "nearer", details=details, note=NO_CHANCE)


def _number_of_set(name: str, unit: str, values: NDArray[np.float64], corpus: Corpus) -> list[Measure]:
    spread = corpus.numbers.get(name)
    if spread is None or not len(values):
        why = f"{corpus.title} have no such number" if spread is None else "no piece of the set has one"
        return _neither(name, unit, why)
    details = {
        "mean": float(values.mean()),
        "sd": float(values.std(ddof=1)) if len(values) > 1 else math.nan,
        "human_mean": spread.mean,
        "human_sd": spread.sd,
    }
    overlaps = {"values_overlap": human.values_overlap(values, spread)}
    return [
        Measure(
            TASK,
            f"{name}_difference",
            float(values.mean()) - spread.mean,
            unit,
            "nearer",
            count=len(values),
            details=details,
        ),
        Measure(
            TASK,
            f"{name}_overlap",
            human.distances_overlap(values, spread),
            "",
            "higher",
            count=len(values),
            details=overlaps,
        ),
    ]


def _histogram_of_set(name: str, shapes: NDArray[np.float64], corpus: Corpus) -> list[Measure]:
    shape = corpus.histograms.get(name)
    if shape is None or not len(shapes):
        why = f"{corpus.title} have no such histogram" if shape is None else "no piece of the set has one"
        return _neither(name, "", why)
    away = human.total_variation(shapes, shape.mean)
    details = {"mean": float(away.mean()), "human_mean": shape.distance.mean, "human_sd": shape.distance.sd}
    return [
        Measure(
            TASK,
            f"{name}_difference",
            float(human.total_variation(shapes.mean(axis=0), shape.mean)),
            "",
            "nearer",
            count=len(shapes),
            details=details,
        ),
        Measure(
            TASK,
            f"{name}_overlap",
            human.shapes_overlap(shapes, shape),
            "",
            "higher",
            count=len(shapes),
            details={"values_overlap": human.values_overlap(away, shape.distance)},
        ),
    ]


def undefined_set(why: str) -> tuple[Measure, ...]:
    """Every metric of a set that cannot be compared."""
    pairs = [_neither(name, unit, why) for name, unit in UNITS.items()]
    pairs += [_neither(name, "", why) for name in HISTOGRAMS]
    return tuple(measure for pair in pairs for measure in pair)


def _neither(name: str, unit: str, why: str) -> list[Measure]:
    return [
        undefined(TASK, f"{name}_difference", why, unit=unit, better="nearer"),
        undefined(TASK, f"{name}_overlap", why),
    ]
