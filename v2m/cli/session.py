"""`v2m open`, `render`, `status`, `regenerate` and `export`: editable score sessions."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    Llm,
    LlmModel,
    Metre,
    Mode,
    Mood,
    PoseModelFile,
    Seed,
    Silences,
    Style,
    Tempo,
)
from v2m.cli.progress import StageProgress

if TYPE_CHECKING:
    from v2m.session import RenderResult

SessionPath = Annotated[
    Path, typer.Argument(metavar="SESSION", help="The session's folder, NAME.v2m.", show_default=False)
]


def open_(
    clip: ClipPath,
    folder: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FOLDER", help="The session. Otherwise CLIP.v2m beside it."),
    ] = None,
    mode: Mode = "auto",
    style: Style = None,
    key: KeyName = None,
    tempo: Tempo = None,
    metre: Metre = None,
    mood: Mood = None,
    seed: Seed = None,
    keep_tracks: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Keep the tracks of this MIDI file (a melody, say); write the others around them.",
            rich_help_panel="Music",
        ),
    ] = None,
    at: At = None,
    curve: Curve = None,
    generator: Generator = "auto",
    silences: Silences = "stills",
    keep_audio: KeepAudio = False,
    lufs: Annotated[
        float, typer.Option(metavar="LUFS", help="Integrated loudness.", rich_help_panel="Sound")
    ] = -14.0,
    soundfont: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The SoundFont (SF2, SF3) that plays.", rich_help_panel="Sound"),
    ] = None,
    clip_model: ClipModelFile = None,
    pose_model: PoseModelFile = None,
    until: Annotated[
        str | None, typer.Option(metavar="STAGE", help="Stop after this stage, such as plan.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an editable session of a clip: CLIP.v2m, a folder with the result of every stage."""
    from v2m.session import open_session, render_session

    session = open_session(
        clip,
        folder,
        mode=mode,
        style=style,
        key=key,
        tempo=tempo,
        metre=metre,
        mood=mood,
        seed=seed or 0,
        at=at or (),
        curve=curve or (),
        silences=silences,
        generator=generator,
        keep_tracks=keep_tracks,
        keep_audio=keep_audio,
        lufs=lufs,
        soundfont=soundfont,
        clip_model=clip_model,
        pose_model=pose_model,
    )
    with StageProgress() as progress:
        made = render_session(session, until=until, progress=progress)
    _print(made, as_json)


def render(
    session: SessionPath,
    until: Annotated[
        str | None, typer.Option(metavar="STAGE", help="Stop after this stage, such as music.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring a session up to date: make what is missing, or made from what has changed, and nothing else."""
    from v2m.session import load_session, render_session

    with StageProgress() as progress:
        made = render_session(load_session(session), until=until, progress=progress)
    _print(made, as_json)


def status(session: SessionPath, as_json: Json = False) -> None:
    """Say which files of a session are up to date, stale, missing or yours."""
    from v2m.session import load_session, session_status
    from v2m.session.sheets import written_bars

    found = session_status(load_session(session))
    if as_json:
        print(json.dumps([asdict(stage) for stage in found.stages], indent=2))
        return
    for stage in found.stages:
        bars = f" (bars {written_bars([b - 1 for b in stage.bars], -1)})" if stage.bars else ""
        print(f"{stage.stage:<12} {stage.file:<18} {stage.state}{bars}")


def regenerate(
    session: SessionPath,
    stage: Annotated[
        str,
        typer.Option(
            metavar="STAGE", help="streams, spotting, plan, harmony, arrangement, melody, music or mix."
        ),
    ],
    bars: Annotated[
        str | None,
        typer.Option(metavar="9-16", help="Only these bars; every other stays as it is, note for note."),
    ] = None,
    voice: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="For music: only this voice. May be repeated."),
    ] = None,
    pitches: Annotated[
        str | None,
        typer.Option(metavar="LOW-HIGH", help="For melody and music: only keys 60-72, say (60 is middle C)."),
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Another seed gives other music.")] = None,
    as_json: Json = False,
) -> None:
    """Write one stage's file anew, or some of its bars, and then what depends on it."""
    from v2m.session import load_session
    from v2m.session import regenerate as made_anew

    with StageProgress() as progress:
        made = made_anew(
            load_session(session),
            stage,
            bars,
            voices=voice or None,
            pitches=_pitches(pitches),
            seed=seed,
            progress=progress,
        )
    _print(made, as_json)


def review(
    session: SessionPath,
    llm: Llm = None,
    llm_model: LlmModel = None,
    as_json: Json = False,
) -> None:
    """Have critics measure a session's music, and change its plan where that helps: critics.txt says what."""
    from rich.console import Console

    from v2m.cli.summary import print_review
    from v2m.session import load_session, review_session

    with StageProgress() as progress:
        made = review_session(load_session(session), llm=llm, llm_model=llm_model, progress=progress)
    _print(made, as_json)
    if made.report is not None and made.report.review is not None and not as_json:
        print_review(made.report.review, Console(highlight=False, soft_wrap=True))


def _pitches(text: str | None) -> tuple[int, int]:
    if text is None:
        return 0, 127
    low, dash, high = text.partition("-")
    if not dash or not low.strip().isdigit() or not high.strip().isdigit():
        raise typer.BadParameter("write two keys, as 60-72", param_hint="--pitches")
    return int(low), int(high)


def export(
    session: SessionPath,
    musicxml: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The score, for notation programs.")
    ] = None,
    midi: Annotated[
        Path | None, typer.Option(metavar="FILE", help="All tracks over the plan's tempo map.")
    ] = None,
    stems: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="One 24-bit WAV a voice, as it is in the mix.")
    ] = None,
    force: Force = False,
) -> None:
    """Write a session's music for other programs: MusicXML, MIDI, stems."""
    from v2m.session import export_session, load_session

    written = export_session(load_session(session), musicxml=musicxml, midi=midi, stems=stems, force=force)
    for path in written:
        print(path)


def _print(made: RenderResult, as_json: bool) -> None:
    from rich.console import Console

    from v2m.cli.summary import print_notes

    if as_json:
        print(json.dumps(_told(made), indent=2, ensure_ascii=False))
        return
    console = Console(highlight=False, soft_wrap=True)
    print(made.session.folder)
    files: dict[str, list[str]] = {}
    for one in made.made:
        bars = "" if one.bars is None else f" (bars {', '.join(map(str, one.bars))})"
        files.setdefault(one.stage, []).append(one.file.rpartition("/")[2] + bars)
    for stage, names in files.items():
        print(f"  {stage:<12} {', '.join(names)}")
    if not files:
        print("  everything is up to date")
    for file in made.yours:
        print(f"  yours        {file}")
    print_notes(made.notes, console)


def _told(made: RenderResult) -> dict[str, Any]:
    return {
        "session": str(made.session.folder),
        "made": [asdict(one) for one in made.made],
        "yours": list(made.yours),
        "notes": list(made.notes),
        "stages_s": made.stages_s,
        "report": None if made.report is None else asdict(made.report),
    }
