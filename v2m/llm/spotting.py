"""A cue sheet → the same with its scenes told by a language model; as it was where none answers."""

from __future__ import annotations

from dataclasses import replace

from generators.cue_sheet import CueSheet
from v2m.llm.endpoint import Endpoint, NoAnswerError
from v2m.llm.questions import scenes_in_words


def told_by(endpoint: Endpoint, sheet: CueSheet) -> tuple[CueSheet, str]:
    """The sheet, and a sentence for the person: "" if the model answered."""
    scenes = [
        {
            "start_s": round(scene.start_s, 2),
            "end_s": round(scene.end_s, 2),
            "measured": scene.says,
            "events": [
                f"{cue.time_s:.2f} s: {cue.says or cue.kind}"
                for cue in sheet.cues
                if scene.start_s <= cue.time_s < scene.end_s
            ][:20],
        }
        for scene in sheet.scenes
    ]
    try:
        said = scenes_in_words(endpoint, scenes)
    except NoAnswerError as error:
        return (
            sheet,
            f"The language model did not tell the scenes: {error}. They are told as they were measured.",
        )
    told = tuple(replace(scene, says=s or scene.says) for scene, s in zip(sheet.scenes, said, strict=True))
    return replace(sheet, scenes=told), ""
