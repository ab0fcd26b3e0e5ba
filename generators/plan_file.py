"""`Plan` ↔ JSON that a person can read, edit and continue from.

One line a bar, a section, a hit. Bars count from 1, as on paper. To move a hit, change its
`time_s`; to let one go or take one up, change `planned`: where it is played is worked out anew
when the file is read. Accents listed with a bar are where movement colours the rhythm.

`stretches` asks for something in a part of the music, and is worked into bars and sections when the file
is read: `{"at": "12.5:20", "mood": "tense", "density": 0.8}`, where `at` is seconds or `bars 5-8`, and
the rest as in `generators.wishes.Stretch`.

`speech` lists the spoken phrases under which the music holds back (`generators.spotting`), where the
clip's own sound is kept: `{"start_s": 3.2, "end_s": 5.9}`. Take one away, move it or add one, and the music
that is written from the plan follows; without any, the list may be left out.

`silences` lists where the music is meant to be silent (`generators.silences`):
`{"start_s": 7.9, "end_s": 9.4, "kind": "breath", "why": "…"}`. A hit that one lies over is let go and
says `"silenced": true`: it is taken up again when the silence goes. `held_back` tells of a hit that is
planned, and not struck since somebody speaks; it follows from `speech`, and is not read.

A bar may have `chords`, `[[1, "Am7"], [3, "C/E"]]`: on which beat, and which. They are played as they are
written; a bar without any is harmonised. It may have a `tune`, `[[1, "E"], [3, "G"]]`: the
melody's first note from that beat on is this one, in the octave that lies best; between, it goes its own way.

`takes` lists bars of some voices that are written once more, with a seed of their own, over what the plan's
seed gave: `{"at": "bars 5-8", "voices": ["Violins"], "seed": 12}` (of all voices if none is named). `levels`
says who is mixed louder or softer than the style has it: `{"voice": "Violins", "gain_db": 2.0}`. A section
may name its `players`, which its energy decides otherwise. All three may be left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from encoders.whole import write_whole
from generators.curves import Curves
from generators.drawn import RANGES
from generators.form import Section
from generators.grid import Accent, Bar, BeatGrid, PlanError
from generators.hits import EDITS, Hit, place_again
from generators.key import Key
from generators.located_json import Row, is_number, one_line_each, read_rows
from generators.plan import Plan, with_silences
from generators.prices import price_hits
from generators.region import Region
from generators.silence import Silence
from generators.speech import Speech
from generators.steer import steer
from generators.style import load_style
from generators.takes import MOST_DB, Level, Take
from generators.tempo_map import MODE_COSTS
from generators.wishes import Stretch
from generators.written import WrittenChord, WrittenTone

W = TypeVar("W", WrittenChord, WrittenTone)

FORMAT = "v2m-plan"
FORMAT_VERSION = 1
ROLES = ("intro", "theme", "outro")
HIT_KINDS = (*EDITS, "beat")


def save_plan(plan: Plan, path: Path) -> Path:
    """Write the plan; the file appears whole or not at all."""
    path = Path(path)
    write_whole(path, plan_to_json(plan).encode())
    return path


def load_plan(path: Path) -> Plan:
    """Read what `save_plan` wrote, edited or not.

    Raises:
        PlanError: naming the file and what is wrong with it.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(f"{path}: cannot be read ({error})") from error
    try:
        return plan_from_json(text)
    except PlanError as error:
        raise PlanError(f"{path}: {error}") from error


def plan_to_json(plan: Plan) -> str:
    """The text of a plan file."""
    head: dict[str, Any] = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "clip_hash": plan.clip_hash,
        "duration_s": plan.duration_s,
        "mode": plan.mode,
        "style": plan.style,
        "key": str(plan.key),
        "seed": plan.seed,
        "final_s": plan.final_s,
        "end_s": plan.grid.end_s,
        "stretches": [],
    }
    sections = [
        {
            "label": s.label,
            "variation": s.variation,
            "role": s.role,
            "first_bar": s.start_bar + 1,
            "last_bar": s.end_bar,
            "key": str(s.key),
            "energy": s.energy,
            **({} if s.players is None else {"players": list(s.players)}),
        }
        for s in plan.sections
    ]
    held = plan.held_back_hits
    hits = [
        {
            "time_s": h.time_s,
            "kind": h.kind,
            "weight": h.weight,
            "planned": h.planned,
            "played_s": h.played_s if h.planned else None,
            "cost": h.cost,
            "why": h.why,
        }
        | ({"silenced": True} if h.why_heard is not None else {})
        | ({"held_back": held[h]} if h in held else {})
        for h in plan.hits
    ]
    of_hits = {(h.bar, h.slot) for h in plan.hits if h.planned or h.why_heard is not None}
    bars = []
    for b, bar in enumerate(plan.grid.bars):
        row: dict[str, Any] = {
            "bar": b + 1,
            "beats_s": list(bar.beats_s),
            "slots_per_beat": bar.slots_per_beat,
        }
        row |= {f.name: getattr(plan.curves, f.name)[b] for f in fields(Curves)}
        row["accents"] = [
            [a.slot, a.time_s, a.weight, a.source] for a in bar.accents if (b, a.slot) not in of_hits
        ]
        if chords := [[c.beat + 1, c.name] for c in plan.chords if c.bar == b]:
            row["chords"] = chords
        if tune := [[t.beat + 1, t.name] for t in plan.tune if t.bar == b]:
            row["tune"] = tune
        bars.append(row)
    speech = [{"start_s": phrase.start_s, "end_s": phrase.end_s} for phrase in plan.speech]
    parts: dict[str, list[dict[str, Any]]] = {
        "silences": [dict(vars(silence)) for silence in plan.silences],
        "sections": sections,
        "hits": hits,
        "bars": bars,
    }
    takes = [{"at": str(t.at), "voices": list(t.voices), "seed": t.seed} for t in plan.takes]
    levels = [{"voice": level.voice, "gain_db": level.gain_db} for level in plan.levels]
    said: dict[str, list[dict[str, Any]]] = {"speech": speech, "takes": takes, "levels": levels}
    return one_line_each(head, **{name: rows for name, rows in said.items() if rows}, **parts)


def plan_from_json(text: str) -> Plan:
    """The plan that a plan file's text says.

    Raises:
        PlanError: saying which line and entry is wrong and what was expected.
    """
    data = read_rows(text, FORMAT, FORMAT_VERSION)
    duration_s = data.number("duration_s", low=0.0)
    rows = data.rows("bars", "bar")
    bare = BeatGrid(tuple(_bar(row) for row in rows), data.number("end_s"))
    hits = tuple(_hit(row, duration_s) for row in data.rows("hits", "hit"))
    mode = data.text("mode", MODE_COSTS)
    grid, placed = place_again(bare, hits, duration_s)
    placed = price_hits(grid, placed, MODE_COSTS[mode])
    curves = {f.name: tuple(row.number(f.name, *RANGES[f.name]) for row in rows) for f in fields(Curves)}
    stretches = [_stretch(row) for row in data.rows("stretches", "stretch", optional=True)]
    silences = [_silence(row, duration_s) for row in data.rows("silences", "silence", optional=True)]
    plan = Plan(
        duration_s=duration_s,
        mode=mode,
        style=load_style(data.text("style")).name,
        key=_key(data),
        grid=grid,
        sections=tuple(_section(row) for row in data.rows("sections", "section")),
        hits=placed,
        curves=Curves(**curves),
        final_s=data.number("final_s", 0.0, duration_s),
        seed=data.whole("seed", low=0),
        clip_hash=data.text("clip_hash"),
        speech=tuple(_phrase(row) for row in data.rows("speech", "speech", optional=True)),
        chords=tuple(
            one for b, row in enumerate(rows) for one in read_written(row, b, "chords", WrittenChord)
        ),
        tune=tuple(one for b, row in enumerate(rows) for one in read_written(row, b, "tune", WrittenTone)),
        takes=tuple(_take(row) for row in data.rows("takes", "take", optional=True)),
        levels=tuple(_level(row) for row in data.rows("levels", "level", optional=True)),
    )
    return with_silences(steer(plan, stretches), silences)


def _bar(row: Row) -> Bar:
    beats = row.items_of("beats_s")
    slots_per_beat = row.whole("slots_per_beat", 1, 12)
    if not beats or not all(is_number(t) for t in beats):
        raise row.fault("beats_s must be a list of numbers, one a beat", "beats_s")
    made = []
    for accent in row.items_of("accents"):
        if (
            not isinstance(accent, list)
            or len(accent) != 4
            or not all(is_number(x) for x in accent[:3])
            or not isinstance(accent[3], str)
        ):
            raise row.fault("an accent is [slot, time_s, weight, source]", "accents")
        if not 0 <= accent[0] < len(beats) * slots_per_beat or not 0 <= accent[2] <= 1:
            raise row.fault("an accent's slot lies outside the bar, or its weight outside 0 to 1", "accents")
        made.append(Accent(int(accent[0]), float(accent[1]), float(accent[2]), accent[3]))
    return Bar(tuple(float(t) for t in beats), slots_per_beat, tuple(sorted(made, key=lambda a: a.slot)))


def read_written(row: Row, bar: int, name: str, kind: Callable[[int, int, str], W]) -> list[W]:
    """What is written into a bar: `[[1, "Am7"], [3, "C/E"]]`, beats counted from 1.

    Raises:
        PlanError: naming the line, for what is not understood.
    """
    made = []
    for one in row.items_of(name, optional=True):
        if (
            not isinstance(one, list)
            or len(one) != 2
            or not isinstance(one[0], int)
            or not isinstance(one[1], str)
        ):
            what, example = ("chord", "Am7") if kind is WrittenChord else ("note of the tune", "E")
            raise row.fault(f'a {what} is [beat, name], such as [1, "{example}"]', name)
        try:
            made.append(kind(bar, one[0] - 1, one[1]))
        except PlanError as error:
            raise row.fault(str(error), name) from error
    return made


def _take(row: Row) -> Take:
    try:
        return Take(Region.parse(row.text("at")), _names(row, "voices"), row.whole("seed", low=0))
    except PlanError as error:
        raise row.fault(str(error), "at") from error


def _names(row: Row, name: str) -> tuple[str, ...]:
    names = row.items_of(name)
    if not all(isinstance(each, str) for each in names):
        raise row.fault(f"{name} must be a list of names", name)
    return tuple(names)


def _level(row: Row) -> Level:
    return Level(row.text("voice"), row.number("gain_db", -MOST_DB, MOST_DB))


def _hit(row: Row, duration_s: float) -> Hit:
    time_s = row.number("time_s", 0.0, duration_s)
    kind, planned, weight = row.text("kind", HIT_KINDS), row.flag("planned"), row.number("weight", 0.0, 1.0)
    planned = planned or ("silenced" in row and row.flag("silenced"))
    return Hit(time_s, kind, weight, planned, time_s, 0, 0, str(row.get("why", "")))


def _section(row: Row) -> Section:
    return Section(
        label=row.text("label"),
        role=row.text("role", ROLES),
        start_bar=row.whole("first_bar", low=1) - 1,
        end_bar=row.whole("last_bar", low=1),
        variation=row.whole("variation", low=0),
        key=_key(row),
        energy=row.number("energy", 0.0, 1.0),
        players=_names(row, "players") if "players" in row else None,
    )


def _key(row: Row) -> Key:
    try:
        return Key.parse(row.text("key"))
    except PlanError as error:
        raise row.fault(str(error), "key") from error


def _stretch(row: Row) -> Stretch:
    at = row.text("at")
    try:
        return Stretch.of(at, {name: value for name, value in row.items() if name != "at"})
    except PlanError as error:
        raise row.fault(str(error)) from error


def _phrase(row: Row) -> Speech:
    return Speech(row.number("start_s", low=0.0), row.number("end_s", low=0.0))


def _silence(row: Row, duration_s: float) -> Silence:
    start_s, end_s = row.number("start_s", low=0.0), row.number("end_s", 0.0, duration_s)
    try:
        return Silence(start_s, end_s, row.text("kind"), str(row.get("why", "")))
    except PlanError as error:
        raise row.fault(str(error)) from error
