"""Half the way: a clip → its streams and a picture of them, or its plan and a picture of that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from encoders.clip import probe
from v2m.atomic import outputs
from v2m.chosen_models import Models, choose_models
from v2m.report import ClipReport, JsonReport, MusicReport, Run, describe_clip, describe_music
from v2m.stages import harmonised, listened_to, looked_at, metre_notes

if TYPE_CHECKING:
    from generators.wishes import Wishes

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class AnalysisReport(JsonReport):
    """What was seen, and where it was written.

    Attributes:
        streams: stream → how many instants it has, and how many of them say something.
    """

    clip: ClipReport
    streams: dict[str, dict[str, Any]]
    sources: dict[str, str]
    notes: tuple[str, ...]
    stages_s: dict[str, float]
    outputs: dict[str, str]
    versions: dict[str, str]


@dataclass(frozen=True)
class PlanReport(JsonReport):
    """What was planned, and where it was written."""

    clip: ClipReport
    music: MusicReport
    sources: dict[str, str]
    notes: tuple[str, ...]
    stages_s: dict[str, float]
    outputs: dict[str, str]
    versions: dict[str, str]


def write_analysis(
    path: Path | str,
    folder: Path | str | None = None,
    *,
    models: Models | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> AnalysisReport:
    """Write NAME.streams.npz, .json and .png of a clip into `folder` (beside the clip if None).

    What the senses run is `models`; if None, what is on this machine.

    Raises:
        V2MError: one line, if the clip cannot be read or the folder not written to.
    """
    from v2m.picture import draw_analysis

    run = Run(progress)
    with run.stage("probe"):
        clip = probe(path)
    home = clip.path.parent if folder is None else Path(folder)
    base = home / f"{clip.path.stem}.streams.npz"
    models = models or choose_models()
    with outputs(force, [clip.path, *models.files]) as files:
        places = {kind: base.with_suffix(f".{kind}") for kind in ("npz", "json", "png")}
        parts = {kind: files.claim(place) for kind, place in places.items()}
        work = files.scratch(base)
        streams = looked_at(clip, models, run)
        npz, header = streams.save(work / base.name)
        npz.replace(parts["npz"])
        header.replace(parts["json"])
        with run.stage("draw"):
            draw_analysis(clip, streams, parts["png"])
    return AnalysisReport(
        clip=describe_clip(clip),
        streams={
            name: {"instants": len(stream), "unmasked": int(stream.mask.sum()), "units": stream.units}
            for name, stream in streams.items()
        },
        outputs={kind: str(place.absolute()) for kind, place in places.items()},
        **run.facts(),
    )


def write_plan(
    path: Path | str,
    out: Path | str | None,
    wishes: Wishes,
    *,
    models: Models | None = None,
    keep_audio: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> PlanReport:
    """Write the plan of a clip (NAME.plan.json beside it if `out` is None), and a picture of it (.png).

    What the senses run is `models`; if None, what is on this machine. `keep_audio`: the clip's own sound
    is to be kept, so that the music holds back where somebody speaks in it.

    Raises:
        V2MError: one line, if the clip cannot be read or the place not written to.
    """
    from generators.plan import make_plan
    from generators.plan_file import save_plan
    from generators.rhythm import compose
    from v2m.picture import draw_plan

    run = Run(progress)
    with run.stage("probe"):
        clip = probe(path)
    place = clip.path.with_name(f"{clip.path.stem}.plan.json") if out is None else Path(out)
    drawing = place.with_suffix(".png")
    models = models or choose_models()
    with outputs(force, [clip.path, *models.files]) as files:
        plan_part, drawing_part = files.claim(place), files.claim(drawing)
        streams = looked_at(clip, models, run)
        if keep_audio:
            streams = listened_to(clip, streams, run)
        with run.stage("plan"):
            plan = make_plan(streams, wishes)
        run.note(*metre_notes(plan, wishes))
        plan = harmonised(plan, streams, wishes, run)
        save_plan(plan, plan_part)
        with run.stage("draw"):
            draw_plan(clip, streams, plan, drawing_part, compose(plan))
    return PlanReport(
        clip=describe_clip(clip),
        music=describe_music(plan),
        outputs={"plan": str(place.absolute()), "picture": str(drawing.absolute())},
        **run.facts(),
    )
