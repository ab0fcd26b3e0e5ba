"""`v2m soundtrack`: a clip → a scored clip."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    Primer,
    Seed,
    Silences,
    Style,
    Tempo,
)
from v2m.cli.progress import StageProgress

if TYPE_CHECKING:
    from v2m.report import RunReport


def remember_made(made: RunReport) -> None:
    """Note what the music is like, so that the clip can be rated; that this fails spoils nothing."""
    from rich.console import Console

    from encoders.errors import V2MError
    from v2m.rating import remember

    if made.review is None:
        return
    try:
        remember(Path(made.outputs["scored"]), made.review.terms_after)
    except V2MError as error:
        Console(stderr=True).print(f"not kept for rating: {error}", style="yellow", soft_wrap=True)


def command(
    clip: ClipPath,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="The scored clip. Otherwise CLIP.scored.EXT beside it."
        ),
    ] = None,
    mode: Mode = "auto",
    style: Style = None,
    key: KeyName = None,
    tempo: Tempo = None,
    metre: Metre = None,
    mood: Mood = None,
    seed: Seed = None,
    plan: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Continue from this plan, edited or not.", rich_help_panel="Music"),
    ] = None,
    keep_tracks: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Keep the tracks of this MIDI file; write the others around them.",
            rich_help_panel="Music",
        ),
    ] = None,
    rewrite: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A:B",
            help="Write the kept tracks anew there (seconds, or 'bars 5-8'), and nothing elsewhere.",
            rich_help_panel="Music",
        ),
    ] = None,
    at: At = None,
    curve: Curve = None,
    generator: Generator = "auto",
    primer: Primer = None,
    silences: Silences = "stills",
    keep_audio: KeepAudio = False,
    lufs: Annotated[
        float, typer.Option(metavar="LUFS", help="Integrated loudness.", rich_help_panel="Sound")
    ] = -14.0,
    soundfont: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The SoundFont (SF2, SF3) that plays.", rich_help_panel="Sound"),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Lettering for the first seconds.", rich_help_panel="Picture"),
    ] = None,
    trim: Annotated[
        str | None,
        typer.Option(metavar="A:B", help="Use only these seconds of the clip.", rich_help_panel="Picture"),
    ] = None,
    stems: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Also one WAV a voice.", rich_help_panel="More outputs"),
    ] = None,
    midi: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also the music as MIDI.", rich_help_panel="More outputs"),
    ] = None,
    wav: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also the soundtrack alone.", rich_help_panel="More outputs"),
    ] = None,
    save_plan: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also the plan, to edit.", rich_help_panel="More outputs"),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also the run report as JSON.", rich_help_panel="More outputs"),
    ] = None,
    clip_model: ClipModelFile = None,
    pose_model: PoseModelFile = None,
    critics: Annotated[
        bool | None,
        typer.Option(
            "--critics/--no-critics",
            help="Have bars, chords and levels that fall short done again: some seconds more.",
            rich_help_panel="Review",
            show_default=False,
        ),
    ] = None,
    candidates: Annotated[
        int,
        typer.Option(
            "-n",
            "--candidates",
            metavar="N",
            help="Compose N pieces, keep the best.",
            rich_help_panel="Review",
        ),
    ] = 1,
    llm: Llm = None,
    llm_model: LlmModel = None,
    critics_log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also what critics found and changed.", rich_help_panel="Review"),
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Give a clip music that fits: writes CLIP.scored.EXT, the picture copied as it is."""
    import v2m
    from v2m.cli.summary import print_report

    with StageProgress() as progress:
        made = v2m.soundtrack(
            clip,
            out,
            mode=mode,
            style=style,
            key=key,
            tempo=tempo,
            metre=metre,
            mood=mood,
            seed=seed,
            plan=plan,
            keep_tracks=keep_tracks,
            rewrite=rewrite or (),
            at=at or (),
            curve=curve or (),
            generator=generator,
            primer=primer,
            silences=silences,
            keep_audio=keep_audio,
            lufs=lufs,
            stems=stems,
            midi=midi,
            wav=wav,
            save_plan=save_plan,
            report=report,
            soundfont=soundfont,
            title=title,
            trim=trim,
            clip_model=clip_model,
            pose_model=pose_model,
            critics=critics,
            candidates=candidates,
            llm=llm,
            llm_model=llm_model,
            critics_log=critics_log,
            force=force,
            progress=progress,
        )
    remember_made(made)
    if as_json:
        print(made.to_json())
    else:
        print_report(made)
