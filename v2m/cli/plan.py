"""`v2m plan`: a clip → its plan, to read, edit and continue from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from v2m.cli.options import (
    At,
    ClipModelFile,
    ClipPath,
    Curve,
    Force,
    Generator,
    Json,
    KeepAudio,
    KeyName,
    Metre,
    Mode,
    Mood,
    PoseModelFile,
    Primer,
    Seed,
    Silences,
    Style,
    Tempo,
)
from v2m.cli.progress import StageProgress


def command(
    clip: ClipPath,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="The plan. Otherwise CLIP.plan.json beside it."),
    ] = None,
    mode: Mode = "auto",
    style: Style = None,
    key: KeyName = None,
    tempo: Tempo = None,
    metre: Metre = None,
    mood: Mood = None,
    seed: Seed = None,
    at: At = None,
    curve: Curve = None,
    generator: Generator = "auto",
    primer: Primer = None,
    silences: Silences = "stills",
    keep_audio: KeepAudio = False,
    clip_model: ClipModelFile = None,
    pose_model: PoseModelFile = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Plan the music without making it: writes CLIP.plan.json and a picture of it, CLIP.plan.png.

    Edit the plan, then: v2m soundtrack CLIP --plan CLIP.plan.json
    """
    from rich.console import Console

    from v2m.chosen_models import choose_models
    from v2m.cli.summary import print_music, print_notes
    from v2m.looking import write_plan
    from v2m.request import make_wishes

    wishes = make_wishes(
        mode, style, key, tempo, mood, seed, at or (), metre, silences, generator, curve or (), primer
    )
    models = choose_models(clip_model, pose_model)
    with StageProgress() as progress:
        made = write_plan(
            clip, out, wishes, models=models, keep_audio=keep_audio, force=force, progress=progress
        )
    if as_json:
        print(made.to_json())
        return
    console = Console(highlight=False, soft_wrap=True)
    for path in made.outputs.values():
        print(path)
    print_music(made.music, console)
    print_notes(made.notes, console)
