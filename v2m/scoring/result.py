"""One clip's measures, and how they are written down.

The JSON is stable: fields may be added under a version, none changes its meaning. A number that is
undefined or infinite is null; `note` says why. `chance` is null for a measure that does not depend
on where in time the music lies.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from v2m.alignment.chance import Chance
from v2m.alignment.measure import Measure, quiet

if TYPE_CHECKING:
    from generators.plan import Plan
    from v2m.alignment.heard import Heard
    from v2m.alignment.local import LocalAlignment
    from v2m.alignment.music_statistics import Statistics
    from v2m.alignment.piece import Piece
    from v2m.alignment.seen import Seen
    from v2m.report import ClipReport

FORMAT = "v2m-score"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class MusicFacts:
    """Which music it was.

    Attributes:
        source: the file.
        duration_s: of the file; what is longer than the picture is left out.
        onsets: how many within the picture.
        beats: how many.
        tempo_bpm: None without beats.
        beats_from: `plan`, `MIDI` or `estimated`.
    """

    source: str
    duration_s: float
    onsets: int
    beats: int
    tempo_bpm: float | None
    beats_from: str


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the measures were taken from: for drawing, not for JSON.

    Attributes:
        seen: the picture: cuts, accents, curves of movement and affect.
        heard: the music: onsets, beats, curves of loudness, density and affect.
        samples: of the music, mono float32 at 22,050 Hz, as long as the picture.
        shifts, seed: of the chance level.
        plan: what the music was made from, where that is known.
        piece: its notes, where they are known.
    """

    seen: Seen
    heard: Heard
    samples: NDArray[np.float32]
    shifts: int
    seed: int
    plan: Plan | None = None
    piece: Piece | None = None

    @property
    def cuts_met(self) -> NDArray[np.bool_]:
        """Which of `seen.cuts_s` have an onset within 80 ms, bool `[cuts]`."""
        return met(self.seen.cuts_s, self.heard.onsets_s)

    @cached_property
    def local(self) -> LocalAlignment:
        """How well it fits, and how late it is, along the clip."""
        from v2m.alignment.local import local_alignment

        heard, seen = self.heard, self.seen
        with quiet():
            return local_alignment(
                heard.attacks.times_s,
                seen.accents.times_s,
                seen.duration_s,
                onset_strengths=heard.attacks.strengths,
                accent_strengths=seen.accents.strengths,
                shifts=self.shifts,
                seed=self.seed,
            )


@dataclass(frozen=True, eq=False)
class ClipScore:
    """What came out.

    Attributes:
        clip: the clip; None if sounds alone were compared.
        music: the music.
        measures: in the order of their tasks.
        notes: sentences: what was missing, odd or guessed.
        inputs: role (clip, audio, plan …) → content hash of the file.
        settings: shifts and seed.
        models: sense (clip, pose) → which model it ran.
        stages_s: stage → seconds it took.
        versions: package → version.
        evidence: what a picture of it is drawn from; None if sounds alone were compared.
    """

    clip: ClipReport | None
    music: MusicFacts
    measures: tuple[Measure, ...]
    notes: tuple[str, ...]
    inputs: dict[str, str]
    settings: dict[str, int]
    models: dict[str, str] = field(default_factory=dict)
    stages_s: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    evidence: Evidence | None = None

    @property
    def name(self) -> str:
        """What it is called in a table: the clip's file name, or the music's."""
        return (self.clip.path if self.clip is not None else self.music.source).rsplit("/", 1)[-1]

    def __getitem__(self, name: str) -> Measure:
        """The measure of that name, with or without its task: `av_align`, `sync.av_align`.

        Raises:
            KeyError: if there is none.
        """
        for measure in self.measures:
            if name in (measure.name, f"{measure.task}.{measure.name}"):
                return measure
        raise KeyError(name)

    def as_dict(self) -> dict[str, Any]:
        """Everything but the evidence, in plain types, every number finite or None."""
        return {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "clip": None if self.clip is None else asdict(self.clip),
            "music": {k: _plain(v) for k, v in asdict(self.music).items()},
            "measures": [measure_as_dict(measure) for measure in self.measures],
            "notes": list(self.notes),
            "inputs": self.inputs,
            "settings": self.settings,
            "models": self.models,
            "stages_s": self.stages_s,
            "versions": self.versions,
        }

    def to_json(self) -> str:
        """The whole result as readable JSON."""
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False, allow_nan=False)


def met(targets_s: NDArray[np.float64], events_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which targets have an event within `CUT_TOLERANCE_S`."""
    from v2m.alignment.sync import CUT_TOLERANCE_S, distance_to_nearest

    if not len(events_s):
        return np.zeros(len(targets_s), dtype=np.bool_)
    return np.asarray(distance_to_nearest(targets_s, events_s) <= CUT_TOLERANCE_S + 1e-9)


def measure_as_dict(measure: Measure) -> dict[str, Any]:
    """A measure in plain types."""
    chance = measure.chance
    return {
        "task": measure.task,
        "name": measure.name,
        "score": _plain(measure.score),
        "unit": measure.unit,
        "better": measure.better,
        "count": measure.count,
        "chance": None
        if chance is None
        else {
            "mean": _plain(chance.mean),
            "lift": _plain(chance.lift),
            "gain": _plain(chance.gain),
            "p_value": _plain(chance.p_value),
        },
        "straw": {man: _plain(score) for man, score in measure.straw.items()},
        "details": {name: _plain(value) for name, value in measure.details.items()},
        "note": measure.note,
    }


OF_CHANCE = {"chance": "mean", "lift": "lift", "gain": "gain", "p": "p_value"}
"""What CSV has of each measure beside its score: the end of the column's name → its name in JSON."""


def to_csv(scores: Sequence[dict[str, Any]]) -> str:
    """One row a clip, and a row of means over the clips that have the number.

    Args:
        scores: of `ClipScore.as_dict`.
    """
    rows = [_csv_row(score) for score in scores]
    names = list(dict.fromkeys(name for row in rows for name in row))
    mean: dict[str, Any] = {"clip": f"mean of {len(rows)}"}
    for name in names:
        values = [row[name] for row in rows if isinstance(row.get(name), int | float)]
        if values:
            mean[name] = round(float(np.mean(values)), 6)
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows([*rows, mean] if len(rows) > 1 else rows)
    return text.getvalue()


def mean_measures(scores: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Means over clips of every number of every measure, in the shape of `measure_as_dict`.

    `count` is how many clips have the score. Scores and chance levels are means over the same clips.
    """
    by_name: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for score in scores:
        for measure in score["measures"]:
            if measure["score"] is not None:
                by_name.setdefault((measure["task"], measure["name"]), []).append(measure)
    means = []
    for same in by_name.values():
        chances = [m["chance"] for m in same if m["chance"] is not None]
        men = list(dict.fromkeys(man for m in same for man in m["straw"]))
        means.append(
            {
                **same[0],
                "score": _mean(m["score"] for m in same),
                "count": len(same),
                "chance": {key: _mean(c[key] for c in chances) for key in chances[0]} if chances else None,
                "straw": {man: _mean(m["straw"].get(man) for m in same) for man in men},
                "details": {},
                "note": "",
            }
        )
    return means


def set_measures(scores: Sequence[dict[str, Any]], pieces: Sequence[Statistics] = ()) -> list[dict[str, Any]]:
    """What is told of a set of clips: means of every measure, and of beat scores what the field reports.

    Those are BCS, BHS, CSD, HSD and the F1 of the means (`v2m.alignment.beats.evaluate_set`), of the
    clips that were scored against a reference. Of notes, it is how near the set comes to human pieces
    (`v2m.alignment.music.evaluate_set`).

    Args:
        scores: of `ClipScore.as_dict`.
        pieces: of the clips whose notes are known.
    """
    from v2m.alignment import music
    from v2m.alignment.beats import VARIANTS, evaluate_set

    of_variants = tuple(f"{variant}_" for variant in VARIANTS)

    def is_variant(measure: dict[str, Any]) -> bool:
        return measure["task"] == "beats" and str(measure["name"]).startswith(of_variants)

    by_clip = [[_measure(m) for m in score["measures"] if is_variant(m)] for score in scores]
    with_reference = [measures for measures in by_clip if measures]
    found = [measure for measure in mean_measures(scores) if not is_variant(measure)]
    if with_reference:
        found += [measure_as_dict(measure) for measure in evaluate_set(with_reference)]
    if len(pieces) > 1:
        try:
            of_notes = music.evaluate_set(pieces)
        except ValueError as error:
            of_notes = music.undefined_set(str(error))
        found += [measure_as_dict(measure) for measure in of_notes]
    return found


def _measure(told: dict[str, Any]) -> Measure:
    """A measure from what `measure_as_dict` wrote, as far as means need it."""
    chance = told["chance"]
    number = {key: math.nan if value is None else value for key, value in (chance or {}).items()}
    return Measure(
        told["task"],
        told["name"],
        math.nan if told["score"] is None else told["score"],
        unit=told["unit"],
        better=told["better"],
        count=told["count"],
        chance=None
        if chance is None
        else Chance(told["score"], number["mean"], number["lift"], number["p_value"]),
        straw={man: math.nan if score is None else score for man, score in told["straw"].items()},
        details={name: math.nan if value is None else value for name, value in told["details"].items()},
        note=told["note"],
    )


def _csv_row(score: dict[str, Any]) -> dict[str, Any]:
    clip, music = score["clip"], score["music"]
    row = {"clip": clip["path"] if clip else "", "music": music["source"], "tempo_bpm": music["tempo_bpm"]}
    for measure in score["measures"]:
        name = f"{measure['task']}.{measure['name']}"
        found = {name: measure["score"]}
        if measure["chance"] is not None:
            found |= {f"{name} {end}": measure["chance"][key] for end, key in OF_CHANCE.items()}
        row |= {column: value for column, value in found.items() if value is not None}
    return row


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return _plain(float(np.mean(known))) if known else None


def _plain(value: Any) -> Any:
    """Numbers rounded to what they mean; None for what JSON has no word for."""
    if isinstance(value, float | np.floating):
        return round(float(value), 6) if math.isfinite(value) else None
    return value
