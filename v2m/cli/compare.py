"""`v2m compare`: the same picture with different music, best first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from v2m.alignment.defaults import SHIFTS
from v2m.cli.options import ClipModelFile, Json, PoseModelFile
from v2m.cli.progress import StageProgress


def command(
    clips: Annotated[
        list[Path], typer.Argument(metavar="CLIP...", help="Clips with one picture.", show_default=False)
    ],
    audio: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Music to set under the one clip named; as often as you like."),
    ] = None,
    shifts: Annotated[
        int, typer.Option(metavar="N", min=1, help="Turns of the music that the chance level is taken from.")
    ] = SHIFTS,
    resamples: Annotated[int, typer.Option(metavar="N", min=10, help="Resamples of the bootstrap.")] = 2000,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of all that is random.")] = 0,
    clip_model: ClipModelFile = None,
    pose_model: PoseModelFile = None,
    as_json: Json = False,
) -> None:
    """Rank music by how well it fits the picture, with paired bootstrap intervals.

    v2m compare A.mp4 B.mp4 ... or v2m compare CLIP --audio a.wav --audio b.wav
    """
    import json
    from dataclasses import asdict

    from v2m.scoring.compare import rank, score_alike
    from v2m.scoring.request import ScoringError, make_request
    from v2m.scoring.table import print_ranking, wide_console

    if audio and len(clips) != 1:
        raise ScoringError("--audio goes with one clip: the picture that all of it is set under")
    pairs = [(clips[0], track) for track in audio] if audio else [(clip, None) for clip in clips]
    if len(pairs) < 2:
        raise ScoringError("name at least two clips to compare, or one and two files with --audio")
    requests = [
        make_request(
            clip, audio=track, shifts=shifts, seed=seed, clip_model=clip_model, pose_model=pose_model
        )
        for clip, track in pairs
    ]
    with StageProgress() as progress:
        scores = score_alike(requests, progress)
        ranking = rank(scores, resamples=resamples, seed=seed)
    if as_json:
        told = {"ranking": asdict(ranking), "scores": [score.as_dict() for score in scores]}
        print(json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print_ranking(ranking, wide_console())
