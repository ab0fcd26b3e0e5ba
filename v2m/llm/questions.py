"""What a language model is asked, and the schema of each answer: scenes, players, and what to change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from v2m.critics.changes import KINDS, MOVABLE
from v2m.critics.reward import GROUPS, terms
from v2m.critics.work import Work
from v2m.llm.endpoint import Endpoint, ask
from v2m.llm.json_schema import Schema

MOST_REQUESTS = 6
MOST_SCENES = 200
SHORT, LONG = 80, 400

_TEXT: Schema = {"type": "string", "maxLength": LONG}
_NAMES: Schema = {"type": "array", "items": {"type": "string", "maxLength": SHORT}, "maxItems": 40}
_BARS: Schema = {"type": "string", "maxLength": SHORT, "description": "bars 5-8, or bar 5"}
_SECTION: Schema = {"type": "integer", "minimum": 1}


def _object(**properties: Schema) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _change(kind: str, **properties: Schema) -> dict[str, Any]:
    return _object(kind={"type": "string", "enum": [kind]}, **properties)


CHANGES: tuple[Schema, ...] = (
    _change("take", bars=_BARS, voices=_NAMES, seed={"type": "integer", "minimum": 0, "maximum": 999_999}),
    _change(
        "chords",
        bars=_BARS,
        chords={
            "type": "array",
            "maxItems": 64,
            "items": {
                "type": "array",
                "minItems": 3,
                "maxItems": 3,
                "items": {"anyOf": [{"type": "integer"}, {"type": "string", "maxLength": 12}]},
                "description": 'bar, beat, chord: [5, 1, "Am7"]',
            },
        },
    ),
    _change(
        "curve",
        bars=_BARS,
        curve={"type": "string", "enum": list(MOVABLE)},
        by={"type": "number", "minimum": -1, "maximum": 1},
    ),
    _change("key", section=_SECTION, key={"type": "string", "maxLength": 20}),
    _change("players", section=_SECTION, players=_NAMES),
    _change(
        "level",
        voice={"type": "string", "maxLength": SHORT},
        by_db={"type": "number", "minimum": -6, "maximum": 6},
    ),
)
assert [schema["properties"]["kind"]["enum"][0] for schema in CHANGES] == list(KINDS)

SCENES = _object(
    scenes={"type": "array", "maxItems": MOST_SCENES, "items": _object(scene=_SECTION, says=_TEXT)}
)
ARRANGEMENT = _object(
    sections={"type": "array", "maxItems": 100, "items": _object(section=_SECTION, players=_NAMES, why=_TEXT)}
)
REVIEW = _object(
    requests={
        "type": "array",
        "maxItems": MOST_REQUESTS,
        "items": _object(found=_TEXT, change={"anyOf": list(CHANGES)}),
    }
)


def scenes_in_words(endpoint: Endpoint, scenes: Sequence[dict[str, Any]]) -> list[str | None]:
    """A sentence for each scene, None where the model says none.

    Args:
        endpoint: whom to ask.
        scenes: what is known of each: when, and what the senses say.

    Raises:
        NoAnswerError: if no answer fits.
    """
    task = (
        "You spot a film for its composer. Each scene comes with what was measured in the picture. Say in "
        "one sentence what the music should know of it. Do not invent what is not told."
    )
    facts = {"scenes": [{"scene": number, **scene} for number, scene in enumerate(scenes, 1)]}
    answer = ask(endpoint, task, facts, SCENES, "scenes")
    said = {row["scene"]: " ".join(row["says"].split()) for row in answer["scenes"]}
    return [said.get(number) or None for number in range(1, len(scenes) + 1)]


def arrangement(endpoint: Endpoint, work: Work) -> list[tuple[str, dict[str, Any]]]:
    """Who should play in which sections: (why, change) of each that the model would have otherwise.

    Raises:
        NoAnswerError: if no answer fits.
    """
    task = (
        "You arrange music for a film. You are told the sections, the voices there are and who plays now. "
        "Name the players of those sections that should have others, by the voices' names, and why."
    )
    answer = ask(endpoint, task, facts_of(work), ARRANGEMENT, "arrangement")
    return [
        (row["why"], {"kind": "players", "section": row["section"], "players": row["players"]})
        for row in answer["sections"]
    ]


def review(endpoint: Endpoint, work: Work) -> list[tuple[str, dict[str, Any]]]:
    """What should be done again: (what is wrong, change), the most pressing first.

    Raises:
        NoAnswerError: if no answer fits.
    """
    task = (
        "You review music that was composed for a film: mode, melody, harmony, rhythm, emotion and mix, "
        f"against the plan and the picture. Ask for at most {MOST_REQUESTS} changes, each of one kind: write "
        "bars of some voices anew (take), other chords, a curve of the plan moved, another key or other "
        "players for a section, or a level. Each is tried and measured, and kept only if the reward rises."
    )
    answer = ask(endpoint, task, facts_of(work), REVIEW, "review")
    return [(row["found"], row["change"]) for row in answer["requests"]]


def facts_of(work: Work) -> dict[str, Any]:
    """What a model is told of a version: the plan, who plays, the chords, and what was measured."""
    plan, grid = work.plan, work.plan.grid
    playing = work.playing()
    sections = []
    for number, section in enumerate(plan.sections, 1):
        bars = slice(section.start_bar, section.end_bar)
        curves = {name: _mean(getattr(plan.curves, name)[bars]) for name in MOVABLE}
        sections.append(
            {
                "section": number,
                "title": section.title,
                "role": section.role,
                "bars": f"bars {section.start_bar + 1}-{section.end_bar}",
                "start_s": round(grid.bars[section.start_bar].start_s, 2),
                "end_s": round(min(grid.bar_end_s(section.end_bar - 1), plan.duration_s), 2),
                "key": str(section.key),
                "energy": section.energy,
                **curves,
                "players": [
                    name
                    for name, bars_of in playing.items()
                    if bars_of & set(range(section.start_bar, section.end_bar))
                ],
            }
        )
    measures = {
        name: {"score": round(m.score, 3), "unit": m.unit, "better": m.better}
        | ({} if m.chance is None else {"chance": round(m.chance.mean, 3)})
        for name, m in work.assessment.measures.items()
        if m.defined
    }
    return {
        "mode": plan.mode,
        "style": plan.style,
        "key": str(plan.key),
        "bars": len(grid.bars),
        "duration_s": round(plan.duration_s, 2),
        "voices": [{"name": voice.name, "role": voice.role} for voice in work.music.voices],
        "sections": sections,
        "hits_s": [round(hit.time_s, 2) for hit in plan.planned_hits],
        "measures": measures,
        "reward": round(work.reward, 4),
        "terms": {
            group: {name: round(terms(work.assessment)[name], 3) for name in names}
            for group, names in GROUPS.items()
        },
    }


def _mean(row: Sequence[float]) -> float:
    return round(sum(row) / len(row), 3)
