"""`v2m analyze`: a clip → its streams, and one picture of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from v2m.cli.options import ClipModelFile, ClipPath, Force, Json, PoseModelFile
from v2m.cli.progress import StageProgress


def command(
    clip: ClipPath,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FOLDER", help="Where to write. Otherwise beside the clip."),
    ] = None,
    clip_model: ClipModelFile = None,
    pose_model: PoseModelFile = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Look at a clip: writes CLIP.streams.npz and .json, and one picture of them, CLIP.streams.png."""
    from rich.console import Console

    from v2m.chosen_models import choose_models
    from v2m.cli.summary import print_notes
    from v2m.looking import write_analysis

    models = choose_models(clip_model, pose_model)
    with StageProgress() as progress:
        made = write_analysis(clip, out, models=models, force=force, progress=progress)
    if as_json:
        print(made.to_json())
        return
    for path in made.outputs.values():
        print(path)
    print_notes(made.notes, Console(highlight=False, soft_wrap=True))
