"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ClipPath = Annotated[Path, typer.Argument(metavar="CLIP", help="The video file.", show_default=False)]
Mode = Annotated[
    str,
    typer.Option(
        metavar="film|dance|auto", help="Follow the cuts, or the dancer's beats.", rich_help_panel="Music"
    ),
]
Style = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Such as cinematic, lofi, electronic, piano.", rich_help_panel="Music"),
]
KeyName = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", help="Such as C, 'F# minor', 'D dorian'.", rich_help_panel="Music"),
]
Tempo = Annotated[
    float | None, typer.Option(metavar="BPM", help="Stay near this tempo.", rich_help_panel="Music")
]
Metre = Annotated[
    str | None,
    typer.Option(metavar="3/4|4/4|6/8", help="How the beats are grouped.", rich_help_panel="Music"),
]
Mood = Annotated[
    str | None, typer.Option(metavar="NAME", help="Such as joyful, tense, dreamy.", rich_help_panel="Music")
]
At = Annotated[
    list[str] | None,
    typer.Option(
        metavar="'A:B KEY=VALUE,…'",
        help="For a part alone: '12.5:20 mood=tense,density=0.8', 'bars 5-8 key=D minor'. May be repeated.",
        rich_help_panel="Music",
    ),
]
Curve = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=S:V,…",
        help="Draw density, loudness, valence, arousal or tension: 'loudness=0:0.2,12:0.9'. May be repeated.",
        rich_help_panel="Music",
    ),
]
Generator = Annotated[
    str,
    typer.Option(
        metavar="auto|rhythm|affective|vqgan",
        help="Chords counted from songs; by a transformer that hears the picture; or all of it as sound.",
        rich_help_panel="Music",
    ),
]
Primer = Annotated[
    str | None,
    typer.Option(
        metavar="'CHORD …'",
        help="Chords that the affective generator hears before it begins, such as 'Am F C G'.",
        rich_help_panel="Music",
    ),
]
Silences = Annotated[
    str,
    typer.Option(
        metavar="stills|all|none",
        help="Where a film's music may be silent: with a still picture; before strong turns too; nowhere.",
        rich_help_panel="Music",
    ),
]
KeepAudio = Annotated[
    bool,
    typer.Option(
        "--keep-audio/--replace",
        help="Keep the clip's own sound, the music holding back and ducked under it; or the music alone.",
        rich_help_panel="Sound",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(metavar="N", help="Another seed (0 otherwise), another piece.", rich_help_panel="Music"),
]
ClipModelFile = Annotated[
    str | None,
    typer.Option(
        "--clip-model",
        metavar="[ARCH:]FILE",
        help="A CLIP checkpoint (ViT-B-32 unless ARCH). Otherwise the one that was pulled.",
        rich_help_panel="Models",
    ),
]
PoseModelFile = Annotated[
    Path | None,
    typer.Option(
        "--pose-model",
        metavar="FILE",
        help="A mediapipe pose landmarker (.task). Otherwise the one that was pulled, or mediapipe's own.",
        rich_help_panel="Models",
    ),
]
Force = Annotated[bool, typer.Option("--force", "-f", help="Overwrite outputs that exist.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON and nothing else.")]
Llm = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="A language model joins the critics: any OpenAI-compatible API, its key in V2M_LLM_KEY.",
        rich_help_panel="Review",
    ),
]
LlmModel = Annotated[
    str | None, typer.Option(metavar="NAME", help="Which model it is.", rich_help_panel="Review")
]
