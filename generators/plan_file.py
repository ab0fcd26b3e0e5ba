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
`{"start_s": 7.9, "end_s": 9.4, "kind": "breath", "why": "…"}`. A hit that one lies over is let go.

A bar may have `chords`, `[[1, "Am7"], [3, "C/E"]]`: on which beat, and which. They are played as they are
written; a bar without any is harmonised.
"""

from __future__ import annotations

import json
import math
from dataclasses import fields
from pathlib import Path
from typing import Any

from encoders.whole import write_whole
from generators.curves import Curves
from generators.form import Section
from generators.grid import Accent, Bar, BeatGrid, PlanError
from generators.hits import EDITS, Hit, place_again
from generators.key import Key
from generators.plan import Plan, with_silences
from generators.prices import price_hits
from generators.silence import Silence
from generators.speech import Speech
from generators.steer import steer
from generators.style import load_style
from generators.tempo_map import FILM, MODE_COSTS
from generators.wishes import Stretch
from generators.written import WrittenChord

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
        }
        for s in plan.sections
    ]
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
        for h in plan.hits
    ]
    of_hits = {(h.bar, h.slot) for h in plan.planned_hits}
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
        bars.append(row)
    lines = [f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in head.items()]
    speech = [{"start_s": phrase.start_s, "end_s": phrase.end_s} for phrase in plan.speech]
    parts: dict[str, list[dict[str, Any]]] = {
        "silences": [dict(vars(silence)) for silence in plan.silences],
        "sections": sections,
        "hits": hits,
        "bars": bars,
    }
    for name, rows in ({"speech": speech, **parts} if speech else parts).items():
        body = ",\n".join("    " + json.dumps(row, ensure_ascii=False) for row in rows)
        lines.append(f'  "{name}": [\n{body}\n  ]' if rows else f'  "{name}": []')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def plan_from_json(text: str) -> Plan:
    """The plan that a plan file's text says.

    Raises:
        PlanError: saying which entry is wrong and what was expected.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise PlanError(f"line {error.lineno}: not JSON ({error.msg})") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise PlanError(f'not a plan file ("format" must be "{FORMAT}")')
    if _number(data, "version", "the plan") > FORMAT_VERSION:
        raise PlanError("made by a newer version of v2m")
    duration_s = _number(data, "duration_s", "the plan", low=0.0)
    rows, hit_rows, section_rows = (_list(data, name, "the plan") for name in ("bars", "hits", "sections"))
    bare = BeatGrid(
        tuple(_bar(row, f"bar {i + 1}") for i, row in enumerate(rows)), _number(data, "end_s", "the plan")
    )
    hits = tuple(_hit(row, f"hit {i}", duration_s) for i, row in enumerate(hit_rows, 1))
    mode = _text(data, "mode", "the plan")
    grid, placed = place_again(bare, hits, duration_s)
    placed = price_hits(grid, placed, MODE_COSTS.get(mode, FILM))
    curves = {
        f.name: tuple(_number(row, f.name, f"bar {i}") for i, row in enumerate(rows, 1))
        for f in fields(Curves)
    }
    sections = (_section(row, f"section {i}") for i, row in enumerate(section_rows, 1))
    stretches = [
        _stretch(row, f"stretch {i}") for i, row in enumerate(_listed(data, "stretches", "the plan"), 1)
    ]
    silences = [
        _silence(row, f"silence {i}", duration_s)
        for i, row in enumerate(_listed(data, "silences", "the plan"), 1)
    ]
    plan = Plan(
        duration_s=duration_s,
        mode=mode,
        style=load_style(_text(data, "style", "the plan")).name,
        key=Key.parse(_text(data, "key", "the plan")),
        grid=grid,
        sections=tuple(sections),
        hits=placed,
        curves=Curves(**curves),
        final_s=_number(data, "final_s", "the plan"),
        seed=_whole(data, "seed", "the plan"),
        clip_hash=_text(data, "clip_hash", "the plan"),
        speech=tuple(
            _phrase(row, f"speech {i}") for i, row in enumerate(_listed(data, "speech", "the plan"), 1)
        ),
        chords=tuple(chord for i, row in enumerate(rows) for chord in _chords(row, i)),
    )
    return with_silences(steer(plan, stretches), silences)


def _bar(row: Any, where: str) -> Bar:
    beats = _list(row, "beats_s", where)
    accents = _list(row, "accents", where)
    slots_per_beat = _whole(row, "slots_per_beat", where)
    if not 1 <= slots_per_beat <= 12:
        raise PlanError(f"{where}: slots_per_beat must lie between 1 and 12")
    if not beats or not all(_is_number(t) for t in beats):
        raise PlanError(f"{where}: beats_s must be a list of numbers, one a beat")
    made = []
    for accent in accents:
        if (
            not isinstance(accent, list)
            or len(accent) != 4
            or not all(_is_number(x) for x in accent[:3])
            or not isinstance(accent[3], str)
        ):
            raise PlanError(f"{where}: an accent is [slot, time_s, weight, source]")
        if not 0 <= accent[0] < len(beats) * slots_per_beat or not 0 <= accent[2] <= 1:
            raise PlanError(f"{where}: an accent's slot lies outside the bar, or its weight outside 0 to 1")
        made.append(Accent(int(accent[0]), float(accent[1]), float(accent[2]), accent[3]))
    return Bar(tuple(float(t) for t in beats), slots_per_beat, tuple(sorted(made, key=lambda a: a.slot)))


def _chords(row: Any, bar: int) -> list[WrittenChord]:
    """The chords that are written into a bar: `[[1, "Am7"], [3, "C/E"]]`, beats counted from 1."""
    where = f"bar {bar + 1}"
    made = []
    for chord in _listed(row, "chords", where):
        if (
            not isinstance(chord, list)
            or len(chord) != 2
            or not isinstance(chord[0], int)
            or not isinstance(chord[1], str)
        ):
            raise PlanError(f'{where}: a chord is [beat, name], such as [1, "Am7"]')
        try:
            made.append(WrittenChord(bar, chord[0] - 1, chord[1]))
        except PlanError as error:
            raise PlanError(f"{where}: {error}") from error
    return made


def _hit(row: Any, where: str, duration_s: float) -> Hit:
    time_s = _number(row, "time_s", where)
    kind, planned = _text(row, "kind", where), row.get("planned")
    if not 0 <= time_s <= duration_s:
        raise PlanError(f"{where}: time_s {time_s:g} is outside the clip (0 to {duration_s:g})")
    if kind not in HIT_KINDS:
        raise PlanError(f"{where}: kind {kind!r} is none of {', '.join(HIT_KINDS)}")
    if not isinstance(planned, bool):
        raise PlanError(f"{where}: planned must be true or false")
    weight = _number(row, "weight", where)
    if not 0 <= weight <= 1:
        raise PlanError(f"{where}: weight must lie between 0 and 1")
    return Hit(time_s, kind, weight, planned, time_s, 0, 0, str(row.get("why", "")))


def _section(row: Any, where: str) -> Section:
    role, energy = _text(row, "role", where), _number(row, "energy", where)
    if role not in ROLES or not 0 <= energy <= 1 or _whole(row, "variation", where) < 0:
        raise PlanError(f"{where}: role is one of {', '.join(ROLES)}, energy 0 to 1, variation 0 or more")
    return Section(
        label=_text(row, "label", where),
        role=role,
        start_bar=_whole(row, "first_bar", where) - 1,
        end_bar=_whole(row, "last_bar", where),
        variation=_whole(row, "variation", where),
        key=Key.parse(_text(row, "key", where)),
        energy=energy,
    )


def _stretch(row: Any, where: str) -> Stretch:
    at = _text(row, "at", where)
    try:
        return Stretch.of(at, {name: value for name, value in row.items() if name != "at"})
    except PlanError as error:
        raise PlanError(f"{where}: {error}") from error


def _phrase(row: Any, where: str) -> Speech:
    return Speech(_number(row, "start_s", where, low=0.0), _number(row, "end_s", where, low=0.0))


def _silence(row: Any, where: str, duration_s: float) -> Silence:
    start_s, end_s = _number(row, "start_s", where, low=0.0), _number(row, "end_s", where, low=0.0)
    if end_s > duration_s:
        raise PlanError(f"{where}: end_s {end_s:g} is outside the clip (0 to {duration_s:g})")
    try:
        return Silence(start_s, end_s, _text(row, "kind", where), str(row.get("why", "")))
    except PlanError as error:
        raise PlanError(f"{where}: {error}") from error


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _get(row: Any, name: str, where: str) -> Any:
    if not isinstance(row, dict) or name not in row:
        raise PlanError(f"{where}: {name} is missing")
    return row[name]


def _number(row: Any, name: str, where: str, low: float = -math.inf) -> float:
    value = _get(row, name, where)
    if not _is_number(value) or value < low:
        raise PlanError(f"{where}: {name} must be a number, not {value!r}")
    return float(value)


def _whole(row: Any, name: str, where: str) -> int:
    value = _number(row, name, where)
    if value != int(value):
        raise PlanError(f"{where}: {name} must be a whole number, not {value!r}")
    return int(value)


def _text(row: Any, name: str, where: str) -> str:
    value = _get(row, name, where)
    if not isinstance(value, str):
        raise PlanError(f"{where}: {name} must be text, not {value!r}")
    return value


def _listed(row: Any, name: str, where: str) -> list[Any]:
    """A list that may be left out."""
    return _list(row, name, where) if name in row else []


def _list(row: Any, name: str, where: str) -> list[Any]:
    value = _get(row, name, where)
    if not isinstance(value, list):
        raise PlanError(f"{where}: {name} must be a list")
    return value
