"""The cue sheet: what a composer notes while watching: scenes in words, and the instants to meet.

It is made of the streams (`spot`), kept as JSON that a person can edit (`spotting.json` of a session), and
read by the planner: a cue that was moved, added or taken away there is moved, added or taken away in the
music. The bars stay where the picture put them unless `bars_follow` is `cues`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from encoders.stream import Streams
from generators.choices import choose_mode
from generators.form import find_boundaries
from generators.grid import PlanError
from generators.hits import EDITS
from generators.located_json import Row, one_line_each, read_rows
from generators.targets import SOFT_SECTION, Targets, find_targets
from generators.wishes import MOODS, Wishes

FORMAT, FORMAT_VERSION = "v2m-spotting", 1
CUE_KINDS = (*EDITS, "beat")
BARS_FOLLOW = ("picture", "cues")
COLOURING = ("accent", "onset")  # these colour the rhythm, and are no cues
HEAVIEST = 4.0
# Shares of the clip's own loudest movement, and absolute brightness, at which words change.
STILL, CALM, LIVELY = 0.08, 0.3, 0.65
DARK, BRIGHT = 0.3, 0.62


@dataclass(frozen=True)
class Cue:
    """An instant of the picture.

    Attributes:
        time_s: when.
        kind: one of `CUE_KINDS`.
        weight: how much it asks to be met; a clean cut that stands alone has 1.
        planned: whether the music is to meet it; None leaves that to the planner.
        says: what happens there, in words.
    """

    time_s: float
    kind: str
    weight: float
    planned: bool | None = None
    says: str = ""


@dataclass(frozen=True)
class Scene:
    """A stretch between two turns of the picture, and what it looks and feels like, in words."""

    start_s: float
    end_s: float
    says: str


@dataclass(frozen=True)
class CueSheet:
    """Everything that was spotted.

    Attributes:
        duration_s: length of the picture.
        clip_hash: the clip.
        mode: film or dance.
        bars_follow: `picture`: bars are laid where the picture, as it was seen, asks for them; `cues`: on
            the cues as they stand here.
        scenes: in order.
        cues: in order of time.
    """

    duration_s: float
    clip_hash: str
    mode: str
    bars_follow: str
    scenes: tuple[Scene, ...]
    cues: tuple[Cue, ...]

    def targets(self, seen: Targets) -> Targets:
        """What a beat could meet: the cues, and the movements that only colour the rhythm."""
        colour = seen.of(*COLOURING)
        times = np.concatenate([[cue.time_s for cue in self.cues], colour.times_s])
        weights = np.concatenate([[cue.weight for cue in self.cues], colour.weights])
        kinds = (*(cue.kind for cue in self.cues), *colour.kinds)
        order = np.argsort(times, kind="stable")
        return Targets(times[order], weights[order], tuple(kinds[i] for i in order))


def spot(streams: Streams, wishes: Wishes) -> CueSheet:
    """Spot a clip."""
    mode = choose_mode(streams, wishes)
    boundaries_s = find_boundaries(streams)
    seen = find_targets(streams, mode, boundaries_s)
    edges = [0.0, *(float(t) for t in boundaries_s if 0 < t < streams.duration_s), streams.duration_s]
    # Rounded up, the last end would lie beyond the clip.
    scenes = tuple(
        Scene(round(a, 3), min(round(b, 3), streams.duration_s), _looks(streams, a, b))
        for a, b in pairwise(edges)
    )
    rows = zip(seen.times_s.tolist(), seen.kinds, seen.weights.tolist(), strict=True)
    cues = tuple(
        Cue(min(time_s, streams.duration_s), kind, round(weight, 4), None, _event(kind, weight))
        for time_s, kind, weight in rows
        if kind in CUE_KINDS
    )
    return CueSheet(streams.duration_s, streams.clip_hash, mode, "picture", scenes, cues)


def cue_sheet_to_json(sheet: CueSheet) -> str:
    """The text of a cue sheet's file."""
    head = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "clip_hash": sheet.clip_hash,
        "duration_s": sheet.duration_s,
        "mode": sheet.mode,
        "bars_follow": sheet.bars_follow,
    }
    return one_line_each(
        head,
        scenes=[dict(vars(scene)) for scene in sheet.scenes],
        cues=[dict(vars(cue)) for cue in sheet.cues],
    )


def cue_sheet_from_json(text: str) -> CueSheet:
    """The cue sheet that a file's text says.

    Raises:
        PlanError: naming the line and what was expected there.
    """
    data = read_rows(text, FORMAT, FORMAT_VERSION)
    duration_s = data.number("duration_s", low=0.0)
    cues = sorted((_cue(row, duration_s) for row in data.rows("cues", "cue")), key=lambda cue: cue.time_s)
    return CueSheet(
        duration_s,
        data.text("clip_hash"),
        data.text("mode", ("film", "dance")),
        data.text("bars_follow", BARS_FOLLOW),
        tuple(_scene(row, duration_s) for row in data.rows("scenes", "scene")),
        tuple(cues),
    )


def _cue(row: Row, duration_s: float) -> Cue:
    row.only("time_s", "kind", "weight", "planned", "says")
    planned: Any = row.get("planned")
    if planned is not None and not isinstance(planned, bool):
        raise row.fault("planned must be true, false, or null to leave it to the planner", "planned")
    return Cue(
        row.number("time_s", 0.0, duration_s),
        row.text("kind", CUE_KINDS),
        row.number("weight", 0.0, HEAVIEST),
        planned,
        row.text("says") if "says" in row else "",
    )


def _scene(row: Row, duration_s: float) -> Scene:
    row.only("start_s", "end_s", "says")
    scene = Scene(
        row.number("start_s", 0.0, duration_s), row.number("end_s", 0.0, duration_s), row.text("says")
    )
    if scene.start_s >= scene.end_s:
        raise row.fault("end_s must come after start_s", "end_s")
    return scene


def check_clip(sheet: CueSheet, streams: Streams) -> None:
    """Refuse a cue sheet of another length than the streams.

    Raises:
        PlanError: saying both.
    """
    if abs(sheet.duration_s - streams.duration_s) > 1e-6:
        raise PlanError(
            f"the cue sheet is of a clip of {sheet.duration_s:g} s; this one lasts {streams.duration_s:g} s"
        )


def _event(kind: str, weight: float) -> str:
    if kind == "section":
        return "the picture turns, without a cut" if weight <= SOFT_SECTION else "a cut to another scene"
    return {"cut": "a cut", "fade": "a fade", "beat": "a dancer's beat"}[kind]


def _looks(streams: Streams, start_s: float, end_s: float) -> str:
    """A stretch in a few words: mood, movement, light, and what CLIP recognises if it looked."""
    words = []
    affect = [_mean(streams, "affect", name, start_s, end_s) for name in ("valence", "arousal")]
    if affect[0] is not None and affect[1] is not None:
        valence, arousal = affect[0], affect[1]
        words.append(min(MOODS, key=lambda m: (MOODS[m][0] - valence) ** 2 + (MOODS[m][1] - arousal) ** 2))
    energy = _mean(streams, "motion", "energy", start_s, end_s)
    if energy is not None:
        motion = streams["motion"]
        most = float(np.percentile(motion.column("energy")[motion.mask], 95)) or 1.0
        share = energy / most
        words.append(
            "still" if share < STILL else "calm" if share < CALM else "moving" if share < LIVELY else "lively"
        )
    light = _mean(streams, "colour", "brightness", start_s, end_s)
    if light is not None and not DARK <= light <= BRIGHT:
        words.append("dark" if light < DARK else "bright")
    for group in ("place", "activity"):
        words += _recognised(streams, group, start_s, end_s)
    return ", ".join(words) or "nothing to be told"


def _recognised(streams: Streams, group: str, start_s: float, end_s: float) -> list[str]:
    labels = streams.get("labels")
    if labels is None or not labels.says_something:
        return []
    names = [name for name in labels.columns if name.startswith(f"{group}:")]
    shares = {name: _mean(streams, "labels", name, start_s, end_s) or 0.0 for name in names}
    best = max(shares, key=lambda name: shares[name])
    return [best.partition(":")[2].replace("_", " ")] if shares[best] >= 2.0 / len(names) else []


def _mean(streams: Streams, name: str, column: str, start_s: float, end_s: float) -> float | None:
    stream = streams.get(name)
    if stream is None or not stream.says_something:
        return None
    here = stream.mask & (stream.times_s >= start_s) & (stream.times_s < end_s)
    return float(stream.column(column)[here].mean()) if here.any() else None
